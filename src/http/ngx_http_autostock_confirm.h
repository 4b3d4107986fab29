
/*
 * The answer to a confirm: that of a checkout, since the hold is a sale now.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_CONFIRM_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_CONFIRM_H_INCLUDED_


#include "ngx_http_autostock_cart.h"


/* Answers a confirm that is DONE or REPLAYED. */
ngx_int_t ngx_http_autostock_confirm_done(ngx_http_request_t *r,
    ngx_http_autostock_settle_t *settle);


#endif /* _NGX_HTTP_AUTOSTOCK_CONFIRM_H_INCLUDED_ */
