
/*
 * The servers of the databases that have several, in both formats.
 */


#include "ngx_http_autostock_exposition.h"
#include "ngx_http_autostock_metric.h"


typedef void (*ngx_http_autostock_exposition_servers_pt)(ngx_buf_t *b,
    ngx_str_t *db, ngx_http_autostock_server_t *server,
    ngx_atomic_t *figures);


static ngx_uint_t ngx_http_autostock_exposition_servers_n(
    ngx_http_autostock_figures_t *f);
static void ngx_http_autostock_exposition_servers_each(ngx_buf_t *b,
    ngx_http_autostock_report_t *report, const char *head,
    ngx_http_autostock_exposition_servers_pt sample);
static void ngx_http_autostock_exposition_servers_up(ngx_buf_t *b,
    ngx_str_t *db, ngx_http_autostock_server_t *server,
    ngx_atomic_t *figures);
static void ngx_http_autostock_exposition_servers_role(ngx_buf_t *b,
    ngx_str_t *db, ngx_http_autostock_server_t *server,
    ngx_atomic_t *figures);
static void ngx_http_autostock_exposition_servers_replica(ngx_buf_t *b,
    ngx_str_t *db, ngx_http_autostock_server_t *server,
    ngx_atomic_t *figures);
static void ngx_http_autostock_exposition_servers_lag(ngx_buf_t *b,
    ngx_str_t *db, ngx_http_autostock_server_t *server,
    ngx_atomic_t *figures);
static void ngx_http_autostock_exposition_servers_workers(ngx_buf_t *b,
    ngx_str_t *db, ngx_http_autostock_server_t *server,
    ngx_atomic_t *figures);
static void ngx_http_autostock_exposition_servers_connections(ngx_buf_t *b,
    ngx_str_t *db, ngx_http_autostock_server_t *server,
    ngx_atomic_t *figures);
static void ngx_http_autostock_exposition_servers_failovers(ngx_buf_t *b,
    ngx_str_t *db, ngx_http_autostock_server_t *server,
    ngx_atomic_t *figures);


/* in the order of the figures' values */

static char  *ngx_http_autostock_exposition_servers_states[] = {
    "null", "false", "true"
};

static char  *ngx_http_autostock_exposition_servers_roles[] = {
    "unknown", "replica", "primary"
};


static ngx_uint_t
ngx_http_autostock_exposition_servers_n(ngx_http_autostock_figures_t *f)
{
    return f->database->servers.nelts > 1 ? f->database->servers.nelts : 0;
}


void
ngx_http_autostock_exposition_servers_text(ngx_buf_t *b,
    ngx_http_autostock_report_t *report)
{
    ngx_http_autostock_exposition_servers_each(b, report,
        "# HELP autostock_server_up Whether a server of several is "
        "reachable.\n"
        "# TYPE autostock_server_up gauge\n",
        ngx_http_autostock_exposition_servers_up);

    ngx_http_autostock_exposition_servers_each(b, report,
        "# HELP autostock_server_role What the server says it is: primary, "
        "or replica if it is read-only.\n"
        "# TYPE autostock_server_role gauge\n",
        ngx_http_autostock_exposition_servers_role);

    ngx_http_autostock_exposition_servers_each(b, report,
        "# HELP autostock_server_replica Whether the server is configured as "
        "\"replica\", for look-ups only.\n"
        "# TYPE autostock_server_replica gauge\n",
        ngx_http_autostock_exposition_servers_replica);

    ngx_http_autostock_exposition_servers_each(b, report,
        "# HELP autostock_server_lag_seconds Time that the replica is behind "
        "its source.\n"
        "# TYPE autostock_server_lag_seconds gauge\n",
        ngx_http_autostock_exposition_servers_lag);

    ngx_http_autostock_exposition_servers_each(b, report,
        "# HELP autostock_server_workers Worker processes that use the "
        "server.\n"
        "# TYPE autostock_server_workers gauge\n",
        ngx_http_autostock_exposition_servers_workers);

    ngx_http_autostock_exposition_servers_each(b, report,
        "# HELP autostock_server_connections Open connections to the "
        "server.\n"
        "# TYPE autostock_server_connections gauge\n",
        ngx_http_autostock_exposition_servers_connections);

    ngx_http_autostock_exposition_servers_each(b, report,
        "# HELP autostock_server_failovers_total Changes of a worker "
        "process's sales to the server.\n"
        "# TYPE autostock_server_failovers_total counter\n",
        ngx_http_autostock_exposition_servers_failovers);
}


/* no family without a sample */

static void
ngx_http_autostock_exposition_servers_each(ngx_buf_t *b,
    ngx_http_autostock_report_t *report, const char *head,
    ngx_http_autostock_exposition_servers_pt sample)
{
    ngx_uint_t                     i, k;
    ngx_http_autostock_server_t   *server;
    ngx_http_autostock_figures_t  *f;

    for (k = 0; k < report->nfigures; k++) {
        f = &report->figures[k];
        server = f->database->servers.elts;

        for (i = 0; i < ngx_http_autostock_exposition_servers_n(f); i++) {
            ngx_http_autostock_exposition_put(b, "%s", head);
            head = "";

            sample(b, &f->database->name, &server[i], f->servers[i].figures);
        }
    }
}


static void
ngx_http_autostock_exposition_servers_up(ngx_buf_t *b, ngx_str_t *db,
    ngx_http_autostock_server_t *server, ngx_atomic_t *figures)
{
    ngx_atomic_uint_t  state;

    state = figures[NGX_HTTP_AUTOSTOCK_SERVER_STATE];

    if (state) {
        ngx_http_autostock_exposition_put(b,
                   "autostock_server_up{database=\"%V\",server=\"%V\"} %uA\n",
                   db, &server->label, state - 1);
    }
}


static void
ngx_http_autostock_exposition_servers_role(ngx_buf_t *b, ngx_str_t *db,
    ngx_http_autostock_server_t *server, ngx_atomic_t *figures)
{
    ngx_uint_t  i;

    for (i = 0; i < 3; i++) {
        ngx_http_autostock_exposition_put(b,
             "autostock_server_role{database=\"%V\",server=\"%V\",role=\"%s\"}"
             " %d\n", db, &server->label,
             ngx_http_autostock_exposition_servers_roles[i],
             figures[NGX_HTTP_AUTOSTOCK_SERVER_ROLE] == i ? 1 : 0);
    }
}


static void
ngx_http_autostock_exposition_servers_replica(ngx_buf_t *b, ngx_str_t *db,
    ngx_http_autostock_server_t *server, ngx_atomic_t *figures)
{
    ngx_http_autostock_exposition_put(b,
               "autostock_server_replica{database=\"%V\",server=\"%V\"} %d\n",
               db, &server->label, server->replica ? 1 : 0);
}


static void
ngx_http_autostock_exposition_servers_lag(ngx_buf_t *b, ngx_str_t *db,
    ngx_http_autostock_server_t *server, ngx_atomic_t *figures)
{
    ngx_atomic_uint_t  lag;

    lag = figures[NGX_HTTP_AUTOSTOCK_SERVER_LAG];

    if (lag) {
        ngx_http_autostock_exposition_put(b,
          "autostock_server_lag_seconds{database=\"%V\",server=\"%V\"} %uA\n",
          db, &server->label, lag - 1);
    }
}


static void
ngx_http_autostock_exposition_servers_workers(ngx_buf_t *b, ngx_str_t *db,
    ngx_http_autostock_server_t *server, ngx_atomic_t *figures)
{
    ngx_http_autostock_exposition_put(b,
           "autostock_server_workers{database=\"%V\",server=\"%V\","
           "use=\"sales\"} %uA\n"
           "autostock_server_workers{database=\"%V\",server=\"%V\","
           "use=\"lookups\"} %uA\n",
           db, &server->label,
           figures[NGX_HTTP_AUTOSTOCK_SERVER_SALES],
           db, &server->label,
           figures[NGX_HTTP_AUTOSTOCK_SERVER_LOOKUPS]);
}


static void
ngx_http_autostock_exposition_servers_connections(ngx_buf_t *b, ngx_str_t *db,
    ngx_http_autostock_server_t *server, ngx_atomic_t *figures)
{
    ngx_http_autostock_exposition_put(b,
          "autostock_server_connections{database=\"%V\",server=\"%V\"} %uA\n",
          db, &server->label, figures[NGX_HTTP_AUTOSTOCK_SERVER_CONNECTIONS]);
}


static void
ngx_http_autostock_exposition_servers_failovers(ngx_buf_t *b, ngx_str_t *db,
    ngx_http_autostock_server_t *server, ngx_atomic_t *figures)
{
    ngx_http_autostock_exposition_put(b,
             "autostock_server_failovers_total{database=\"%V\",server=\"%V\"}"
             " %uA\n",
             db, &server->label, figures[NGX_HTTP_AUTOSTOCK_SERVER_FAILOVERS]);
}


void
ngx_http_autostock_exposition_servers_json(ngx_buf_t *b,
    ngx_http_autostock_figures_t *f)
{
    ngx_uint_t                    i, n;
    ngx_atomic_t                 *figures;
    ngx_http_autostock_server_t  *server;

    n = ngx_http_autostock_exposition_servers_n(f);
    server = f->database->servers.elts;

    for (i = 0; i < n; i++) {
        figures = f->servers[i].figures;

        ngx_http_autostock_exposition_put(b,
            "%s{\"server\":\"%V\",\"replica\":%s,\"up\":%s,\"role\":\"%s\","
            "\"lag_seconds\":",
            i ? "," : ",\"servers\":[", &server[i].label,
            server[i].replica ? "true" : "false",
            ngx_http_autostock_exposition_servers_states[
                                figures[NGX_HTTP_AUTOSTOCK_SERVER_STATE]],
            ngx_http_autostock_exposition_servers_roles[
                                figures[NGX_HTTP_AUTOSTOCK_SERVER_ROLE]]);

        if (figures[NGX_HTTP_AUTOSTOCK_SERVER_LAG]) {
            ngx_http_autostock_exposition_put(b, "%uA",
                               figures[NGX_HTTP_AUTOSTOCK_SERVER_LAG] - 1);
        } else {
            ngx_http_autostock_exposition_put(b, "null");
        }

        ngx_http_autostock_exposition_put(b,
            ",\"sales_workers\":%uA,\"lookup_workers\":%uA,"
            "\"connections\":%uA,\"failovers\":%uA}%s",
            figures[NGX_HTTP_AUTOSTOCK_SERVER_SALES],
            figures[NGX_HTTP_AUTOSTOCK_SERVER_LOOKUPS],
            figures[NGX_HTTP_AUTOSTOCK_SERVER_CONNECTIONS],
            figures[NGX_HTTP_AUTOSTOCK_SERVER_FAILOVERS],
            i + 1 == n ? "]" : "");
    }
}
