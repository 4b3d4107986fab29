
#include "ngx_http_autostock_exposition.h"


/* upper bounds for the head of a family and for a sample, bytes */
#define NGX_HTTP_AUTOSTOCK_HEAD_SIZE    256
#define NGX_HTTP_AUTOSTOCK_SAMPLE_SIZE  192

#define NGX_HTTP_AUTOSTOCK_SETTINGS     4

#define NGX_HTTP_AUTOSTOCK_FAMILIES                                           \
    (5 + NGX_HTTP_AUTOSTOCK_COUNTERS + NGX_HTTP_AUTOSTOCK_GAUGES              \
     + NGX_HTTP_AUTOSTOCK_MOMENTS                                             \
     + NGX_HTTP_AUTOSTOCK_SETTINGS + NGX_HTTP_AUTOSTOCK_HISTOGRAMS)

#define NGX_HTTP_AUTOSTOCK_SAMPLES                                            \
    (3 + NGX_HTTP_AUTOSTOCK_COUNTERS + NGX_HTTP_AUTOSTOCK_GAUGES              \
     + NGX_HTTP_AUTOSTOCK_MOMENTS + NGX_HTTP_AUTOSTOCK_RIGHTS                 \
     + NGX_HTTP_AUTOSTOCK_SETTINGS                                            \
     + NGX_HTTP_AUTOSTOCK_HISTOGRAMS * (NGX_HTTP_AUTOSTOCK_BUCKETS + 2))


typedef struct {
    char                            *name;
    char                            *help;
} ngx_http_autostock_metric_t;


static ngx_buf_t *ngx_http_autostock_exposition_buffer(ngx_pool_t *pool,
    ngx_http_autostock_report_t *report);
static void ngx_http_autostock_exposition_put(ngx_buf_t *b, const char *fmt,
    ...);
static void ngx_http_autostock_exposition_head(ngx_buf_t *b, char *prefix,
    ngx_http_autostock_metric_t *metric, char *suffix, char *type);
static void ngx_http_autostock_exposition_process(ngx_buf_t *b,
    ngx_http_autostock_report_t *report);
static void ngx_http_autostock_exposition_counters(ngx_buf_t *b,
    ngx_http_autostock_report_t *report);
static void ngx_http_autostock_exposition_gauges(ngx_buf_t *b,
    ngx_http_autostock_report_t *report);
static void ngx_http_autostock_exposition_moments(ngx_buf_t *b,
    ngx_http_autostock_report_t *report);
static void ngx_http_autostock_exposition_durable(ngx_buf_t *b,
    ngx_http_autostock_report_t *report);
static void ngx_http_autostock_exposition_rights(ngx_buf_t *b,
    ngx_http_autostock_report_t *report);
static void ngx_http_autostock_exposition_settings(ngx_buf_t *b,
    ngx_http_autostock_report_t *report);
static void ngx_http_autostock_exposition_histogram(ngx_buf_t *b,
    ngx_http_autostock_report_t *report, ngx_uint_t id);
static void ngx_http_autostock_exposition_number(ngx_buf_t *b,
    ngx_uint_t id, ngx_atomic_uint_t n);
static ngx_uint_t ngx_http_autostock_exposition_setting(
    ngx_http_autostock_database_t *db, ngx_uint_t n);
static void ngx_http_autostock_exposition_json_database(ngx_buf_t *b,
    ngx_http_autostock_figures_t *f);
static void ngx_http_autostock_exposition_json_rights(ngx_buf_t *b,
    ngx_http_autostock_figures_t *f);
static void ngx_http_autostock_exposition_json_histogram(ngx_buf_t *b,
    ngx_http_autostock_figures_t *f, ngx_uint_t id);


/* in the order of ngx_http_autostock_counter_e */

static ngx_http_autostock_metric_t  ngx_http_autostock_counter_metrics[] = {
    { "sales", "Checkouts sold and committed." },
    { "sold_pieces", "Pieces sold." },
    { "replays", "Checkouts answered again by their Idempotency-Key." },
    { "refusals", "Checkouts refused: not enough stock." },
    { "key_conflicts", "Idempotency-Keys used for another request." },
    { "lookups", "Product look-ups answered." },
    { "not_found", "Requests for an unknown product." },
    { "receipts", "Restock callbacks booked." },
    { "receipt_replays", "Restock callbacks of orders booked before." },
    { "receipt_refusals", "Restock callbacks refused: order or goods." },
    { "receipts_failed", "Restock callbacks whose goods could not be booked." },
    { "receipts_given_up", "Restock callbacks that reached their deadline." },
    { "unauthorized", "Restock callbacks without a valid signature." },
    { "bad_requests", "Requests with an invalid form (400, 405, 413)." },
    { "overloads", "Requests refused: the backlog was full." },
    { "unavailable", "Requests failed: no database in time." },
    { "unknown", "Requests answered 503: outcome unknown." },
    { "orders_opened", "Restock orders opened by sales." },
    { "batches", "Transactions committed." },
    { "batch_retries", "Transactions run again." },
    { "in_doubt", "Connections lost between COMMIT and its answer." },
    { "connects", "Connections made to the database." },
    { "connect_failures", "Connections to the database that failed." },
    { "closes", "Connections closed." }
};

/* in the order of ngx_http_autostock_gauge_e */

static ngx_http_autostock_metric_t  ngx_http_autostock_gauge_metrics[] = {
    { "waiting", "Requests that wait for a batch." },
    { "in_flight", "Requests in a running batch." },
    { "connections", "Open connections to the database." },
    { "connections_idle", "Idle connections to the database." }
};

/* in the order of ngx_http_autostock_moment_e */

static ngx_http_autostock_metric_t  ngx_http_autostock_moment_metrics[] = {
    { "last_commit", "Unix time of the last transaction; 0: none." },
    { "last_unavailable", "Unix time of the last 503 because of the database; "
      "0: none." }
};

/* in the order of ngx_http_autostock_histogram_e */

static ngx_http_autostock_metric_t  ngx_http_autostock_histogram_metrics[] = {
    { "batch_size", "Requests per transaction." },
    { "batch_duration_seconds", "Duration of a transaction." }
};

/* in the order of ngx_http_autostock_exposition_setting() */

static ngx_http_autostock_metric_t  ngx_http_autostock_setting_metrics[] = {
    { "pool_size", "Maximum connections per worker process." },
    { "backlog", "Maximum waiting requests per worker process." },
    { "batch_size", "Maximum requests per transaction." },
    { "durability", "Configured durability: 0 off, 1 warn, 2 require." }
};

/* in the order of ngx_http_autostock_durable_e */

static char  *ngx_http_autostock_durable_names[] = { "unknown", "no", "yes" };

/* in the order of ngx_http_autostock_right_e */

static char  *ngx_http_autostock_right_names[] = {
    "SELECT ON product",
    "UPDATE ON product",
    "SELECT ON stock_movement",
    "INSERT ON stock_movement",
    "SELECT ON stock_movement_key",
    "INSERT ON stock_movement_key",
    "SELECT ON restock_order",
    "INSERT ON restock_order",
    "UPDATE ON restock_order"
};


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

    ngx_http_autostock_exposition_process(b, report);
    ngx_http_autostock_exposition_counters(b, report);
    ngx_http_autostock_exposition_gauges(b, report);
    ngx_http_autostock_exposition_moments(b, report);
    ngx_http_autostock_exposition_durable(b, report);
    ngx_http_autostock_exposition_rights(b, report);

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_HISTOGRAMS; i++) {
        ngx_http_autostock_exposition_histogram(b, report, i);
    }

    ngx_http_autostock_exposition_settings(b, report);

    return b;
}


/* JSON needs less than the text: no help, shorter names */

static ngx_buf_t *
ngx_http_autostock_exposition_buffer(ngx_pool_t *pool,
    ngx_http_autostock_report_t *report)
{
    return ngx_create_temp_buf(pool,
                     NGX_HTTP_AUTOSTOCK_FAMILIES * NGX_HTTP_AUTOSTOCK_HEAD_SIZE
                     + report->nfigures * NGX_HTTP_AUTOSTOCK_SAMPLES
                       * NGX_HTTP_AUTOSTOCK_SAMPLE_SIZE);
}


static void
ngx_http_autostock_exposition_put(ngx_buf_t *b, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    b->last = ngx_vslprintf(b->last, b->end, fmt, args);
    va_end(args);
}


static void
ngx_http_autostock_exposition_head(ngx_buf_t *b, char *prefix,
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
ngx_http_autostock_exposition_process(ngx_buf_t *b,
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
ngx_http_autostock_exposition_counters(ngx_buf_t *b,
    ngx_http_autostock_report_t *report)
{
    ngx_uint_t                     i, k;
    ngx_http_autostock_metric_t   *metric;
    ngx_http_autostock_figures_t  *f;

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_COUNTERS; i++) {
        metric = &ngx_http_autostock_counter_metrics[i];

        ngx_http_autostock_exposition_head(b, "", metric, "_total", "counter");

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
ngx_http_autostock_exposition_gauges(ngx_buf_t *b,
    ngx_http_autostock_report_t *report)
{
    ngx_uint_t                     i, k;
    ngx_http_autostock_metric_t   *metric;
    ngx_http_autostock_figures_t  *f;

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_GAUGES; i++) {
        metric = &ngx_http_autostock_gauge_metrics[i];

        ngx_http_autostock_exposition_head(b, "", metric, "", "gauge");

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
ngx_http_autostock_exposition_moments(ngx_buf_t *b,
    ngx_http_autostock_report_t *report)
{
    ngx_uint_t                     i, k;
    ngx_http_autostock_metric_t   *metric;
    ngx_http_autostock_figures_t  *f;

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_MOMENTS; i++) {
        metric = &ngx_http_autostock_moment_metrics[i];

        ngx_http_autostock_exposition_head(b, "", metric, "_seconds", "gauge");

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
ngx_http_autostock_exposition_durable(ngx_buf_t *b,
    ngx_http_autostock_report_t *report)
{
    ngx_uint_t                     i, k;
    ngx_http_autostock_figures_t  *f;

    static ngx_http_autostock_metric_t  metric =
        { "durable", "Whether the database's COMMIT survives a power "
                     "failure." };

    ngx_http_autostock_exposition_head(b, "", &metric, "", "gauge");

    for (k = 0; k < report->nfigures; k++) {
        f = &report->figures[k];

        for (i = 0; i <= NGX_HTTP_AUTOSTOCK_DURABLE_YES; i++) {
            ngx_http_autostock_exposition_put(b,
                        "autostock_durable{database=\"%V\",state=\"%s\"} %d\n",
                        &f->database->name,
                        ngx_http_autostock_durable_names[i],
                        f->sum.durable == i ? 1 : 0);
        }
    }
}


/* none of a database that was not asked yet */

static void
ngx_http_autostock_exposition_rights(ngx_buf_t *b,
    ngx_http_autostock_report_t *report)
{
    ngx_uint_t                     i, k;
    ngx_http_autostock_figures_t  *f;

    static ngx_http_autostock_metric_t  metric =
        { "right", "Whether nginx's database user has the right." };

    ngx_http_autostock_exposition_head(b, "", &metric, "", "gauge");

    for (k = 0; k < report->nfigures; k++) {
        f = &report->figures[k];

        for (i = 0; f->sum.rights && i < NGX_HTTP_AUTOSTOCK_RIGHTS; i++) {
            ngx_http_autostock_exposition_put(b,
                          "autostock_right{database=\"%V\",right=\"%s\"} %d\n",
                          &f->database->name,
                          ngx_http_autostock_right_names[i],
                          (f->sum.rights >> i) & 1 ? 0 : 1);
        }
    }
}


static void
ngx_http_autostock_exposition_histogram(ngx_buf_t *b,
    ngx_http_autostock_report_t *report, ngx_uint_t id)
{
    ngx_uint_t                     i, k, last;
    ngx_str_t                     *db;
    ngx_atomic_uint_t              n;
    ngx_http_autostock_metric_t   *metric;
    ngx_http_autostock_buckets_t  *h;

    metric = &ngx_http_autostock_histogram_metrics[id];
    last = ngx_http_autostock_zone_buckets[id] - 1;

    ngx_http_autostock_exposition_head(b, "", metric, "", "histogram");

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


/* counted in milliseconds, reported in seconds */

static void
ngx_http_autostock_exposition_number(ngx_buf_t *b, ngx_uint_t id,
    ngx_atomic_uint_t n)
{
    if (id == NGX_HTTP_AUTOSTOCK_BATCH_MSEC) {
        ngx_http_autostock_exposition_put(b, "%uA.%03uA", n / 1000, n % 1000);

    } else {
        ngx_http_autostock_exposition_put(b, "%uA", n);
    }
}


static void
ngx_http_autostock_exposition_settings(ngx_buf_t *b,
    ngx_http_autostock_report_t *report)
{
    ngx_uint_t                      i, k;
    ngx_http_autostock_metric_t    *metric;
    ngx_http_autostock_database_t  *db;

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_SETTINGS; i++) {
        metric = &ngx_http_autostock_setting_metrics[i];

        ngx_http_autostock_exposition_head(b, "config_", metric, "", "gauge");

        for (k = 0; k < report->nfigures; k++) {
            db = report->figures[k].database;

            ngx_http_autostock_exposition_put(b,
                             "autostock_config_%s{database=\"%V\"} %ui\n",
                             metric->name, &db->name,
                             ngx_http_autostock_exposition_setting(db, i));
        }
    }
}


static ngx_uint_t
ngx_http_autostock_exposition_setting(ngx_http_autostock_database_t *db,
    ngx_uint_t n)
{
    switch (n) {

    case 0:
        return db->pool_size;

    case 1:
        return db->backlog;

    case 2:
        return db->batch_size;

    default:
        return db->durability;
    }
}


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
                        ngx_http_autostock_durable_names[f->sum.durable]);

    ngx_http_autostock_exposition_json_rights(b, f);

    ngx_http_autostock_exposition_put(b, ",\"config\":{");

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_SETTINGS; i++) {
        ngx_http_autostock_exposition_put(b, "%s\"%s\":%ui", i ? "," : "",
                     ngx_http_autostock_setting_metrics[i].name,
                     ngx_http_autostock_exposition_setting(f->database, i));
    }

    ngx_http_autostock_exposition_put(b, "},\"counters\":{");

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_COUNTERS; i++) {
        ngx_http_autostock_exposition_put(b, "%s\"%s\":%uA", i ? "," : "",
                     ngx_http_autostock_counter_metrics[i].name,
                     f->sum.counters[i]);
    }

    ngx_http_autostock_exposition_put(b, "},\"gauges\":{");

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_GAUGES; i++) {
        ngx_http_autostock_exposition_put(b, "%s\"%s\":%A", i ? "," : "",
                     ngx_http_autostock_gauge_metrics[i].name,
                     (ngx_atomic_int_t) f->sum.gauges[i]);
    }

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_MOMENTS; i++) {
        ngx_http_autostock_exposition_put(b, ",\"%s_seconds\":%uA",
                     ngx_http_autostock_moment_metrics[i].name,
                     f->sum.moments[i]);
    }

    ngx_http_autostock_exposition_put(b, "},\"histograms\":{");

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_HISTOGRAMS; i++) {
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
                                         ngx_http_autostock_right_names[i]);
            comma = ",";
        }
    }

    ngx_http_autostock_exposition_put(b, f->sum.rights ? "]" : "");
}


static void
ngx_http_autostock_exposition_json_histogram(ngx_buf_t *b,
    ngx_http_autostock_figures_t *f, ngx_uint_t id)
{
    ngx_uint_t                     i, last;
    ngx_atomic_uint_t              n;
    ngx_http_autostock_buckets_t  *h;

    h = &f->sum.histograms[id];
    last = ngx_http_autostock_zone_buckets[id] - 1;
    n = 0;

    ngx_http_autostock_exposition_put(b, "\"%s\":{\"buckets\":{",
                              ngx_http_autostock_histogram_metrics[id].name);

    for (i = 0; i < last; i++) {
        n += h->buckets[i];

        ngx_http_autostock_exposition_put(b, "\"");
        ngx_http_autostock_exposition_number(b, id, (ngx_uint_t) 1 << i);
        ngx_http_autostock_exposition_put(b, "\":%uA,", n);
    }

    n += h->buckets[last];

    ngx_http_autostock_exposition_put(b, "\"+Inf\":%uA},\"sum\":", n);
    ngx_http_autostock_exposition_number(b, id, h->sum);
    ngx_http_autostock_exposition_put(b, ",\"count\":%uA}", n);
}
