
/*
 * Secrets in files.  They are read at configuration time as the user that
 * starts nginx (usually root), and are never logged.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_SECRET_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_SECRET_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_HTTP_AUTOSTOCK_SECRET_MAX  4096           /* bytes */


/*
 * The content of file without trailing line ends, NUL-terminated, in cf->pool.
 * *file becomes absolute.  NGX_ERROR: missing, unreadable, not a regular file,
 * empty, longer than SECRET_MAX or with a NUL byte; the reason is logged.  A
 * file that all users may read is logged as a warning.
 */
ngx_int_t ngx_http_autostock_secret_read(ngx_conf_t *cf, ngx_str_t *file,
    ngx_str_t *value);


#endif /* _NGX_HTTP_AUTOSTOCK_SECRET_H_INCLUDED_ */
