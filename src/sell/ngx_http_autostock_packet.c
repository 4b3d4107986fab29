
/*
 * The packets of a sale's transaction.
 */


#include "ngx_http_autostock_transaction.h"
#include "ngx_http_autostock_barrier.h"
#include "ngx_http_autostock_id.h"


static void ngx_http_autostock_packet_begin(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_packet_limit(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_packet_unlimit(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_packet_held(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_packet_stocks(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_packet_guard(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_packet_keys(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_packet_key_list(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_packet_busy(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_packet_orders(
    ngx_http_autostock_transaction_t *t);


static void
ngx_http_autostock_packet_begin(ngx_http_autostock_transaction_t *t)
{
    ngx_http_autostock_sql_t  *sql;

    sql = &t->flight.sql;
    ngx_http_autostock_sql_reset(sql);

    t->keys_at = t->ids_at = t->lines_at = NGX_CONF_UNSET_UINT;
    t->holds_at = NGX_CONF_UNSET_UINT;
    t->orders_at = t->commit_at = NGX_CONF_UNSET_UINT;
    t->busy_at = t->there_at = NGX_CONF_UNSET_UINT;
    t->called = 0;

    ngx_http_autostock_packet_unlimit(t);
}


/*
 * If this host fails while a transaction waits for the module's next packet,
 * the server does not notice.  MySQL ends such a session only after
 * wait_timeout, which is set for the pool.  So wait_timeout is reduced to
 * query_timeout until that packet has arrived.
 */

static void
ngx_http_autostock_packet_limit(ngx_http_autostock_transaction_t *t)
{
    ngx_http_autostock_sql_t         *sql;
    ngx_http_autostock_connection_t  *conn;

    sql = &t->flight.sql;
    conn = t->flight.conn;

    if (!conn->limits_itself) {
        conn->limited = 1;
        ngx_http_autostock_sql_text(sql, "SET SESSION wait_timeout=");
        ngx_http_autostock_sql_number(sql,
                                  ngx_max(conn->db->query_timeout / 1000, 1));
        ngx_http_autostock_sql_next(sql);
    }
}


static void
ngx_http_autostock_packet_unlimit(ngx_http_autostock_transaction_t *t)
{
    ngx_http_autostock_sql_t         *sql;
    ngx_http_autostock_connection_t  *conn;

    sql = &t->flight.sql;
    conn = t->flight.conn;

    if (conn->limited) {
        conn->limited = 0;
        ngx_http_autostock_sql_text(sql, "SET SESSION wait_timeout=");
        ngx_http_autostock_sql_number(sql, conn->wait_timeout);
        ngx_http_autostock_sql_next(sql);
    }
}


void
ngx_http_autostock_packet_plain(ngx_http_autostock_transaction_t *t)
{
    ngx_http_autostock_sql_t   *sql;
    ngx_http_autostock_line_t  *line;

    ngx_http_autostock_packet_begin(t);
    ngx_http_autostock_packet_products_sort(t, 0);

    if (ngx_http_autostock_packet_call_fits(t)) {
        ngx_http_autostock_packet_call(t);
        return;
    }

    sql = &t->flight.sql;
    line = t->sorted[0];

    ngx_http_autostock_sql_text(sql, "BEGIN");
    ngx_http_autostock_sql_next(sql);

    if (t->nholds) {
        ngx_http_autostock_packet_holds(t);
    }

    ngx_http_autostock_packet_movements(t);

    if (t->sorted_n == 1) {
        ngx_http_autostock_sql_text(sql,
            "UPDATE product SET stock=LAST_INSERT_ID(stock-");
        ngx_http_autostock_packet_products_guarded(sql, line);
        ngx_http_autostock_sql_text(sql, ")");
        ngx_http_autostock_packet_held(t);
        ngx_http_autostock_sql_text(sql, "WHERE product_id=");
        ngx_http_autostock_sql_binary(sql, line->product->id, 16);

    } else {
        ngx_http_autostock_sql_text(sql, "UPDATE product SET stock=stock-");
        ngx_http_autostock_packet_products_tree(sql, t->sorted, t->sorted_n,
                                    ngx_http_autostock_packet_products_guarded);
        ngx_http_autostock_packet_held(t);
        ngx_http_autostock_sql_text(sql, " WHERE product_id IN(");
        ngx_http_autostock_packet_products_ids(sql, t);
        ngx_http_autostock_sql_text(sql, ")");
    }

    ngx_http_autostock_sql_next(sql);

    ngx_http_autostock_packet_guard(t);

    if (t->sorted_n > 1
        || t->flight.batch->db->reads_stock)
    {
        ngx_http_autostock_packet_stocks(t);
    }

    t->commit_at = sql->statements;
    ngx_http_autostock_sql_text(sql, "COMMIT");
}


/*
 * must follow the column stock in the UPDATE, whose guard compares held before
 * it is changed
 */

static void
ngx_http_autostock_packet_held(ngx_http_autostock_transaction_t *t)
{
    ngx_http_autostock_sql_t  *sql;

    if (t->nholds == 0) {
        return;
    }

    sql = &t->flight.sql;

    ngx_http_autostock_sql_text(sql, ",held=held+");
    ngx_http_autostock_packet_products_tree(sql, t->sorted, t->sorted_n,
                                       ngx_http_autostock_packet_products_held);
    ngx_http_autostock_sql_text(sql, " ");
}


void
ngx_http_autostock_packet_stock(ngx_http_autostock_transaction_t *t)
{
    ngx_http_autostock_packet_begin(t);
    ngx_http_autostock_packet_stocks(t);
}


static void
ngx_http_autostock_packet_stocks(ngx_http_autostock_transaction_t *t)
{
    ngx_http_autostock_sql_t  *sql;

    sql = &t->flight.sql;

    t->lines_at = sql->statements;
    ngx_http_autostock_sql_text(sql, "SELECT product_id,stock"
                                " FROM product WHERE product_id IN(");
    ngx_http_autostock_packet_products_ids(sql, t);
    ngx_http_autostock_sql_text(sql, ")");
    ngx_http_autostock_sql_next(sql);
}


/*
 * Checks that every row exists, and that an order is open where stock is at or
 * below the reorder point.  The rows are locked, and a statement sees what was
 * committed before it began.  No order can be closed after the check and before
 * COMMIT, since that locks the product's row first.
 */

static void
ngx_http_autostock_packet_guard(ngx_http_autostock_transaction_t *t)
{
    ngx_uint_t                  i, low;
    ngx_http_autostock_sql_t   *sql;

    sql = &t->flight.sql;
    low = 0;

    for (i = 0; i < t->sorted_n; i++) {
        low += t->sorted[i]->open;
    }

    ngx_http_autostock_sql_text(sql, NGX_HTTP_AUTOSTOCK_SQL_IF_ROWS);
    ngx_http_autostock_sql_number(sql, t->sorted_n);

    if (low) {
        ngx_http_autostock_sql_text(sql,
            " AND (SELECT COUNT(*) FROM restock_order"
            " WHERE open_product_id IN(");

        for (i = 0; i < t->sorted_n; i++) {
            if (t->sorted[i]->open) {
                ngx_http_autostock_sql_binary(sql,
                                           t->sorted[i]->product->id, 16);
                ngx_http_autostock_sql_text(sql, ",");
            }
        }

        /* ends the list after its last comma: no product has the empty id */
        ngx_http_autostock_sql_text(sql, "''))=");
        ngx_http_autostock_sql_number(sql, low);
    }

    ngx_http_autostock_sql_text(sql, NGX_HTTP_AUTOSTOCK_SQL_OR_FAIL);
    ngx_http_autostock_sql_next(sql);
}


void
ngx_http_autostock_packet_peek(ngx_http_autostock_transaction_t *t)
{
    u_char                     id[16];
    ngx_http_autostock_sql_t  *sql;

    ngx_http_autostock_packet_begin(t);

    sql = &t->flight.sql;

    if (t->commit == NGX_HTTP_AUTOSTOCK_COMMIT_DOUBT) {
        t->ids_at = sql->statements;
        ngx_http_autostock_sql_text(sql,
            "SELECT product_id,sales,sale_list FROM stock_movement"
            " WHERE movement_id IN(");
        ngx_http_autostock_sql_binary(sql, t->id, 16);

        if (t->nholds) {
            ngx_http_autostock_id_sale(id, t->id, AS_MOVEMENT_HOLD);
            ngx_http_autostock_sql_text(sql, ",");
            ngx_http_autostock_sql_binary(sql, id, 16);
        }

        ngx_http_autostock_sql_text(sql, ")");
        ngx_http_autostock_sql_next(sql);

        if (t->nholds) {
            ngx_http_autostock_packet_holds_read(t);
        }
    }

    if (t->peeks_products) {
        ngx_http_autostock_packet_products_sort(t, 1);

        t->lines_at = sql->statements;
        ngx_http_autostock_sql_text(sql,
            "SELECT product_id,sku,stock,IF(reorder_held,held,NULL),"
            "reorder_point,reorder_quantity,"
            "EXISTS(SELECT 1 FROM restock_order o"
            " WHERE o.open_product_id=p.product_id)"
            " FROM product p WHERE product_id IN(");
        ngx_http_autostock_packet_products_ids(sql, t);
        ngx_http_autostock_sql_text(sql, ")");
        ngx_http_autostock_sql_next(sql);
    }

    if (t->nkeyed) {
        ngx_http_autostock_packet_keys(t);
    }
}


/*
 * The keys are read after the products: if a sale took the last piece, a retry
 * of that sale that finds no stock must also find the sale.  The key's row has
 * the id and the fingerprint of the sale.  A row of an earlier version has no
 * fingerprint: that is in its movement, which has the id of the sale.  From the
 * movement, the server's clock also tells if the sale is recent.  The row of a
 * hold has the time when it expires.
 */

static void
ngx_http_autostock_packet_keys(ngx_http_autostock_transaction_t *t)
{
    ngx_http_autostock_sql_t   *sql;

    sql = &t->flight.sql;

    t->keys_at = sql->statements;
    ngx_http_autostock_sql_text(sql,
        "SELECT k.idempotency_key,"
        "IF(k.fingerprint IS NULL,m.movement_id,k.movement_id),"
        "IF(k.fingerprint IS NULL,m.fingerprint,k.fingerprint),p.stock,"
        "m.created_at>UTC_TIMESTAMP(6)-INTERVAL 60 SECOND");

    if (t->nholds) {
        ngx_http_autostock_sql_text(sql,
            ",(SELECT expires_at FROM stock_hold WHERE hold_id=k.movement_id)");
    }

    ngx_http_autostock_sql_text(sql,
        " FROM stock_movement_key k LEFT JOIN stock_movement m"
        " ON m.movement_id=IF(k.fingerprint IS NULL,k.movement_id,"
        "UNHEX(CONCAT(LEFT(HEX(k.movement_id),28),"
        "IF(SUBSTR(HEX(k.movement_id),29,1)<'8','0000','8000'))))"
        " AND m.product_id=k.product_id AND m.kind IN('sale','hold')"
        " LEFT JOIN product p ON p.product_id=k.product_id"
        " WHERE k.idempotency_key IN(");
    ngx_http_autostock_packet_key_list(t);
    ngx_http_autostock_sql_text(sql, ")");
    ngx_http_autostock_sql_next(sql);
}


static void
ngx_http_autostock_packet_key_list(ngx_http_autostock_transaction_t *t)
{
    ngx_uint_t                  i, n;
    ngx_http_autostock_sql_t   *sql;

    sql = &t->flight.sql;

    for (i = 0, n = 0; i < t->nitems; i++) {
        if (t->items[i].keyed && !t->items[i].twin) {
            if (n++) {
                ngx_http_autostock_sql_text(sql, ",");
            }

            ngx_http_autostock_sql_binary(sql, t->items[i].key, 16);
        }
    }
}


/*
 * Finds keys that other transactions have written and not committed: an INSERT
 * would wait for these.  The SELECT is a transaction of its own.
 */

static void
ngx_http_autostock_packet_busy(ngx_http_autostock_transaction_t *t)
{
    ngx_http_autostock_sql_t   *sql;

    sql = &t->flight.sql;

    ngx_http_autostock_sql_text(sql,
        "SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED");
    ngx_http_autostock_sql_next(sql);

    t->busy_at = sql->statements;
    ngx_http_autostock_sql_text(sql,
        "SELECT idempotency_key FROM stock_movement_key"
        " WHERE idempotency_key IN(");
    ngx_http_autostock_packet_key_list(t);
    ngx_http_autostock_sql_text(sql, ")");
    ngx_http_autostock_sql_next(sql);
}


void
ngx_http_autostock_packet_lock(ngx_http_autostock_transaction_t *t)
{
    ngx_uint_t                 skip;
    ngx_http_autostock_sql_t  *sql;

    ngx_http_autostock_packet_begin(t);
    ngx_http_autostock_packet_products_sort(t, 1);

    sql = &t->flight.sql;
    skip = t->way == NGX_HTTP_AUTOSTOCK_WAY_LOCK_FREE;

    if (skip && t->nkeyed && t->commit != NGX_HTTP_AUTOSTOCK_COMMIT_DOUBT) {
        ngx_http_autostock_packet_busy(t);
    }

    ngx_http_autostock_packet_limit(t);
    ngx_http_autostock_sql_text(sql, "BEGIN");
    ngx_http_autostock_sql_next(sql);

    if (skip) {
        /* a row that exists and that the next SELECT skips is locked */
        t->there_at = sql->statements;
        ngx_http_autostock_sql_text(sql,
            "SELECT product_id FROM product WHERE product_id IN(");
        ngx_http_autostock_packet_products_ids(sql, t);
        ngx_http_autostock_sql_text(sql, ")");
        ngx_http_autostock_sql_next(sql);
    }

    t->lines_at = sql->statements;
    ngx_http_autostock_sql_text(sql,
        "SELECT product_id,sku,stock,IF(reorder_held,held,NULL),"
        "reorder_point,reorder_quantity,0 FROM product WHERE product_id IN(");
    ngx_http_autostock_packet_products_ids(sql, t);
    ngx_http_autostock_sql_text(sql, ")ORDER BY product_id FOR UPDATE");

    if (skip) {
        ngx_http_autostock_sql_text(sql, " SKIP LOCKED");
    }

    ngx_http_autostock_sql_next(sql);

    /* its own statement, to see what was committed during the lock wait */
    t->orders_at = sql->statements;
    ngx_http_autostock_sql_text(sql,
        "SELECT open_product_id FROM restock_order"
        " WHERE open_product_id IN(");
    ngx_http_autostock_packet_products_ids(sql, t);
    ngx_http_autostock_sql_text(sql, ")");
    ngx_http_autostock_sql_next(sql);

    if (t->nkeyed) {
        ngx_http_autostock_packet_keys(t);
    }
}


void
ngx_http_autostock_packet_write(ngx_http_autostock_transaction_t *t)
{
    ngx_http_autostock_sql_t  *sql;

    ngx_http_autostock_packet_begin(t);
    ngx_http_autostock_packet_products_sort(t, 0);

    sql = &t->flight.sql;

    if (t->nholds) {
        ngx_http_autostock_packet_holds(t);
    }

    ngx_http_autostock_packet_movements(t);

    if (t->sorted_n) {
        ngx_http_autostock_sql_text(sql, "UPDATE product SET stock=stock-");
        ngx_http_autostock_packet_products_tree(sql, t->sorted, t->sorted_n,
                                       ngx_http_autostock_packet_products_sold);
        ngx_http_autostock_packet_held(t);
        ngx_http_autostock_sql_text(sql, " WHERE product_id IN(");
        ngx_http_autostock_packet_products_ids(sql, t);
        ngx_http_autostock_sql_text(sql, ")");
        ngx_http_autostock_sql_next(sql);
    }

    ngx_http_autostock_packet_orders(t);

    t->commit_at = sql->statements;
    ngx_http_autostock_sql_text(sql, "COMMIT");
}


static void
ngx_http_autostock_packet_orders(ngx_http_autostock_transaction_t *t)
{
    ngx_uint_t                  i, n;
    ngx_http_autostock_sql_t   *sql;
    ngx_http_autostock_line_t  *line;

    sql = &t->flight.sql;

    for (i = 0, n = 0; i < t->nlines; i++) {
        line = &t->lines[i];

        if (line->order) {
            ngx_http_autostock_order_insert(&line->opened, sql, n++,
                                            line->product->id,
                                            line->reorder_quantity);
        }
    }

    if (n == 0) {
        return;
    }

    ngx_http_autostock_sql_next(sql);

    if (!t->flight.batch->db->traces) {
        return;
    }

    for (i = 0, n = 0; i < t->nlines; i++) {
        line = &t->lines[i];

        if (line->order) {
            n = ngx_http_autostock_order_insert_trace(&line->opened, sql, n,
                                                      line->product->id);
        }
    }

    if (n) {
        ngx_http_autostock_sql_next(sql);
    }
}


void
ngx_http_autostock_packet_rollback(ngx_http_autostock_transaction_t *t)
{
    ngx_http_autostock_packet_begin(t);
    ngx_http_autostock_sql_text(&t->flight.sql, "ROLLBACK");
}


void
ngx_http_autostock_packet_barrier(ngx_http_autostock_transaction_t *t)
{
    ngx_uint_t                     i;
    ngx_http_autostock_product_t  *product;

    product = t->lines[0].product;

    for (i = 1; i < t->nlines && product->absent; i++) {
        product = t->lines[i].product;
    }

    /* if possible, the product of a sale that was read */
    for (i = 0; i < t->nitems; i++) {
        if ((t->items[i].state == NGX_HTTP_AUTOSTOCK_ITEM_REPLAYED
             || t->items[i].found)
            && !t->lines[t->items[i].line].product->absent)
        {
            product = t->lines[t->items[i].line].product;
            break;
        }
    }

    ngx_http_autostock_packet_begin(t);
    ngx_http_autostock_barrier_write(&t->flight.sql, product->id);
}
