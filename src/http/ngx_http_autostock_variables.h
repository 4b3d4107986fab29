
/*
 * The variables for access logs, maps and headers.  Each is written when it is
 * used, from the request's outcome; before the answer, and where the module
 * serves nothing, there is none.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_VARIABLES_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_VARIABLES_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* For the module's preconfiguration. */
ngx_int_t ngx_http_autostock_variables_add(ngx_conf_t *cf);


#endif /* _NGX_HTTP_AUTOSTOCK_VARIABLES_H_INCLUDED_ */
