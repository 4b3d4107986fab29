
#include "ngx_http_autostock_lookup_flight.h"


static ngx_uint_t ngx_http_autostock_lookup_is_refused(
    ngx_http_autostock_batch_t *batch, ngx_str_t *sku);
static ngx_int_t ngx_http_autostock_lookup_add(
    ngx_http_autostock_flight_t *flight, ngx_http_autostock_waiter_t *waiter);
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
    ngx_http_autostock_lookup_table_create,
    ngx_http_autostock_lookup_table_destroy,
    ngx_http_autostock_lookup_table_reset,
    NULL,
    ngx_http_autostock_lookup_add,
    ngx_http_autostock_lookup_select_start,
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
ngx_http_autostock_lookup_add(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_waiter_t *waiter)
{
    ngx_int_t                     item;
    ngx_http_autostock_lookup_t  *lookup;

    lookup = ngx_queue_data(waiter, ngx_http_autostock_lookup_t, waiter);

    if (flight->aside
        && ngx_http_autostock_lookup_is_refused(flight->batch, &lookup->sku))
    {
        return NGX_ABORT;
    }

    item = ngx_http_autostock_lookup_table_add(
                  (ngx_http_autostock_lookup_flight_t *) flight, &lookup->sku);

    if (item < 0) {
        return item;
    }

    waiter->slot = item;

    return NGX_OK;
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
