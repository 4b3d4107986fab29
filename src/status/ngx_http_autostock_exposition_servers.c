
/*
 * The servers of the databases that have several, in both formats.
 */


#include "ngx_http_autostock_exposition.h"
#include "ngx_http_autostock_metric.h"


typedef struct {
    ngx_str_t                    *database;
    ngx_http_autostock_server_t  *server;
    ngx_atomic_t                 *figures;
} ngx_http_autostock_exposition_subject_t;

typedef struct ngx_http_autostock_exposition_family_s
                                       ngx_http_autostock_exposition_family_t;

typedef void (*ngx_http_autostock_exposition_samples_pt)(ngx_buf_t *b,
    ngx_http_autostock_exposition_family_t *family,
    ngx_http_autostock_exposition_subject_t *subject);

struct ngx_http_autostock_exposition_family_s {
    char                                      *name;   /* after
                                                          autostock_server_ */
    char                                      *type;
    char                                      *help;
    ngx_http_autostock_exposition_samples_pt   samples;
    ngx_uint_t                                 figure;
};


static void ngx_http_autostock_exposition_servers_family(ngx_buf_t *b,
    ngx_http_autostock_report_t *report,
    ngx_http_autostock_exposition_family_t *family);
static ngx_uint_t ngx_http_autostock_exposition_servers_n(
    ngx_http_autostock_figures_t *f);
static void ngx_http_autostock_exposition_servers_labels(ngx_buf_t *b,
    ngx_http_autostock_exposition_family_t *family,
    ngx_http_autostock_exposition_subject_t *subject);
static void ngx_http_autostock_exposition_servers_value(ngx_buf_t *b,
    ngx_http_autostock_exposition_family_t *family,
    ngx_http_autostock_exposition_subject_t *subject);
static void ngx_http_autostock_exposition_servers_known(ngx_buf_t *b,
    ngx_http_autostock_exposition_family_t *family,
    ngx_http_autostock_exposition_subject_t *subject);
static void ngx_http_autostock_exposition_servers_role(ngx_buf_t *b,
    ngx_http_autostock_exposition_family_t *family,
    ngx_http_autostock_exposition_subject_t *subject);
static void ngx_http_autostock_exposition_servers_replica(ngx_buf_t *b,
    ngx_http_autostock_exposition_family_t *family,
    ngx_http_autostock_exposition_subject_t *subject);
static void ngx_http_autostock_exposition_servers_workers(ngx_buf_t *b,
    ngx_http_autostock_exposition_family_t *family,
    ngx_http_autostock_exposition_subject_t *subject);


/* in the order of the figures' values */

static char  *ngx_http_autostock_exposition_servers_states[] = {
    "null", "false", "true"
};

static char  *ngx_http_autostock_exposition_servers_roles[] = {
    "unknown", "replica", "primary"
};

static ngx_http_autostock_exposition_family_t
    ngx_http_autostock_exposition_servers_families[] = {

    { "up", "gauge", "Whether a server of several is reachable.",
      ngx_http_autostock_exposition_servers_known,
      NGX_HTTP_AUTOSTOCK_SERVER_STATE },

    { "role", "gauge",
      "What the server says it is: primary, or replica if it is read-only.",
      ngx_http_autostock_exposition_servers_role,
      NGX_HTTP_AUTOSTOCK_SERVER_ROLE },

    { "replica", "gauge",
      "Whether the server is configured as \"replica\", for look-ups only.",
      ngx_http_autostock_exposition_servers_replica, 0 },

    { "lag_seconds", "gauge", "Time that the replica is behind its source.",
      ngx_http_autostock_exposition_servers_known,
      NGX_HTTP_AUTOSTOCK_SERVER_LAG },

    { "workers", "gauge", "Worker processes that use the server.",
      ngx_http_autostock_exposition_servers_workers, 0 },

    { "connections", "gauge", "Open connections to the server.",
      ngx_http_autostock_exposition_servers_value,
      NGX_HTTP_AUTOSTOCK_SERVER_CONNECTIONS },

    { "failovers_total", "counter",
      "Changes of a worker process's sales to the server.",
      ngx_http_autostock_exposition_servers_value,
      NGX_HTTP_AUTOSTOCK_SERVER_FAILOVERS },

    { NULL, NULL, NULL, NULL, 0 }
};


void
ngx_http_autostock_exposition_servers_text(ngx_buf_t *b,
    ngx_http_autostock_report_t *report)
{
    ngx_uint_t                               i;
    ngx_http_autostock_exposition_family_t  *families;

    families = ngx_http_autostock_exposition_servers_families;

    for (i = 0; families[i].name; i++) {
        ngx_http_autostock_exposition_servers_family(b, report, &families[i]);
    }
}


/* writes nothing if no database has several servers */

static void
ngx_http_autostock_exposition_servers_family(ngx_buf_t *b,
    ngx_http_autostock_report_t *report,
    ngx_http_autostock_exposition_family_t *family)
{
    ngx_uint_t                                i, k, n, described;
    ngx_http_autostock_server_t              *server;
    ngx_http_autostock_figures_t             *f;
    ngx_http_autostock_exposition_subject_t   subject;

    described = 0;

    for (k = 0; k < report->nfigures; k++) {
        f = &report->figures[k];
        n = ngx_http_autostock_exposition_servers_n(f);
        server = f->database->servers.elts;

        if (n && !described) {
            ngx_http_autostock_exposition_put(b,
                                          "# HELP autostock_server_%s %s\n"
                                          "# TYPE autostock_server_%s %s\n",
                                          family->name, family->help,
                                          family->name, family->type);
            described = 1;
        }

        for (i = 0; i < n; i++) {
            subject.database = &f->database->name;
            subject.server = &server[i];
            subject.figures = f->servers[i].figures;

            family->samples(b, family, &subject);
        }
    }
}


static ngx_uint_t
ngx_http_autostock_exposition_servers_n(ngx_http_autostock_figures_t *f)
{
    return f->database->servers.nelts > 1 ? f->database->servers.nelts : 0;
}


/* writes a sample's name and its first labels, up to the closing brace */

static void
ngx_http_autostock_exposition_servers_labels(ngx_buf_t *b,
    ngx_http_autostock_exposition_family_t *family,
    ngx_http_autostock_exposition_subject_t *subject)
{
    ngx_http_autostock_exposition_put(b,
                          "autostock_server_%s{database=\"%V\",server=\"%V\"",
                          family->name, subject->database,
                          &subject->server->label);
}


static void
ngx_http_autostock_exposition_servers_value(ngx_buf_t *b,
    ngx_http_autostock_exposition_family_t *family,
    ngx_http_autostock_exposition_subject_t *subject)
{
    ngx_http_autostock_exposition_servers_labels(b, family, subject);
    ngx_http_autostock_exposition_put(b, "} %uA\n",
                                      subject->figures[family->figure]);
}


/* a figure that is 0 if unknown, or the value plus 1 */

static void
ngx_http_autostock_exposition_servers_known(ngx_buf_t *b,
    ngx_http_autostock_exposition_family_t *family,
    ngx_http_autostock_exposition_subject_t *subject)
{
    ngx_atomic_uint_t  figure;

    figure = subject->figures[family->figure];

    if (figure) {
        ngx_http_autostock_exposition_servers_labels(b, family, subject);
        ngx_http_autostock_exposition_put(b, "} %uA\n", figure - 1);
    }
}


static void
ngx_http_autostock_exposition_servers_role(ngx_buf_t *b,
    ngx_http_autostock_exposition_family_t *family,
    ngx_http_autostock_exposition_subject_t *subject)
{
    ngx_uint_t  i;

    for (i = 0; i < 3; i++) {
        ngx_http_autostock_exposition_servers_labels(b, family, subject);
        ngx_http_autostock_exposition_put(b, ",role=\"%s\"} %d\n",
                             ngx_http_autostock_exposition_servers_roles[i],
                             subject->figures[family->figure] == i ? 1 : 0);
    }
}


static void
ngx_http_autostock_exposition_servers_replica(ngx_buf_t *b,
    ngx_http_autostock_exposition_family_t *family,
    ngx_http_autostock_exposition_subject_t *subject)
{
    ngx_http_autostock_exposition_servers_labels(b, family, subject);
    ngx_http_autostock_exposition_put(b, "} %d\n",
                                      subject->server->replica ? 1 : 0);
}


static void
ngx_http_autostock_exposition_servers_workers(ngx_buf_t *b,
    ngx_http_autostock_exposition_family_t *family,
    ngx_http_autostock_exposition_subject_t *subject)
{
    ngx_http_autostock_exposition_servers_labels(b, family, subject);
    ngx_http_autostock_exposition_put(b, ",use=\"sales\"} %uA\n",
                        subject->figures[NGX_HTTP_AUTOSTOCK_SERVER_SALES]);

    ngx_http_autostock_exposition_servers_labels(b, family, subject);
    ngx_http_autostock_exposition_put(b, ",use=\"lookups\"} %uA\n",
                        subject->figures[NGX_HTTP_AUTOSTOCK_SERVER_LOOKUPS]);
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
