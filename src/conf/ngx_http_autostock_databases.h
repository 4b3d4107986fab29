
/*
 * The databases by name.  One may be named before its block was read: the
 * order in the file does not matter.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_DATABASES_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_DATABASES_H_INCLUDED_


#include "ngx_http_autostock.h"


/* The database of that name, made where it is new; NULL: an error, logged. */
ngx_http_autostock_database_t *ngx_http_autostock_databases_get(
    ngx_conf_t *cf, ngx_http_autostock_main_conf_t *amcf, ngx_str_t *name);

/* After the http block was read: a block for every name, and resolvers. */
ngx_int_t ngx_http_autostock_databases_finish(ngx_conf_t *cf,
    ngx_http_autostock_main_conf_t *amcf);

/*
 * Logs an error as nginx does, with the place given: for what can be seen
 * only after the place was left.  The message is name in quotes, then what.
 */
void ngx_http_autostock_conf_error(ngx_conf_t *cf, u_char *file,
    ngx_uint_t line, ngx_str_t *name, char *what);


#endif /* _NGX_HTTP_AUTOSTOCK_DATABASES_H_INCLUDED_ */
