
#include "ngx_http_autostock_sale.h"
#include "ngx_http_autostock_quarantine.h"
#include "ngx_http_autostock_catalog.h"


/* maximum of look-ups for a SKU that moves from product to product */
#define NGX_HTTP_AUTOSTOCK_SALE_RESOLVES  3


static ngx_int_t ngx_http_autostock_sale_resolve(
    ngx_http_autostock_sale_t *sale);
static void ngx_http_autostock_sale_resolved(
    ngx_http_autostock_lookup_t *lookup);
static ngx_int_t ngx_http_autostock_sale_submit_absent(
    ngx_http_autostock_sale_t *sale);
static ngx_int_t ngx_http_autostock_sale_learn(ngx_http_autostock_sale_t *sale,
    ngx_http_autostock_product_row_t *row);


ngx_int_t
ngx_http_autostock_sale_submit(ngx_http_autostock_database_t *db,
    ngx_http_autostock_sale_t *sale)
{
    ngx_int_t  rc;

    sale->db = db;
    sale->resolved = 0;
    sale->stock = -1;
    ngx_str_null(&sale->json_sku);
    sale->waiter.batch = NULL;
    sale->waiter.deadline = ngx_current_msec + sale->timeout;
    sale->waiter.arrived_ns = ngx_http_autostock_gather_clock();
    sale->resolving = NULL;

    sale->product = NULL;

    if (sale->keyed
        && ngx_http_autostock_refusals_has(&db->sales->refusals, sale->key))
    {
        return NGX_DECLINED;
    }

    sale->product = ngx_http_autostock_catalog_find(db->catalog, &sale->sku);

    if (sale->product == NULL) {
        return ngx_http_autostock_sale_resolve(sale);
    }

    if (ngx_http_autostock_quarantine_refuses(sale->product)) {
        ngx_http_autostock_catalog_release(sale->product);
        sale->product = NULL;
        return NGX_DECLINED;
    }

    rc = ngx_http_autostock_batch_submit(db->sales, &sale->waiter,
                                         sale->waiter.deadline);

    if (rc != NGX_OK) {
        ngx_http_autostock_catalog_release(sale->product);
        sale->product = NULL;
    }

    return rc;
}


void
ngx_http_autostock_sale_cancel(ngx_http_autostock_sale_t *sale)
{
    if (sale->resolving) {
        ngx_http_autostock_lookup_cancel(sale->resolving);
    }

    ngx_http_autostock_waiter_cancel(&sale->waiter);

    if (sale->product) {
        ngx_http_autostock_catalog_release(sale->product);
        sale->product = NULL;
    }
}


static ngx_int_t
ngx_http_autostock_sale_resolve(ngx_http_autostock_sale_t *sale)
{
    ngx_msec_int_t                left;
    ngx_http_autostock_lookup_t  *lookup;

    left = (ngx_msec_int_t) (sale->waiter.deadline - ngx_current_msec);

    lookup = sale->resolving;

    if (lookup == NULL) {
        lookup = ngx_pcalloc(sale->pool, sizeof(ngx_http_autostock_lookup_t));
        if (lookup == NULL) {
            return NGX_ERROR;
        }

        sale->resolving = lookup;
    }

    lookup->sku = sale->sku;
    lookup->timeout = ngx_max(left, 1);
    lookup->handler = ngx_http_autostock_sale_resolved;
    lookup->data = sale;
    lookup->log = sale->log;

    return ngx_http_autostock_lookup_submit(sale->db, lookup);
}


static void
ngx_http_autostock_sale_resolved(ngx_http_autostock_lookup_t *lookup)
{
    ngx_http_autostock_sale_t  *sale = lookup->data;

    switch (lookup->outcome) {

    case NGX_HTTP_AUTOSTOCK_LOOKUP_NO_PRODUCT:
        if (!sale->keyed) {
            ngx_http_autostock_sale_finish(sale,
                                       NGX_HTTP_AUTOSTOCK_SALE_NO_PRODUCT);
            return;
        }

        if (ngx_http_autostock_sale_submit_absent(sale) == NGX_OK) {
            return;
        }

        break;

    case NGX_HTTP_AUTOSTOCK_LOOKUP_FOUND:
        if (ngx_http_autostock_sale_learn(sale, lookup->row) == NGX_OK
            && ngx_http_autostock_batch_submit(sale->db->sales,
                                               &sale->waiter,
                                               sale->waiter.deadline)
               == NGX_OK)
        {
            return;
        }

        break;

    default:
        sale->refused = lookup->refused;
        break;
    }

    ngx_http_autostock_sale_finish(sale, NGX_HTTP_AUTOSTOCK_SALE_UNAVAILABLE);
}


/*
 * The key may have been used, for this sale when the product still existed, or
 * for another sale.  So the sale continues, with a product that has no row.
 */

static ngx_int_t
ngx_http_autostock_sale_submit_absent(ngx_http_autostock_sale_t *sale)
{
    sale->product = ngx_http_autostock_catalog_absent();

    if (sale->product == NULL) {
        return NGX_ERROR;
    }

    return ngx_http_autostock_batch_submit(sale->db->sales, &sale->waiter,
                                           sale->waiter.deadline);
}


static ngx_int_t
ngx_http_autostock_sale_learn(ngx_http_autostock_sale_t *sale,
    ngx_http_autostock_product_row_t *row)
{
    ngx_http_autostock_product_t  *product;

    product = ngx_http_autostock_catalog_learn(sale->db->catalog, &row->sku,
                                               row->product_id.data);
    if (product == NULL) {
        return NGX_ERROR;
    }

    /*
     * Estimates, to choose a way by.  A negative stock or reorder point is read
     * as an error, -1, which gives the same choice.
     */
    product->stock = ngx_atoof(row->stock.data, row->stock.len);
    product->reorder_point = ngx_atoof(row->reorder_point.data,
                                       row->reorder_point.len);

    sale->product = product;

    return NGX_OK;
}


void
ngx_http_autostock_sale_finish(ngx_http_autostock_sale_t *sale,
    ngx_http_autostock_sale_outcome_e outcome)
{
    ngx_http_autostock_product_t  *product;

    product = sale->product;
    sale->product = NULL;

    if (product) {
        sale->json_sku = product->json;    /* empty: the product is absent */
    }

    sale->outcome = outcome;
    sale->handler(sale);

    /* the sale may have been freed */
    if (product) {
        ngx_http_autostock_catalog_release(product);
    }
}


void
ngx_http_autostock_sale_stale(ngx_http_autostock_sale_t *sale)
{
    ngx_http_autostock_catalog_forget(sale->db->catalog, sale->product);
    ngx_http_autostock_catalog_release(sale->product);
    sale->product = NULL;

    if (sale->resolved++ == NGX_HTTP_AUTOSTOCK_SALE_RESOLVES) {
        ngx_http_autostock_sale_finish(sale,
                                       NGX_HTTP_AUTOSTOCK_SALE_NO_PRODUCT);
        return;
    }

    if (ngx_http_autostock_sale_resolve(sale) != NGX_OK) {
        ngx_http_autostock_sale_finish(sale,
                                       NGX_HTTP_AUTOSTOCK_SALE_UNAVAILABLE);
    }
}
