
#include "ngx_http_autostock_status.h"
#include "ngx_http_autostock_exposition.h"
#include "ngx_http_autostock_zone.h"


static ngx_int_t ngx_http_autostock_status_format(ngx_http_request_t *r,
    ngx_uint_t *json);
static ngx_uint_t ngx_http_autostock_status_accepts_json(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_autostock_status_collect(ngx_http_request_t *r,
    ngx_http_autostock_report_t *report);
static ngx_int_t ngx_http_autostock_status_not_allowed(ngx_http_request_t *r);
static ngx_int_t ngx_http_autostock_status_problem(ngx_http_request_t *r,
    ngx_uint_t status, ngx_str_t *problem);
static ngx_int_t ngx_http_autostock_status_send(ngx_http_request_t *r,
    ngx_uint_t status, ngx_str_t *type, ngx_buf_t *b);


static ngx_str_t  ngx_http_autostock_status_text_type =
    ngx_string("text/plain; version=0.0.4; charset=utf-8");

static ngx_str_t  ngx_http_autostock_status_json_type =
    ngx_string("application/json");

static ngx_str_t  ngx_http_autostock_status_problem_type =
    ngx_string("application/problem+json");

/*
 * the same texts as those of ngx_http_autostock_response.c, which src/status/
 * must not include
 */

static ngx_str_t  ngx_http_autostock_status_unknown_format =
    ngx_string("{\"type\":\"urn:autostock:problem:invalid-request\","
               "\"title\":\"Invalid request\",\"status\":400,"
               "\"detail\":\"the argument format must be text, prometheus or "
               "json\",\"message\":\"잘못된 요청입니다\"}");

static ngx_str_t  ngx_http_autostock_status_other_method =
    ngx_string("{\"type\":\"urn:autostock:problem:method-not-allowed\","
               "\"title\":\"Method not allowed\",\"status\":405,"
               "\"detail\":\"this location allows only the methods in the "
               "header Allow\",\"message\":\"허용되지 않는 메서드입니다\"}");


/* only this process writes its cell, so no atomic operation is needed */

void
ngx_http_autostock_status_count(ngx_http_autostock_database_t *db,
    ngx_http_autostock_counter_e id, ngx_uint_t n)
{
    if (db->cell == NULL) {
        return;
    }

    db->cell->counters[id] += n;

    if (id == NGX_HTTP_AUTOSTOCK_BATCHES) {
        db->cell->moments[NGX_HTTP_AUTOSTOCK_LAST_COMMIT] = ngx_time();

    } else if (id == NGX_HTTP_AUTOSTOCK_UNAVAILABLE) {
        db->cell->moments[NGX_HTTP_AUTOSTOCK_LAST_UNAVAILABLE] = ngx_time();
    }
}


void
ngx_http_autostock_status_gauge(ngx_http_autostock_database_t *db,
    ngx_http_autostock_gauge_e id, ngx_int_t n)
{
    if (db->cell) {
        db->cell->gauges[id] += n;
    }
}


/*
 * The bounds of the buckets are the powers of two.  below is the greatest whole
 * number of units that is less than the value.
 */

static ngx_inline void
ngx_http_autostock_status_add(ngx_http_autostock_buckets_t *h,
    ngx_uint_t last, uint32_t below, uint32_t sum)
{
    ngx_uint_t  i;

    i = below == 0 ? 0 : 32 - __builtin_clz(below);

    h->buckets[ngx_min(i, last)]++;
    h->sum += sum;
}


static ngx_inline void
ngx_http_autostock_status_time(ngx_http_autostock_buckets_t *h, uint32_t usec)
{
    ngx_http_autostock_status_add(h, NGX_HTTP_AUTOSTOCK_BUCKETS - 1,
                                  (usec - (usec != 0))
                                  / NGX_HTTP_AUTOSTOCK_TIME_UNIT,
                                  usec);
}


void
ngx_http_autostock_status_observe(ngx_http_autostock_database_t *db,
    ngx_http_autostock_histogram_e id, ngx_uint_t value)
{
    if (db->cell) {
        ngx_http_autostock_status_add(&db->cell->histograms[id],
                                      ngx_http_autostock_zone_buckets[id] - 1,
                                      value - (value != 0), value);
    }
}


void
ngx_http_autostock_status_checkout(ngx_http_autostock_database_t *db,
    ngx_http_autostock_result_e result, uint32_t took, int64_t queued,
    int64_t in_flight)
{
    ngx_http_autostock_buckets_t  *histograms;

    if (db->cell == NULL) {
        return;
    }

    histograms = db->cell->histograms;

    ngx_http_autostock_status_time(
             &histograms[NGX_HTTP_AUTOSTOCK_CHECKOUT_TIME + result], took);

    if (queued >= 0) {
        ngx_http_autostock_status_time(
             &histograms[NGX_HTTP_AUTOSTOCK_CHECKOUT_WAIT], queued);
    }

    if (in_flight >= 0) {
        ngx_http_autostock_status_time(
             &histograms[NGX_HTTP_AUTOSTOCK_CHECKOUT_DATABASE], in_flight);
    }
}


void
ngx_http_autostock_status_durable(ngx_http_autostock_database_t *db,
    ngx_http_autostock_durable_e durable)
{
    if (db->cell) {
        db->cell->durable = durable;
    }
}


void
ngx_http_autostock_status_server(ngx_http_autostock_server_t *server,
    ngx_http_autostock_server_figure_e id, ngx_uint_t value)
{
    if (server->cell) {
        server->cell->figures[id] = value;
    }
}


void
ngx_http_autostock_status_server_add(ngx_http_autostock_server_t *server,
    ngx_http_autostock_server_figure_e id, ngx_int_t n)
{
    if (server->cell) {
        server->cell->figures[id] += n;
    }
}


void
ngx_http_autostock_status_lacks(ngx_http_autostock_database_t *db,
    ngx_uint_t missing)
{
    if (db->cell) {
        db->cell->rights = NGX_HTTP_AUTOSTOCK_RIGHTS_KNOWN | missing;
    }
}


ngx_int_t
ngx_http_autostock_status_handler(ngx_http_request_t *r)
{
    ngx_int_t                     rc;
    ngx_buf_t                    *b;
    ngx_str_t                    *type;
    ngx_uint_t                    json;
    ngx_http_autostock_report_t   report;

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "autostock status handler");

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return ngx_http_autostock_status_not_allowed(r);
    }

    if (ngx_http_autostock_status_format(r, &json) != NGX_OK) {
        return ngx_http_autostock_status_problem(r, NGX_HTTP_BAD_REQUEST,
                                   &ngx_http_autostock_status_unknown_format);
    }

    if (ngx_http_autostock_status_collect(r, &report) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (json) {
        type = &ngx_http_autostock_status_json_type;
        b = ngx_http_autostock_exposition_json(r->pool, &report);

    } else {
        type = &ngx_http_autostock_status_text_type;
        b = ngx_http_autostock_exposition_text(r->pool, &report);
    }

    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_autostock_status_send(r, NGX_HTTP_OK, type, b);
}


/* the argument, which is explicit, takes precedence over the header */

static ngx_int_t
ngx_http_autostock_status_format(ngx_http_request_t *r, ngx_uint_t *json)
{
    ngx_str_t  format;

    if (ngx_http_arg(r, (u_char *) "format", 6, &format) != NGX_OK) {
        *json = ngx_http_autostock_status_accepts_json(r);
        return NGX_OK;
    }

    if (format.len == 4 && ngx_strncmp(format.data, "json", 4) == 0) {
        *json = 1;
        return NGX_OK;
    }

    if ((format.len == 4 && ngx_strncmp(format.data, "text", 4) == 0)
        || (format.len == 10
            && ngx_strncmp(format.data, "prometheus", 10) == 0))
    {
        *json = 0;
        return NGX_OK;
    }

    return NGX_DECLINED;
}


/* headers_in has a field for "Accept" only in some builds of nginx */

static ngx_uint_t
ngx_http_autostock_status_accepts_json(ngx_http_request_t *r)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (h[i].key.len == 6
                && ngx_strncasecmp(h[i].key.data, (u_char *) "accept", 6) == 0
                && ngx_strlcasestrn(h[i].value.data,
                                    h[i].value.data + h[i].value.len,
                                    (u_char *) "application/json", 16 - 1))
            {
                return 1;
            }
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_autostock_status_collect(ngx_http_request_t *r,
    ngx_http_autostock_report_t *report)
{
    ngx_uint_t                       i;
    ngx_http_autostock_figures_t    *figures;
    ngx_http_autostock_database_t  **dbp;
    ngx_http_autostock_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(r, ngx_http_autostock_module);

    dbp = amcf->databases.elts;

    report->workers = ngx_http_autostock_zone_workers(amcf->status_zone);
    report->started = ngx_http_autostock_zone_started(amcf->status_zone);
    report->nfigures = amcf->databases.nelts;

    figures = ngx_palloc(r->pool, (report->nfigures + 1)
                                  * sizeof(ngx_http_autostock_figures_t));
    if (figures == NULL) {
        return NGX_ERROR;
    }

    report->figures = figures;

    for (i = 0; i < report->nfigures; i++) {
        figures[i].database = dbp[i];
        ngx_http_autostock_zone_sum(amcf->status_zone, dbp[i],
                                    &figures[i].sum);

        figures[i].servers = ngx_http_autostock_zone_servers(
                                  amcf->status_zone, dbp[i], r->pool);
        if (figures[i].servers == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_autostock_status_not_allowed(ngx_http_request_t *r)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    h->hash = 1;
    ngx_str_set(&h->key, "Allow");
    ngx_str_set(&h->value, "GET, HEAD");
#if (nginx_version >= 1023000)
    h->next = NULL;
#endif

    return ngx_http_autostock_status_problem(r, NGX_HTTP_NOT_ALLOWED,
                                     &ngx_http_autostock_status_other_method);
}


static ngx_int_t
ngx_http_autostock_status_problem(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *problem)
{
    ngx_buf_t  *b;

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->pos = problem->data;
    b->last = problem->data + problem->len;
    b->memory = 1;

    return ngx_http_autostock_status_send(r, status,
                                      &ngx_http_autostock_status_problem_type,
                                      b);
}


static ngx_int_t
ngx_http_autostock_status_send(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *type, ngx_buf_t *b)
{
    ngx_int_t    rc;
    ngx_chain_t  out;

    r->disable_not_modified = 1;

    r->headers_out.status = status;
    r->headers_out.content_length_n = b->last - b->pos;
    r->headers_out.content_type = *type;
    r->headers_out.content_type_len = type->len;
    r->headers_out.content_type_lowcase = NULL;

    b->last_buf = (r == r->main) ? 1 : 0;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return ngx_http_output_filter(r, &out);
}
