
#include "ngx_http_autostock_client.h"
#include "ngx_http_autostock_lookup.h"
#include "ngx_http_autostock_operation.h"
#include "ngx_http_autostock_product.h"
#include "ngx_http_autostock_products.h"
#include "ngx_http_autostock_row.h"
#include "ngx_http_autostock_sku.h"
#include "ngx_http_autostock_status.h"


typedef struct {
    ngx_http_autostock_operation_t  operation;
    ngx_http_autostock_lookup_t     lookup;
} ngx_http_autostock_view_t;


static ngx_int_t ngx_http_autostock_product_skus(ngx_http_request_t *r,
    ngx_http_autostock_view_t *view, ngx_str_t *detail);
static void ngx_http_autostock_product_cancel(
    ngx_http_autostock_operation_t *operation);
static void ngx_http_autostock_product_lookup_handler(
    ngx_http_autostock_lookup_t *lookup);
static ngx_int_t ngx_http_autostock_product_done(ngx_http_request_t *r,
    ngx_http_autostock_lookup_t *lookup);
static ngx_int_t ngx_http_autostock_product_found(ngx_http_request_t *r,
    ngx_http_autostock_product_row_t *row);


ngx_int_t
ngx_http_autostock_product_handler(ngx_http_request_t *r)
{
    ngx_int_t                       rc;
    ngx_str_t                       detail;
    ngx_http_autostock_view_t      *view;
    ngx_http_autostock_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_autostock_module);

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    view = ngx_pcalloc(r->pool, sizeof(ngx_http_autostock_view_t));
    if (view == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = (lcf->serves & NGX_HTTP_AUTOSTOCK_PRODUCTS)
         ? ngx_http_autostock_products_skus(r, &view->lookup, &detail)
         : ngx_http_autostock_product_skus(r, view, &detail);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_autostock_response_problem(r,
                   NGX_HTTP_AUTOSTOCK_PROBLEM_INVALID, &detail, NULL, NULL);
    }

    ngx_http_autostock_operation_prepare(r, &view->operation,
                                         &view->lookup.waiter,
                                         ngx_http_autostock_product_cancel);

    view->lookup.timeout = lcf->timeout;
    view->lookup.reads = 1;
    view->lookup.handler = ngx_http_autostock_product_lookup_handler;
    view->lookup.data = view;
    view->lookup.log = r->connection->log;

    rc = ngx_http_autostock_lookup_submit(lcf->database, &view->lookup);

    if (rc == NGX_OK) {
        r->main->count++;
    }

    return ngx_http_autostock_operation_submitted(&view->operation, rc);
}


static ngx_int_t
ngx_http_autostock_product_skus(ngx_http_request_t *r,
    ngx_http_autostock_view_t *view, ngx_str_t *detail)
{
    ngx_int_t   rc;
    ngx_str_t  *sku;

    sku = &view->lookup.one.sku;

    rc = ngx_http_autostock_client_sku(r, sku);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED
        || ngx_http_autostock_sku_check(sku->data, sku->len) != NULL)
    {
        ngx_str_set(detail, "the SKU in the request's URL must be 1 to 200 "
                    "printable characters in UTF-8");
        return NGX_DECLINED;
    }

    view->operation.outcome.sku = sku;
    view->lookup.skus = &view->lookup.one;
    view->lookup.n = 1;

    return NGX_OK;
}


static void
ngx_http_autostock_product_cancel(ngx_http_autostock_operation_t *operation)
{
    ngx_http_autostock_view_t  *view;

    view = (ngx_http_autostock_view_t *) operation;

    ngx_http_autostock_lookup_cancel(&view->lookup);
}


static void
ngx_http_autostock_product_lookup_handler(ngx_http_autostock_lookup_t *lookup)
{
    ngx_int_t                   rc;
    ngx_http_request_t         *r;
    ngx_http_autostock_view_t  *view;

    view = lookup->data;
    r = ngx_http_autostock_operation_resume(&view->operation);

    switch (lookup->outcome) {

    case NGX_HTTP_AUTOSTOCK_LOOKUP_DONE:
        rc = ngx_http_autostock_product_done(r, lookup);
        break;

    case NGX_HTTP_AUTOSTOCK_LOOKUP_REFUSED:
        rc = ngx_http_autostock_response_problem(r,
                        NGX_HTTP_AUTOSTOCK_PROBLEM_REFUSED, NULL, NULL, NULL);
        break;

    default: /* NGX_HTTP_AUTOSTOCK_LOOKUP_UNAVAILABLE */
        rc = ngx_http_autostock_response_problem(r,
                    NGX_HTTP_AUTOSTOCK_PROBLEM_UNAVAILABLE, NULL, NULL, NULL);
        break;
    }

    ngx_http_autostock_operation_finish(r, rc);
}


static ngx_int_t
ngx_http_autostock_product_done(ngx_http_request_t *r,
    ngx_http_autostock_lookup_t *lookup)
{
    ngx_http_autostock_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_autostock_module);

    if (lcf->serves & NGX_HTTP_AUTOSTOCK_PRODUCTS) {
        return ngx_http_autostock_products_answer(r, lookup);
    }

    if (lookup->one.row == NULL) {
        return ngx_http_autostock_response_problem(r,
                     NGX_HTTP_AUTOSTOCK_PROBLEM_NO_PRODUCT, NULL, NULL, NULL);
    }

    return ngx_http_autostock_product_found(r, lookup->one.row);
}


static ngx_int_t
ngx_http_autostock_product_found(ngx_http_request_t *r,
    ngx_http_autostock_product_row_t *row)
{
    ngx_buf_t                      *b;
    ngx_http_autostock_loc_conf_t  *lcf;

    if (ngx_http_autostock_row_check(r, row) != NGX_OK) {
        return ngx_http_autostock_response_problem(r,
                    NGX_HTTP_AUTOSTOCK_PROBLEM_UNAVAILABLE, NULL, NULL, NULL);
    }

    b = ngx_http_autostock_response_buf(r, ngx_http_autostock_row_len(row));
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_autostock_module);

    b->last = ngx_http_autostock_row_json(b->last, row, lcf->compat);

    return ngx_http_autostock_response_view(r,
                              ngx_atoof(row->stock.data, row->stock.len), b);
}
