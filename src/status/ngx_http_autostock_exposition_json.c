
/*
 * The status in JSON: the same figures, for programs.
 */


#include "ngx_http_autostock_exposition.h"
#include "ngx_http_autostock_metric.h"


static void ngx_http_autostock_exposition_json_database(ngx_buf_t *b,
    ngx_http_autostock_figures_t *f);
static void ngx_http_autostock_exposition_json_rights(ngx_buf_t *b,
    ngx_http_autostock_figures_t *f);
static void ngx_http_autostock_exposition_json_histogram(ngx_buf_t *b,
    ngx_http_autostock_figures_t *f, ngx_uint_t id);
static void ngx_http_autostock_exposition_json_series(ngx_buf_t *b,
    ngx_http_autostock_figures_t *f, ngx_uint_t id, ngx_uint_t series);


ngx_buf_t *
ngx_http_autostock_exposition_json(ngx_pool_t *pool,
    ngx_http_autostock_report_t *report)
{
    ngx_buf_t   *b;
    ngx_uint_t   i;

    b = ngx_http_autostock_exposition_buffer(pool, report);
    if (b == NULL) {
        return NULL;
    }

    ngx_http_autostock_exposition_put(b,
                          "{\"version\":\"%s\",\"nginx\":\"%s\","
                          "\"workers\":%ui,\"started\":%T,\"databases\":{",
                          NGX_HTTP_AUTOSTOCK_VERSION, NGINX_VERSION,
                          report->workers, report->started);

    for (i = 0; i < report->nfigures; i++) {
        ngx_http_autostock_exposition_put(b, "%s\"%V\":", i ? "," : "",
                                          &report->figures[i].database->name);
        ngx_http_autostock_exposition_json_database(b, &report->figures[i]);
    }

    ngx_http_autostock_exposition_put(b, "}}\n");

    return b;
}


static void
ngx_http_autostock_exposition_json_database(ngx_buf_t *b,
    ngx_http_autostock_figures_t *f)
{
    ngx_uint_t  i;

    ngx_http_autostock_exposition_put(b, "{\"durable\":\"%s\"",
                        ngx_http_autostock_metric_durable[f->sum.durable]);

    ngx_http_autostock_exposition_json_rights(b, f);
    ngx_http_autostock_exposition_servers_json(b, f);

    ngx_http_autostock_exposition_put(b, ",\"config\":{");

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_SETTINGS; i++) {
        ngx_http_autostock_exposition_put(b, "%s\"%s\":%ui", i ? "," : "",
                     ngx_http_autostock_metric_settings[i].name,
                     ngx_http_autostock_metric_setting(f->database, i));
    }

    ngx_http_autostock_exposition_put(b, "},\"counters\":{");

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_COUNTERS; i++) {
        ngx_http_autostock_exposition_put(b, "%s\"%s\":%uA", i ? "," : "",
                     ngx_http_autostock_metric_counters[i].name,
                     f->sum.counters[i]);
    }

    ngx_http_autostock_exposition_put(b, "},\"gauges\":{");

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_GAUGES; i++) {
        ngx_http_autostock_exposition_put(b, "%s\"%s\":%A", i ? "," : "",
                     ngx_http_autostock_metric_gauges[i].name,
                     (ngx_atomic_int_t) f->sum.gauges[i]);
    }

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_MOMENTS; i++) {
        ngx_http_autostock_exposition_put(b, ",\"%s_seconds\":%uA",
                     ngx_http_autostock_metric_moments[i].name,
                     f->sum.moments[i]);
    }

    ngx_http_autostock_exposition_put(b, "},\"histograms\":{");

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_HISTOGRAM_METRICS; i++) {
        ngx_http_autostock_exposition_put(b, "%s", i ? "," : "");
        ngx_http_autostock_exposition_json_histogram(b, f, i);
    }

    ngx_http_autostock_exposition_put(b, "}}");
}


static void
ngx_http_autostock_exposition_json_rights(ngx_buf_t *b,
    ngx_http_autostock_figures_t *f)
{
    char        *comma;
    ngx_uint_t   i;

    ngx_http_autostock_exposition_put(b, ",\"missing_rights\":%s",
                                      f->sum.rights ? "[" : "null");
    comma = "";

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_RIGHTS; i++) {
        if ((f->sum.rights >> i) & 1) {
            ngx_http_autostock_exposition_put(b, "%s\"%s\"", comma,
                                         ngx_http_autostock_metric_rights[i]);
            comma = ",";
        }
    }

    ngx_http_autostock_exposition_put(b, f->sum.rights ? "]" : "");
}


/* the checkout's duration is an object with a histogram for each result */

static void
ngx_http_autostock_exposition_json_histogram(ngx_buf_t *b,
    ngx_http_autostock_figures_t *f, ngx_uint_t id)
{
    ngx_uint_t  i;

    ngx_http_autostock_exposition_put(b, "\"%s\":",
                               ngx_http_autostock_metric_histograms[id].name);

    if (id != NGX_HTTP_AUTOSTOCK_CHECKOUT_TIME) {
        ngx_http_autostock_exposition_json_series(b, f, id, 0);
        return;
    }

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_CHECKOUT_RESULTS; i++) {
        ngx_http_autostock_exposition_put(b, "%s\"%s\":", i ? "," : "{",
                                        ngx_http_autostock_metric_results[i]);
        ngx_http_autostock_exposition_json_series(b, f, id, i);
    }

    ngx_http_autostock_exposition_put(b, "}");
}


static void
ngx_http_autostock_exposition_json_series(ngx_buf_t *b,
    ngx_http_autostock_figures_t *f, ngx_uint_t id, ngx_uint_t series)
{
    ngx_uint_t                     i, last;
    ngx_atomic_uint_t              n;
    ngx_http_autostock_buckets_t  *h;

    h = &f->sum.histograms[id + series];
    last = ngx_http_autostock_zone_buckets[id] - 1;
    n = 0;

    ngx_http_autostock_exposition_put(b, "{\"buckets\":{");

    for (i = 0; i < last; i++) {
        n += h->buckets[i];

        ngx_http_autostock_exposition_put(b, "\"");
        ngx_http_autostock_exposition_bound(b, id, i);
        ngx_http_autostock_exposition_put(b, "\":%uA,", n);
    }

    n += h->buckets[last];

    ngx_http_autostock_exposition_put(b, "\"+Inf\":%uA},\"sum\":", n);
    ngx_http_autostock_exposition_number(b, id, h->sum);
    ngx_http_autostock_exposition_put(b, ",\"count\":%uA}", n);
}
