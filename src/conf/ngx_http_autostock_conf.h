
/*
 * The "autostock_database" block: its directives and the checks between them.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_CONF_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_CONF_H_INCLUDED_


#include "ngx_http_autostock.h"


/* The block's setter; conf is the main configuration. */
char *ngx_http_autostock_conf_database(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


#endif /* _NGX_HTTP_AUTOSTOCK_CONF_H_INCLUDED_ */
