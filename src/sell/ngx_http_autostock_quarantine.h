
/*
 * Products that must not share a transaction with others for a while: another
 * transaction locks the product's row, or the server refused the product when
 * it was alone.  The state is kept in the product, so the catalog's size bounds
 * it.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_QUARANTINE_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_QUARANTINE_H_INCLUDED_


#include "ngx_http_autostock_catalog.h"


/* when the last one's time is over; of ngx_current_msec */
extern ngx_msec_t  ngx_http_autostock_quarantine_ends;

/* 1 if no product is in quarantine. */
#define ngx_http_autostock_quarantine_is_empty()                              \
    ((ngx_msec_int_t) (ngx_http_autostock_quarantine_ends - ngx_current_msec) \
     <= 0)

/* 1 if the product must go in the flight of the waiters aside. */
ngx_uint_t ngx_http_autostock_quarantine_has(
    ngx_http_autostock_product_t *product);

/* 1 if only one waiter may try the product, on behalf of the others. */
ngx_uint_t ngx_http_autostock_quarantine_probes(
    ngx_http_autostock_product_t *product);

/* 1 if it was refused so often that it is not tried now. */
ngx_uint_t ngx_http_autostock_quarantine_refuses(
    ngx_http_autostock_product_t *product);

/*
 * Its row was locked by another transaction; was locked by us; was sold from.
 */
void ngx_http_autostock_quarantine_note_locked(
    ngx_http_autostock_product_t *product);
void ngx_http_autostock_quarantine_note_lock_had(
    ngx_http_autostock_product_t *product);
void ngx_http_autostock_quarantine_note_sold(
    ngx_http_autostock_product_t *product);

/*
 * The server refused the product when it was alone.  Returns 1 if the error
 * should be logged.
 */
ngx_uint_t ngx_http_autostock_quarantine_note_refused(
    ngx_http_autostock_product_t *product, ngx_uint_t error);


#endif /* _NGX_HTTP_AUTOSTOCK_QUARANTINE_H_INCLUDED_ */
