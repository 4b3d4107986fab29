
#include "ngx_http_autostock_tls.h"
#include "ngx_http_autostock_certificate.h"


static ngx_int_t ngx_http_autostock_tls_check_off(ngx_conf_t *cf,
    ngx_http_autostock_database_t *db);
static ngx_int_t ngx_http_autostock_tls_check_on(ngx_conf_t *cf,
    ngx_http_autostock_database_t *db);
static ngx_int_t ngx_http_autostock_tls_thread_pool(ngx_conf_t *cf,
    ngx_http_autostock_database_t *db);


char *
ngx_http_autostock_tls_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
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


ngx_int_t
ngx_http_autostock_tls_check(ngx_conf_t *cf,
    ngx_http_autostock_database_t *db)
{
    ngx_uint_t                    i;
    ngx_http_autostock_server_t  *server;

    server = db->servers.elts;

    for (i = 0; i < db->servers.nelts; i++) {
        if (server[i].tls) {
            return ngx_http_autostock_tls_check_on(cf, db);
        }
    }

    return ngx_http_autostock_tls_check_off(cf, db);
}


static ngx_int_t
ngx_http_autostock_tls_check_off(ngx_conf_t *cf,
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
ngx_http_autostock_tls_check_on(ngx_conf_t *cf,
    ngx_http_autostock_database_t *db)
{
    ngx_uint_t                    i;
    ngx_http_autostock_server_t  *server;

    server = db->servers.elts;

    for (i = 0; i < db->servers.nelts; i++) {
        if (server[i].tls && server[i].addr
            && server[i].addr->sockaddr->sa_family == AF_UNIX)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "autostock_database \"%V\" has \"tls on\" over "
                               "a unix socket, use \"tls off;\" or an address, "
                               "or \"tls=off\" of this server",
                               &db->name);
            return NGX_ERROR;
        }
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
                           "autostock_database \"%V\" must have both "
                           "\"tls_certificate\" and \"tls_certificate_key\", "
                           "or neither", &db->name);
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

    return ngx_http_autostock_tls_thread_pool(cf, db);
}


/* nginx itself refuses an unknown pool, with the place of this call */

static ngx_int_t
ngx_http_autostock_tls_thread_pool(ngx_conf_t *cf,
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
