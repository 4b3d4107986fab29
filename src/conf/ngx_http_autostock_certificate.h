
/*
 * Checks the files for TLS to the database when the configuration is read, so
 * that "nginx -t" reports an invalid file.  The library reads them only for the
 * first connection.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_CERTIFICATE_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_CERTIFICATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Returns NGX_OK if file contains a certificate in PEM format; otherwise logs
 * the error and returns NGX_ERROR.
 */
ngx_int_t ngx_http_autostock_certificate_check(ngx_conf_t *cf,
    ngx_str_t *file);

/* The same for a certificate and its key, which must match. */
ngx_int_t ngx_http_autostock_certificate_check_pair(ngx_conf_t *cf,
    ngx_str_t *certificate, ngx_str_t *key);


#endif /* _NGX_HTTP_AUTOSTOCK_CERTIFICATE_H_INCLUDED_ */
