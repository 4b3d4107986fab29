
/*
 * Configuration values: setters like nginx's own, with a range or a list, and
 * with a message that says what was expected.  The field at cmd->offset must be
 * unset, and a string's data NULL.  cmd->post of a number, time or size is a
 * ngx_http_autostock_range_t.
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


typedef struct {
    ngx_conf_enum_t  *names;           /* an empty name ends them */
    char             *expected;        /* "must be \"on\" or \"off\"" */
} ngx_http_autostock_names_t;


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

/*
 * ngx_uint_t; cmd->post is a ngx_http_autostock_names_t.  Names are compared
 * with their case, unlike by nginx's own setter.
 */
char *ngx_http_autostock_value_enum(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* ngx_str_t, not empty, NUL-terminated */
char *ngx_http_autostock_value_string(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* the same; a relative path is prefixed with the configuration's directory */
char *ngx_http_autostock_value_path(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


#endif /* _NGX_HTTP_AUTOSTOCK_VALUE_H_INCLUDED_ */
