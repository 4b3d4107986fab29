
#include "ngx_http_autostock_quarantine.h"


/* duration after the product was locked, or can be tried after refusals, ms */
#define NGX_HTTP_AUTOSTOCK_QUARANTINE_MSEC     5000

/* after so many consecutive refusals the product is not tried for 3000 ms */
#define NGX_HTTP_AUTOSTOCK_QUARANTINE_MAX      3
#define NGX_HTTP_AUTOSTOCK_QUARANTINE_REFUSED  3000

/* time between log lines about the same error, ms */
#define NGX_HTTP_AUTOSTOCK_QUARANTINE_LOGGED   60000


static void ngx_http_autostock_quarantine_until(
    ngx_http_autostock_product_t *product, ngx_msec_t end);


ngx_msec_t  ngx_http_autostock_quarantine_ends;


ngx_uint_t
ngx_http_autostock_quarantine_has(ngx_http_autostock_product_t *product)
{
    if (product->quarantined
        && (ngx_msec_int_t) (product->quarantined_until - ngx_current_msec)
           <= 0)
    {
        product->quarantined = 0;
        product->locked = 0;
    }

    return product->quarantined;
}


ngx_uint_t
ngx_http_autostock_quarantine_probes(ngx_http_autostock_product_t *product)
{
    return ngx_http_autostock_quarantine_has(product)
           && (product->locked || product->refusals);
}


ngx_uint_t
ngx_http_autostock_quarantine_refuses(ngx_http_autostock_product_t *product)
{
    return product->refusals >= NGX_HTTP_AUTOSTOCK_QUARANTINE_MAX
           && (ngx_msec_int_t) (product->refused_until - ngx_current_msec) > 0;
}


void
ngx_http_autostock_quarantine_note_locked(ngx_http_autostock_product_t *product)
{
    product->locked = 1;

    ngx_http_autostock_quarantine_until(product, ngx_current_msec
                                      + NGX_HTTP_AUTOSTOCK_QUARANTINE_MSEC);
}


static void
ngx_http_autostock_quarantine_until(ngx_http_autostock_product_t *product,
    ngx_msec_t end)
{
    product->quarantined = 1;
    product->quarantined_until = end;

    if ((ngx_msec_int_t) (end - ngx_http_autostock_quarantine_ends) > 0) {
        ngx_http_autostock_quarantine_ends = end;
    }
}


void
ngx_http_autostock_quarantine_note_lock_had(
    ngx_http_autostock_product_t *product)
{
    product->locked = 0;
}


void
ngx_http_autostock_quarantine_note_sold(ngx_http_autostock_product_t *product)
{
    product->refusals = 0;
}


ngx_uint_t
ngx_http_autostock_quarantine_note_refused(
    ngx_http_autostock_product_t *product, ngx_uint_t error)
{
    product->refusals++;
    product->refused_until = ngx_current_msec
                             + NGX_HTTP_AUTOSTOCK_QUARANTINE_REFUSED;

    ngx_http_autostock_quarantine_until(product, product->refused_until
                                      + NGX_HTTP_AUTOSTOCK_QUARANTINE_MSEC);

    if (product->error == error
        && (ngx_msec_int_t) (product->logged_until - ngx_current_msec) > 0)
    {
        return 0;
    }

    product->error = error;
    product->logged_until = ngx_current_msec
                            + NGX_HTTP_AUTOSTOCK_QUARANTINE_LOGGED;

    return 1;
}
