
/*
 * TLS to the database: the directive "tls", and the checks of the settings that
 * TLS requires or excludes.  The server's certificate is always verified.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_TLS_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_TLS_H_INCLUDED_


#include "ngx_http_autostock.h"


/* tls on|off */
char *ngx_http_autostock_tls_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * At the end of the block, after ngx_http_autostock_server_check(): checks the
 * settings, and adds the thread pool if a server uses TLS.  Returns NGX_OK, or
 * NGX_ERROR after it has logged the error.
 */
ngx_int_t ngx_http_autostock_tls_check(ngx_conf_t *cf,
    ngx_http_autostock_database_t *db);


#endif /* _NGX_HTTP_AUTOSTOCK_TLS_H_INCLUDED_ */
