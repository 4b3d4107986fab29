
/*
 * Names (a key, or a digest of a SKU) that the server refused when they were
 * requested alone.  For some seconds they are refused without another query, so
 * that they cost the next batch nothing.  The list has a fixed size; a new name
 * overwrites the oldest.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_REFUSALS_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_REFUSALS_H_INCLUDED_


#include "ngx_http_autostock.h"


#define NGX_HTTP_AUTOSTOCK_REFUSALS_MAX   64
#define NGX_HTTP_AUTOSTOCK_REFUSALS_MSEC  10000

#define NGX_HTTP_AUTOSTOCK_REFUSALS_NAME  16


typedef struct {
    u_char      name[NGX_HTTP_AUTOSTOCK_REFUSALS_NAME];
    ngx_msec_t  until;
} ngx_http_autostock_refused_t;


typedef struct {
    ngx_http_autostock_refused_t  refused[NGX_HTTP_AUTOSTOCK_REFUSALS_MAX];
    ngx_uint_t                    n;
    ngx_uint_t                    next;     /* to be overwritten */
    ngx_msec_t                    until;    /* of the newest */
} ngx_http_autostock_refusals_t;


void ngx_http_autostock_refusals_add(ngx_http_autostock_refusals_t *refusals,
    u_char *name);
ngx_uint_t ngx_http_autostock_refusals_has(
    ngx_http_autostock_refusals_t *refusals, u_char *name);

/* Adds the name unless it is there.  Returns 1 if it was. */
ngx_uint_t ngx_http_autostock_refusals_meet(
    ngx_http_autostock_refusals_t *refusals, u_char *name);

/* The name of a SKU. */
void ngx_http_autostock_refusals_name(ngx_str_t *sku, u_char *name);

/*
 * The name of several SKUs together, in any order: zeros, and each of them
 * added.
 */
void ngx_http_autostock_refusals_name_add(ngx_str_t *sku, u_char *name);


#endif /* _NGX_HTTP_AUTOSTOCK_REFUSALS_H_INCLUDED_ */
