
/*
 * The packet that reads the rows from which settlements are decided.  It takes
 * no locks.
 */


#include "ngx_http_autostock_settle_flight.h"
#include "ngx_http_autostock_id.h"


/* the session's value is kept, even if an error has skipped ..._UNWAIT */
#define NGX_HTTP_AUTOSTOCK_SETTLE_WAIT                                        \
    "SET @autostock_wait=COALESCE(@autostock_wait,"                           \
    "@@SESSION.wsrep_sync_wait),SESSION wsrep_sync_wait=1"
#define NGX_HTTP_AUTOSTOCK_SETTLE_UNWAIT                                      \
    "SET SESSION wsrep_sync_wait=CAST(@autostock_wait AS UNSIGNED)"

/*
 * A product, NULL but for its id if it was deleted, and the join that adds it
 * to a row of this table (ngx_http_autostock_settle_product.c).
 */
#define NGX_HTTP_AUTOSTOCK_SETTLE_PRODUCT(table)                              \
    "," table ".product_id,p.sku,p.stock,p.held,p.reorder_point,"             \
    "p.reorder_quantity,p.reorder_held,"                                      \
    "EXISTS(SELECT 1 FROM restock_order o"                                    \
    " WHERE o.open_product_id=p.product_id)"
#define NGX_HTTP_AUTOSTOCK_SETTLE_JOIN_PRODUCT(table)                         \
    " LEFT JOIN product p ON p.product_id=" table ".product_id"


static ngx_int_t ngx_http_autostock_settle_read_subjects(
    ngx_http_autostock_settlement_t *s);
static int ngx_libc_cdecl ngx_http_autostock_settle_read_compare(
    const void *one, const void *two);
static void ngx_http_autostock_settle_read_sales(
    ngx_http_autostock_settlement_t *s);
static void ngx_http_autostock_settle_read_movement(
    ngx_http_autostock_sql_t *sql, u_char *movement, u_char *number,
    ngx_uint_t n);
static void ngx_http_autostock_settle_read_returned(
    ngx_http_autostock_settlement_t *s);
static void ngx_http_autostock_settle_read_wait(
    ngx_http_autostock_settlement_t *s);
static void ngx_http_autostock_settle_read_unwait(
    ngx_http_autostock_settlement_t *s);
static void ngx_http_autostock_settle_read_keys(
    ngx_http_autostock_settlement_t *s);
static void ngx_http_autostock_settle_read_skus(
    ngx_http_autostock_settlement_t *s);
static void ngx_http_autostock_settle_read_holds(
    ngx_http_autostock_settlement_t *s);
static void ngx_http_autostock_settle_read_ids(
    ngx_http_autostock_settlement_t *s);


ngx_int_t
ngx_http_autostock_settle_read_packet(ngx_http_autostock_settlement_t *s)
{
    ngx_reset_pool(s->pool);

    s->seen = 0;
    s->fresh = 0;
    ngx_memzero(s->known, sizeof(s->known));
    ngx_http_autostock_settle_table_none(s);

    if (ngx_array_init(&s->parts, s->pool, s->nitems,
                       sizeof(ngx_http_autostock_settle_part_t))
        != NGX_OK
        || ngx_array_init(&s->products, s->pool, 8,
                          sizeof(ngx_http_autostock_settle_product_t))
           != NGX_OK
        || ngx_array_init(&s->returned, s->pool, 8,
                          sizeof(ngx_http_autostock_settle_returned_t))
           != NGX_OK
        || ngx_array_init(&s->returns, s->pool, s->nitems,
                          sizeof(ngx_http_autostock_settle_return_t))
           != NGX_OK
        || ngx_http_autostock_settle_read_subjects(s) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_autostock_sql_reset(&s->flight.sql);

    ngx_http_autostock_settle_read_wait(s);

    /*
     * The returns are read before the sales: a roll-up deletes a sale and its
     * returns together, and a sale must not be read without its returns.
     */
    if (s->asks) {
        ngx_http_autostock_settle_read_returned(s);
        ngx_http_autostock_settle_read_sales(s);
    }

    ngx_http_autostock_settle_read_keys(s);
    ngx_http_autostock_settle_read_skus(s);
    ngx_http_autostock_settle_read_holds(s);
    ngx_http_autostock_settle_read_unwait(s);

    return NGX_OK;
}


/*
 * In a Galera cluster, a node may not have applied yet what another one has
 * committed, and would not find that node's hold or sale.  With
 * wsrep_sync_wait=1, a SELECT waits until all earlier commits are applied.
 */

static void
ngx_http_autostock_settle_read_wait(ngx_http_autostock_settlement_t *s)
{
    ngx_http_autostock_sql_t  *sql;

    sql = &s->flight.sql;

    if (s->flight.conn->clustered) {
        ngx_http_autostock_sql_text(sql, NGX_HTTP_AUTOSTOCK_SETTLE_WAIT);
        ngx_http_autostock_sql_next(sql);
    }
}


static void
ngx_http_autostock_settle_read_unwait(ngx_http_autostock_settlement_t *s)
{
    ngx_http_autostock_sql_t  *sql;

    sql = &s->flight.sql;

    if (s->flight.conn->clustered) {
        ngx_http_autostock_sql_next(sql);
        ngx_http_autostock_sql_text(sql, NGX_HTTP_AUTOSTOCK_SETTLE_UNWAIT);
    }
}


/* lists the holds and sales, each once, although several items may name it */

static ngx_int_t
ngx_http_autostock_settle_read_subjects(ngx_http_autostock_settlement_t *s)
{
    ngx_uint_t                            i, n;
    ngx_http_autostock_settle_item_t     *item;
    ngx_http_autostock_settle_subject_t  *subject;

    if (ngx_array_init(&s->subjects, s->pool, s->nitems,
                       sizeof(ngx_http_autostock_settle_subject_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    subject = s->subjects.elts;
    ngx_memzero(subject, s->nitems * sizeof(*subject));

    for (i = 0; i < s->nitems; i++) {
        ngx_memcpy(subject[i].id, s->items[i].id, 16);
    }

    ngx_qsort(subject, s->nitems, sizeof(*subject),
              ngx_http_autostock_settle_read_compare);

    for (i = 1, n = 1; i < s->nitems; i++) {
        if (ngx_memcmp(subject[i].id, subject[n - 1].id, 16) != 0) {
            subject[n++] = subject[i];
        }
    }

    s->subjects.nelts = n;

    s->asks = 0;

    for (i = 0; i < s->nitems; i++) {
        item = &s->items[i];
        item->subject = ngx_http_autostock_settle_table_subject(s, item->id)
                        - subject;
        item->nresults = 0;
        item->used = 0;

        if (item->action == NGX_HTTP_AUTOSTOCK_SETTLE_RETURN) {
            subject[item->subject].asked = 1;
            s->asks = 1;
        }
    }

    return NGX_OK;
}


static int ngx_libc_cdecl
ngx_http_autostock_settle_read_compare(const void *one, const void *two)
{
    const ngx_http_autostock_settle_subject_t  *first = one;
    const ngx_http_autostock_settle_subject_t  *second = two;

    return ngx_memcmp(first->id, second->id, 16);
}


/*
 * Reads the ledger's rows that may contain a sale: rows with the id of the
 * sale, or of its transaction (sql/schema.sql).  The ids are a derived table,
 * since a transaction may have rows for hundreds of products.
 */

static void
ngx_http_autostock_settle_read_sales(ngx_http_autostock_settlement_t *s)
{
    u_char                                id[16];
    ngx_uint_t                            i, n;
    ngx_http_autostock_sql_t             *sql;
    ngx_http_autostock_settle_subject_t  *subject;

    sql = &s->flight.sql;
    subject = s->subjects.elts;

    s->sales_at = sql->statements;
    ngx_http_autostock_sql_text(sql,
        "SELECT s.n,m.movement_id,m.quantity,m.sales,m.sale_list"
        NGX_HTTP_AUTOSTOCK_SETTLE_PRODUCT("m") " FROM(");

    for (i = 0, n = 0; i < s->subjects.nelts; i++) {
        if (!subject[i].asked) {
            continue;
        }

        ngx_http_autostock_id_sale(id, subject[i].id, 0);
        ngx_http_autostock_settle_read_movement(sql, id, &subject[i].id[14],
                                                n++);

        if (subject[i].id[14] || subject[i].id[15]) {
            ngx_http_autostock_settle_read_movement(sql, subject[i].id, NULL,
                                                    n++);
        }
    }

    ngx_http_autostock_sql_text(sql,
        ")s JOIN stock_movement m ON m.movement_id=s.m"
        NGX_HTTP_AUTOSTOCK_SETTLE_JOIN_PRODUCT("m") " WHERE m.kind='sale'"
        " AND(m.sale_list IS NULL OR LOCATE(s.n,m.sale_list))");
    ngx_http_autostock_sql_next(sql);
}


/* the number of a sale in its movement, NULL: none, and the movement's id */

static void
ngx_http_autostock_settle_read_movement(ngx_http_autostock_sql_t *sql,
    u_char *movement, u_char *number, ngx_uint_t n)
{
    if (n) {
        ngx_http_autostock_sql_text(sql, " UNION ALL ");
    }

    ngx_http_autostock_sql_text(sql, "SELECT ");

    if (number) {
        ngx_http_autostock_sql_binary(sql, number, 2);
    } else {
        ngx_http_autostock_sql_text(sql, "NULL");
    }

    if (n == 0) {
        ngx_http_autostock_sql_text(sql, " AS n");
    }

    ngx_http_autostock_sql_text(sql, ",");
    ngx_http_autostock_sql_binary(sql, movement, 16);

    if (n == 0) {
        ngx_http_autostock_sql_text(sql, " AS m");
    }
}


static void
ngx_http_autostock_settle_read_returned(ngx_http_autostock_settlement_t *s)
{
    ngx_http_autostock_sql_t  *sql;

    sql = &s->flight.sql;

    s->returned_at = sql->statements;
    ngx_http_autostock_sql_text(sql,
        "SELECT sale_id,product_id,SUM(quantity),MAX(return_id),"
        "MAX(created_at)>UTC_TIMESTAMP(6)-INTERVAL 60 SECOND"
        " FROM stock_return WHERE sale_id IN(");
    ngx_http_autostock_settle_read_ids(s);
    ngx_http_autostock_sql_text(sql, ")GROUP BY sale_id,product_id");
    ngx_http_autostock_sql_next(sql);
}


/* reads the keys, with the lines of the returns that used them */

static void
ngx_http_autostock_settle_read_keys(ngx_http_autostock_settlement_t *s)
{
    ngx_uint_t                 i, n;
    ngx_http_autostock_sql_t  *sql;

    sql = &s->flight.sql;

    for (i = 0, n = 0; i < s->nitems; i++) {
        if (!s->items[i].keyed) {
            continue;
        }

        if (n++) {
            ngx_http_autostock_sql_text(sql, ",");

        } else {
            s->keys_at = sql->statements;
            ngx_http_autostock_sql_text(sql,
                "SELECT k.idempotency_key,k.movement_id,k.fingerprint,"
                "r.quantity,p.sku,p.stock,"
                "r.created_at>UTC_TIMESTAMP(6)-INTERVAL 60 SECOND"
                " FROM stock_movement_key k"
                " LEFT JOIN stock_return r ON r.return_id=k.movement_id"
                " LEFT JOIN product p ON p.product_id=r.product_id"
                " WHERE k.idempotency_key IN(");
        }

        ngx_http_autostock_sql_binary(sql, s->items[i].key, 16);
    }

    if (n) {
        ngx_http_autostock_sql_text(sql, ")ORDER BY r.product_id");
        ngx_http_autostock_sql_next(sql);
    }
}


/*
 * Reads the products of the returns' SKUs by the column's collation.  With
 * "sku_match exact", the bytes are compared instead, without a query.
 */

static void
ngx_http_autostock_settle_read_skus(ngx_http_autostock_settlement_t *s)
{
    ngx_uint_t                         i, k, n;
    ngx_http_autostock_sql_t          *sql;
    ngx_http_autostock_settle_item_t  *item;

    if (s->flight.batch->db->exact_sku) {
        return;
    }

    sql = &s->flight.sql;

    for (i = 0, n = 0; i < s->nitems; i++) {
        item = &s->items[i];

        for (k = 0; k < item->nlines; k++) {
            item->lines[k].known = 0;

            if (n++) {
                ngx_http_autostock_sql_text(sql, " UNION ALL ");
            } else {
                s->skus_at = sql->statements;
            }

            ngx_http_autostock_sql_text(sql, "SELECT ");
            ngx_http_autostock_sql_number(sql, i);
            ngx_http_autostock_sql_text(sql, ",");
            ngx_http_autostock_sql_number(sql, k);
            ngx_http_autostock_sql_text(sql,
                                        ",product_id FROM product WHERE sku=");
            ngx_http_autostock_column_sku(sql, &s->flight.conn->sku,
                                          &item->lines[k].sku);
        }
    }

    if (n) {
        ngx_http_autostock_sql_next(sql);
    }
}


/* Returns a row for each line, or one without a line: one SELECT reads all. */

static void
ngx_http_autostock_settle_read_holds(ngx_http_autostock_settlement_t *s)
{
    ngx_http_autostock_sql_t  *sql;

    sql = &s->flight.sql;

    s->holds_at = sql->statements;
    ngx_http_autostock_sql_text(sql,
        "SELECT h.hold_id,h.state,"
        "TIMESTAMPDIFF(MICROSECOND,h.expires_at,UTC_TIMESTAMP(6)),"
        "h.settled_id,h.settled_at>UTC_TIMESTAMP(6)-INTERVAL 60 SECOND,"
        "l.quantity" NGX_HTTP_AUTOSTOCK_SETTLE_PRODUCT("l")
        " FROM stock_hold h LEFT JOIN stock_hold_line l ON l.hold_id=h.hold_id"
        NGX_HTTP_AUTOSTOCK_SETTLE_JOIN_PRODUCT("l") " WHERE h.hold_id IN(");
    ngx_http_autostock_settle_read_ids(s);
    ngx_http_autostock_sql_text(sql, ")");
}


static void
ngx_http_autostock_settle_read_ids(ngx_http_autostock_settlement_t *s)
{
    ngx_uint_t                            i;
    ngx_http_autostock_settle_subject_t  *subject;

    subject = s->subjects.elts;

    for (i = 0; i < s->subjects.nelts; i++) {
        if (i) {
            ngx_http_autostock_sql_text(&s->flight.sql, ",");
        }

        ngx_http_autostock_sql_binary(&s->flight.sql, subject[i].id, 16);
    }
}
