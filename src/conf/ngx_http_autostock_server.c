
#include "ngx_http_autostock_server.h"

#include "as_json_text.h"


#define NGX_HTTP_AUTOSTOCK_SERVER_MAX_FAILS     1
#define NGX_HTTP_AUTOSTOCK_SERVER_FAIL_TIMEOUT  10000        /* ms */
#define NGX_HTTP_AUTOSTOCK_SERVER_MAX_LAG       1            /* s */

/* each server has a pool in every worker process, and its own metrics */
#define NGX_HTTP_AUTOSTOCK_SERVER_MAX           32


static char *ngx_http_autostock_server_address(ngx_conf_t *cf,
    ngx_http_autostock_server_t *server, ngx_str_t *value);
static char *ngx_http_autostock_server_check_address(ngx_url_t *u);
static ngx_uint_t ngx_http_autostock_server_is_name(ngx_str_t *host);
static ngx_int_t ngx_http_autostock_server_copy(ngx_conf_t *cf,
    ngx_http_autostock_server_t *server, ngx_url_t *u);
static char *ngx_http_autostock_server_parameter(ngx_conf_t *cf,
    ngx_http_autostock_server_t *server, ngx_str_t *value);
static char *ngx_http_autostock_server_limit(
    ngx_http_autostock_server_t *server, ngx_str_t *value);
static char *ngx_http_autostock_server_tls(
    ngx_http_autostock_server_t *server, ngx_str_t *value);
static ngx_uint_t ngx_http_autostock_server_takes(ngx_str_t *value,
    const char *name, ngx_str_t *rest);
static ngx_int_t ngx_http_autostock_server_label(ngx_conf_t *cf,
    ngx_http_autostock_server_t *server);
static ngx_int_t ngx_http_autostock_server_unique(ngx_conf_t *cf,
    ngx_http_autostock_database_t *db);
static ngx_uint_t ngx_http_autostock_server_is_same(
    ngx_http_autostock_server_t *one, ngx_http_autostock_server_t *other);
static ngx_int_t ngx_http_autostock_server_sort(ngx_conf_t *cf,
    ngx_http_autostock_database_t *db);


char *
ngx_http_autostock_server_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_autostock_database_t *db = conf;

    char                         *rv;
    ngx_str_t                    *value;
    ngx_uint_t                    i;
    ngx_http_autostock_server_t  *server;

    if (db->servers.nelts == NGX_HTTP_AUTOSTOCK_SERVER_MAX) {
        return "may be given 32 times at most";
    }

    server = ngx_array_push(&db->servers);
    if (server == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(server, sizeof(ngx_http_autostock_server_t));

    server->tls = NGX_CONF_UNSET;
    server->max_fails = NGX_HTTP_AUTOSTOCK_SERVER_MAX_FAILS;
    server->fail_timeout = NGX_HTTP_AUTOSTOCK_SERVER_FAIL_TIMEOUT;
    server->max_lag = NGX_CONF_UNSET;

    value = cf->args->elts;

    rv = ngx_http_autostock_server_address(cf, server, &value[1]);

    for (i = 2; i < cf->args->nelts && rv == NGX_CONF_OK; i++) {
        rv = ngx_http_autostock_server_parameter(cf, server, &value[i]);
    }

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (server->backup && server->replica) {
        return "cannot be \"backup\" and \"replica\", remove one of them";
    }

    if (server->max_lag != NGX_CONF_UNSET && !server->replica) {
        return "has \"max_lag\", which has no effect without \"replica\"";
    }

    ngx_conf_init_value(server->max_lag, NGX_HTTP_AUTOSTOCK_SERVER_MAX_LAG);

    return NGX_CONF_OK;
}


static char *
ngx_http_autostock_server_address(ngx_conf_t *cf,
    ngx_http_autostock_server_t *server, ngx_str_t *value)
{
    char       *rv;
    ngx_url_t   u;

    if (value->len == 0) {
        return "must not be empty";
    }

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url = *value;
    u.default_port = NGX_HTTP_AUTOSTOCK_PORT;
    u.no_resolve = 1;

    if (ngx_parse_url(cf->pool, &u) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%s in \"server %V\", it must be "
                           "\"unix:/path\", \"address:port\", "
                           "\"[ipv6-address]:port\" or \"host.name:port\"",
                           u.err ? u.err : "invalid value", value);
        return NGX_CONF_ERROR;
    }

    rv = ngx_http_autostock_server_check_address(&u);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    server->name = *value;

    if (ngx_http_autostock_server_copy(cf, server, &u) != NGX_OK
        || ngx_http_autostock_server_label(cf, server) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_autostock_server_check_address(ngx_url_t *u)
{
    struct sockaddr_un  *saun;

    if (u->naddrs == 0) {
        return ngx_http_autostock_server_is_name(&u->host)
               ? NGX_CONF_OK
               : "must be \"unix:/path\", \"address:port\", "
                 "\"[ipv6-address]:port\" or \"host.name:port\"";
    }

    if (u->family == AF_UNIX) {
        saun = (struct sockaddr_un *) u->addrs[0].sockaddr;

        return saun->sun_path[0] == '/' ? NGX_CONF_OK
               : "must be the socket's absolute path, such as "
                 "\"unix:/run/mysqld/mysqld.sock\"";
    }

    return ngx_inet_wildcard(u->addrs[0].sockaddr)
           ? "must be an address to connect to, such as \"127.0.0.1:3306\""
           : NGX_CONF_OK;
}


static ngx_uint_t
ngx_http_autostock_server_is_name(ngx_str_t *host)
{
    u_char      ch;
    ngx_uint_t  i, alpha;

    if (host->len == 0 || host->len > 253) {
        return 0;
    }

    alpha = 0;

    for (i = 0; i < host->len; i++) {
        ch = ngx_tolower(host->data[i]);

        if (ch >= 'a' && ch <= 'z') {
            alpha = 1;
            continue;
        }

        if ((ch < '0' || ch > '9') && ch != '-' && ch != '.' && ch != '_') {
            return 0;
        }
    }

    /* without a letter it is a mistyped address, such as "10.0.0.300" */

    return alpha && host->data[0] != '-' && host->data[0] != '.';
}


static ngx_int_t
ngx_http_autostock_server_copy(ngx_conf_t *cf,
    ngx_http_autostock_server_t *server, ngx_url_t *u)
{
    if (u->naddrs) {
        server->addr = &u->addrs[0];
    }

    if (u->family == AF_UNIX) {
        return NGX_OK;
    }

    server->port = u->port;

    /* the library expects C strings; u->host has no brackets */

    server->host.data = ngx_pnalloc(cf->pool, u->host.len + 1);
    if (server->host.data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_cpystrn(server->host.data, u->host.data, u->host.len + 1);
    server->host.len = u->host.len;

    return NGX_OK;
}


static ngx_int_t
ngx_http_autostock_server_label(ngx_conf_t *cf,
    ngx_http_autostock_server_t *server)
{
    server->label.len = as_json_text_escaped_len(server->name.data,
                                                 server->name.len);
    server->label.data = ngx_pnalloc(cf->pool, server->label.len);
    if (server->label.data == NULL) {
        return NGX_ERROR;
    }

    as_json_text_escape(server->label.data, server->name.data,
                        server->name.len);

    return NGX_OK;
}


static char *
ngx_http_autostock_server_parameter(ngx_conf_t *cf,
    ngx_http_autostock_server_t *server, ngx_str_t *value)
{
    if (ngx_strcmp(value->data, "backup") == 0) {
        server->backup = 1;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value->data, "replica") == 0) {
        server->replica = 1;
        return NGX_CONF_OK;
    }

    if (ngx_strncmp(value->data, "tls", 3) == 0) {
        return ngx_http_autostock_server_tls(server, value);
    }

    return ngx_http_autostock_server_limit(server, value);
}


static char *
ngx_http_autostock_server_limit(ngx_http_autostock_server_t *server,
    ngx_str_t *value)
{
    ngx_int_t  n;
    ngx_str_t  rest;

    if (ngx_http_autostock_server_takes(value, "max_fails=", &rest)) {
        n = ngx_atoi(rest.data, rest.len);
        server->max_fails = n;

        return n == NGX_ERROR ? "must have a number in \"max_fails=\""
                              : NGX_CONF_OK;
    }

    if (ngx_http_autostock_server_takes(value, "fail_timeout=", &rest)) {
        n = ngx_parse_time(&rest, 0);
        server->fail_timeout = n;

        return n < 100 || n > 3600000
               ? "must have a time from 100ms to 1h in \"fail_timeout=\""
               : NGX_CONF_OK;
    }

    if (ngx_http_autostock_server_takes(value, "max_lag=", &rest)) {
        n = ngx_parse_time(&rest, 1);
        server->max_lag = n;

        return n < 0 || n > 86400
               ? "must have a time in whole seconds from 0s to 1d in "
                 "\"max_lag=\""
               : NGX_CONF_OK;
    }

    return "has an unknown parameter; it takes \"backup\", \"replica\", "
           "\"max_fails=\", \"fail_timeout=\", \"max_lag=\", \"tls=\" and "
           "\"tls_name=\"";
}


static char *
ngx_http_autostock_server_tls(ngx_http_autostock_server_t *server,
    ngx_str_t *value)
{
    ngx_str_t  rest;

    if (ngx_strcmp(value->data, "tls=on") == 0) {
        server->tls = 1;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value->data, "tls=off") == 0) {
        server->tls = 0;
        return NGX_CONF_OK;
    }

    if (ngx_http_autostock_server_takes(value, "tls_name=", &rest)
        && rest.len)
    {
        server->tls_name = rest;
        return NGX_CONF_OK;
    }

    return "must have \"tls=on\", \"tls=off\" or \"tls_name=name\"";
}


/* 1 if value begins with name; rest is what follows, NUL-terminated as value */

static ngx_uint_t
ngx_http_autostock_server_takes(ngx_str_t *value, const char *name,
    ngx_str_t *rest)
{
    size_t  len;

    len = ngx_strlen(name);

    if (value->len < len || ngx_strncmp(value->data, name, len) != 0) {
        return 0;
    }

    rest->data = value->data + len;
    rest->len = value->len - len;

    return 1;
}


ngx_int_t
ngx_http_autostock_server_check(ngx_conf_t *cf,
    ngx_http_autostock_database_t *db)
{
    ngx_uint_t                    i;
    ngx_http_autostock_server_t  *server;

    if (ngx_http_autostock_server_unique(cf, db) != NGX_OK
        || ngx_http_autostock_server_sort(cf, db) != NGX_OK)
    {
        return NGX_ERROR;
    }

    server = db->servers.elts;

    for (i = 0; i < db->servers.nelts; i++) {
        ngx_conf_init_value(server[i].tls, db->tls == 1);

        if (!server[i].tls && server[i].tls_name.len) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"tls_name=\" of \"server %V\" in "
                               "autostock_database \"%V\" has no effect "
                               "without TLS, add \"tls=on\" or remove it",
                               &server[i].name, &db->name);
            return NGX_ERROR;
        }

        if (server[i].tls && server[i].tls_name.len == 0) {
            server[i].tls_name = db->tls_name.len ? db->tls_name
                                                  : server[i].host;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_autostock_server_unique(ngx_conf_t *cf,
    ngx_http_autostock_database_t *db)
{
    ngx_uint_t                    i, k;
    ngx_http_autostock_server_t  *server;

    server = db->servers.elts;

    for (i = 1; i < db->servers.nelts; i++) {
        for (k = 0; k < i; k++) {
            if (ngx_http_autostock_server_is_same(&server[i], &server[k])) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "\"server %V\" in autostock_database "
                                   "\"%V\" is duplicate",
                                   &server[i].name, &db->name);
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_autostock_server_is_same(ngx_http_autostock_server_t *one,
    ngx_http_autostock_server_t *other)
{
    if (one->addr && other->addr) {
        return ngx_cmp_sockaddr(one->addr->sockaddr, one->addr->socklen,
                                other->addr->sockaddr, other->addr->socklen,
                                1)
               == NGX_OK;
    }

    return one->addr == NULL && other->addr == NULL
           && one->port == other->port && one->host.len == other->host.len
           && ngx_strncasecmp(one->host.data, other->host.data,
                              one->host.len) == 0;
}


static ngx_int_t
ngx_http_autostock_server_sort(ngx_conf_t *cf,
    ngx_http_autostock_database_t *db)
{
    ngx_uint_t                    i, rank, n[3];
    ngx_array_t                   sorted;
    ngx_http_autostock_server_t  *server, *to;

    if (ngx_array_init(&sorted, cf->pool, db->servers.nelts,
                       sizeof(ngx_http_autostock_server_t)) != NGX_OK)
    {
        return NGX_ERROR;
    }

    server = db->servers.elts;

    for (rank = 0; rank < 3; rank++) {
        n[rank] = 0;

        for (i = 0; i < db->servers.nelts; i++) {
            if (rank == (server[i].replica ? 2u : server[i].backup)) {
                to = ngx_array_push(&sorted);
                *to = server[i];
                n[rank]++;
            }
        }
    }

    if (n[0] == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "autostock_database \"%V\" has no \"server\" that "
                           "is neither \"backup\" nor \"replica\", sales need "
                           "one", &db->name);
        return NGX_ERROR;
    }

    db->servers = sorted;
    db->nprimaries = n[0] + n[1];

    return NGX_OK;
}
