
/*
 * The files for TLS to the database, looked at before the library reads
 * them: what is wrong with one is told by "nginx -t", not by the first buyer.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_CERTIFICATE_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_CERTIFICATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* NGX_ERROR, logged, unless file holds at least one certificate in PEM. */
ngx_int_t ngx_http_autostock_certificate_check(ngx_conf_t *cf,
    ngx_str_t *file);

/* The same for a certificate and its key, which must belong together. */
ngx_int_t ngx_http_autostock_certificate_check_pair(ngx_conf_t *cf,
    ngx_str_t *certificate, ngx_str_t *key);


#endif /* _NGX_HTTP_AUTOSTOCK_CERTIFICATE_H_INCLUDED_ */
