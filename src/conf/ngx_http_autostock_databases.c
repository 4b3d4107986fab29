
#include "ngx_http_autostock_databases.h"


#define NGX_HTTP_AUTOSTOCK_NAME_MAX  64


static ngx_int_t ngx_http_autostock_databases_name(ngx_conf_t *cf,
    ngx_str_t *name);
static ngx_int_t ngx_http_autostock_databases_resolver(ngx_conf_t *cf,
    ngx_http_autostock_database_t *db, ngx_resolver_t *resolver);


ngx_http_autostock_database_t *
ngx_http_autostock_databases_get(ngx_conf_t *cf,
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

    if (ngx_http_autostock_databases_name(cf, name) != NGX_OK) {
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

    if (ngx_array_init(&db->servers, cf->pool, 1,
                       sizeof(ngx_http_autostock_server_t)) != NGX_OK)
    {
        return NULL;
    }

    db->tls = NGX_CONF_UNSET;
    db->synchronous = NGX_CONF_UNSET_UINT;
    db->pool_size = NGX_CONF_UNSET_UINT;
    db->backlog = NGX_CONF_UNSET_UINT;
    db->batch_size = NGX_CONF_UNSET_UINT;
    db->durability = NGX_CONF_UNSET_UINT;
    db->exact_sku = NGX_CONF_UNSET_UINT;
    db->connect_timeout = NGX_CONF_UNSET_MSEC;
    db->query_timeout = NGX_CONF_UNSET_MSEC;
    db->idle_timeout = NGX_CONF_UNSET_MSEC;
    db->lifetime = NGX_CONF_UNSET_MSEC;
    db->resolver_timeout = NGX_CONF_UNSET_MSEC;

    return db;
}


/* a name has only characters that need no escape in a metric's label or JSON */

static ngx_int_t
ngx_http_autostock_databases_name(ngx_conf_t *cf, ngx_str_t *name)
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


void
ngx_http_autostock_databases_error(ngx_conf_t *cf, u_char *file,
    ngx_uint_t line, ngx_str_t *name, char *what)
{
    ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "\"%V\" %s in %s:%ui",
                  name, what, file, line);
}


ngx_int_t
ngx_http_autostock_databases_finish(ngx_conf_t *cf,
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
            ngx_http_autostock_databases_error(cf, db->conf_file, db->conf_line,
                              &db->name, "is not a known database, add a block "
                              "\"autostock_database NAME { ... }\" to http");
            return NGX_ERROR;
        }

        if (ngx_http_autostock_databases_resolver(cf, db, clcf->resolver)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_autostock_databases_resolver(ngx_conf_t *cf,
    ngx_http_autostock_database_t *db, ngx_resolver_t *resolver)
{
    ngx_uint_t                    i;
    ngx_http_autostock_server_t  *server;

    server = db->servers.elts;

    for (i = 0; i < db->servers.nelts; i++) {

        if (server[i].addr) {
            continue;
        }

        /* for an http block without "resolver", nginx creates an empty one */

        if (resolver == NULL || resolver->connections.nelts == 0) {
            ngx_http_autostock_databases_error(cf, db->conf_file, db->conf_line,
                              &server[i].name, "is a host name and needs "
                              "\"resolver ADDRESS;\" in http, or use an "
                              "address in \"server\" of autostock_database");
            return NGX_ERROR;
        }

        db->resolver = resolver;
    }

    return NGX_OK;
}
