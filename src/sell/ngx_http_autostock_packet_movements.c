
/*
 * The ledger rows of a sale's transaction.
 */


#include "ngx_http_autostock_transaction.h"


static void ngx_http_autostock_packet_movement(ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_transaction_t *t, ngx_http_autostock_item_t *item,
    ngx_uint_t sold);
static void ngx_http_autostock_packet_movement_keys(
    ngx_http_autostock_transaction_t *t);


/*
 * The ledger rows of what is sold; in doubt also the anchor, in any case.
 * Those sent ahead are not repeated.
 */

void
ngx_http_autostock_packet_movements(ngx_http_autostock_transaction_t *t)
{
    ngx_uint_t                  i, n, sold;
    ngx_http_autostock_sql_t   *sql;
    ngx_http_autostock_item_t  *item;

    sql = &t->flight.sql;

    for (i = t->written, n = 0; i < t->nitems; i++) {
        item = &t->items[i];
        sold = item->state == NGX_HTTP_AUTOSTOCK_ITEM_SOLD;

        if (!sold && !(t->doubt && i == t->anchor)) {
            continue;
        }

        if (n++) {
            ngx_http_autostock_sql_text(sql, ",");

        } else if (t->nkeyed) {
            ngx_http_autostock_sql_text(sql,
                "INSERT INTO stock_movement(movement_id,product_id,kind,"
                "quantity,idempotency_key,fingerprint)VALUES");

        } else {
            ngx_http_autostock_sql_text(sql,
                "INSERT INTO stock_movement(movement_id,product_id,kind,"
                "quantity)VALUES");
        }

        ngx_http_autostock_packet_movement(sql, t, item, sold);
    }

    if (n) {
        ngx_http_autostock_sql_next(sql);
    }

    if (t->nkeyed) {
        ngx_http_autostock_packet_movement_keys(t);
    }
}


static void
ngx_http_autostock_packet_movement(ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_transaction_t *t, ngx_http_autostock_item_t *item,
    ngx_uint_t sold)
{
    ngx_http_autostock_sql_text(sql, "(");
    ngx_http_autostock_sql_binary(sql, item->id, 16);
    ngx_http_autostock_sql_text(sql, ",");
    ngx_http_autostock_sql_binary(sql, t->lines[item->line].product->id, 16);
    ngx_http_autostock_sql_text(sql, ",'sale',");
    ngx_http_autostock_sql_number(sql, sold ? - (int64_t) item->quantity : 0);

    if (t->nkeyed) {
        if (item->keyed && sold) {
            ngx_http_autostock_sql_text(sql, ",");
            ngx_http_autostock_sql_binary(sql, item->key, 16);
            ngx_http_autostock_sql_text(sql, ",");
            ngx_http_autostock_sql_binary(sql, item->fingerprint, 8);

        } else {
            ngx_http_autostock_sql_text(sql, ",NULL,NULL");
        }
    }

    ngx_http_autostock_sql_text(sql, ")");
}


/*
 * After the movements: a second transaction with a key waits here and then
 * finds the key used.
 */

static void
ngx_http_autostock_packet_movement_keys(ngx_http_autostock_transaction_t *t)
{
    ngx_uint_t                  i, n;
    ngx_http_autostock_sql_t   *sql;
    ngx_http_autostock_item_t  *item;

    sql = &t->flight.sql;

    for (i = t->written, n = 0; i < t->nitems; i++) {
        item = &t->items[i];

        if (!item->keyed || item->state != NGX_HTTP_AUTOSTOCK_ITEM_SOLD) {
            continue;
        }

        if (n++) {
            ngx_http_autostock_sql_text(sql, ",(");
        } else {
            ngx_http_autostock_sql_text(sql,
                "INSERT INTO stock_movement_key"
                "(idempotency_key,movement_id,product_id)VALUES(");
        }

        ngx_http_autostock_sql_binary(sql, item->key, 16);
        ngx_http_autostock_sql_text(sql, ",");
        ngx_http_autostock_sql_binary(sql, item->id, 16);
        ngx_http_autostock_sql_text(sql, ",");
        ngx_http_autostock_sql_binary(sql, t->lines[item->line].product->id,
                                      16);
        ngx_http_autostock_sql_text(sql, ")");
    }

    if (n) {
        ngx_http_autostock_sql_next(sql);
    }
}
