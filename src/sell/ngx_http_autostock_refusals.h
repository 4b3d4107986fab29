
/*
 * Names (a key, an id, or a digest of SKUs) that the server refused when they
 * were alone in a packet.  For 10 seconds they are refused without a query, so
 * that they delay no batch.  The list has a fixed size; a new name overwrites
 * the oldest.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_REFUSALS_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_REFUSALS_H_INCLUDED_


#include "ngx_http_autostock.h"


#define NGX_HTTP_AUTOSTOCK_REFUSALS_MAX   64          /* names */
#define NGX_HTTP_AUTOSTOCK_REFUSALS_MSEC  10000
#define NGX_HTTP_AUTOSTOCK_REFUSALS_NAME  16          /* bytes */


typedef struct {
    u_char      name[NGX_HTTP_AUTOSTOCK_REFUSALS_NAME];
    ngx_msec_t  until;
} ngx_http_autostock_refused_t;


typedef struct {
    ngx_http_autostock_refused_t  refused[NGX_HTTP_AUTOSTOCK_REFUSALS_MAX];
    ngx_uint_t                    n;        /* names in use */
    ngx_uint_t                    next;     /* index of the next name */
    ngx_msec_t                    until;    /* of the newest name */
} ngx_http_autostock_refusals_t;


/* Add a name; 1 if the name is refused now. */
void ngx_http_autostock_refusals_add(ngx_http_autostock_refusals_t *refusals,
    u_char *name);
ngx_uint_t ngx_http_autostock_refusals_has(
    ngx_http_autostock_refusals_t *refusals, u_char *name);

/* Adds the name, or returns 1 if it is refused already. */
ngx_uint_t ngx_http_autostock_refusals_meet(
    ngx_http_autostock_refusals_t *refusals, u_char *name);

/* The name of a SKU. */
void ngx_http_autostock_refusals_name(ngx_str_t *sku, u_char *name);

/*
 * Adds a SKU to the name of several SKUs, whose order does not matter.  The
 * name begins as zeros.
 */
void ngx_http_autostock_refusals_name_add(ngx_str_t *sku, u_char *name);


#endif /* _NGX_HTTP_AUTOSTOCK_REFUSALS_H_INCLUDED_ */
