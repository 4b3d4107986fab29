
/*
 * The packet that reads what settlements are decided by.  It takes no locks.
 */


#include "ngx_http_autostock_settle_flight.h"


static ngx_int_t ngx_http_autostock_settle_read_subjects(
    ngx_http_autostock_settlement_t *s);
static int ngx_libc_cdecl ngx_http_autostock_settle_read_compare(
    const void *one, const void *two);
static void ngx_http_autostock_settle_read_holds(
    ngx_http_autostock_settlement_t *s);
static void ngx_http_autostock_settle_read_products(
    ngx_http_autostock_settlement_t *s);
static void ngx_http_autostock_settle_read_ids(
    ngx_http_autostock_settlement_t *s);


ngx_int_t
ngx_http_autostock_settle_read_packet(ngx_http_autostock_settlement_t *s)
{
    ngx_reset_pool(s->pool);

    s->seen = 0;
    s->fresh = 0;
    s->holds_at = s->lines_at = s->products_at = NGX_CONF_UNSET_UINT;
    s->stocks_at = s->anchor_at = s->free_at = NGX_CONF_UNSET_UINT;
    s->commit_at = NGX_CONF_UNSET_UINT;

    if (ngx_array_init(&s->parts, s->pool, s->nitems,
                       sizeof(ngx_http_autostock_settle_part_t))
        != NGX_OK
        || ngx_array_init(&s->products, s->pool, 8,
                          sizeof(ngx_http_autostock_settle_product_t))
           != NGX_OK
        || ngx_http_autostock_settle_read_subjects(s) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_autostock_sql_reset(&s->flight.sql);

    ngx_http_autostock_settle_read_holds(s);
    ngx_http_autostock_settle_read_products(s);

    return NGX_OK;
}


/* Several items may have the same hold or sale. */

static ngx_int_t
ngx_http_autostock_settle_read_subjects(ngx_http_autostock_settlement_t *s)
{
    ngx_uint_t                            i, n;
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

    for (i = 0; i < s->nitems; i++) {
        s->items[i].subject =
            ngx_http_autostock_settle_rows_subject(s, s->items[i].id) - subject;
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


static void
ngx_http_autostock_settle_read_holds(ngx_http_autostock_settlement_t *s)
{
    ngx_http_autostock_sql_t  *sql;

    sql = &s->flight.sql;

    s->holds_at = sql->statements;
    ngx_http_autostock_sql_text(sql,
        "SELECT hold_id,state,"
        "TIMESTAMPDIFF(MICROSECOND,expires_at,UTC_TIMESTAMP(6)),settled_id,"
        "settled_at>UTC_TIMESTAMP(6)-INTERVAL 60 SECOND"
        " FROM stock_hold WHERE hold_id IN(");
    ngx_http_autostock_settle_read_ids(s);
    ngx_http_autostock_sql_text(sql, ")");
    ngx_http_autostock_sql_next(sql);

    s->lines_at = sql->statements;
    ngx_http_autostock_sql_text(sql,
        "SELECT hold_id,product_id,quantity FROM stock_hold_line"
        " WHERE hold_id IN(");
    ngx_http_autostock_settle_read_ids(s);
    ngx_http_autostock_sql_text(sql, ")");
    ngx_http_autostock_sql_next(sql);
}


/*
 * After the lines: a product that has no row by then was deleted.  A derived
 * table, since a product may have hundreds of lines.
 */

static void
ngx_http_autostock_settle_read_products(ngx_http_autostock_settlement_t *s)
{
    ngx_http_autostock_sql_t  *sql;

    sql = &s->flight.sql;

    s->products_at = sql->statements;
    ngx_http_autostock_sql_text(sql,
        "SELECT p.product_id,p.sku,p.stock,p.held,p.reorder_point,"
        "p.reorder_quantity,p.reorder_held,"
        "EXISTS(SELECT 1 FROM restock_order o"
        " WHERE o.open_product_id=p.product_id)"
        " FROM(SELECT DISTINCT product_id FROM stock_hold_line"
        " WHERE hold_id IN(");
    ngx_http_autostock_settle_read_ids(s);
    ngx_http_autostock_sql_text(sql,
        "))l JOIN product p ON p.product_id=l.product_id");
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
