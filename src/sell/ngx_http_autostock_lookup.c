
#include "ngx_http_autostock_lookup_flight.h"


static ngx_uint_t ngx_http_autostock_lookup_is_refused(
    ngx_http_autostock_batch_t *batch, ngx_http_autostock_lookup_t *lookup);
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
    ngx_http_autostock_batch_t  *batch;

    batch = lookup->reads && db->reads ? db->reads : db->lookups;

    if (ngx_http_autostock_lookup_is_refused(batch, lookup)) {
        return NGX_DECLINED;
    }

    return ngx_http_autostock_batch_submit(batch, &lookup->waiter,
                                       ngx_current_msec + lookup->timeout);
}


/* 1 if one of the SKUs is refused, or all of them together */

static ngx_uint_t
ngx_http_autostock_lookup_is_refused(ngx_http_autostock_batch_t *batch,
    ngx_http_autostock_lookup_t *lookup)
{
    u_char      one[NGX_HTTP_AUTOSTOCK_REFUSALS_NAME];
    u_char      all[NGX_HTTP_AUTOSTOCK_REFUSALS_NAME];
    ngx_uint_t  i;

    if (batch->refusals.n == 0) {
        return 0;
    }

    ngx_memzero(all, NGX_HTTP_AUTOSTOCK_REFUSALS_NAME);

    for (i = 0; i < lookup->n; i++) {
        ngx_http_autostock_refusals_name(&lookup->skus[i].sku, one);

        if (ngx_http_autostock_refusals_has(&batch->refusals, one)) {
            return 1;
        }

        ngx_http_autostock_refusals_name_add(&lookup->skus[i].sku, all);
    }

    return ngx_http_autostock_refusals_has(&batch->refusals, all);
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
    ngx_http_autostock_lookup_t         *lookup;
    ngx_http_autostock_lookup_flight_t  *lf;

    lf = (ngx_http_autostock_lookup_flight_t *) flight;
    lookup = ngx_queue_data(waiter, ngx_http_autostock_lookup_t, waiter);

    if (flight->aside
        && ngx_http_autostock_lookup_is_refused(flight->batch, lookup))
    {
        return NGX_ABORT;
    }

    return ngx_http_autostock_lookup_table_add(lf, lookup->skus, lookup->n);
}


static void
ngx_http_autostock_lookup_answer(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_waiter_t *waiter)
{
    ngx_uint_t                           i;
    ngx_http_autostock_lookup_t         *lookup;
    ngx_http_autostock_lookup_sku_t     *sku;
    ngx_http_autostock_lookup_flight_t  *lf;

    lf = (ngx_http_autostock_lookup_flight_t *) flight;
    lookup = ngx_queue_data(waiter, ngx_http_autostock_lookup_t, waiter);

    for (i = 0; i < lookup->n; i++) {
        sku = &lookup->skus[i];
        sku->row = ngx_http_autostock_lookup_table_row(lf, sku->item);
    }

    lookup->standby = lf->standby ? 1 : 0;
    lookup->outcome = NGX_HTTP_AUTOSTOCK_LOOKUP_DONE;
    lookup->handler(lookup);
}


static void
ngx_http_autostock_lookup_refuse(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_waiter_t *waiter, ngx_http_autostock_why_e why)
{
    ngx_http_autostock_lookup_t  *lookup;

    lookup = ngx_queue_data(waiter, ngx_http_autostock_lookup_t, waiter);

    lookup->outcome = why == NGX_HTTP_AUTOSTOCK_FAILED
                      ? NGX_HTTP_AUTOSTOCK_LOOKUP_REFUSED
                      : NGX_HTTP_AUTOSTOCK_LOOKUP_UNAVAILABLE;

    lookup->handler(lookup);
}
