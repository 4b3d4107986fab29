
#include "ngx_http_autostock_apart.h"


/* ms after it was last found locked or refused */
#define NGX_HTTP_AUTOSTOCK_APART_MSEC     5000

/* after this many consecutive refusals it is not tried for 3000 ms */
#define NGX_HTTP_AUTOSTOCK_APART_STRIKES  3
#define NGX_HTTP_AUTOSTOCK_APART_REFUSED  3000

/* ms between log lines about the same error */
#define NGX_HTTP_AUTOSTOCK_APART_TOLD     60000


ngx_uint_t
ngx_http_autostock_apart(ngx_http_autostock_product_t *product)
{
    if (product->apart
        && (ngx_msec_int_t) (product->apart_until - ngx_current_msec) <= 0)
    {
        product->apart = 0;
        product->locked = 0;
    }

    return product->apart;
}


ngx_uint_t
ngx_http_autostock_apart_probes(ngx_http_autostock_product_t *product)
{
    return ngx_http_autostock_apart(product)
           && (product->locked || product->strikes);
}


ngx_uint_t
ngx_http_autostock_apart_refused(ngx_http_autostock_product_t *product)
{
    return product->strikes >= NGX_HTTP_AUTOSTOCK_APART_STRIKES
           && (ngx_msec_int_t) (product->refused_until - ngx_current_msec) > 0;
}


void
ngx_http_autostock_apart_locked(ngx_http_autostock_product_t *product)
{
    product->locked = 1;
    product->apart = 1;
    product->apart_until = ngx_current_msec + NGX_HTTP_AUTOSTOCK_APART_MSEC;
}


void
ngx_http_autostock_apart_had(ngx_http_autostock_product_t *product)
{
    product->locked = 0;
}


void
ngx_http_autostock_apart_sold(ngx_http_autostock_product_t *product)
{
    product->strikes = 0;
}


ngx_uint_t
ngx_http_autostock_apart_struck(ngx_http_autostock_product_t *product,
    ngx_uint_t error)
{
    product->strikes++;
    product->refused_until = ngx_current_msec
                             + NGX_HTTP_AUTOSTOCK_APART_REFUSED;

    product->apart = 1;
    product->apart_until = product->refused_until
                           + NGX_HTTP_AUTOSTOCK_APART_MSEC;

    if (product->error == error
        && (ngx_msec_int_t) (product->told_until - ngx_current_msec) > 0)
    {
        return 0;
    }

    product->error = error;
    product->told_until = ngx_current_msec + NGX_HTTP_AUTOSTOCK_APART_TOLD;

    return 1;
}
