
#include "ngx_http_autostock.h"
#include "ngx_http_autostock_conf.h"
#include "ngx_http_autostock_databases.h"
#include "ngx_http_autostock_process.h"
#include "ngx_http_autostock_sale.h"
#include "ngx_http_autostock_location.h"
#include "ngx_http_autostock_status.h"
#include "ngx_http_autostock_value.h"
#include "ngx_http_autostock_variables.h"
#include "ngx_http_autostock_zone.h"


static void *ngx_http_autostock_create_main_conf(ngx_conf_t *cf);
static char *ngx_http_autostock_init_main_conf(ngx_conf_t *cf, void *conf);
static void *ngx_http_autostock_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_autostock_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static ngx_int_t ngx_http_autostock_init_process(ngx_cycle_t *cycle);
static void ngx_http_autostock_exit_process(ngx_cycle_t *cycle);


static ngx_http_autostock_range_t  ngx_http_autostock_timeout_range =
    { 1, 3600000, "a time from 1ms to 1h, such as \"5s\"" };

static ngx_http_autostock_range_t  ngx_http_autostock_grace_range =
    { 0, 2592000000, "a time from 0 to 30d, such as \"10m\"" };

static ngx_http_autostock_range_t  ngx_http_autostock_lines_range =
    { 1, NGX_HTTP_AUTOSTOCK_LINES_MAX, "a number from 1 to 50" };

static ngx_http_autostock_range_t  ngx_http_autostock_retry_after_range =
    { 1, 86400, "a time in whole seconds from 1s to 1d, such as \"1s\"" };

static ngx_http_autostock_range_t  ngx_http_autostock_body_range =
    { 64, 1048576, "a size from 64 bytes to 1m, such as \"16k\"" };


static ngx_conf_enum_t  ngx_http_autostock_trace[] = {
    { ngx_string("off"), NGX_HTTP_AUTOSTOCK_TRACE_OFF },
    { ngx_string("on"), NGX_HTTP_AUTOSTOCK_TRACE_ON },
    { ngx_string("always"), NGX_HTTP_AUTOSTOCK_TRACE_ALWAYS },
    { ngx_null_string, 0 }
};


static ngx_command_t  ngx_http_autostock_commands[] = {

    { ngx_string("autostock_status_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_autostock_zone_set,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("autostock_database"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_BLOCK|NGX_CONF_TAKE1,
      ngx_http_autostock_conf_database,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("autostock"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_autostock_location_database,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("autostock_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_autostock_value_msec,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_autostock_loc_conf_t, timeout),
      &ngx_http_autostock_timeout_range },

    { ngx_string("autostock_restock_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_autostock_value_msec,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_autostock_loc_conf_t, restock_timeout),
      &ngx_http_autostock_timeout_range },

    { ngx_string("autostock_max_body_size"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_autostock_value_size,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_autostock_loc_conf_t, max_body_size),
      &ngx_http_autostock_body_range },

    { ngx_string("autostock_retry_after"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_autostock_value_sec,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_autostock_loc_conf_t, retry_after),
      &ngx_http_autostock_retry_after_range },

    { ngx_string("autostock_compat"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_autostock_loc_conf_t, compat),
      NULL },

    { ngx_string("autostock_subrequest"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_autostock_loc_conf_t, subrequest),
      NULL },

    { ngx_string("autostock_cache_control"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_set_complex_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_autostock_loc_conf_t, cache_control),
      NULL },

    { ngx_string("autostock_trace"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_autostock_loc_conf_t, trace),
      ngx_http_autostock_trace },

    { ngx_string("autostock_idempotency_scope"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_autostock_location_scope,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_autostock_loc_conf_t, idempotency_scope),
      NULL },

    { ngx_string("autostock_hold_id"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_autostock_location_hold_id,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("autostock_hold_time"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_http_autostock_location_hold_time,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("autostock_hold_grace"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_autostock_value_msec,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_autostock_loc_conf_t, hold_grace),
      &ngx_http_autostock_grace_range },

    { ngx_string("autostock_cart_lines"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_autostock_value_number,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_autostock_loc_conf_t, cart_lines),
      &ngx_http_autostock_lines_range },

    { ngx_string("autostock_callback_secret_file"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_autostock_location_secrets,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("autostock_sku"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE123,
      ngx_http_autostock_location_sku,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("autostock_product"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_autostock_location_serve,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("autostock_products"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_autostock_location_serve,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("autostock_checkout"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_autostock_location_serve,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("autostock_hold"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_autostock_location_serve,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("autostock_confirm"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_autostock_location_serve,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("autostock_release"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_autostock_location_serve,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("autostock_return"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_autostock_location_serve,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("autostock_restock"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_autostock_location_serve,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("autostock_status"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_autostock_location_serve,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_autostock_module_ctx = {
    ngx_http_autostock_variables_add,      /* preconfiguration */
    NULL,                                  /* postconfiguration */

    ngx_http_autostock_create_main_conf,   /* create main configuration */
    ngx_http_autostock_init_main_conf,     /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_autostock_create_loc_conf,    /* create location configuration */
    ngx_http_autostock_merge_loc_conf      /* merge location configuration */
};


ngx_module_t  ngx_http_autostock_module = {
    NGX_MODULE_V1,
    &ngx_http_autostock_module_ctx,        /* module context */
    ngx_http_autostock_commands,           /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_http_autostock_init_process,       /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_autostock_exit_process,       /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static void *
ngx_http_autostock_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_autostock_main_conf_t  *amcf;

    amcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_autostock_main_conf_t));
    if (amcf == NULL) {
        return NULL;
    }

    /* set by ngx_pcalloc(): amcf->status_zone = NULL; */

    if (ngx_array_init(&amcf->databases, cf->pool, 4,
                       sizeof(ngx_http_autostock_database_t *))
        != NGX_OK)
    {
        return NULL;
    }

    return amcf;
}


static char *
ngx_http_autostock_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_autostock_main_conf_t *amcf = conf;

    if (ngx_http_autostock_databases_finish(cf, amcf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static void *
ngx_http_autostock_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_autostock_loc_conf_t  *alcf;

    alcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_autostock_loc_conf_t));
    if (alcf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     alcf->serves = 0;
     *     alcf->conf_file = NULL;
     *     alcf->conf_line = 0;
     *     alcf->sku = NULL;
     *     alcf->sku_pinned = 0;
     *     alcf->sku_encoded = 0;
     *     alcf->idempotency_scope = NULL;
     *     alcf->cache_control = NULL;
     *     alcf->hold_id = NULL;
     */

    alcf->database = NGX_CONF_UNSET_PTR;
    alcf->callback_secrets = NGX_CONF_UNSET_PTR;
    alcf->hold_default = NGX_CONF_UNSET;
    alcf->hold_max = NGX_CONF_UNSET;
    alcf->hold_grace = NGX_CONF_UNSET_MSEC;
    alcf->cart_lines = NGX_CONF_UNSET_UINT;
    alcf->compat = NGX_CONF_UNSET;
    alcf->subrequest = NGX_CONF_UNSET;
    alcf->trace = NGX_CONF_UNSET_UINT;
    alcf->max_body_size = NGX_CONF_UNSET_SIZE;
    alcf->timeout = NGX_CONF_UNSET_MSEC;
    alcf->restock_timeout = NGX_CONF_UNSET_MSEC;
    alcf->retry_after = NGX_CONF_UNSET;

    return alcf;
}


static char *
ngx_http_autostock_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_autostock_loc_conf_t *prev = parent;
    ngx_http_autostock_loc_conf_t *conf = child;

    if (ngx_http_autostock_location_inherit(cf, prev, conf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (conf->sku == NULL) {
        conf->sku = prev->sku;
        conf->sku_pinned = prev->sku_pinned;
        conf->sku_encoded = prev->sku_encoded;
    }

    if (conf->idempotency_scope == NULL) {
        conf->idempotency_scope = prev->idempotency_scope;
    }

    if (conf->cache_control == NULL) {
        conf->cache_control = prev->cache_control;
    }

    if (conf->hold_id == NULL) {
        conf->hold_id = prev->hold_id;
    }

    ngx_conf_merge_sec_value(conf->hold_default, prev->hold_default, 900);
    ngx_conf_merge_sec_value(conf->hold_max, prev->hold_max, 3600);
    ngx_conf_merge_msec_value(conf->hold_grace, prev->hold_grace, 0);
    ngx_conf_merge_uint_value(conf->cart_lines, prev->cart_lines,
                              NGX_HTTP_AUTOSTOCK_LINES_MAX);
    ngx_conf_merge_ptr_value(conf->database, prev->database, NULL);
    ngx_conf_merge_ptr_value(conf->callback_secrets, prev->callback_secrets,
                             NULL);
    ngx_conf_merge_value(conf->compat, prev->compat, 0);
    ngx_conf_merge_value(conf->subrequest, prev->subrequest, 0);
    ngx_conf_merge_uint_value(conf->trace, prev->trace,
                              NGX_HTTP_AUTOSTOCK_TRACE_ON);
    ngx_conf_merge_size_value(conf->max_body_size, prev->max_body_size, 65536);
    ngx_conf_merge_msec_value(conf->timeout, prev->timeout, 5000);
    ngx_conf_merge_msec_value(conf->restock_timeout, prev->restock_timeout,
                              60000);
    ngx_conf_merge_sec_value(conf->retry_after, prev->retry_after, 1);

    if (ngx_http_autostock_location_check(cf, conf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_autostock_init_process(ngx_cycle_t *cycle)
{
    ngx_http_autostock_main_conf_t  *amcf;

    /* a cache manager serves no requests */

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    amcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_autostock_module);

    if (amcf == NULL || amcf->databases.nelts == 0) {
        return NGX_OK;
    }

    if (ngx_http_autostock_zone_init_worker(cycle, amcf) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_autostock_process_init(cycle, amcf);
}


static void
ngx_http_autostock_exit_process(ngx_cycle_t *cycle)
{
    ngx_http_autostock_main_conf_t  *amcf;

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return;
    }

    amcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_autostock_module);

    if (amcf == NULL || amcf->databases.nelts == 0) {
        return;
    }

    ngx_http_autostock_process_exit(cycle, amcf);
    ngx_http_autostock_zone_exit_worker();
}
