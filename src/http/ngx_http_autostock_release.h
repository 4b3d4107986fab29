
/*
 * The answer to a released hold.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_RELEASE_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_RELEASE_H_INCLUDED_


#include "ngx_http_autostock_cart.h"


/* Answers a release that is DONE or REPLAYED. */
ngx_int_t ngx_http_autostock_release_done(ngx_http_request_t *r,
    ngx_http_autostock_settle_t *settle);


#endif /* _NGX_HTTP_AUTOSTOCK_RELEASE_H_INCLUDED_ */
