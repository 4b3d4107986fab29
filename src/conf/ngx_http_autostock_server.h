
/*
 * Where the database listens: "server" of the "autostock_database" block.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_SERVER_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_SERVER_H_INCLUDED_


#include "ngx_http_autostock.h"


#define NGX_HTTP_AUTOSTOCK_PORT  3306


/*
 * Sets server, port, and addr for a socket or a numeric address; host always
 * but for a socket.  A host name is not looked up: that happens at run time.
 */
char *ngx_http_autostock_server_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


#endif /* _NGX_HTTP_AUTOSTOCK_SERVER_H_INCLUDED_ */
