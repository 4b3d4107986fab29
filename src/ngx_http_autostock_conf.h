
/*
 * The "autostock_database" block: its parsing, and what must hold once the
 * whole file is read.  A database may be named before its block; the order
 * in the file does not matter.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_CONF_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_CONF_H_INCLUDED_


#include "ngx_http_autostock.h"


/* The block's setter; conf is the main configuration. */
char *ngx_http_autostock_conf_database(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* The database of that name, made where it is new; NULL: an error, logged. */
ngx_http_autostock_database_t *ngx_http_autostock_conf_get(ngx_conf_t *cf,
    ngx_http_autostock_main_conf_t *amcf, ngx_str_t *name);

/*
 * Logs an error as nginx does, with the place given: for what can be seen
 * only after the place was left.  what is followed by name in quotes.
 */
void ngx_http_autostock_conf_error(ngx_conf_t *cf, u_char *file,
    ngx_uint_t line, ngx_str_t *name, char *what);

/* After the http block was read: blocks for all names, resolvers, threads. */
ngx_int_t ngx_http_autostock_conf_finish(ngx_conf_t *cf,
    ngx_http_autostock_main_conf_t *amcf);


#endif /* _NGX_HTTP_AUTOSTOCK_CONF_H_INCLUDED_ */
