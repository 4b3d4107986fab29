
/*
 * The server's errors: which of them are temporary, and how much of their texts
 * may be logged.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_ERROR_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_ERROR_H_INCLUDED_


#include "ngx_http_autostock.h"


#define NGX_HTTP_AUTOSTOCK_ERROR_TEXT  200   /* bytes, with the NUL */


/*
 * 1 if the same statement may succeed a moment later: a lock, a limit, a server
 * that shuts down, a full disk.  0 if it fails until an operator changes
 * something.
 */
ngx_uint_t ngx_http_autostock_error_passes(ngx_uint_t error);

/*
 * Copies the text on one line, without the values of statements or rows that it
 * may quote, cut to the buffer's size, with a NUL.
 */
void ngx_http_autostock_error_text(u_char to[NGX_HTTP_AUTOSTOCK_ERROR_TEXT],
    ngx_uint_t error, const char *text);


#endif /* _NGX_HTTP_AUTOSTOCK_ERROR_H_INCLUDED_ */
