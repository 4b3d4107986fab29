
/*
 * The databases by name.  A location may name a database before its block: the
 * order in the file does not matter.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_DATABASES_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_DATABASES_H_INCLUDED_


#include "ngx_http_autostock.h"


/* The database of that name, created if it is new.  NULL: an error, logged. */
ngx_http_autostock_database_t *ngx_http_autostock_databases_get(
    ngx_conf_t *cf, ngx_http_autostock_main_conf_t *amcf, ngx_str_t *name);

/*
 * After the http block: checks that every name has a block and that a needed
 * resolver is there.
 */
ngx_int_t ngx_http_autostock_databases_finish(ngx_conf_t *cf,
    ngx_http_autostock_main_conf_t *amcf);

/*
 * Logs a configuration error with the given place, for errors that are found
 * only after the parser has left that place.  The message is name in quotes,
 * then what.
 */
void ngx_http_autostock_databases_error(ngx_conf_t *cf, u_char *file,
    ngx_uint_t line, ngx_str_t *name, char *what);


#endif /* _NGX_HTTP_AUTOSTOCK_DATABASES_H_INCLUDED_ */
