
/*
 * The servers of the database: "server" of the "autostock_database" block.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_SERVER_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_SERVER_H_INCLUDED_


#include "ngx_http_autostock.h"


#define NGX_HTTP_AUTOSTOCK_PORT  3306


/*
 * server ADDRESS [parameter ...]: adds a server.  Sets host and port, except
 * for a socket, and addr for a socket or a numeric address.  A host name is
 * resolved at run time.
 */
char *ngx_http_autostock_server_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * At the end of the block, which has at least one server: sorts the servers in
 * the order of preference, and copies the block's TLS settings to them.
 * Returns NGX_OK, or NGX_ERROR after it has logged the error.
 */
ngx_int_t ngx_http_autostock_server_check(ngx_conf_t *cf,
    ngx_http_autostock_database_t *db);


#endif /* _NGX_HTTP_AUTOSTOCK_SERVER_H_INCLUDED_ */
