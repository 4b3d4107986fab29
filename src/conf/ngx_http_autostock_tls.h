
/*
 * TLS to the database: its directive, and what it requires or excludes in the
 * "autostock_database" block.  The server's certificate is always verified.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_TLS_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_TLS_H_INCLUDED_


#include "ngx_http_autostock.h"


/* tls on|off */
char *ngx_http_autostock_tls_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* At the end of the block; adds the thread pool.  Errors are logged. */
ngx_int_t ngx_http_autostock_tls_check(ngx_conf_t *cf,
    ngx_http_autostock_database_t *db);


#endif /* _NGX_HTTP_AUTOSTOCK_TLS_H_INCLUDED_ */
