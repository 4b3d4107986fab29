
#include "ngx_http_autostock_location.h"

#include "as_uuid.h"


#define NGX_HTTP_AUTOSTOCK_HOLD_TIME      3600        /* seconds */
#define NGX_HTTP_AUTOSTOCK_HOLD_TIME_MAX  2592000


static ngx_int_t ngx_http_autostock_location_hold_seconds(ngx_conf_t *cf,
    ngx_str_t *value, time_t *seconds);


char *
ngx_http_autostock_location_hold_id(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_autostock_loc_conf_t *alcf = conf;

    u_char                             id[AS_UUID_LEN];
    ngx_str_t                         *value;
    ngx_http_compile_complex_value_t   ccv;

    if (alcf->hold_id) {
        return "is duplicate";
    }

    value = cf->args->elts;

    alcf->hold_id = ngx_pcalloc(cf->pool, sizeof(ngx_http_complex_value_t));
    if (alcf->hold_id == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = &value[1];
    ccv.complex_value = alcf->hold_id;

    if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (alcf->hold_id->lengths == NULL
        && as_uuid_parse((char *) value[1].data, value[1].len, id) != 0)
    {
        return "must contain a variable, such as \"$arg_hold\", or be a UUID";
    }

    return NGX_CONF_OK;
}


char *
ngx_http_autostock_location_hold_time(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_autostock_loc_conf_t *alcf = conf;

    ngx_str_t  *value;

    if (alcf->hold_default != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_http_autostock_location_hold_seconds(cf, &value[1],
                                                 &alcf->hold_default)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (cf->args->nelts == 2) {
        alcf->hold_max = ngx_max(alcf->hold_default,
                                 NGX_HTTP_AUTOSTOCK_HOLD_TIME);
        return NGX_CONF_OK;
    }

    if (ngx_http_autostock_location_hold_seconds(cf, &value[2],
                                                 &alcf->hold_max)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (alcf->hold_max < alcf->hold_default) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the maximum of \"autostock_hold_time\", \"%V\", is "
                           "less than the default, \"%V\"",
                           &value[2], &value[1]);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_autostock_location_hold_seconds(ngx_conf_t *cf, ngx_str_t *value,
    time_t *seconds)
{
    *seconds = ngx_parse_time(value, 1);

    if (*seconds >= 1 && *seconds <= NGX_HTTP_AUTOSTOCK_HOLD_TIME_MAX) {
        return NGX_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"autostock_hold_time\" must be times in whole seconds "
                       "from 1s to 30d, such as \"15m\", not \"%V\"", value);

    return NGX_ERROR;
}
