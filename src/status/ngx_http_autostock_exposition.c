
/*
 * The code that both formats share: the buffer, and numbers.
 */


#include "ngx_http_autostock_exposition.h"
#include "ngx_http_autostock_metric.h"


/* maximum sizes of the head of a family and of a sample, bytes */
#define NGX_HTTP_AUTOSTOCK_HEAD_SIZE    256
#define NGX_HTTP_AUTOSTOCK_SAMPLE_SIZE  192

#define NGX_HTTP_AUTOSTOCK_FAMILIES                                           \
    (7 + NGX_HTTP_AUTOSTOCK_COUNTERS + NGX_HTTP_AUTOSTOCK_GAUGES              \
     + NGX_HTTP_AUTOSTOCK_MOMENTS                                             \
     + NGX_HTTP_AUTOSTOCK_SETTINGS + NGX_HTTP_AUTOSTOCK_HISTOGRAMS)

#define NGX_HTTP_AUTOSTOCK_SAMPLES                                            \
    (6 + NGX_HTTP_AUTOSTOCK_COUNTERS + NGX_HTTP_AUTOSTOCK_GAUGES              \
     + NGX_HTTP_AUTOSTOCK_MOMENTS + NGX_HTTP_AUTOSTOCK_RIGHTS                 \
     + NGX_HTTP_AUTOSTOCK_SETTINGS                                            \
     + NGX_HTTP_AUTOSTOCK_HISTOGRAMS * (NGX_HTTP_AUTOSTOCK_BUCKETS + 2))


/*
 * the maximum size of a server's sample without the names, the samples of a
 * server, and the maximum size of the heads of their families; sizes in bytes
 */
#define NGX_HTTP_AUTOSTOCK_SERVERS_SAMPLE   96
#define NGX_HTTP_AUTOSTOCK_SERVERS_SAMPLES  11
#define NGX_HTTP_AUTOSTOCK_SERVERS_HEADS    2048


static size_t ngx_http_autostock_exposition_servers(
    ngx_http_autostock_report_t *report);


/* the sizes are those of the text: JSON has no help and shorter names */

ngx_buf_t *
ngx_http_autostock_exposition_buffer(ngx_pool_t *pool,
    ngx_http_autostock_report_t *report)
{
    return ngx_create_temp_buf(pool,
                     NGX_HTTP_AUTOSTOCK_FAMILIES * NGX_HTTP_AUTOSTOCK_HEAD_SIZE
                     + report->nfigures * NGX_HTTP_AUTOSTOCK_SAMPLES
                       * NGX_HTTP_AUTOSTOCK_SAMPLE_SIZE
                     + ngx_http_autostock_exposition_servers(report));
}


static size_t
ngx_http_autostock_exposition_servers(ngx_http_autostock_report_t *report)
{
    size_t                         size;
    ngx_uint_t                     i, k;
    ngx_http_autostock_server_t   *server;
    ngx_http_autostock_figures_t  *f;

    size = NGX_HTTP_AUTOSTOCK_SERVERS_HEADS;

    for (k = 0; k < report->nfigures; k++) {
        f = &report->figures[k];
        server = f->database->servers.elts;

        for (i = 0; i < f->database->servers.nelts; i++) {
            size += NGX_HTTP_AUTOSTOCK_SERVERS_SAMPLES
                    * (NGX_HTTP_AUTOSTOCK_SERVERS_SAMPLE
                       + f->database->name.len + server[i].label.len);
        }
    }

    return size;
}


void
ngx_http_autostock_exposition_put(ngx_buf_t *b, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    b->last = ngx_vslprintf(b->last, b->end, fmt, args);
    va_end(args);
}


void
ngx_http_autostock_exposition_bound(ngx_buf_t *b, ngx_uint_t id, ngx_uint_t i)
{
    ngx_atomic_uint_t  n;

    n = (ngx_atomic_uint_t) 1 << i;

    if (id >= NGX_HTTP_AUTOSTOCK_CHECKOUT_WAIT) {
        n *= NGX_HTTP_AUTOSTOCK_TIME_UNIT;
    }

    ngx_http_autostock_exposition_number(b, id, n);
}


/* times are counted in milliseconds or microseconds, reported in seconds */

void
ngx_http_autostock_exposition_number(ngx_buf_t *b, ngx_uint_t id,
    ngx_atomic_uint_t n)
{
    if (id == NGX_HTTP_AUTOSTOCK_BATCH_SIZE) {
        ngx_http_autostock_exposition_put(b, "%uA", n);

    } else if (id == NGX_HTTP_AUTOSTOCK_BATCH_MSEC) {
        ngx_http_autostock_exposition_put(b, "%uA.%03uA", n / 1000, n % 1000);

    } else if (n % 1000 == 0) {
        ngx_http_autostock_exposition_put(b, "%uA.%03uA", n / 1000000,
                                          n / 1000 % 1000);

    } else if (n % 100 == 0) {
        ngx_http_autostock_exposition_put(b, "%uA.%04uA", n / 1000000,
                                          n / 100 % 10000);

    } else {
        ngx_http_autostock_exposition_put(b, "%uA.%06uA", n / 1000000,
                                          n % 1000000);
    }
}
