
/*
 * The databases by name.  A location may name a database before the block of
 * the database: the order in the file does not matter.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_DATABASES_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_DATABASES_H_INCLUDED_


#include "ngx_http_autostock.h"


/*
 * Returns the database of that name, and creates it if it is new.  Returns NULL
 * if the name is invalid, which is logged, or if there is no memory.
 */
ngx_http_autostock_database_t *ngx_http_autostock_databases_get(
    ngx_conf_t *cf, ngx_http_autostock_main_conf_t *amcf, ngx_str_t *name);

/*
 * After the http block: checks that every database has a block, and that there
 * is a resolver if a server is a host name.  Returns NGX_OK, or NGX_ERROR after
 * it has logged the error.
 */
ngx_int_t ngx_http_autostock_databases_finish(ngx_conf_t *cf,
    ngx_http_autostock_main_conf_t *amcf);

/*
 * Logs a configuration error at the given place, for an error that is found
 * only after the parser has left that place.  The message is name in quotes,
 * followed by what.
 */
void ngx_http_autostock_databases_error(ngx_conf_t *cf, u_char *file,
    ngx_uint_t line, ngx_str_t *name, char *what);


#endif /* _NGX_HTTP_AUTOSTOCK_DATABASES_H_INCLUDED_ */
