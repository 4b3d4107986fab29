
#include "ngx_http_autostock_conf.h"
#include "ngx_http_autostock_certificate.h"
#include "ngx_http_autostock_server.h"
#include "ngx_http_autostock_secret.h"
#include "ngx_http_autostock_value.h"


#define NGX_HTTP_AUTOSTOCK_NAME_MAX  64


static ngx_int_t ngx_http_autostock_conf_name(ngx_conf_t *cf,
    ngx_str_t *name);
static char *ngx_http_autostock_conf_line(ngx_conf_t *cf,
    ngx_command_t *dummy, void *conf);
static char *ngx_http_autostock_conf_password(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_http_autostock_conf_password_file(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_http_autostock_conf_tls(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_http_autostock_conf_durability(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static ngx_int_t ngx_http_autostock_conf_check(ngx_conf_t *cf,
    ngx_http_autostock_database_t *db);
static ngx_int_t ngx_http_autostock_conf_check_plain(ngx_conf_t *cf,
    ngx_http_autostock_database_t *db);
static ngx_int_t ngx_http_autostock_conf_check_tls(ngx_conf_t *cf,
    ngx_http_autostock_database_t *db);
static ngx_int_t ngx_http_autostock_conf_thread_pool(ngx_conf_t *cf,
    ngx_http_autostock_database_t *db);
static void ngx_http_autostock_conf_defaults(
    ngx_http_autostock_database_t *db);


static ngx_http_autostock_range_t  ngx_http_autostock_conf_pool_size =
    { 1, 256, "a number of connections a worker process from 1 to 256" };

static ngx_http_autostock_range_t  ngx_http_autostock_conf_backlog =
    { 1, 1000000, "a number of waiting requests from 1 to 1000000" };

static ngx_http_autostock_range_t  ngx_http_autostock_conf_batch_size =
    { 1, 1024, "a number of requests from 1 to 1024" };

static ngx_http_autostock_range_t  ngx_http_autostock_conf_timeout =
    { 1, 3600000, "a time from 1ms to 1h, such as \"5s\"" };

static ngx_http_autostock_range_t  ngx_http_autostock_conf_age =
    { 1, 86400000, "a time from 1ms to 1d, such as \"60s\"" };


static ngx_command_t  ngx_http_autostock_conf_names[] = {

    { ngx_string("server"),
      NGX_CONF_TAKE1,
      ngx_http_autostock_server_set,
      0,
      0,
      NULL },

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
      ngx_http_autostock_conf_tls,
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
      ngx_http_autostock_conf_durability,
      0,
      0,
      NULL },

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

    db = ngx_http_autostock_conf_get(cf, amcf, &value[1]);
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


ngx_http_autostock_database_t *
ngx_http_autostock_conf_get(ngx_conf_t *cf,
    ngx_http_autostock_main_conf_t *amcf, ngx_str_t *name)
{
    ngx_uint_t                       i;
    ngx_http_autostock_database_t   *db, **dbp;

    dbp = amcf->databases.elts;

    for (i = 0; i < amcf->databases.nelts; i++) {
        if (dbp[i]->name.len == name->len
            && ngx_strncmp(dbp[i]->name.data, name->data, name->len) == 0)
        {
            return dbp[i];
        }
    }

    if (ngx_http_autostock_conf_name(cf, name) != NGX_OK) {
        return NULL;
    }

    db = ngx_pcalloc(cf->pool, sizeof(ngx_http_autostock_database_t));
    if (db == NULL) {
        return NULL;
    }

    dbp = ngx_array_push(&amcf->databases);
    if (dbp == NULL) {
        return NULL;
    }

    *dbp = db;

    db->name = *name;
    db->index = amcf->databases.nelts - 1;
    db->conf_file = cf->conf_file->file.name.data;
    db->conf_line = cf->conf_file->line;

    db->tls = NGX_CONF_UNSET;
    db->pool_size = NGX_CONF_UNSET_UINT;
    db->backlog = NGX_CONF_UNSET_UINT;
    db->batch_size = NGX_CONF_UNSET_UINT;
    db->durability = NGX_CONF_UNSET_UINT;
    db->connect_timeout = NGX_CONF_UNSET_MSEC;
    db->query_timeout = NGX_CONF_UNSET_MSEC;
    db->idle_timeout = NGX_CONF_UNSET_MSEC;
    db->lifetime = NGX_CONF_UNSET_MSEC;
    db->resolver_timeout = NGX_CONF_UNSET_MSEC;

    return db;
}


/* so plain that neither a metric's label nor JSON has to escape it */

static ngx_int_t
ngx_http_autostock_conf_name(ngx_conf_t *cf, ngx_str_t *name)
{
    u_char      ch;
    ngx_uint_t  i;

    if (name->len == 0 || name->len > NGX_HTTP_AUTOSTOCK_NAME_MAX) {
        goto invalid;
    }

    for (i = 0; i < name->len; i++) {
        ch = name->data[i];

        if ((ch < '0' || ch > '9') && (ngx_tolower(ch) < 'a'
                                       || ngx_tolower(ch) > 'z')
            && ch != '_' && ch != '-' && ch != '.')
        {
            goto invalid;
        }
    }

    return NGX_OK;

invalid:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid database name \"%V\", it must have 1 to %d "
                       "letters, digits, \"_\", \"-\" or \".\"",
                       name, NGX_HTTP_AUTOSTOCK_NAME_MAX);

    return NGX_ERROR;
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

    if (cf->args->nelts != 2) {
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
        return "cannot be with \"password_file\", remove one of them";
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
        return "cannot be with \"password\", remove one of them";
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


static char *
ngx_http_autostock_conf_tls(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_autostock_database_t *db = conf;

    ngx_str_t  *value;

    if (db->tls != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcasecmp(value[1].data, (u_char *) "on") == 0) {
        db->tls = 1;

    } else if (ngx_strcasecmp(value[1].data, (u_char *) "off") == 0) {
        db->tls = 0;

    } else {
        return "must be \"on\" or \"off\"";
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_autostock_conf_durability(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_autostock_database_t *db = conf;

    ngx_str_t  *value;

    if (db->durability != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        db->durability = NGX_HTTP_AUTOSTOCK_DURABILITY_OFF;

    } else if (ngx_strcmp(value[1].data, "warn") == 0) {
        db->durability = NGX_HTTP_AUTOSTOCK_DURABILITY_WARN;

    } else if (ngx_strcmp(value[1].data, "require") == 0) {
        db->durability = NGX_HTTP_AUTOSTOCK_DURABILITY_REQUIRE;

    } else {
        return "must be \"off\", \"warn\" or \"require\"";
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_autostock_conf_check(ngx_conf_t *cf,
    ngx_http_autostock_database_t *db)
{
    char  *missing;

    missing = db->server.len == 0 ? "server"
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

    if (db->tls == 1) {
        return ngx_http_autostock_conf_check_tls(cf, db);
    }

    return ngx_http_autostock_conf_check_plain(cf, db);
}


static ngx_int_t
ngx_http_autostock_conf_check_plain(ngx_conf_t *cf,
    ngx_http_autostock_database_t *db)
{
    char  *useless;

    useless = db->tls_ca.len ? "tls_trusted_certificate"
              : db->tls_name.len ? "tls_name"
              : db->tls_certificate.len ? "tls_certificate"
              : db->tls_certificate_key.len ? "tls_certificate_key"
              : db->thread_pool_name.len ? "thread_pool"
              : NULL;

    if (useless == NULL) {
        return NGX_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"%s\" in autostock_database \"%V\" has no effect "
                       "without TLS, add \"tls on;\" or remove it",
                       useless, &db->name);

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_autostock_conf_check_tls(ngx_conf_t *cf,
    ngx_http_autostock_database_t *db)
{
    if (db->addr && db->addr->sockaddr->sa_family == AF_UNIX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "autostock_database \"%V\" has \"tls on\" over a "
                           "unix socket, use \"tls off;\" or an address",
                           &db->name);
        return NGX_ERROR;
    }

    if (db->tls_ca.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "autostock_database \"%V\" has \"tls on\" but no "
                           "\"tls_trusted_certificate\": the server is "
                           "always verified, name the file of its CA",
                           &db->name);
        return NGX_ERROR;
    }

    if ((db->tls_certificate.len == 0) != (db->tls_certificate_key.len == 0)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "autostock_database \"%V\" must have both of "
                           "\"tls_certificate\" and \"tls_certificate_key\", "
                           "or none", &db->name);
        return NGX_ERROR;
    }

    if (ngx_http_autostock_certificate_check(cf, &db->tls_ca) != NGX_OK) {
        return NGX_ERROR;
    }

    if (db->tls_certificate.len
        && ngx_http_autostock_certificate_check_pair(cf,
                          &db->tls_certificate, &db->tls_certificate_key)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_autostock_conf_thread_pool(cf, db);
}


/* a pool of an unknown name is refused by nginx itself, with this place */

static ngx_int_t
ngx_http_autostock_conf_thread_pool(ngx_conf_t *cf,
    ngx_http_autostock_database_t *db)
{
#if (NGX_THREADS)

    db->thread_pool = ngx_thread_pool_add(cf, db->thread_pool_name.len
                                              ? &db->thread_pool_name : NULL);

    return db->thread_pool ? NGX_OK : NGX_ERROR;

#else

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"tls on\" in autostock_database \"%V\" needs an "
                       "nginx built with threads (--with-threads)",
                       &db->name);
    return NGX_ERROR;

#endif
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
    ngx_conf_init_msec_value(db->connect_timeout, 2000);
    ngx_conf_init_msec_value(db->query_timeout, 5000);
    ngx_conf_init_msec_value(db->idle_timeout, 60000);
    ngx_conf_init_msec_value(db->lifetime, 3600000);
    ngx_conf_init_msec_value(db->resolver_timeout, 5000);

    if (db->tls && db->tls_name.len == 0) {
        db->tls_name = db->host;
    }
}


void
ngx_http_autostock_conf_error(ngx_conf_t *cf, u_char *file, ngx_uint_t line,
    ngx_str_t *name, char *what)
{
    ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "\"%V\" %s in %s:%ui",
                  name, what, file, line);
}


ngx_int_t
ngx_http_autostock_conf_finish(ngx_conf_t *cf,
    ngx_http_autostock_main_conf_t *amcf)
{
    ngx_uint_t                       i;
    ngx_http_core_loc_conf_t        *clcf;
    ngx_http_autostock_database_t   *db, **dbp;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    dbp = amcf->databases.elts;

    for (i = 0; i < amcf->databases.nelts; i++) {
        db = dbp[i];

        if (!db->defined) {
            ngx_http_autostock_conf_error(cf, db->conf_file, db->conf_line,
                              &db->name, "is no known database, add a block "
                              "\"autostock_database NAME { ... }\" to http");
            return NGX_ERROR;
        }

        if (db->addr) {
            continue;
        }

        /* nginx gives a "resolver"-less http block one without servers */

        if (clcf->resolver == NULL || clcf->resolver->connections.nelts == 0) {
            ngx_http_autostock_conf_error(cf, db->conf_file, db->conf_line,
                              &db->server, "is a host name and needs "
                              "\"resolver ADDRESS;\" in http, or use an "
                              "address in \"server\" of autostock_database");
            return NGX_ERROR;
        }

        db->resolver = clcf->resolver;
    }

    return NGX_OK;
}
