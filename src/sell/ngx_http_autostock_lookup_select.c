
#include "ngx_http_autostock_lookup_flight.h"
#include "ngx_http_autostock_repeat.h"
#include "ngx_http_autostock_status.h"

#include "as_sqlerror.h"


#define NGX_HTTP_AUTOSTOCK_LOOKUP_SELECT_COLUMNS                             \
    "product_id,sku,name,price,stock,factory_id,ad_id,reorder_point,held"


static void ngx_http_autostock_lookup_select_all(
    ngx_http_autostock_lookup_flight_t *lf);
static void ngx_http_autostock_lookup_select_alone(
    ngx_http_autostock_lookup_flight_t *lf);
static ngx_int_t ngx_http_autostock_lookup_select_row(void *data,
    ngx_uint_t statement, ngx_str_t *columns, ngx_uint_t n);
static void ngx_http_autostock_lookup_select_done(void *data, ngx_int_t rc);
static void ngx_http_autostock_lookup_select_refused(
    ngx_http_autostock_lookup_flight_t *lf);
static void ngx_http_autostock_lookup_select_note_refusal(
    ngx_http_autostock_lookup_flight_t *lf);


void
ngx_http_autostock_lookup_select_start(ngx_http_autostock_flight_t *flight)
{
    ngx_http_autostock_lookup_flight_t  *lf;

    lf = (ngx_http_autostock_lookup_flight_t *) flight;

    ngx_http_autostock_lookup_table_forget(lf);
    lf->again = 0;
    lf->one_by_one = 0;
    lf->standby = ngx_http_autostock_flight_is_standby(flight);

    ngx_http_autostock_lookup_select_all(lf);
}


static void
ngx_http_autostock_lookup_select_all(ngx_http_autostock_lookup_flight_t *lf)
{
    ngx_uint_t                 i, n;
    ngx_http_autostock_sql_t  *sql;

    sql = &lf->flight.sql;
    ngx_http_autostock_sql_reset(sql);

    ngx_http_autostock_sql_text(sql, "SELECT "
                                NGX_HTTP_AUTOSTOCK_LOOKUP_SELECT_COLUMNS
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
                                    ngx_http_autostock_lookup_select_row,
                                    ngx_http_autostock_lookup_select_done);
}


static void
ngx_http_autostock_lookup_select_alone(ngx_http_autostock_lookup_flight_t *lf)
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
                               NGX_HTTP_AUTOSTOCK_LOOKUP_SELECT_COLUMNS ",");
        ngx_http_autostock_sql_number(sql, i);
        ngx_http_autostock_sql_text(sql, " FROM product WHERE sku=");
        ngx_http_autostock_column_sku(sql, &lf->flight.conn->sku,
                                      &lf->items[i].sku);
    }

    lf->one_by_one = 1;

    ngx_http_autostock_flight_query(&lf->flight,
                                    ngx_http_autostock_lookup_select_row,
                                    ngx_http_autostock_lookup_select_done);
}


static ngx_int_t
ngx_http_autostock_lookup_select_row(void *data, ngx_uint_t statement,
    ngx_str_t *columns, ngx_uint_t n)
{
    ngx_int_t                            i;
    ngx_http_autostock_lookup_item_t    *item;
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

        return ngx_http_autostock_lookup_table_keep(lf, &lf->items[i],
                                                    columns);
    }

    lf->nrows++;

    item = ngx_http_autostock_lookup_table_find(lf, &columns[1]);

    if (item == NULL || item->found) {
        lf->strange++;
        return NGX_OK;
    }

    return ngx_http_autostock_lookup_table_keep(lf, item, columns);
}


static void
ngx_http_autostock_lookup_select_done(void *data, ngx_int_t rc)
{
    ngx_http_autostock_lookup_flight_t  *lf = data;

    if (ngx_http_autostock_flight_left_replica(&lf->flight, rc)) {
        return;
    }

    if (rc == NGX_ERROR) {
        ngx_http_autostock_flight_again(&lf->flight, 1,
                                        "it was lost in a look-up");
        return;
    }

    if (rc == NGX_DECLINED) {
        ngx_http_autostock_lookup_select_refused(lf);
        return;
    }

    if (lf->one_by_one || lf->nrows == 0 || lf->matched == lf->nitems
        || lf->flight.batch->db->exact_sku)
    {
        ngx_http_autostock_flight_finish(&lf->flight);
        return;
    }

    if (lf->strange || lf->again) {
        ngx_http_autostock_lookup_select_alone(lf);
        return;
    }

    lf->again = 1;
    ngx_http_autostock_lookup_select_all(lf);
}


static void
ngx_http_autostock_lookup_select_refused(ngx_http_autostock_lookup_flight_t *lf)
{
    ngx_uint_t                      error;
    const char                     *note;
    ngx_http_autostock_database_t  *db;

    error = lf->flight.query.error;
    db = lf->flight.batch->db;

    switch (as_sqlerror(error)) {

    case AS_SQLERROR_CONFLICT:
    case AS_SQLERROR_LOCKED:
    case AS_SQLERROR_ENDED:
        ngx_http_autostock_flight_again(&lf->flight, 0,
                                        "a look-up was ended");
        return;

    case AS_SQLERROR_READ_ONLY:
        /* a node that has left its cluster accepts no SELECT either */
        ngx_http_autostock_flight_elsewhere(&lf->flight,
                                            "its server accepts no queries");
        return;

    case AS_SQLERROR_ALL:
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

        ngx_http_autostock_lookup_select_note_refusal(lf);
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


/* it was the only look-up in the flight: its SKUs are refused for a while */

static void
ngx_http_autostock_lookup_select_note_refusal(
    ngx_http_autostock_lookup_flight_t *lf)
{
    u_char      name[NGX_HTTP_AUTOSTOCK_REFUSALS_NAME];
    ngx_uint_t  i;

    ngx_memzero(name, NGX_HTTP_AUTOSTOCK_REFUSALS_NAME);

    for (i = 0; i < lf->nitems; i++) {
        ngx_http_autostock_refusals_name_add(&lf->items[i].sku, name);
    }

    ngx_http_autostock_refusals_add(&lf->flight.batch->refusals, name);
}
