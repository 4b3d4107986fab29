
/*
 * The server's errors: which of them are temporary, and how much of their texts
 * may be logged.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_ERROR_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_ERROR_H_INCLUDED_


#include "ngx_http_autostock.h"


#define NGX_HTTP_AUTOSTOCK_ERROR_TEXT  200   /* bytes, with the NUL */


/*
 * 1 if the same statement may succeed later without a change by an operator: a
 * lock, a limit, a server that shuts down, a full disk.
 */
ngx_uint_t ngx_http_autostock_error_passes(ngx_uint_t error);

/* as_sqlerror_text() for a buffer of this size. */
void ngx_http_autostock_error_text(u_char to[NGX_HTTP_AUTOSTOCK_ERROR_TEXT],
    ngx_uint_t error, const char *text);


#endif /* _NGX_HTTP_AUTOSTOCK_ERROR_H_INCLUDED_ */
