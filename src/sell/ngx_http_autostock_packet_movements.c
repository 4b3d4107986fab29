
/*
 * The ledger rows of a sale's transaction.
 */


#include "ngx_http_autostock_transaction.h"
#include "ngx_http_autostock_id.h"


static void ngx_http_autostock_packet_movements_row(
    ngx_http_autostock_transaction_t *t, ngx_http_autostock_line_t *line,
    ngx_uint_t hold, ngx_uint_t n);
static ngx_uint_t ngx_http_autostock_packet_movements_sales(
    ngx_http_autostock_transaction_t *t, uint32_t first, ngx_uint_t *simple);
static void ngx_http_autostock_packet_movements_list(
    ngx_http_autostock_sql_t *sql, ngx_http_autostock_transaction_t *t,
    uint32_t first);
static ngx_uint_t ngx_http_autostock_packet_movements_anchored(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_packet_movements_keys(
    ngx_http_autostock_transaction_t *t);
static ngx_http_autostock_item_t *ngx_http_autostock_packet_movements_first(
    ngx_http_autostock_transaction_t *t, ngx_http_autostock_item_t *head);


void
ngx_http_autostock_packet_movements(ngx_http_autostock_transaction_t *t)
{
    ngx_uint_t                  i, n;
    ngx_http_autostock_line_t  *line;

    n = 0;

    for (i = 0; i < t->sorted_n; i++) {
        line = t->sorted[i];

        if (line->sold != line->holding) {
            ngx_http_autostock_packet_movements_row(t, line, 0, n++);
        }
    }

    if (t->nholds) {
        for (i = 0; i < t->sorted_n; i++) {
            line = t->sorted[i];

            if (line->holding) {
                ngx_http_autostock_packet_movements_row(t, line, 1, n++);
            }
        }
    }

    if (t->commit == NGX_HTTP_AUTOSTOCK_COMMIT_DOUBT
        && !ngx_http_autostock_packet_movements_anchored(t))
    {
        ngx_http_autostock_packet_movements_row(t, t->anchor, t->anchor_hold,
                                                n++);
    }

    if (n) {
        ngx_http_autostock_sql_next(&t->flight.sql);
    }

    if (t->nkeyed) {
        ngx_http_autostock_packet_movements_keys(t);
    }
}


/*
 * 1 if the transaction writes the anchor's row anyway; compares ids, since a
 * product whose SKU has changed may have two lines
 */

static ngx_uint_t
ngx_http_autostock_packet_movements_anchored(
    ngx_http_autostock_transaction_t *t)
{
    ngx_uint_t                  i;
    ngx_http_autostock_line_t  *line;

    for (i = 0; i < t->sorted_n; i++) {
        line = t->sorted[i];

        if (ngx_memcmp(line->product->id, t->anchor->product->id, 16) == 0
            && (t->anchor_hold ? line->holding : line->sold - line->holding))
        {
            return 1;
        }
    }

    return 0;
}


static void
ngx_http_autostock_packet_movements_row(ngx_http_autostock_transaction_t *t,
    ngx_http_autostock_line_t *line, ngx_uint_t hold, ngx_uint_t n)
{
    u_char                     id[16];
    ngx_http_autostock_sql_t  *sql;

    sql = &t->flight.sql;

    if (n) {
        ngx_http_autostock_sql_text(sql, ",(");
    } else {
        ngx_http_autostock_sql_text(sql,
            "INSERT INTO stock_movement(movement_id,product_id,kind,quantity,"
            "sales,sale_list)VALUES(");
    }

    ngx_http_autostock_id_sale(id, t->id, hold ? AS_MOVEMENT_HOLD
                                               : AS_MOVEMENT_SALE);
    ngx_http_autostock_sql_binary(sql, id, 16);
    ngx_http_autostock_sql_text(sql, ",");
    ngx_http_autostock_sql_binary(sql, line->product->id, 16);

    if (hold) {
        ngx_http_autostock_sql_text(sql, ",'hold',");
        ngx_http_autostock_sql_number(sql, - line->holding);
    } else {
        ngx_http_autostock_sql_text(sql, ",'sale',");
        ngx_http_autostock_sql_number(sql, line->holding - line->sold);
    }

    ngx_http_autostock_packet_movements_count(t, hold ? line->holds.first
                                                      : line->sales.first);
    ngx_http_autostock_sql_text(sql, ")");
}


void
ngx_http_autostock_packet_movements_count(ngx_http_autostock_transaction_t *t,
    uint32_t first)
{
    ngx_uint_t                 sales, simple;
    ngx_http_autostock_sql_t  *sql;

    sql = &t->flight.sql;
    sales = ngx_http_autostock_packet_movements_sales(t, first, &simple);

    ngx_http_autostock_sql_text(sql, ",");
    ngx_http_autostock_sql_number(sql, sales);

    if (simple) {
        ngx_http_autostock_sql_text(sql, ",NULL");
        return;
    }

    ngx_http_autostock_packet_movements_list(sql, t, first);
}


/*
 * The number of sales, or holds, of a product.  simple: they have the numbers
 * from 0 on and one piece each, so that the row needs no list.
 */

static ngx_uint_t
ngx_http_autostock_packet_movements_sales(ngx_http_autostock_transaction_t *t,
    uint32_t first, ngx_uint_t *simple)
{
    ngx_uint_t                  i, n;
    ngx_http_autostock_item_t  *item;

    n = 0;
    *simple = 1;

    for (i = first; i; i = item->next) {
        item = &t->items[i - 1];

        if (t->items[item->number].state == NGX_HTTP_AUTOSTOCK_ITEM_SOLD) {
            *simple &= item->number == n && item->quantity == 1;
            n++;
        }
    }

    return n;
}


static void
ngx_http_autostock_packet_movements_list(ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_transaction_t *t, uint32_t first)
{
    ngx_uint_t                  i;
    ngx_http_autostock_item_t  *item;

    ngx_http_autostock_sql_text(sql, ",0x");

    for (i = first; i; i = item->next) {
        item = &t->items[i - 1];

        if (t->items[item->number].state == NGX_HTTP_AUTOSTOCK_ITEM_SOLD) {
            ngx_http_autostock_sql_hex(sql, item->number,
                                       NGX_HTTP_AUTOSTOCK_LIST_NUMBER);
            ngx_http_autostock_sql_hex(sql, item->quantity,
                                       NGX_HTTP_AUTOSTOCK_LIST_QUANTITY);
        }
    }
}


/*
 * The keys are written after the movements: another transaction with the same
 * key waits here, and then finds that the key was used.
 */

static void
ngx_http_autostock_packet_movements_keys(ngx_http_autostock_transaction_t *t)
{
    u_char                      id[16];
    ngx_uint_t                  i, n;
    ngx_http_autostock_sql_t   *sql;
    ngx_http_autostock_item_t  *item, *part;

    sql = &t->flight.sql;

    for (i = 0, n = 0; i < t->nitems; i++) {
        item = &t->items[i];

        if (!item->keyed || item->state != NGX_HTTP_AUTOSTOCK_ITEM_SOLD) {
            continue;
        }

        if (n++) {
            ngx_http_autostock_sql_text(sql, ",(");
        } else {
            ngx_http_autostock_sql_text(sql,
                "INSERT INTO stock_movement_key(idempotency_key,movement_id,"
                "product_id,fingerprint,quantity)VALUES(");
        }

        ngx_http_autostock_item_id(id, t, item);

        ngx_http_autostock_sql_binary(sql, item->key, 16);
        ngx_http_autostock_sql_text(sql, ",");
        ngx_http_autostock_sql_binary(sql, id, 16);
        ngx_http_autostock_sql_text(sql, ",");
        part = ngx_http_autostock_packet_movements_first(t, item);
        ngx_http_autostock_sql_binary(sql, t->lines[part->line].product->id,
                                      16);
        ngx_http_autostock_sql_text(sql, ",");
        ngx_http_autostock_sql_binary(sql, item->fingerprint, 8);
        ngx_http_autostock_sql_text(sql, ",");
        ngx_http_autostock_sql_number(sql, part->quantity);
        ngx_http_autostock_sql_text(sql, ")");
    }

    if (n) {
        ngx_http_autostock_sql_next(sql);
    }
}


/* the item of a cart whose product's id is the smallest */

static ngx_http_autostock_item_t *
ngx_http_autostock_packet_movements_first(ngx_http_autostock_transaction_t *t,
    ngx_http_autostock_item_t *head)
{
    ngx_http_autostock_item_t  *first, *item;

    first = head;

    for (item = head + 1; item < ngx_http_autostock_item_next(head); item++) {
        if (ngx_memcmp(t->lines[item->line].product->id,
                       t->lines[first->line].product->id, 16) < 0)
        {
            first = item;
        }
    }

    return first;
}
