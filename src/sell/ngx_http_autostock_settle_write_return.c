
/*
 * The returns' part of the packet that writes.
 */


#include "ngx_http_autostock_settle_flight.h"
#include "ngx_http_autostock_id.h"

#include "as_movement.h"


/* the primary key of a row of the ledger */
typedef struct {
    u_char  movement_id[16];
    u_char  product_id[16];
} ngx_http_autostock_settle_sold_t;


static void ngx_http_autostock_settle_write_return_product(
    ngx_http_autostock_sql_t *sql, ngx_http_autostock_settle_sold_t *sold,
    ngx_uint_t n);
static void ngx_http_autostock_settle_write_return_products(
    ngx_http_autostock_sql_t *sql, ngx_http_autostock_settle_sold_t *sold,
    ngx_uint_t n);
static ngx_uint_t ngx_http_autostock_settle_write_return_sold(
    ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_sold_t *sold);
static int ngx_libc_cdecl ngx_http_autostock_settle_write_return_compare_sold(
    const void *one, const void *two);
static int ngx_libc_cdecl ngx_http_autostock_settle_write_return_compare(
    const void *one, const void *two);


/*
 * A roll-up may have merged the sale into a sum since it was read.  So the
 * packet fails unless the ledger still has the sale's rows, and locks them, so
 * that no roll-up can merge them before the return is committed.  This
 * statement comes first, since a roll-up locks the ledger before it deletes
 * returns.
 */

void
ngx_http_autostock_settle_write_return_guard(
    ngx_http_autostock_settlement_t *s)
{
    ngx_uint_t                         i, n, one;
    ngx_http_autostock_sql_t          *sql;
    ngx_http_autostock_settle_sold_t  *sold;

    if (s->returns.nelts == 0) {
        return;
    }

    sql = &s->flight.sql;

    sold = ngx_palloc(s->pool, s->returns.nelts * sizeof(*sold));
    if (sold == NULL) {
        sql->failed = 1;
        return;
    }

    n = ngx_http_autostock_settle_write_return_sold(s, sold);

    for (i = 1, one = 1; i < n; i++) {
        one &= ngx_memcmp(sold[i].product_id, sold[0].product_id, 16) == 0;
    }

    ngx_http_autostock_sql_text(sql,
        "SET @autostock=IF((SELECT COUNT(*) FROM stock_movement"
        " FORCE INDEX(PRIMARY)WHERE ");

    if (one) {
        ngx_http_autostock_settle_write_return_product(sql, sold, n);
    } else {
        ngx_http_autostock_settle_write_return_products(sql, sold, n);
    }

    ngx_http_autostock_sql_text(sql, " LOCK IN SHARE MODE)=");
    ngx_http_autostock_sql_number(sql, n);
    ngx_http_autostock_sql_text(sql, NGX_HTTP_AUTOSTOCK_SQL_OR_FAIL);
    ngx_http_autostock_sql_next(sql);
}


/* for one product, a list of ids costs the server half as much as ORs */

static void
ngx_http_autostock_settle_write_return_product(ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_settle_sold_t *sold, ngx_uint_t n)
{
    ngx_uint_t  i;

    ngx_http_autostock_sql_text(sql, "product_id=");
    ngx_http_autostock_sql_binary(sql, sold[0].product_id, 16);
    ngx_http_autostock_sql_text(sql, " AND movement_id IN(");

    for (i = 0; i < n; i++) {
        if (i) {
            ngx_http_autostock_sql_text(sql, ",");
        }

        ngx_http_autostock_sql_binary(sql, sold[i].movement_id, 16);
    }

    ngx_http_autostock_sql_text(sql, ")");
}


static void
ngx_http_autostock_settle_write_return_products(ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_settle_sold_t *sold, ngx_uint_t n)
{
    ngx_uint_t  i;

    ngx_http_autostock_sql_text(sql, "movement_id=");

    for (i = 0; i < n; i++) {
        if (i && ngx_memcmp(sold[i].movement_id, sold[i - 1].movement_id, 16)
                 == 0)
        {
            ngx_http_autostock_sql_text(sql, ",");
            ngx_http_autostock_sql_binary(sql, sold[i].product_id, 16);
            continue;
        }

        if (i) {
            ngx_http_autostock_sql_text(sql, ")OR movement_id=");
        }

        ngx_http_autostock_sql_binary(sql, sold[i].movement_id, 16);
        ngx_http_autostock_sql_text(sql, " AND product_id IN(");
        ngx_http_autostock_sql_binary(sql, sold[i].product_id, 16);
    }

    ngx_http_autostock_sql_text(sql, ")");
}


/* lists the ledger's rows of the returned pieces, each once; returns n */

static ngx_uint_t
ngx_http_autostock_settle_write_return_sold(
    ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_sold_t *sold)
{
    ngx_uint_t                            i, n;
    ngx_http_autostock_settle_return_t   *row;
    ngx_http_autostock_settle_subject_t  *subject;

    row = s->returns.elts;

    for (i = 0; i < s->returns.nelts; i++) {
        subject = ngx_http_autostock_settle_table_subject(s, row[i].sale_id);

        if (subject->sold) {
            ngx_memcpy(sold[i].movement_id, subject->movement_id, 16);

        } else {
            ngx_http_autostock_id_sale(sold[i].movement_id, subject->id,
                                       AS_MOVEMENT_HOLD);
        }

        ngx_memcpy(sold[i].product_id, row[i].product_id, 16);
    }

    ngx_qsort(sold, s->returns.nelts, sizeof(*sold),
              ngx_http_autostock_settle_write_return_compare_sold);

    for (i = 1, n = 1; i < s->returns.nelts; i++) {
        if (ngx_memcmp(&sold[i], &sold[n - 1], sizeof(*sold)) != 0) {
            sold[n++] = sold[i];
        }
    }

    return n;
}


static int ngx_libc_cdecl
ngx_http_autostock_settle_write_return_compare_sold(const void *one,
    const void *two)
{
    return ngx_memcmp(one, two, sizeof(ngx_http_autostock_settle_sold_t));
}


/*
 * The rows are sorted by the primary key, so that two batches cannot deadlock
 * on them.  If a key exists, another return was committed since the read.
 */

void
ngx_http_autostock_settle_write_return_rows(ngx_http_autostock_settlement_t *s)
{
    ngx_uint_t                           i;
    ngx_http_autostock_sql_t            *sql;
    ngx_http_autostock_settle_return_t  *row;

    if (s->returns.nelts == 0) {
        return;
    }

    sql = &s->flight.sql;
    row = s->returns.elts;

    ngx_qsort(row, s->returns.nelts, sizeof(*row),
              ngx_http_autostock_settle_write_return_compare);

    ngx_http_autostock_sql_text(sql,
        "INSERT INTO stock_return(sale_id,product_id,already,quantity,restock,"
        "return_id)VALUES");

    for (i = 0; i < s->returns.nelts; i++) {
        if (i) {
            ngx_http_autostock_sql_text(sql, ",");
        }

        ngx_http_autostock_sql_text(sql, "(");
        ngx_http_autostock_sql_binary(sql, row[i].sale_id, 16);
        ngx_http_autostock_sql_text(sql, ",");
        ngx_http_autostock_sql_binary(sql, row[i].product_id, 16);
        ngx_http_autostock_sql_text(sql, ",");
        ngx_http_autostock_sql_number(sql, row[i].already);
        ngx_http_autostock_sql_text(sql, ",");
        ngx_http_autostock_sql_number(sql, row[i].quantity);
        ngx_http_autostock_sql_text(sql, ",");
        ngx_http_autostock_sql_number(sql, row[i].item->restock);
        ngx_http_autostock_sql_text(sql, ",");
        ngx_http_autostock_sql_binary(sql, row[i].item->return_id, 16);
        ngx_http_autostock_sql_text(sql, ")");
    }

    ngx_http_autostock_sql_next(sql);
}


static int ngx_libc_cdecl
ngx_http_autostock_settle_write_return_compare(const void *one, const void *two)
{
    ngx_int_t                                  rc;
    const ngx_http_autostock_settle_return_t  *first = one;
    const ngx_http_autostock_settle_return_t  *second = two;

    rc = ngx_memcmp(first->sale_id, second->sale_id, 16);

    if (rc == 0) {
        rc = ngx_memcmp(first->product_id, second->product_id, 16);
    }

    if (rc) {
        return rc;
    }

    return first->already < second->already ? -1 : 1;
}


/* a key's row has the first product of the return, by id */

void
ngx_http_autostock_settle_write_return_keys(ngx_http_autostock_settlement_t *s)
{
    ngx_uint_t                           i, n;
    ngx_http_autostock_sql_t            *sql;
    ngx_http_autostock_settle_item_t    *item;
    ngx_http_autostock_settle_return_t  *row;

    sql = &s->flight.sql;
    row = s->returns.elts;
    item = NULL;

    for (i = 0, n = 0; i < s->returns.nelts; i++) {
        item = row[i].item;

        if (!item->keyed || item->written) {
            continue;
        }

        if (n++) {
            ngx_http_autostock_sql_text(sql, ",(");
        } else {
            ngx_http_autostock_sql_text(sql,
                "INSERT INTO stock_movement_key(idempotency_key,movement_id,"
                "product_id,fingerprint,quantity)VALUES(");
        }

        item->written = 1;

        ngx_http_autostock_sql_binary(sql, item->key, 16);
        ngx_http_autostock_sql_text(sql, ",");
        ngx_http_autostock_sql_binary(sql, item->return_id, 16);
        ngx_http_autostock_sql_text(sql, ",");
        ngx_http_autostock_sql_binary(sql, row[i].product_id, 16);
        ngx_http_autostock_sql_text(sql, ",");
        ngx_http_autostock_sql_binary(sql, item->fingerprint, 8);
        ngx_http_autostock_sql_text(sql, ",");
        ngx_http_autostock_sql_number(sql, row[i].quantity);
        ngx_http_autostock_sql_text(sql, ")");
    }

    if (n) {
        ngx_http_autostock_sql_next(sql);
    }
}
