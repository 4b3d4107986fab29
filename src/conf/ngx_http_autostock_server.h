
/*
 * The servers of the database: "server" of the "autostock_database" block.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_SERVER_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_SERVER_H_INCLUDED_


#include "ngx_http_autostock.h"


#define NGX_HTTP_AUTOSTOCK_PORT  3306


/*
 * Adds a server with its parameters: host, except for a socket; port; and addr
 * for a socket or a numeric address.  A host name is resolved at run time, not
 * here.
 */
char *ngx_http_autostock_server_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* replication asynchronous|synchronous */
char *ngx_http_autostock_server_replication(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);

/*
 * At the end of the block: brings the servers into the order of preference, and
 * gives them the block's TLS settings.  There is a server.  Errors are logged.
 */
ngx_int_t ngx_http_autostock_server_check(ngx_conf_t *cf,
    ngx_http_autostock_database_t *db);


#endif /* _NGX_HTTP_AUTOSTOCK_SERVER_H_INCLUDED_ */
