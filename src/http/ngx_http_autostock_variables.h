
/*
 * The variables for access logs, maps and headers.  Each is computed from the
 * request's outcome when it is used.  Before the answer, and in locations that
 * the module does not serve, they have no value.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_VARIABLES_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_VARIABLES_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* For the module's preconfiguration. */
ngx_int_t ngx_http_autostock_variables_add(ngx_conf_t *cf);


#endif /* _NGX_HTTP_AUTOSTOCK_VARIABLES_H_INCLUDED_ */
