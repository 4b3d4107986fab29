
#include "ngx_http_autostock_location.h"
#include "ngx_http_autostock_databases.h"
#include "ngx_http_autostock_request.h"
#include "ngx_http_autostock_secret.h"
#include "ngx_http_autostock_sku.h"
#include "ngx_http_autostock_status.h"


#define NGX_HTTP_AUTOSTOCK_SECRET_MIN  16             /* bytes */


typedef struct {
    ngx_str_t                name;
    ngx_uint_t               serves;
    ngx_http_handler_pt      handler;
} ngx_http_autostock_service_t;


static ngx_int_t ngx_http_autostock_location_secret_check(ngx_conf_t *cf,
    ngx_array_t *secrets, ngx_str_t *file, ngx_str_t *new);
static char *ngx_http_autostock_location_together(ngx_conf_t *cf,
    ngx_command_t *cmd, ngx_uint_t serves, ngx_uint_t added);
static ngx_http_handler_pt ngx_http_autostock_location_handler(
    ngx_uint_t serves);
static ngx_int_t ngx_http_autostock_location_check_status(ngx_conf_t *cf,
    ngx_http_autostock_loc_conf_t *conf);
static ngx_int_t ngx_http_autostock_location_check_database(ngx_conf_t *cf,
    ngx_http_autostock_loc_conf_t *conf);
static void ngx_http_autostock_location_check_timeout(ngx_conf_t *cf,
    ngx_http_autostock_loc_conf_t *conf);
static ngx_http_autostock_service_t *ngx_http_autostock_location_service(
    ngx_uint_t serves);
static void ngx_http_autostock_location_error(ngx_conf_t *cf,
    ngx_http_autostock_loc_conf_t *conf, ngx_uint_t serves, char *what);


static ngx_http_autostock_service_t  ngx_http_autostock_services[] = {

    { ngx_string("autostock_product"), NGX_HTTP_AUTOSTOCK_PRODUCT,
      ngx_http_autostock_request_handler },

    { ngx_string("autostock_products"), NGX_HTTP_AUTOSTOCK_PRODUCTS,
      ngx_http_autostock_request_handler },

    { ngx_string("autostock_checkout"), NGX_HTTP_AUTOSTOCK_CHECKOUT,
      ngx_http_autostock_request_handler },

    { ngx_string("autostock_hold"), NGX_HTTP_AUTOSTOCK_HOLD,
      ngx_http_autostock_request_handler },

    { ngx_string("autostock_confirm"), NGX_HTTP_AUTOSTOCK_CONFIRM,
      ngx_http_autostock_request_handler },

    { ngx_string("autostock_release"), NGX_HTTP_AUTOSTOCK_RELEASE,
      ngx_http_autostock_request_handler },

    { ngx_string("autostock_return"), NGX_HTTP_AUTOSTOCK_RETURN,
      ngx_http_autostock_request_handler },

    { ngx_string("autostock_restock"), NGX_HTTP_AUTOSTOCK_RESTOCK,
      ngx_http_autostock_request_handler },

    { ngx_string("autostock_status"), NGX_HTTP_AUTOSTOCK_STATUS,
      ngx_http_autostock_status_handler },

    { ngx_null_string, 0, NULL }
};


char *
ngx_http_autostock_location_database(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_autostock_loc_conf_t *alcf = conf;

    ngx_str_t                       *value;
    ngx_http_autostock_main_conf_t  *amcf;

    if (alcf->database != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    amcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_autostock_module);

    alcf->database = ngx_http_autostock_databases_get(cf, amcf, &value[1]);

    return alcf->database ? NGX_CONF_OK : NGX_CONF_ERROR;
}


char *
ngx_http_autostock_location_sku(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_autostock_loc_conf_t *alcf = conf;

    ngx_str_t                         *value;
    ngx_uint_t                         i;
    const char                        *wrong;
    ngx_http_compile_complex_value_t   ccv;

    if (alcf->sku) {
        return "is duplicate";
    }

    value = cf->args->elts;

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_strcmp(value[i].data, "pinned") == 0 && !alcf->sku_pinned) {
            alcf->sku_pinned = 1;

        } else if (ngx_strcmp(value[i].data, "encoded") == 0
                   && !alcf->sku_encoded)
        {
            alcf->sku_encoded = 1;

        } else {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\" of "
                               "\"autostock_sku\", it may be \"pinned\" or "
                               "\"encoded\", each once",
                               &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    alcf->sku = ngx_pcalloc(cf->pool, sizeof(ngx_http_complex_value_t));
    if (alcf->sku == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = &value[1];
    ccv.complex_value = alcf->sku;

    if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (alcf->sku->lengths) {
        return NGX_CONF_OK;
    }

    if (alcf->sku_encoded) {
        return "allows \"encoded\" only with a variable in the SKU";
    }

    wrong = ngx_http_autostock_sku_check(value[1].data, value[1].len);

    if (wrong) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the SKU of \"autostock_sku\" %s, it must have 1 to "
                           "%d characters in UTF-8",
                           wrong, NGX_HTTP_AUTOSTOCK_SKU_MAX);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_autostock_location_scope(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_str_t  *value;

    value = cf->args->elts;

    if (value[1].len == 0) {
        return "must not be empty, remove it if keys are not scoped";
    }

    return ngx_http_set_complex_value_slot(cf, cmd, conf);
}


char *
ngx_http_autostock_location_secrets(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_autostock_loc_conf_t *alcf = conf;

    ngx_str_t   *value, *secret, new;
    ngx_uint_t   i;

    if (alcf->callback_secrets == NGX_CONF_UNSET_PTR) {
        alcf->callback_secrets = ngx_array_create(cf->pool, 2,
                                                  sizeof(ngx_str_t));
        if (alcf->callback_secrets == NULL) {
            alcf->callback_secrets = NGX_CONF_UNSET_PTR;
            return NGX_CONF_ERROR;
        }
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (value[i].len == 0) {
            return "must name files, one name is empty";
        }

        if (ngx_http_autostock_secret_read(cf, &value[i], &new) != NGX_OK) {
            return NGX_CONF_ERROR;
        }

        if (ngx_http_autostock_location_secret_check(cf,
                                     alcf->callback_secrets, &value[i], &new)
            != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }

        secret = ngx_array_push(alcf->callback_secrets);
        if (secret == NULL) {
            return NGX_CONF_ERROR;
        }

        *secret = new;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_autostock_location_secret_check(ngx_conf_t *cf,
    ngx_array_t *secrets, ngx_str_t *file, ngx_str_t *new)
{
    ngx_str_t   *secret;
    ngx_uint_t   i;

    if (new->len < NGX_HTTP_AUTOSTOCK_SECRET_MIN) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the secret in \"%V\" is shorter than %d bytes, "
                           "use \"openssl rand -hex 32\"",
                           file, NGX_HTTP_AUTOSTOCK_SECRET_MIN);
        return NGX_ERROR;
    }

    secret = secrets->elts;

    for (i = 0; i < secrets->nelts; i++) {
        if (secret[i].len == new->len
            && ngx_memcmp(secret[i].data, new->data, new->len) == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "the secret in \"%V\" occurs twice, name each "
                               "secret once", file);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


char *
ngx_http_autostock_location_serve(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_autostock_loc_conf_t *alcf = conf;

    char                          *rv;
    ngx_http_core_loc_conf_t      *clcf;
    ngx_http_autostock_service_t  *service;

    for (service = ngx_http_autostock_services;
         ngx_strcmp(service->name.data, cmd->name.data) != 0;
         service++)
    {
        /* void */
    }

    if (alcf->serves & service->serves) {
        return "is duplicate";
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler && alcf->serves == 0) {
        return "is in a location that another directive, such as "
               "\"proxy_pass\", handles already; use a separate location";
    }

    rv = ngx_http_autostock_location_together(cf, cmd, alcf->serves,
                                              service->serves);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (alcf->serves == 0) {
        alcf->conf_file = cf->conf_file->file.name.data;
        alcf->conf_line = cf->conf_file->line;
    }

    alcf->serves |= service->serves;
    clcf->handler = service->handler;

    return NGX_CONF_OK;
}


static char *
ngx_http_autostock_location_together(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_uint_t serves, ngx_uint_t added)
{
    char                          *method;
    ngx_http_autostock_service_t  *service;

    if (serves != 0
        && ((serves | added) & NGX_HTTP_AUTOSTOCK_STATUS))
    {
        return "cannot share a location: \"autostock_status\" needs a separate "
               "one";
    }

    method = (added & NGX_HTTP_AUTOSTOCK_POST) ? "POST" : "GET";

    serves &= (added & NGX_HTTP_AUTOSTOCK_POST) ? NGX_HTTP_AUTOSTOCK_POST
                                                : NGX_HTTP_AUTOSTOCK_GET;

    if (serves == 0) {
        return NGX_CONF_OK;
    }

    service = ngx_http_autostock_location_service(serves);

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"%V\" directive cannot share a location: \"%V\" and "
                       "\"%V\" both answer %s, use two locations",
                       &cmd->name, &service->name, &cmd->name, method);

    return NGX_CONF_ERROR;
}


static ngx_http_handler_pt
ngx_http_autostock_location_handler(ngx_uint_t serves)
{
    ngx_http_autostock_service_t  *service;

    for (service = ngx_http_autostock_services; service->serves; service++) {
        if (serves & service->serves) {
            return service->handler;
        }
    }

    return NULL;
}


ngx_int_t
ngx_http_autostock_location_inherit(ngx_conf_t *cf,
    ngx_http_autostock_loc_conf_t *prev, ngx_http_autostock_loc_conf_t *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if ((clcf->noname || clcf->lmt_excpt) && clcf->handler == NULL) {
        conf->serves = prev->serves;
        conf->conf_file = prev->conf_file;
        conf->conf_line = prev->conf_line;

        clcf->handler = ngx_http_autostock_location_handler(conf->serves);
    }

    /* "pinned" on an outer level is meant for checkouts on inner levels */

    if (conf->serves && conf->sku && conf->sku_pinned
        && (conf->serves
            & (NGX_HTTP_AUTOSTOCK_CHECKOUT|NGX_HTTP_AUTOSTOCK_HOLD)) == 0)
    {
        ngx_http_autostock_location_error(cf, conf, conf->serves,
                              "allows no \"pinned\" in \"autostock_sku\": only "
                              "the body of a checkout or hold may name a "
                              "product, remove \"pinned\"");
        return NGX_ERROR;
    }

    if (conf->serves && conf->hold_id
        && (conf->serves
            & (NGX_HTTP_AUTOSTOCK_CONFIRM|NGX_HTTP_AUTOSTOCK_RELEASE)) == 0)
    {
        ngx_http_autostock_location_error(cf, conf, conf->serves,
                              "allows no \"autostock_hold_id\": only "
                              "\"autostock_confirm\" and "
                              "\"autostock_release\" need a hold's id");
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_autostock_location_check(ngx_conf_t *cf,
    ngx_http_autostock_loc_conf_t *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    if (conf->serves == 0) {
        return NGX_OK;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler != ngx_http_autostock_location_handler(conf->serves)) {
        ngx_http_autostock_location_error(cf, conf, conf->serves,
                              "is in a location that another directive, such "
                              "as \"proxy_pass\", handles too; use a separate "
                              "location");
        return NGX_ERROR;
    }

    if (conf->serves & NGX_HTTP_AUTOSTOCK_STATUS) {
        return ngx_http_autostock_location_check_status(cf, conf);
    }

    return ngx_http_autostock_location_check_database(cf, conf);
}


static ngx_int_t
ngx_http_autostock_location_check_status(ngx_conf_t *cf,
    ngx_http_autostock_loc_conf_t *conf)
{
    ngx_http_autostock_main_conf_t  *amcf;

    amcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_autostock_module);

    if (amcf->status_zone == NULL) {
        ngx_http_autostock_location_error(cf, conf, conf->serves,
                              "needs counters, add \"autostock_status_zone "
                              "NAME:SIZE;\" to http");
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_autostock_location_check_database(ngx_conf_t *cf,
    ngx_http_autostock_loc_conf_t *conf)
{
    if (conf->database == NULL) {
        ngx_http_autostock_location_error(cf, conf, conf->serves,
                              "needs a database, add \"autostock NAME;\" to "
                              "this location, its server or http");
        return NGX_ERROR;
    }

    if ((conf->serves & NGX_HTTP_AUTOSTOCK_PRODUCT) && conf->sku == NULL) {
        ngx_http_autostock_location_error(cf, conf,
                              NGX_HTTP_AUTOSTOCK_PRODUCT,
                              "needs a product, add \"autostock_sku SKU;\", "
                              "which may contain variables");
        return NGX_ERROR;
    }

    if ((conf->serves & NGX_HTTP_AUTOSTOCK_PRODUCTS) && conf->compat) {
        ngx_http_autostock_location_error(cf, conf,
                              NGX_HTTP_AUTOSTOCK_PRODUCTS,
                              "allows no \"autostock_compat on\", whose "
                              "clients know one product an answer; add "
                              "\"autostock_compat off;\"");
        return NGX_ERROR;
    }

    if ((conf->serves & NGX_HTTP_AUTOSTOCK_HOLD) && conf->compat) {
        ngx_http_autostock_location_error(cf, conf, NGX_HTTP_AUTOSTOCK_HOLD,
                              "allows no \"autostock_compat on\", whose "
                              "answers have no hold_id; add "
                              "\"autostock_compat off;\"");
        return NGX_ERROR;
    }

    if ((conf->serves & NGX_HTTP_AUTOSTOCK_RESTOCK)
        && conf->callback_secrets == NULL)
    {
        ngx_http_autostock_location_error(cf, conf,
                              NGX_HTTP_AUTOSTOCK_RESTOCK,
                              "needs a secret to verify callbacks, add "
                              "\"autostock_callback_secret_file FILE;\"");
        return NGX_ERROR;
    }

    ngx_http_autostock_location_check_timeout(cf, conf);

    return NGX_OK;
}


/* checks only a query_timeout that is configured, not the default */

static void
ngx_http_autostock_location_check_timeout(ngx_conf_t *cf,
    ngx_http_autostock_loc_conf_t *conf)
{
    ngx_msec_t                      timeout;
    ngx_http_autostock_service_t   *service;
    ngx_http_autostock_database_t  *db;

    db = conf->database;
    service = ngx_http_autostock_location_service(conf->serves);

    timeout = (conf->serves & NGX_HTTP_AUTOSTOCK_RESTOCK)
              ? ngx_max(conf->timeout, conf->restock_timeout)
              : conf->timeout;

    if (!db->query_timeout_set || db->query_timeout <= timeout) {
        return;
    }

    ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                  "\"%V\" has a deadline of %Mms, but \"query_timeout\" of "
                  "autostock_database \"%V\" may occupy a connection for %Mms; "
                  "lower it, or raise \"%s\" in %s:%ui",
                  &service->name, timeout, &db->name, db->query_timeout,
                  (conf->serves & NGX_HTTP_AUTOSTOCK_RESTOCK)
                  ? "autostock_restock_timeout" : "autostock_timeout",
                  conf->conf_file, conf->conf_line);
}


static ngx_http_autostock_service_t *
ngx_http_autostock_location_service(ngx_uint_t serves)
{
    ngx_http_autostock_service_t  *service;

    for (service = ngx_http_autostock_services;
         (serves & service->serves) == 0;
         service++)
    {
        /* void */
    }

    return service;
}


/* logs an error with the location's first directive that sets these bits */

static void
ngx_http_autostock_location_error(ngx_conf_t *cf,
    ngx_http_autostock_loc_conf_t *conf, ngx_uint_t serves, char *what)
{
    ngx_http_autostock_service_t  *service;

    service = ngx_http_autostock_location_service(serves);

    ngx_http_autostock_databases_error(cf, conf->conf_file, conf->conf_line,
                                       &service->name, what);
}
