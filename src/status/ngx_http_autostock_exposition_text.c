
/*
 * The status in Prometheus's text format 0.0.4.
 */


#include "ngx_http_autostock_exposition.h"
#include "ngx_http_autostock_metric.h"


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
static void ngx_http_autostock_exposition_text_durable(ngx_buf_t *b,
    ngx_http_autostock_report_t *report);
static void ngx_http_autostock_exposition_text_rights(ngx_buf_t *b,
    ngx_http_autostock_report_t *report);
static void ngx_http_autostock_exposition_text_histogram(ngx_buf_t *b,
    ngx_http_autostock_report_t *report, ngx_uint_t id);
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
    ngx_http_autostock_exposition_text_moments(b, report);
    ngx_http_autostock_exposition_text_durable(b, report);
    ngx_http_autostock_exposition_text_rights(b, report);

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_HISTOGRAMS; i++) {
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
        "# HELP autostock_nginx_workers Running worker processes.\n"
        "# TYPE autostock_nginx_workers gauge\n"
        "autostock_nginx_workers %ui\n"
        "# HELP autostock_start_time_seconds Unix time at which the counters "
        "were zero.\n"
        "# TYPE autostock_start_time_seconds gauge\n"
        "autostock_start_time_seconds %T\n",
        NGX_HTTP_AUTOSTOCK_VERSION, NGINX_VERSION,
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


/* a series per state, one of them 1, as Prometheus's clients do enumerations */

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


/* none of a database that was not asked yet */

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
    ngx_uint_t                     i, k, last;
    ngx_str_t                     *db;
    ngx_atomic_uint_t              n;
    ngx_http_autostock_metric_t   *metric;
    ngx_http_autostock_buckets_t  *h;

    metric = &ngx_http_autostock_metric_histograms[id];
    last = ngx_http_autostock_zone_buckets[id] - 1;

    ngx_http_autostock_exposition_text_head(b, "", metric, "", "histogram");

    for (k = 0; k < report->nfigures; k++) {
        h = &report->figures[k].sum.histograms[id];
        db = &report->figures[k].database->name;
        n = 0;

        for (i = 0; i < last; i++) {
            n += h->buckets[i];

            ngx_http_autostock_exposition_put(b,
                                "autostock_%s_bucket{database=\"%V\",le=\"",
                                metric->name, db);
            ngx_http_autostock_exposition_number(b, id, (ngx_uint_t) 1 << i);
            ngx_http_autostock_exposition_put(b, "\"} %uA\n", n);
        }

        n += h->buckets[last];

        ngx_http_autostock_exposition_put(b,
                     "autostock_%s_bucket{database=\"%V\",le=\"+Inf\"} %uA\n"
                     "autostock_%s_sum{database=\"%V\"} ",
                     metric->name, db, n, metric->name, db);
        ngx_http_autostock_exposition_number(b, id, h->sum);
        ngx_http_autostock_exposition_put(b,
                                    "\nautostock_%s_count{database=\"%V\"} "
                                    "%uA\n", metric->name, db, n);
    }
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
