
#include "ngx_http_autostock_conf.h"
#include "ngx_http_autostock_databases.h"
#include "ngx_http_autostock_secret.h"
#include "ngx_http_autostock_server.h"
#include "ngx_http_autostock_tls.h"
#include "ngx_http_autostock_value.h"


static char *ngx_http_autostock_conf_line(ngx_conf_t *cf,
    ngx_command_t *dummy, void *conf);
static char *ngx_http_autostock_conf_password(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_http_autostock_conf_password_file(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static ngx_int_t ngx_http_autostock_conf_check(ngx_conf_t *cf,
    ngx_http_autostock_database_t *db);
static void ngx_http_autostock_conf_defaults(
    ngx_http_autostock_database_t *db);


static ngx_http_autostock_range_t  ngx_http_autostock_conf_pool_size =
    { 1, 256, "a number of connections per worker process from 1 to 256" };

static ngx_http_autostock_range_t  ngx_http_autostock_conf_backlog =
    { 1, 1000000, "a number of waiting requests from 1 to 1000000" };

static ngx_http_autostock_range_t  ngx_http_autostock_conf_batch_size =
    { 1, 1024, "a number of requests from 1 to 1024" };

static ngx_http_autostock_range_t  ngx_http_autostock_conf_timeout =
    { 1, 3600000, "a time from 1ms to 1h, such as \"5s\"" };

static ngx_http_autostock_range_t  ngx_http_autostock_conf_age =
    { 1, 86400000, "a time from 1ms to 1d, such as \"60s\"" };


static ngx_conf_enum_t  ngx_http_autostock_conf_durabilities[] = {
    { ngx_string("off"), NGX_HTTP_AUTOSTOCK_DURABILITY_OFF },
    { ngx_string("warn"), NGX_HTTP_AUTOSTOCK_DURABILITY_WARN },
    { ngx_string("require"), NGX_HTTP_AUTOSTOCK_DURABILITY_REQUIRE },
    { ngx_null_string, 0 }
};

static ngx_http_autostock_names_t  ngx_http_autostock_conf_durability = {
    ngx_http_autostock_conf_durabilities,
    "must be \"off\", \"warn\" or \"require\""
};

static ngx_conf_enum_t  ngx_http_autostock_conf_sku_matches[] = {
    { ngx_string("collation"), 0 },
    { ngx_string("exact"), 1 },
    { ngx_null_string, 0 }
};

static ngx_http_autostock_names_t  ngx_http_autostock_conf_sku_match = {
    ngx_http_autostock_conf_sku_matches,
    "must be \"collation\" or \"exact\""
};

static ngx_conf_enum_t  ngx_http_autostock_conf_replications[] = {
    { ngx_string("asynchronous"), 0 },
    { ngx_string("synchronous"), 1 },
    { ngx_null_string, 0 }
};

static ngx_http_autostock_names_t  ngx_http_autostock_conf_replication = {
    ngx_http_autostock_conf_replications,
    "must be \"asynchronous\" or \"synchronous\""
};


static ngx_command_t  ngx_http_autostock_conf_names[] = {

    { ngx_string("server"),
      NGX_CONF_1MORE,
      ngx_http_autostock_server_set,
      0,
      0,
      NULL },

    { ngx_string("replication"),
      NGX_CONF_TAKE1,
      ngx_http_autostock_value_enum,
      0,
      offsetof(ngx_http_autostock_database_t, synchronous),
      &ngx_http_autostock_conf_replication },

    { ngx_string("user"),
      NGX_CONF_TAKE1,
      ngx_http_autostock_value_string,
      0,
      offsetof(ngx_http_autostock_database_t, user),
      NULL },

    { ngx_string("password"),
      NGX_CONF_TAKE1,
      ngx_http_autostock_conf_password,
      0,
      0,
      NULL },

    { ngx_string("password_file"),
      NGX_CONF_TAKE1,
      ngx_http_autostock_conf_password_file,
      0,
      0,
      NULL },

    { ngx_string("database"),
      NGX_CONF_TAKE1,
      ngx_http_autostock_value_string,
      0,
      offsetof(ngx_http_autostock_database_t, database),
      NULL },

    { ngx_string("tls"),
      NGX_CONF_TAKE1,
      ngx_http_autostock_tls_set,
      0,
      0,
      NULL },

    { ngx_string("tls_trusted_certificate"),
      NGX_CONF_TAKE1,
      ngx_http_autostock_value_path,
      0,
      offsetof(ngx_http_autostock_database_t, tls_ca),
      NULL },

    { ngx_string("tls_name"),
      NGX_CONF_TAKE1,
      ngx_http_autostock_value_string,
      0,
      offsetof(ngx_http_autostock_database_t, tls_name),
      NULL },

    { ngx_string("tls_certificate"),
      NGX_CONF_TAKE1,
      ngx_http_autostock_value_path,
      0,
      offsetof(ngx_http_autostock_database_t, tls_certificate),
      NULL },

    { ngx_string("tls_certificate_key"),
      NGX_CONF_TAKE1,
      ngx_http_autostock_value_path,
      0,
      offsetof(ngx_http_autostock_database_t, tls_certificate_key),
      NULL },

    { ngx_string("thread_pool"),
      NGX_CONF_TAKE1,
      ngx_http_autostock_value_string,
      0,
      offsetof(ngx_http_autostock_database_t, thread_pool_name),
      NULL },

    { ngx_string("pool_size"),
      NGX_CONF_TAKE1,
      ngx_http_autostock_value_number,
      0,
      offsetof(ngx_http_autostock_database_t, pool_size),
      &ngx_http_autostock_conf_pool_size },

    { ngx_string("backlog"),
      NGX_CONF_TAKE1,
      ngx_http_autostock_value_number,
      0,
      offsetof(ngx_http_autostock_database_t, backlog),
      &ngx_http_autostock_conf_backlog },

    { ngx_string("batch_size"),
      NGX_CONF_TAKE1,
      ngx_http_autostock_value_number,
      0,
      offsetof(ngx_http_autostock_database_t, batch_size),
      &ngx_http_autostock_conf_batch_size },

    { ngx_string("connect_timeout"),
      NGX_CONF_TAKE1,
      ngx_http_autostock_value_msec,
      0,
      offsetof(ngx_http_autostock_database_t, connect_timeout),
      &ngx_http_autostock_conf_timeout },

    { ngx_string("query_timeout"),
      NGX_CONF_TAKE1,
      ngx_http_autostock_value_msec,
      0,
      offsetof(ngx_http_autostock_database_t, query_timeout),
      &ngx_http_autostock_conf_timeout },

    { ngx_string("idle_timeout"),
      NGX_CONF_TAKE1,
      ngx_http_autostock_value_msec,
      0,
      offsetof(ngx_http_autostock_database_t, idle_timeout),
      &ngx_http_autostock_conf_age },

    { ngx_string("lifetime"),
      NGX_CONF_TAKE1,
      ngx_http_autostock_value_msec,
      0,
      offsetof(ngx_http_autostock_database_t, lifetime),
      &ngx_http_autostock_conf_age },

    { ngx_string("resolver_timeout"),
      NGX_CONF_TAKE1,
      ngx_http_autostock_value_msec,
      0,
      offsetof(ngx_http_autostock_database_t, resolver_timeout),
      &ngx_http_autostock_conf_timeout },

    { ngx_string("durability"),
      NGX_CONF_TAKE1,
      ngx_http_autostock_value_enum,
      0,
      offsetof(ngx_http_autostock_database_t, durability),
      &ngx_http_autostock_conf_durability },

    { ngx_string("sku_match"),
      NGX_CONF_TAKE1,
      ngx_http_autostock_value_enum,
      0,
      offsetof(ngx_http_autostock_database_t, exact_sku),
      &ngx_http_autostock_conf_sku_match },

      ngx_null_command
};


char *
ngx_http_autostock_conf_database(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_autostock_main_conf_t *amcf = conf;

    char                           *rv;
    ngx_str_t                      *value;
    ngx_conf_t                      save;
    ngx_http_autostock_database_t  *db;

    value = cf->args->elts;

    db = ngx_http_autostock_databases_get(cf, amcf, &value[1]);
    if (db == NULL) {
        return NGX_CONF_ERROR;
    }

    if (db->defined) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate autostock_database \"%V\", the first "
                           "is in %s:%ui",
                           &db->name, db->conf_file, db->conf_line);
        return NGX_CONF_ERROR;
    }

    db->defined = 1;
    db->conf_file = cf->conf_file->file.name.data;
    db->conf_line = cf->conf_file->line;

    save = *cf;
    cf->handler = ngx_http_autostock_conf_line;
    cf->handler_conf = (void *) db;

    rv = ngx_conf_parse(cf, NULL);

    *cf = save;

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (ngx_http_autostock_conf_check(cf, db) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    ngx_http_autostock_conf_defaults(db);

    return NGX_CONF_OK;
}


static char *
ngx_http_autostock_conf_line(ngx_conf_t *cf, ngx_command_t *dummy, void *conf)
{
    ngx_http_autostock_database_t *db = conf;

    char           *rv;
    ngx_str_t      *value;
    ngx_command_t  *cmd;

    value = cf->args->elts;

    if (ngx_strcmp(value[0].data, "include") == 0 && cf->args->nelts == 2) {
        return ngx_conf_include(cf, dummy, conf);
    }

    for (cmd = ngx_http_autostock_conf_names; cmd->name.len; cmd++) {
        if (ngx_strcmp(value[0].data, cmd->name.data) == 0) {
            break;
        }
    }

    if (cmd->name.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown name \"%V\" in autostock_database "
                           "\"%V\", docs/directives.md lists the known ones",
                           &value[0], &db->name);
        return NGX_CONF_ERROR;
    }

    if (cf->args->nelts != 2
        && (cf->args->nelts < 2 || cmd->type == NGX_CONF_TAKE1))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" in autostock_database \"%V\" must have "
                           "one value, not %ui",
                           &value[0], &db->name, cf->args->nelts - 1);
        return NGX_CONF_ERROR;
    }

    rv = cmd->set(cf, cmd, db);

    if (rv != NGX_CONF_OK && rv != NGX_CONF_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" in autostock_database \"%V\" %s",
                           &value[0], &db->name, rv);
        return NGX_CONF_ERROR;
    }

    return rv;
}


static char *
ngx_http_autostock_conf_password(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_autostock_database_t *db = conf;

    ngx_str_t  *value;

    if (db->password_file.data) {
        return "cannot be used with \"password_file\", remove one of them";
    }

    if (db->password.data) {
        return "is duplicate";
    }

    value = cf->args->elts;
    db->password = value[1];

    return NGX_CONF_OK;
}


static char *
ngx_http_autostock_conf_password_file(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_autostock_database_t *db = conf;

    ngx_str_t  *value;

    if (db->password_file.data) {
        return "is duplicate";
    }

    if (db->password.data) {
        return "cannot be used with \"password\", remove one of them";
    }

    value = cf->args->elts;

    if (value[1].len == 0) {
        return "must not be empty";
    }

    db->password_file = value[1];

    if (ngx_http_autostock_secret_read(cf, &db->password_file, &db->password)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_autostock_conf_check(ngx_conf_t *cf,
    ngx_http_autostock_database_t *db)
{
    char  *missing;

    missing = db->servers.nelts == 0 ? "server"
              : db->user.len == 0 ? "user"
              : db->database.len == 0 ? "database"
              : NULL;

    if (missing) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "autostock_database \"%V\" has no \"%s\", it must "
                           "name server, user and database",
                           &db->name, missing);
        return NGX_ERROR;
    }

    if (ngx_http_autostock_server_check(cf, db) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_autostock_tls_check(cf, db);
}


static void
ngx_http_autostock_conf_defaults(ngx_http_autostock_database_t *db)
{
    ngx_conf_init_value(db->tls, 0);
    ngx_conf_init_uint_value(db->pool_size, 4);
    ngx_conf_init_uint_value(db->backlog, 8192);
    ngx_conf_init_uint_value(db->batch_size, 256);
    ngx_conf_init_uint_value(db->durability,
                             NGX_HTTP_AUTOSTOCK_DURABILITY_WARN);
    ngx_conf_init_uint_value(db->exact_sku, 0);
    ngx_conf_init_uint_value(db->synchronous, 0);
    ngx_conf_init_msec_value(db->connect_timeout, 2000);
    db->query_timeout_set = (db->query_timeout != NGX_CONF_UNSET_MSEC);
    ngx_conf_init_msec_value(db->query_timeout, 5000);
    ngx_conf_init_msec_value(db->idle_timeout, 60000);
    ngx_conf_init_msec_value(db->lifetime, 3600000);
    ngx_conf_init_msec_value(db->resolver_timeout, 5000);
}
