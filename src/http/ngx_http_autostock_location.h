
/*
 * The setters of the location's directives, and the checks of their
 * combinations after all were read.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_LOCATION_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_LOCATION_H_INCLUDED_


#include "ngx_http_autostock.h"


/* autostock NAME */
char *ngx_http_autostock_location_database(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);

/* autostock_sku STRING [pinned] [encoded] */
char *ngx_http_autostock_location_sku(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* autostock_idempotency_scope STRING; as ngx_http_set_complex_value_slot() */
char *ngx_http_autostock_location_scope(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* autostock_callback_secret_file FILE [FILE...] */
char *ngx_http_autostock_location_secrets(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* autostock_hold_id STRING */
char *ngx_http_autostock_location_hold_id(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);

/* autostock_hold_time DEFAULT [MAX] */
char *ngx_http_autostock_location_hold_time(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);

/*
 * autostock_product, _products, _checkout, _hold, _confirm, _release, _return,
 * _restock, _status: the directive's name determines the bit and the content
 * handler.
 */
char *ngx_http_autostock_location_serve(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * inherit: before the merge with prev; an "if" or "limit_except" block serves
 * the same operations as its location.  check: after the merge.  Both return
 * NGX_ERROR, and log file and line, if a directive is missing or not allowed.
 */
ngx_int_t ngx_http_autostock_location_inherit(ngx_conf_t *cf,
    ngx_http_autostock_loc_conf_t *prev, ngx_http_autostock_loc_conf_t *conf);
ngx_int_t ngx_http_autostock_location_check(ngx_conf_t *cf,
    ngx_http_autostock_loc_conf_t *conf);


#endif /* _NGX_HTTP_AUTOSTOCK_LOCATION_H_INCLUDED_ */
