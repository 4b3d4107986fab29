
#include "ngx_http_autostock_lookup.h"
#include "ngx_http_autostock_status.h"

#include "as_sqlerror.h"


/*
 * A batch looks up every SKU once, all in one SELECT by the unique key, and
 * matches the rows by bytes.  A SKU without such a row may still equal one
 * under the column's collation: a row that matches no SKU by bytes, or one that
 * another spelling has matched.  So a second SELECT looks up the SKUs left
 * over.  Only if it finds rows, each row is looked up by its number, which
 * costs the database several times as much.  With exact spelling the bytes
 * decide.
 */


typedef struct {
    ngx_str_t                         sku;
    ngx_uint_t                        found;    /* row + 1; 0: none */
    uint32_t                          hash;
} ngx_http_autostock_lookup_item_t;


typedef struct {
    ngx_http_autostock_flight_t       flight;   /* first */
    ngx_http_autostock_lookup_item_t *items;
    ngx_http_autostock_product_row_t *rows;
    ngx_uint_t                       *table;    /* item + 1, by hash */
    ngx_uint_t                        mask;
    ngx_uint_t                        max;
    ngx_uint_t                        nitems;
    size_t                            bytes;    /* of SQL, an estimate */
    ngx_uint_t                        nrows;    /* of this SELECT */
    ngx_uint_t                        strange;  /* of these, match no SKU */
    ngx_uint_t                        matched;  /* of all SELECTs */
    ngx_pool_t                       *pool;     /* texts, until landed */
    ngx_uint_t                        again;
    ngx_uint_t                        one_by_one;
} ngx_http_autostock_lookup_flight_t;


#define NGX_HTTP_AUTOSTOCK_LOOKUP_COLUMNS                                    \
    "product_id,sku,name,price,stock,factory_id,ad_id,reorder_point,held"
#define NGX_HTTP_AUTOSTOCK_LOOKUP_NCOLUMNS  9

/* maximum growth of the packet; the SKU is in it up to 3 times (column.c) */
#define NGX_HTTP_AUTOSTOCK_LOOKUP_COST(sku)  (512 + 6 * (sku)->len)


static ngx_uint_t ngx_http_autostock_lookup_is_refused(
    ngx_http_autostock_batch_t *batch, ngx_str_t *sku);
static ngx_int_t ngx_http_autostock_lookup_create(
    ngx_http_autostock_flight_t *flight);
static void ngx_http_autostock_lookup_destroy(
    ngx_http_autostock_flight_t *flight);
static void ngx_http_autostock_lookup_reset(
    ngx_http_autostock_flight_t *flight);
static ngx_int_t ngx_http_autostock_lookup_add(
    ngx_http_autostock_flight_t *flight, ngx_http_autostock_waiter_t *waiter);
static ngx_uint_t *ngx_http_autostock_lookup_place(
    ngx_http_autostock_lookup_flight_t *lf, ngx_str_t *sku, uint32_t hash);
static void ngx_http_autostock_lookup_start(
    ngx_http_autostock_flight_t *flight);
static void ngx_http_autostock_lookup_ask_all(
    ngx_http_autostock_lookup_flight_t *lf);
static void ngx_http_autostock_lookup_ask_alone(
    ngx_http_autostock_lookup_flight_t *lf);
static ngx_int_t ngx_http_autostock_lookup_row(void *data,
    ngx_uint_t statement, ngx_str_t *columns, ngx_uint_t n);
static ngx_int_t ngx_http_autostock_lookup_keep(
    ngx_http_autostock_lookup_flight_t *lf, ngx_str_t *columns);
static void ngx_http_autostock_lookup_done(void *data, ngx_int_t rc);
static void ngx_http_autostock_lookup_refused(
    ngx_http_autostock_lookup_flight_t *lf);
static void ngx_http_autostock_lookup_note_refusal(
    ngx_http_autostock_lookup_flight_t *lf);
static void ngx_http_autostock_lookup_answer(
    ngx_http_autostock_flight_t *flight, ngx_http_autostock_waiter_t *waiter);
static void ngx_http_autostock_lookup_refuse(
    ngx_http_autostock_flight_t *flight, ngx_http_autostock_waiter_t *waiter,
    ngx_http_autostock_why_e why);


ngx_http_autostock_batch_ops_t  ngx_http_autostock_lookup_ops = {
    "lookup",
    NGX_HTTP_AUTOSTOCK_KIND_LOOKUP,
    sizeof(ngx_http_autostock_lookup_flight_t),
    2,
    0,
    ngx_http_autostock_lookup_create,
    ngx_http_autostock_lookup_destroy,
    ngx_http_autostock_lookup_reset,
    NULL,
    ngx_http_autostock_lookup_add,
    ngx_http_autostock_lookup_start,
    ngx_http_autostock_lookup_answer,
    ngx_http_autostock_lookup_refuse
};


ngx_int_t
ngx_http_autostock_lookup_submit(ngx_http_autostock_database_t *db,
    ngx_http_autostock_lookup_t *lookup)
{
    if (ngx_http_autostock_lookup_is_refused(db->lookups, &lookup->sku)) {
        return NGX_DECLINED;
    }

    return ngx_http_autostock_batch_submit(db->lookups, &lookup->waiter,
                                       ngx_current_msec + lookup->timeout);
}


static ngx_uint_t
ngx_http_autostock_lookup_is_refused(ngx_http_autostock_batch_t *batch,
    ngx_str_t *sku)
{
    u_char  name[NGX_HTTP_AUTOSTOCK_REFUSALS_NAME];

    if (batch->refusals.n == 0) {
        return 0;
    }

    ngx_http_autostock_refusals_name(sku, name);

    return ngx_http_autostock_refusals_has(&batch->refusals, name);
}


void
ngx_http_autostock_lookup_cancel(ngx_http_autostock_lookup_t *lookup)
{
    ngx_http_autostock_waiter_cancel(&lookup->waiter);
}


static ngx_int_t
ngx_http_autostock_lookup_create(ngx_http_autostock_flight_t *flight)
{
    ngx_uint_t                           size;
    ngx_http_autostock_lookup_flight_t  *lf;

    lf = (ngx_http_autostock_lookup_flight_t *) flight;

    lf->max = ngx_http_autostock_batch_database(flight->batch)->batch_size;

    for (size = 16; size < lf->max * 2; size *= 2) { /* void */ }

    lf->mask = size - 1;
    lf->items = ngx_alloc(lf->max * sizeof(*lf->items), ngx_cycle->log);
    lf->rows = ngx_alloc(lf->max * sizeof(*lf->rows), ngx_cycle->log);
    lf->table = ngx_calloc(size * sizeof(ngx_uint_t), ngx_cycle->log);

    if (lf->items == NULL || lf->rows == NULL || lf->table == NULL) {
        ngx_http_autostock_lookup_destroy(flight);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_http_autostock_lookup_destroy(ngx_http_autostock_flight_t *flight)
{
    ngx_http_autostock_lookup_flight_t  *lf;

    lf = (ngx_http_autostock_lookup_flight_t *) flight;

    if (lf->items) {
        ngx_free(lf->items);
    }

    if (lf->rows) {
        ngx_free(lf->rows);
    }

    if (lf->table) {
        ngx_free(lf->table);
    }

    if (lf->pool) {
        ngx_destroy_pool(lf->pool);
    }
}


static void
ngx_http_autostock_lookup_reset(ngx_http_autostock_flight_t *flight)
{
    ngx_http_autostock_lookup_flight_t  *lf;

    lf = (ngx_http_autostock_lookup_flight_t *) flight;

    ngx_memzero(lf->table, (lf->mask + 1) * sizeof(ngx_uint_t));
    lf->nitems = 0;
    lf->bytes = 0;

    if (lf->pool) {
        ngx_reset_pool(lf->pool);
    } else {
        lf->pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, ngx_cycle->log);
    }
}


static ngx_int_t
ngx_http_autostock_lookup_add(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_waiter_t *waiter)
{
    size_t                               cost;
    uint32_t                             hash;
    ngx_uint_t                          *place;
    ngx_http_autostock_lookup_t         *lookup;
    ngx_http_autostock_lookup_item_t    *item;
    ngx_http_autostock_lookup_flight_t  *lf;

    lf = (ngx_http_autostock_lookup_flight_t *) flight;
    lookup = ngx_queue_data(waiter, ngx_http_autostock_lookup_t, waiter);

    if (flight->aside
        && ngx_http_autostock_lookup_is_refused(flight->batch, &lookup->sku))
    {
        return NGX_ABORT;
    }

    hash = ngx_crc32_short(lookup->sku.data, lookup->sku.len);
    place = ngx_http_autostock_lookup_place(lf, &lookup->sku, hash);

    if (*place) {
        waiter->slot = *place - 1;
        return NGX_OK;
    }

    cost = NGX_HTTP_AUTOSTOCK_LOOKUP_COST(&lookup->sku);

    if (lf->nitems == lf->max || lf->pool == NULL
        || !ngx_http_autostock_flight_has_room(flight, lf->bytes, cost))
    {
        return NGX_DECLINED;
    }

    item = &lf->items[lf->nitems];
    item->hash = hash;
    item->sku.len = lookup->sku.len;
    item->sku.data = ngx_pstrdup(lf->pool, &lookup->sku);

    if (item->sku.data == NULL) {
        return NGX_DECLINED;
    }

    lf->bytes += cost;
    waiter->slot = lf->nitems++;
    *place = lf->nitems;

    return NGX_OK;
}


/* The slot that has the SKU's number, or the free slot for it. */

static ngx_uint_t *
ngx_http_autostock_lookup_place(ngx_http_autostock_lookup_flight_t *lf,
    ngx_str_t *sku, uint32_t hash)
{
    ngx_uint_t                         i;
    ngx_http_autostock_lookup_item_t  *item;

    for (i = hash & lf->mask; lf->table[i]; i = (i + 1) & lf->mask) {
        item = &lf->items[lf->table[i] - 1];

        if (item->hash == hash && item->sku.len == sku->len
            && ngx_memcmp(item->sku.data, sku->data, sku->len) == 0)
        {
            break;
        }
    }

    return &lf->table[i];
}


static void
ngx_http_autostock_lookup_start(ngx_http_autostock_flight_t *flight)
{
    ngx_uint_t                           i;
    ngx_http_autostock_lookup_flight_t  *lf;

    lf = (ngx_http_autostock_lookup_flight_t *) flight;

    for (i = 0; i < lf->nitems; i++) {
        lf->items[i].found = 0;
    }

    lf->matched = 0;
    lf->again = 0;
    lf->one_by_one = 0;

    ngx_http_autostock_lookup_ask_all(lf);
}


static void
ngx_http_autostock_lookup_ask_all(ngx_http_autostock_lookup_flight_t *lf)
{
    ngx_uint_t                 i, n;
    ngx_http_autostock_sql_t  *sql;

    sql = &lf->flight.sql;
    ngx_http_autostock_sql_reset(sql);

    ngx_http_autostock_sql_text(sql, "SELECT "
                                NGX_HTTP_AUTOSTOCK_LOOKUP_COLUMNS
                                " FROM product WHERE sku IN(");

    for (i = 0, n = 0; i < lf->nitems; i++) {

        if (lf->items[i].found) {
            continue;
        }

        if (n++) {
            ngx_http_autostock_sql_text(sql, ",");
        }

        ngx_http_autostock_column_sku(sql, &lf->flight.conn->sku,
                                      &lf->items[i].sku);
    }

    ngx_http_autostock_sql_text(sql, ")");

    lf->nrows = 0;
    lf->strange = 0;

    ngx_http_autostock_flight_query(&lf->flight,
                                    ngx_http_autostock_lookup_row,
                                    ngx_http_autostock_lookup_done);
}


static void
ngx_http_autostock_lookup_ask_alone(ngx_http_autostock_lookup_flight_t *lf)
{
    ngx_uint_t                 i;
    ngx_http_autostock_sql_t  *sql;

    sql = &lf->flight.sql;
    ngx_http_autostock_sql_reset(sql);

    for (i = 0; i < lf->nitems; i++) {

        if (lf->items[i].found) {
            continue;
        }

        if (sql->pos != sql->start) {
            ngx_http_autostock_sql_text(sql, " UNION ALL ");
        }

        ngx_http_autostock_sql_text(sql, "SELECT "
                                    NGX_HTTP_AUTOSTOCK_LOOKUP_COLUMNS ",");
        ngx_http_autostock_sql_number(sql, i);
        ngx_http_autostock_sql_text(sql, " FROM product WHERE sku=");
        ngx_http_autostock_column_sku(sql, &lf->flight.conn->sku,
                                      &lf->items[i].sku);
    }

    lf->one_by_one = 1;

    ngx_http_autostock_flight_query(&lf->flight,
                                    ngx_http_autostock_lookup_row,
                                    ngx_http_autostock_lookup_done);
}


static ngx_int_t
ngx_http_autostock_lookup_row(void *data, ngx_uint_t statement,
    ngx_str_t *columns, ngx_uint_t n)
{
    ngx_int_t                            i;
    ngx_uint_t                          *place;
    ngx_http_autostock_lookup_flight_t  *lf = data;

    if (n != NGX_HTTP_AUTOSTOCK_LOOKUP_NCOLUMNS + lf->one_by_one
        || columns[0].len != NGX_HTTP_AUTOSTOCK_UUID_LEN)
    {
        return NGX_ERROR;
    }

    if (lf->one_by_one) {
        i = ngx_atoi(columns[n - 1].data, columns[n - 1].len);

        if (i < 0 || (ngx_uint_t) i >= lf->nitems || lf->items[i].found) {
            return NGX_ERROR;
        }

        lf->items[i].found = lf->matched + 1;

        return ngx_http_autostock_lookup_keep(lf, columns);
    }

    lf->nrows++;

    place = ngx_http_autostock_lookup_place(lf, &columns[1],
                                            ngx_crc32_short(columns[1].data,
                                                            columns[1].len));

    if (*place == 0 || lf->items[*place - 1].found) {
        lf->strange++;
        return NGX_OK;
    }

    lf->items[*place - 1].found = lf->matched + 1;

    return ngx_http_autostock_lookup_keep(lf, columns);
}


static ngx_int_t
ngx_http_autostock_lookup_keep(ngx_http_autostock_lookup_flight_t *lf,
    ngx_str_t *columns)
{
    ngx_str_t                         *field;
    ngx_uint_t                         i;
    ngx_http_autostock_product_row_t  *row;

    if (lf->matched == lf->max) {
        return NGX_ERROR;
    }

    row = &lf->rows[lf->matched++];

    /* the members in the order of the columns */

    field = (ngx_str_t *) row;

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_LOOKUP_NCOLUMNS; i++) {
        field[i].len = columns[i].len;
        field[i].data = ngx_pstrdup(lf->pool, &columns[i]);

        if (field[i].data == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
ngx_http_autostock_lookup_done(void *data, ngx_int_t rc)
{
    ngx_http_autostock_lookup_flight_t  *lf = data;

    if (rc == NGX_ERROR) {
        ngx_http_autostock_flight_again(&lf->flight, 1,
                                        "it was lost in a look-up");
        return;
    }

    if (rc == NGX_DECLINED) {
        ngx_http_autostock_lookup_refused(lf);
        return;
    }

    if (lf->one_by_one || lf->nrows == 0 || lf->matched == lf->nitems
        || ngx_http_autostock_batch_database(lf->flight.batch)->exact_sku)
    {
        ngx_http_autostock_flight_finish(&lf->flight);
        return;
    }

    if (lf->strange || lf->again) {
        ngx_http_autostock_lookup_ask_alone(lf);
        return;
    }

    lf->again = 1;
    ngx_http_autostock_lookup_ask_all(lf);
}


static void
ngx_http_autostock_lookup_refused(ngx_http_autostock_lookup_flight_t *lf)
{
    ngx_uint_t                      error;
    const char                     *note;
    ngx_http_autostock_database_t  *db;

    error = lf->flight.query.error;
    db = ngx_http_autostock_batch_database(lf->flight.batch);

    switch (as_sqlerror(error)) {

    case AS_SQLERROR_CONFLICT:
    case AS_SQLERROR_LOCKED:
    case AS_SQLERROR_ENDED:
        ngx_http_autostock_flight_again(&lf->flight, 0,
                                        "a look-up was ended");
        return;

    case AS_SQLERROR_READ_ONLY:
        /* a node that has left its cluster does not read either */
        ngx_http_autostock_flight_elsewhere(&lf->flight,
                                            "its server accepts no queries");
        return;

    case AS_SQLERROR_EVERYBODY:
        break;

    case AS_SQLERROR_ALTERED:
        if (lf->flight.retries < 2) {
            ngx_http_autostock_flight_elsewhere(&lf->flight,
                                              "the column sku has changed");
            return;
        }

        /* fall through */

    default:
        if (ngx_http_autostock_flight_split(&lf->flight) == NGX_OK) {
            return;
        }

        ngx_http_autostock_lookup_note_refusal(lf);
    }

    note = ngx_http_autostock_repeat(
                             &db->repeats[NGX_HTTP_AUTOSTOCK_REPEAT_LOOKUP]);

    if (note) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "autostock: database \"%V\" refused a look-up, "
                      "error %ui: %s%s", &db->name, error,
                      lf->flight.query.text, note);
    }

    ngx_http_autostock_flight_fail(&lf->flight, NGX_HTTP_AUTOSTOCK_FAILED);
}


/* It was the only SKU; it is not looked up again for some seconds. */

static void
ngx_http_autostock_lookup_note_refusal(ngx_http_autostock_lookup_flight_t *lf)
{
    u_char  name[NGX_HTTP_AUTOSTOCK_REFUSALS_NAME];

    ngx_http_autostock_refusals_name(&lf->items[0].sku, name);
    ngx_http_autostock_refusals_add(&lf->flight.batch->refusals, name);
}


static void
ngx_http_autostock_lookup_answer(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_waiter_t *waiter)
{
    ngx_uint_t                           found;
    ngx_http_autostock_lookup_t         *lookup;
    ngx_http_autostock_lookup_flight_t  *lf;

    lf = (ngx_http_autostock_lookup_flight_t *) flight;
    lookup = ngx_queue_data(waiter, ngx_http_autostock_lookup_t, waiter);

    found = lf->items[waiter->slot].found;

    if (found) {
        lookup->outcome = NGX_HTTP_AUTOSTOCK_LOOKUP_FOUND;
        lookup->row = &lf->rows[found - 1];
    } else {
        lookup->outcome = NGX_HTTP_AUTOSTOCK_LOOKUP_NO_PRODUCT;
        lookup->row = NULL;
    }

    lookup->handler(lookup);
}


static void
ngx_http_autostock_lookup_refuse(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_waiter_t *waiter, ngx_http_autostock_why_e why)
{
    ngx_http_autostock_lookup_t  *lookup;

    lookup = ngx_queue_data(waiter, ngx_http_autostock_lookup_t, waiter);
    lookup->outcome = NGX_HTTP_AUTOSTOCK_LOOKUP_UNAVAILABLE;
    lookup->refused = why == NGX_HTTP_AUTOSTOCK_FAILED;
    lookup->row = NULL;

    lookup->handler(lookup);
}
