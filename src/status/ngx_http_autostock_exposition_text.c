
/*
 * The status in Prometheus's text format 0.0.4.
 */


#include "ngx_http_autostock_exposition.h"
#include "ngx_http_autostock_metric.h"


/* a database's name has 64 bytes at most */
#define NGX_HTTP_AUTOSTOCK_LABELS_SIZE  128


static void ngx_http_autostock_exposition_text_head(ngx_buf_t *b,
    char *prefix, ngx_http_autostock_metric_t *metric, char *suffix,
    char *type);
static void ngx_http_autostock_exposition_text_process(ngx_buf_t *b,
    ngx_http_autostock_report_t *report);
static void ngx_http_autostock_exposition_text_counters(ngx_buf_t *b,
    ngx_http_autostock_report_t *report);
static void ngx_http_autostock_exposition_text_gauges(ngx_buf_t *b,
    ngx_http_autostock_report_t *report);
static void ngx_http_autostock_exposition_text_moments(ngx_buf_t *b,
    ngx_http_autostock_report_t *report);
static void ngx_http_autostock_exposition_text_connections(ngx_buf_t *b,
    ngx_http_autostock_report_t *report);
static void ngx_http_autostock_exposition_text_durable(ngx_buf_t *b,
    ngx_http_autostock_report_t *report);
static void ngx_http_autostock_exposition_text_rights(ngx_buf_t *b,
    ngx_http_autostock_report_t *report);
static void ngx_http_autostock_exposition_text_histogram(ngx_buf_t *b,
    ngx_http_autostock_report_t *report, ngx_uint_t id);
static void ngx_http_autostock_exposition_text_series(ngx_buf_t *b,
    ngx_http_autostock_figures_t *f, ngx_uint_t id, ngx_uint_t series);
static u_char *ngx_http_autostock_exposition_text_labels(u_char *p,
    ngx_http_autostock_figures_t *f, ngx_uint_t id, ngx_uint_t series);
static void ngx_http_autostock_exposition_text_settings(ngx_buf_t *b,
    ngx_http_autostock_report_t *report);


ngx_buf_t *
ngx_http_autostock_exposition_text(ngx_pool_t *pool,
    ngx_http_autostock_report_t *report)
{
    ngx_buf_t   *b;
    ngx_uint_t   i;

    b = ngx_http_autostock_exposition_buffer(pool, report);
    if (b == NULL) {
        return NULL;
    }

    ngx_http_autostock_exposition_text_process(b, report);
    ngx_http_autostock_exposition_text_counters(b, report);
    ngx_http_autostock_exposition_text_gauges(b, report);
    ngx_http_autostock_exposition_text_connections(b, report);
    ngx_http_autostock_exposition_text_moments(b, report);
    ngx_http_autostock_exposition_text_durable(b, report);
    ngx_http_autostock_exposition_text_rights(b, report);
    ngx_http_autostock_exposition_servers_text(b, report);

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_HISTOGRAM_METRICS; i++) {
        ngx_http_autostock_exposition_text_histogram(b, report, i);
    }

    ngx_http_autostock_exposition_text_settings(b, report);

    return b;
}


static void
ngx_http_autostock_exposition_text_head(ngx_buf_t *b, char *prefix,
    ngx_http_autostock_metric_t *metric, char *suffix, char *type)
{
    ngx_http_autostock_exposition_put(b,
                                      "# HELP autostock_%s%s%s %s\n"
                                      "# TYPE autostock_%s%s%s %s\n",
                                      prefix, metric->name, suffix,
                                      metric->help,
                                      prefix, metric->name, suffix, type);
}


static void
ngx_http_autostock_exposition_text_process(ngx_buf_t *b,
    ngx_http_autostock_report_t *report)
{
    ngx_http_autostock_exposition_put(b,
        "# HELP autostock_info Version of the module and of nginx.\n"
        "# TYPE autostock_info gauge\n"
        "autostock_info{version=\"%s\",nginx=\"%s\"} 1\n"
        "# HELP autostock_build_info What the module was built of.\n"
        "# TYPE autostock_build_info gauge\n"
        "autostock_build_info{version=\"%s\",nginx=\"%s\",compiler=\"%s\"} "
        "1\n"
        "# HELP autostock_nginx_workers Running worker processes.\n"
        "# TYPE autostock_nginx_workers gauge\n"
        "autostock_nginx_workers %ui\n"
        "# HELP autostock_start_time_seconds Unix time at which the counters "
        "were zero.\n"
        "# TYPE autostock_start_time_seconds gauge\n"
        "autostock_start_time_seconds %T\n",
        NGX_HTTP_AUTOSTOCK_VERSION, NGINX_VERSION,
        NGX_HTTP_AUTOSTOCK_VERSION, NGINX_VERSION,
        NGX_HTTP_AUTOSTOCK_COMPILER,
        report->workers, report->started);
}


static void
ngx_http_autostock_exposition_text_counters(ngx_buf_t *b,
    ngx_http_autostock_report_t *report)
{
    ngx_uint_t                     i, k;
    ngx_http_autostock_metric_t   *metric;
    ngx_http_autostock_figures_t  *f;

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_COUNTERS; i++) {
        metric = &ngx_http_autostock_metric_counters[i];

        ngx_http_autostock_exposition_text_head(b, "", metric, "_total",
                                                "counter");

        for (k = 0; k < report->nfigures; k++) {
            f = &report->figures[k];

            ngx_http_autostock_exposition_put(b,
                                 "autostock_%s_total{database=\"%V\"} %uA\n",
                                 metric->name, &f->database->name,
                                 f->sum.counters[i]);
        }
    }
}


static void
ngx_http_autostock_exposition_text_gauges(ngx_buf_t *b,
    ngx_http_autostock_report_t *report)
{
    ngx_uint_t                     i, k;
    ngx_http_autostock_metric_t   *metric;
    ngx_http_autostock_figures_t  *f;

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_GAUGES; i++) {
        metric = &ngx_http_autostock_metric_gauges[i];

        ngx_http_autostock_exposition_text_head(b, "", metric, "", "gauge");

        for (k = 0; k < report->nfigures; k++) {
            f = &report->figures[k];

            ngx_http_autostock_exposition_put(b,
                                      "autostock_%s{database=\"%V\"} %A\n",
                                      metric->name, &f->database->name,
                                      (ngx_atomic_int_t) f->sum.gauges[i]);
        }
    }
}


static void
ngx_http_autostock_exposition_text_moments(ngx_buf_t *b,
    ngx_http_autostock_report_t *report)
{
    ngx_uint_t                     i, k;
    ngx_http_autostock_metric_t   *metric;
    ngx_http_autostock_figures_t  *f;

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_MOMENTS; i++) {
        metric = &ngx_http_autostock_metric_moments[i];

        ngx_http_autostock_exposition_text_head(b, "", metric, "_seconds",
                                                "gauge");

        for (k = 0; k < report->nfigures; k++) {
            f = &report->figures[k];

            ngx_http_autostock_exposition_put(b,
                               "autostock_%s_seconds{database=\"%V\"} %uA\n",
                               metric->name, &f->database->name,
                               f->sum.moments[i]);
        }
    }
}


/*
 * the three gauges are not read at the same moment: busy is never reported as
 * less than 0
 */

static void
ngx_http_autostock_exposition_text_connections(ngx_buf_t *b,
    ngx_http_autostock_report_t *report)
{
    ngx_uint_t                     k;
    ngx_str_t                     *db;
    ngx_atomic_int_t               idle, connecting, busy;
    ngx_http_autostock_figures_t  *f;

    static ngx_http_autostock_metric_t  metric =
        { "database_connections", "Connections to the database by state." };

    ngx_http_autostock_exposition_text_head(b, "", &metric, "", "gauge");

    for (k = 0; k < report->nfigures; k++) {
        f = &report->figures[k];
        db = &f->database->name;

        idle = f->sum.gauges[NGX_HTTP_AUTOSTOCK_CONNECTIONS_IDLE];
        connecting =
                  f->sum.gauges[NGX_HTTP_AUTOSTOCK_CONNECTIONS_CONNECTING];
        busy = (ngx_atomic_int_t)
               f->sum.gauges[NGX_HTTP_AUTOSTOCK_CONNECTIONS] - idle
               - connecting;

        ngx_http_autostock_exposition_put(b,
             "autostock_database_connections{database=\"%V\",state=\"idle\"}"
             " %A\n"
             "autostock_database_connections{database=\"%V\",state=\"busy\"}"
             " %A\n"
             "autostock_database_connections{database=\"%V\","
             "state=\"connecting\"} %A\n",
             db, idle, db, ngx_max(busy, 0), db, connecting);
    }
}


/*
 * a series per state, one of which is 1, as Prometheus's client libraries
 * represent an enumeration
 */

static void
ngx_http_autostock_exposition_text_durable(ngx_buf_t *b,
    ngx_http_autostock_report_t *report)
{
    ngx_uint_t                     i, k;
    ngx_http_autostock_figures_t  *f;

    static ngx_http_autostock_metric_t  metric =
        { "durable", "Whether the database's COMMIT survives a power "
                     "failure." };

    ngx_http_autostock_exposition_text_head(b, "", &metric, "", "gauge");

    for (k = 0; k < report->nfigures; k++) {
        f = &report->figures[k];

        for (i = 0; i <= NGX_HTTP_AUTOSTOCK_DURABLE_YES; i++) {
            ngx_http_autostock_exposition_put(b,
                        "autostock_durable{database=\"%V\",state=\"%s\"} %d\n",
                        &f->database->name,
                        ngx_http_autostock_metric_durable[i],
                        f->sum.durable == i ? 1 : 0);
        }
    }
}


/* a database whose rights have not been read yet has no sample */

static void
ngx_http_autostock_exposition_text_rights(ngx_buf_t *b,
    ngx_http_autostock_report_t *report)
{
    ngx_uint_t                     i, k;
    ngx_http_autostock_figures_t  *f;

    static ngx_http_autostock_metric_t  metric =
        { "right", "Whether nginx's database user has the right." };

    ngx_http_autostock_exposition_text_head(b, "", &metric, "", "gauge");

    for (k = 0; k < report->nfigures; k++) {
        f = &report->figures[k];

        for (i = 0; f->sum.rights && i < NGX_HTTP_AUTOSTOCK_RIGHTS; i++) {
            ngx_http_autostock_exposition_put(b,
                          "autostock_right{database=\"%V\",right=\"%s\"} %d\n",
                          &f->database->name,
                          ngx_http_autostock_metric_rights[i],
                          (f->sum.rights >> i) & 1 ? 0 : 1);
        }
    }
}


static void
ngx_http_autostock_exposition_text_histogram(ngx_buf_t *b,
    ngx_http_autostock_report_t *report, ngx_uint_t id)
{
    ngx_uint_t  i, k;

    ngx_http_autostock_exposition_text_head(b, "",
                                     &ngx_http_autostock_metric_histograms[id],
                                            "", "histogram");

    for (k = 0; k < report->nfigures; k++) {
        for (i = 0; i < ngx_http_autostock_metric_histogram_series(id); i++) {
            ngx_http_autostock_exposition_text_series(b, &report->figures[k],
                                                      id, i);
        }
    }
}


static void
ngx_http_autostock_exposition_text_series(ngx_buf_t *b,
    ngx_http_autostock_figures_t *f, ngx_uint_t id, ngx_uint_t series)
{
    char                          *name;
    u_char                         buf[NGX_HTTP_AUTOSTOCK_LABELS_SIZE];
    ngx_str_t                      labels;
    ngx_uint_t                     i, last;
    ngx_atomic_uint_t              n;
    ngx_http_autostock_buckets_t  *h;

    name = ngx_http_autostock_metric_histograms[id].name;
    last = ngx_http_autostock_zone_buckets[id] - 1;
    h = &f->sum.histograms[id + series];
    n = 0;

    labels.data = buf;
    labels.len = ngx_http_autostock_exposition_text_labels(buf, f, id, series)
                 - buf;

    for (i = 0; i < last; i++) {
        n += h->buckets[i];

        ngx_http_autostock_exposition_put(b, "autostock_%s_bucket{%V,le=\"",
                                          name, &labels);
        ngx_http_autostock_exposition_bound(b, id, i);
        ngx_http_autostock_exposition_put(b, "\"} %uA\n", n);
    }

    n += h->buckets[last];

    ngx_http_autostock_exposition_put(b,
                                "autostock_%s_bucket{%V,le=\"+Inf\"} %uA\n"
                                "autostock_%s_sum{%V} ",
                                      name, &labels, n, name, &labels);
    ngx_http_autostock_exposition_number(b, id, h->sum);
    ngx_http_autostock_exposition_put(b, "\nautostock_%s_count{%V} %uA\n",
                                      name, &labels, n);
}


static u_char *
ngx_http_autostock_exposition_text_labels(u_char *p,
    ngx_http_autostock_figures_t *f, ngx_uint_t id, ngx_uint_t series)
{
    u_char  *last;

    last = p + NGX_HTTP_AUTOSTOCK_LABELS_SIZE;

    p = ngx_slprintf(p, last, "database=\"%V\"", &f->database->name);

    if (id == NGX_HTTP_AUTOSTOCK_CHECKOUT_TIME) {
        p = ngx_slprintf(p, last, ",result=\"%s\"",
                         ngx_http_autostock_metric_results[series]);
    }

    return p;
}


static void
ngx_http_autostock_exposition_text_settings(ngx_buf_t *b,
    ngx_http_autostock_report_t *report)
{
    ngx_uint_t                      i, k;
    ngx_http_autostock_metric_t    *metric;
    ngx_http_autostock_database_t  *db;

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_SETTINGS; i++) {
        metric = &ngx_http_autostock_metric_settings[i];

        ngx_http_autostock_exposition_text_head(b, "config_", metric, "",
                                                "gauge");

        for (k = 0; k < report->nfigures; k++) {
            db = report->figures[k].database;

            ngx_http_autostock_exposition_put(b,
                             "autostock_config_%s{database=\"%V\"} %ui\n",
                             metric->name, &db->name,
                             ngx_http_autostock_metric_setting(db, i));
        }
    }
}
