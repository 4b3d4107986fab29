
#include "ngx_http_autostock_server.h"


static char *ngx_http_autostock_server_check(ngx_conf_t *cf, ngx_url_t *u);
static ngx_uint_t ngx_http_autostock_server_is_name(ngx_str_t *host);
static ngx_int_t ngx_http_autostock_server_copy(ngx_conf_t *cf,
    ngx_http_autostock_database_t *db, ngx_url_t *u);


char *
ngx_http_autostock_server_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_autostock_database_t *db = conf;

    char       *rv;
    ngx_url_t   u;
    ngx_str_t  *value;

    if (db->server.data) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len == 0) {
        return "must not be empty";
    }

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url = value[1];
    u.default_port = NGX_HTTP_AUTOSTOCK_PORT;
    u.no_resolve = 1;

    if (ngx_parse_url(cf->pool, &u) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%s in \"server %V\", it must be "
                           "\"unix:/path\", \"address:port\", "
                           "\"[ipv6-address]:port\" or \"host.name:port\"",
                           u.err ? u.err : "invalid value", &value[1]);
        return NGX_CONF_ERROR;
    }

    rv = ngx_http_autostock_server_check(cf, &u);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    db->server = value[1];

    if (ngx_http_autostock_server_copy(cf, db, &u) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_autostock_server_check(ngx_conf_t *cf, ngx_url_t *u)
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

    /* "10.0.0.300" is a mistyped address, not a name */

    return alpha && host->data[0] != '-' && host->data[0] != '.';
}


static ngx_int_t
ngx_http_autostock_server_copy(ngx_conf_t *cf,
    ngx_http_autostock_database_t *db, ngx_url_t *u)
{
    if (u->naddrs) {
        db->addr = &u->addrs[0];
    }

    if (u->family == AF_UNIX) {
        return NGX_OK;
    }

    db->port = u->port;

    /* the library expects C strings; u->host has no brackets */

    db->host.data = ngx_pnalloc(cf->pool, u->host.len + 1);
    if (db->host.data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_cpystrn(db->host.data, u->host.data, u->host.len + 1);
    db->host.len = u->host.len;

    return NGX_OK;
}
