
/*
 * What a location serves and by which rules: the setters of the location's
 * directives, and what must hold between them once all are known.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_LOCATION_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_LOCATION_H_INCLUDED_


#include "ngx_http_autostock.h"


/* autostock NAME */
char *ngx_http_autostock_location_database(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);

/* autostock_sku STRING [pinned] */
char *ngx_http_autostock_location_sku(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* autostock_idempotency_scope STRING; as ngx_http_set_complex_value_slot() */
char *ngx_http_autostock_location_scope(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* autostock_callback_secret_file FILE [FILE...] */
char *ngx_http_autostock_location_secrets(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * autostock_product, _checkout, _restock, _status: the directive's name
 * tells which bit it sets and which handler answers.
 */
char *ngx_http_autostock_location_serve(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * Before the merge with prev: an "if" or "limit_except" block in a location
 * serves what the location does.  After it, where conf serves something: is
 * all there that it needs?  NGX_ERROR is logged with file and line.
 */
ngx_int_t ngx_http_autostock_location_inherit(ngx_conf_t *cf,
    ngx_http_autostock_loc_conf_t *prev, ngx_http_autostock_loc_conf_t *conf);
ngx_int_t ngx_http_autostock_location_check(ngx_conf_t *cf,
    ngx_http_autostock_loc_conf_t *conf);


#endif /* _NGX_HTTP_AUTOSTOCK_LOCATION_H_INCLUDED_ */
