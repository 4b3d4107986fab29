
/*
 * The product rows in the packet of settlements.  They are always in the order
 * of their ids, so that two batches cannot deadlock on them.
 */


#include "ngx_http_autostock_settle_flight.h"


typedef void (*ngx_http_autostock_settle_leaf_pt)(
    ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_settle_product_t *product);


static void ngx_http_autostock_settle_stock_guard(
    ngx_http_autostock_settlement_t *s);
static void ngx_http_autostock_settle_stock_absent(
    ngx_http_autostock_settlement_t *s);
static void ngx_http_autostock_settle_stock_orders(
    ngx_http_autostock_settlement_t *s);
static void ngx_http_autostock_settle_stock_tree(
    ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_settle_product_t **products, ngx_uint_t n,
    ngx_http_autostock_settle_leaf_pt leaf);
static void ngx_http_autostock_settle_stock_moved(
    ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_settle_product_t *product);
static void ngx_http_autostock_settle_stock_freed(
    ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_settle_product_t *product);


void
ngx_http_autostock_settle_stock(ngx_http_autostock_settlement_t *s)
{
    ngx_uint_t                 i, n, freed;
    ngx_http_autostock_sql_t  *sql;

    sql = &s->flight.sql;
    n = s->nwritten;

    for (i = 0, freed = 0; i < n; i++) {
        freed |= s->written[i]->freed != 0;
    }

    if (n) {
        ngx_http_autostock_sql_text(sql, "UPDATE product SET stock=stock+");
        ngx_http_autostock_settle_stock_tree(sql, s->written, n,
                                        ngx_http_autostock_settle_stock_moved);

        if (freed) {
            ngx_http_autostock_sql_text(sql, ",held=held-LEAST(held,");
            ngx_http_autostock_settle_stock_tree(sql, s->written, n,
                                        ngx_http_autostock_settle_stock_freed);
            ngx_http_autostock_sql_text(sql, ")");
        }

        ngx_http_autostock_sql_text(sql, " WHERE ");
        ngx_http_autostock_settle_stock_ids(s);
        ngx_http_autostock_sql_next(sql);
    }

    ngx_http_autostock_settle_stock_guard(s);

    if (n) {
        s->stocks_at = sql->statements;
        ngx_http_autostock_sql_text(sql,
            "SELECT product_id,stock FROM product WHERE ");
        ngx_http_autostock_settle_stock_ids(s);
        ngx_http_autostock_sql_next(sql);
    }

    ngx_http_autostock_settle_stock_orders(s);
}


/*
 * Checks that the products whose rows were changed exist, that those without a
 * row still have none, and that the orders that were read as open still are.
 * The number of rows that the UPDATE changed does not suffice for the first
 * check: a row whose held is too low may remain as it is.
 */

static void
ngx_http_autostock_settle_stock_guard(ngx_http_autostock_settlement_t *s)
{
    ngx_uint_t                 i, n, open;
    ngx_http_autostock_sql_t  *sql;

    sql = &s->flight.sql;
    n = s->nwritten;

    ngx_http_autostock_sql_text(sql,
        "SET @autostock=IF((SELECT COUNT(*) FROM product WHERE product_id IN(");

    for (i = 0; i < n; i++) {
        ngx_http_autostock_sql_binary(sql, s->written[i]->id, 16);
        ngx_http_autostock_sql_text(sql, ",");
    }

    ngx_http_autostock_settle_stock_absent(s);

    /* ends the list after its last comma: no product has the empty id */
    ngx_http_autostock_sql_text(sql, "''))=");
    ngx_http_autostock_sql_number(sql, n);

    for (i = 0, open = 0; i < n; i++) {
        if (!s->written[i]->judged || !s->written[i]->open) {
            continue;
        }

        if (open++ == 0) {
            ngx_http_autostock_sql_text(sql,
                " AND (SELECT COUNT(*) FROM restock_order"
                " WHERE open_product_id IN(");
        }

        ngx_http_autostock_sql_binary(sql, s->written[i]->id, 16);
        ngx_http_autostock_sql_text(sql, ",");
    }

    if (open) {
        ngx_http_autostock_sql_text(sql, "''))=");
        ngx_http_autostock_sql_number(sql, open);
    }

    ngx_http_autostock_sql_text(sql, NGX_HTTP_AUTOSTOCK_SQL_OR_FAIL);
    ngx_http_autostock_sql_next(sql);
}


/* lists the deleted products of the holds that this batch changes */

static void
ngx_http_autostock_settle_stock_absent(ngx_http_autostock_settlement_t *s)
{
    ngx_uint_t                            i;
    ngx_http_autostock_settle_part_t     *part;
    ngx_http_autostock_settle_subject_t  *subject;

    part = s->parts.elts;
    subject = s->subjects.elts;

    for (i = 0; i < s->parts.nelts; i++) {
        if (part[i].product == NULL
            && subject[part[i].subject].state != subject[part[i].subject].was)
        {
            ngx_http_autostock_sql_binary(&s->flight.sql, part[i].product_id,
                                          16);
            ngx_http_autostock_sql_text(&s->flight.sql, ",");
        }
    }
}


static void
ngx_http_autostock_settle_stock_orders(ngx_http_autostock_settlement_t *s)
{
    ngx_uint_t                            i, n;
    ngx_http_autostock_sql_t             *sql;
    ngx_http_autostock_settle_product_t  *product;

    sql = &s->flight.sql;
    product = s->products.elts;

    for (i = 0, n = 0; i < s->products.nelts; i++) {
        if (product[i].due) {
            ngx_http_autostock_order_insert(&product[i].opened, sql, n++,
                                            product[i].id,
                                            product[i].reorder_quantity);
        }
    }

    if (n == 0) {
        return;
    }

    ngx_http_autostock_sql_next(sql);

    if (!s->flight.batch->db->traces) {
        return;
    }

    for (i = 0, n = 0; i < s->products.nelts; i++) {
        if (product[i].due) {
            n = ngx_http_autostock_order_insert_trace(&product[i].opened, sql,
                                                      n, product[i].id);
        }
    }

    if (n) {
        ngx_http_autostock_sql_next(sql);
    }
}


void
ngx_http_autostock_settle_stock_ids(ngx_http_autostock_settlement_t *s)
{
    ngx_uint_t                 i;
    ngx_http_autostock_sql_t  *sql;

    sql = &s->flight.sql;

    ngx_http_autostock_sql_text(sql, "product_id IN(");

    for (i = 0; i < s->nwritten; i++) {
        if (i) {
            ngx_http_autostock_sql_text(sql, ",");
        }

        ngx_http_autostock_sql_binary(sql, s->written[i]->id, 16);
    }

    ngx_http_autostock_sql_text(sql, ")");
}


/* as ngx_http_autostock_packet_products_tree() */

static void
ngx_http_autostock_settle_stock_tree(ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_settle_product_t **products, ngx_uint_t n,
    ngx_http_autostock_settle_leaf_pt leaf)
{
    ngx_uint_t  half;

    if (n == 1) {
        leaf(sql, products[0]);
        return;
    }

    half = n / 2;

    ngx_http_autostock_sql_text(sql, "IF(product_id<");
    ngx_http_autostock_sql_binary(sql, products[half]->id, 16);
    ngx_http_autostock_sql_text(sql, ",");
    ngx_http_autostock_settle_stock_tree(sql, products, half, leaf);
    ngx_http_autostock_sql_text(sql, ",");
    ngx_http_autostock_settle_stock_tree(sql, products + half, n - half, leaf);
    ngx_http_autostock_sql_text(sql, ")");
}


/*
 * The UPDATE fails if a confirm would bring the stock to the reorder point,
 * although it was decided otherwise: BIGINT UNSIGNED out of range, in any SQL
 * mode, even if stock is 0.
 */

static void
ngx_http_autostock_settle_stock_moved(ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_settle_product_t *product)
{
    if (!product->judged || product->open || product->due) {
        ngx_http_autostock_sql_number(sql, product->moved);
        return;
    }

    ngx_http_autostock_sql_text(sql, "IF(stock+(");
    ngx_http_autostock_sql_number(sql, product->moved);
    ngx_http_autostock_sql_text(sql,
        ")+IF(reorder_held,held-LEAST(held,");
    ngx_http_autostock_sql_number(sql, product->freed);
    ngx_http_autostock_sql_text(sql, "),0)>reorder_point,");
    ngx_http_autostock_sql_number(sql, product->moved);
    ngx_http_autostock_sql_text(sql, ",~0+stock+1)");
}


static void
ngx_http_autostock_settle_stock_freed(ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_settle_product_t *product)
{
    ngx_http_autostock_sql_number(sql, product->freed);
}
