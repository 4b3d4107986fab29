
#include "ngx_http_autostock_value.h"


static char *ngx_http_autostock_value_check(ngx_conf_t *cf,
    ngx_command_t *cmd, ngx_int_t n);


char *
ngx_http_autostock_value_number(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    char  *p = conf;

    ngx_int_t    n;
    ngx_str_t   *value;
    ngx_uint_t  *field;

    field = (ngx_uint_t *) (p + cmd->offset);

    if (*field != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    n = ngx_atoi(value[1].data, value[1].len);

    *field = (ngx_uint_t) n;

    return ngx_http_autostock_value_check(cf, cmd, n);
}


char *
ngx_http_autostock_value_msec(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    ngx_int_t    n;
    ngx_str_t   *value;
    ngx_msec_t  *field;

    field = (ngx_msec_t *) (p + cmd->offset);

    if (*field != NGX_CONF_UNSET_MSEC) {
        return "is duplicate";
    }

    value = cf->args->elts;

    n = ngx_parse_time(&value[1], 0);

    *field = (ngx_msec_t) n;

    return ngx_http_autostock_value_check(cf, cmd, n);
}


char *
ngx_http_autostock_value_sec(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    time_t      *field;
    ngx_int_t    n;
    ngx_str_t   *value;

    field = (time_t *) (p + cmd->offset);

    if (*field != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    n = ngx_parse_time(&value[1], 1);

    *field = (time_t) n;

    return ngx_http_autostock_value_check(cf, cmd, n);
}


char *
ngx_http_autostock_value_size(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    size_t     *field;
    ssize_t     n;
    ngx_str_t  *value;

    field = (size_t *) (p + cmd->offset);

    if (*field != NGX_CONF_UNSET_SIZE) {
        return "is duplicate";
    }

    value = cf->args->elts;

    n = ngx_parse_size(&value[1]);

    *field = (size_t) n;

    return ngx_http_autostock_value_check(cf, cmd, n);
}


char *
ngx_http_autostock_value_enum(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    ngx_str_t                   *value;
    ngx_uint_t                  *field;
    ngx_conf_enum_t             *name;
    ngx_http_autostock_names_t  *names;

    field = (ngx_uint_t *) (p + cmd->offset);

    if (*field != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;
    names = cmd->post;

    for (name = names->names; name->name.len; name++) {
        if (ngx_strcmp(value[1].data, name->name.data) == 0) {
            *field = name->value;
            return NGX_CONF_OK;
        }
    }

    return names->expected;
}


char *
ngx_http_autostock_value_string(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    char  *p = conf;

    ngx_str_t  *field, *value;

    field = (ngx_str_t *) (p + cmd->offset);

    if (field->data) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len == 0) {
        return "must not be empty";
    }

    *field = value[1];

    return NGX_CONF_OK;
}


char *
ngx_http_autostock_value_path(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    char       *rv;
    ngx_str_t  *field;

    rv = ngx_http_autostock_value_string(cf, cmd, conf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    field = (ngx_str_t *) (p + cmd->offset);

    if (ngx_conf_full_name(cf->cycle, field, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* n is NGX_ERROR if the text could not be parsed */

static char *
ngx_http_autostock_value_check(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_int_t n)
{
    ngx_http_autostock_range_t  *range = cmd->post;

    ngx_str_t  *value;

    if (n != NGX_ERROR && n >= range->min && n <= range->max) {
        return NGX_CONF_OK;
    }

    value = cf->args->elts;

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"%V\" must be %s, not \"%V\"",
                       &value[0], range->expected, &value[1]);

    return NGX_CONF_ERROR;
}
