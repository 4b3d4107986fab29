
/*
 * The address of the database: "server" of the "autostock_database" block.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_SERVER_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_SERVER_H_INCLUDED_


#include "ngx_http_autostock.h"


#define NGX_HTTP_AUTOSTOCK_PORT  3306


/*
 * Sets server; host, except for a socket; port; and addr for a socket or a
 * numeric address.  A host name is resolved at run time, not here.
 */
char *ngx_http_autostock_server_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


#endif /* _NGX_HTTP_AUTOSTOCK_SERVER_H_INCLUDED_ */
