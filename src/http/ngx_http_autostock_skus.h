
/*
 * The SKUs of a look-up of several products: the request's arguments "sku".
 */


#ifndef _NGX_HTTP_AUTOSTOCK_SKUS_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_SKUS_H_INCLUDED_


#include "ngx_http_autostock_lookup.h"


#define NGX_HTTP_AUTOSTOCK_SKUS_DETAIL_LEN  160


/*
 * Reads 1 to NGX_HTTP_AUTOSTOCK_LOOKUP_MAX arguments, in their order, and keeps
 * each SKU once.  The name is compared as nginx does for $arg_sku, the value is
 * decoded as "encoded" does; other arguments are ignored.
 *
 * skus has room for one SKU per argument, up to the maximum.  text has room for
 * args->len bytes, and detail->data for DETAIL_LEN bytes.  Returns NGX_OK;
 * NGX_DECLINED: detail describes the error.
 */
ngx_int_t ngx_http_autostock_skus_parse(const ngx_str_t *args, u_char *text,
    ngx_http_autostock_lookup_sku_t *skus, ngx_uint_t *n, ngx_str_t *detail);


#endif /* _NGX_HTTP_AUTOSTOCK_SKUS_H_INCLUDED_ */
