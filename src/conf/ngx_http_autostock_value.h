
/*
 * Configuration values: setters like nginx's own slots, with a range, and with
 * a message that says what was expected.  cmd->post is the range; the field
 * must be unset before.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_VALUE_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_VALUE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    ngx_int_t    min;
    ngx_int_t    max;
    char        *expected;         /* "a number from 1 to 10" */
} ngx_http_autostock_range_t;


/* ngx_uint_t */
char *ngx_http_autostock_value_number(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* ngx_msec_t; the range in milliseconds */
char *ngx_http_autostock_value_msec(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* time_t; the range in seconds */
char *ngx_http_autostock_value_sec(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* size_t; the range in bytes */
char *ngx_http_autostock_value_size(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* ngx_str_t, not empty, NUL-terminated */
char *ngx_http_autostock_value_string(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* the same, made absolute relative to the configuration's directory */
char *ngx_http_autostock_value_path(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


#endif /* _NGX_HTTP_AUTOSTOCK_VALUE_H_INCLUDED_ */
