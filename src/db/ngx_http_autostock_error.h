
/*
 * The server's errors: which of them pass by themselves, and what of their
 * texts may be logged.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_ERROR_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_ERROR_H_INCLUDED_


#include "ngx_http_autostock.h"


#define NGX_HTTP_AUTOSTOCK_ERROR_TEXT  200   /* bytes, with the NUL */


/*
 * 1 where the same statement may go well a moment later: a lock, a limit, a
 * server that ends, a disk that is full.  0: it is refused until somebody
 * changes something.
 */
ngx_uint_t ngx_http_autostock_error_passes(ngx_uint_t error);

/*
 * The text without what it may quote of a statement's or a row's values, on
 * one line, cut to the buffer's size, with a NUL.
 */
void ngx_http_autostock_error_text(u_char to[NGX_HTTP_AUTOSTOCK_ERROR_TEXT],
    ngx_uint_t error, const char *text);


#endif /* _NGX_HTTP_AUTOSTOCK_ERROR_H_INCLUDED_ */
