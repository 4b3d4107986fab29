
/*
 * Products that must not share a transaction with others for some seconds:
 * another transaction locks the product's row, or the server refused a packet
 * with only this product.  The state is in the product, so that the size of the
 * catalog limits it.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_QUARANTINE_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_QUARANTINE_H_INCLUDED_


#include "ngx_http_autostock_catalog.h"


/* when the last quarantine ends, a value of ngx_current_msec */
extern ngx_msec_t  ngx_http_autostock_quarantine_ends;

/* 1 if no product is in quarantine. */
#define ngx_http_autostock_quarantine_is_empty()                              \
    ((ngx_msec_int_t) (ngx_http_autostock_quarantine_ends - ngx_current_msec) \
     <= 0)

/* 1 if the product is in quarantine: its sales must use the flight aside. */
ngx_uint_t ngx_http_autostock_quarantine_has(
    ngx_http_autostock_product_t *product);

/* 1 if a flight may take only one waiter of the product, to try it. */
ngx_uint_t ngx_http_autostock_quarantine_probes(
    ngx_http_autostock_product_t *product);

/* 1 if the product was refused so often that it is not tried now. */
ngx_uint_t ngx_http_autostock_quarantine_refuses(
    ngx_http_autostock_product_t *product);

/*
 * The product's row was locked by another transaction; was locked by the
 * module; was sold from.
 */
void ngx_http_autostock_quarantine_note_locked(
    ngx_http_autostock_product_t *product);
void ngx_http_autostock_quarantine_note_lock_had(
    ngx_http_autostock_product_t *product);
void ngx_http_autostock_quarantine_note_sold(
    ngx_http_autostock_product_t *product);

/*
 * The server refused a packet with only this product.  Returns 1 if the caller
 * should log the error.
 */
ngx_uint_t ngx_http_autostock_quarantine_note_refused(
    ngx_http_autostock_product_t *product, ngx_uint_t error);


#endif /* _NGX_HTTP_AUTOSTOCK_QUARANTINE_H_INCLUDED_ */
