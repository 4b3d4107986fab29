
/*
 * The names of the metrics, without prefix and unit, and their help: the same
 * in both formats of the status location.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_METRIC_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_METRIC_H_INCLUDED_


#include "ngx_http_autostock_zone.h"


#define NGX_HTTP_AUTOSTOCK_SETTINGS       4

#ifdef __VERSION__
#define NGX_HTTP_AUTOSTOCK_COMPILER       __VERSION__
#else
#define NGX_HTTP_AUTOSTOCK_COMPILER       "unknown"
#endif

/* the number of families; the histograms of the checkout's results are one */
#define NGX_HTTP_AUTOSTOCK_HISTOGRAM_METRICS                                 \
    (NGX_HTTP_AUTOSTOCK_CHECKOUT_TIME + 1)

/* the number of histograms in a family */
#define ngx_http_autostock_metric_histogram_series(id)                       \
    ((id) == NGX_HTTP_AUTOSTOCK_CHECKOUT_TIME                                \
     ? NGX_HTTP_AUTOSTOCK_CHECKOUT_RESULTS : 1)


typedef struct {
    char                            *name;
    char                            *help;
} ngx_http_autostock_metric_t;


/* in the order of the enumerations of ngx_http_autostock_status.h */
extern ngx_http_autostock_metric_t  ngx_http_autostock_metric_counters[];
extern ngx_http_autostock_metric_t  ngx_http_autostock_metric_gauges[];
extern ngx_http_autostock_metric_t  ngx_http_autostock_metric_moments[];
extern ngx_http_autostock_metric_t  ngx_http_autostock_metric_histograms[];
extern char                        *ngx_http_autostock_metric_results[];
extern char                        *ngx_http_autostock_metric_durable[];
extern char                        *ngx_http_autostock_metric_rights[];

extern ngx_http_autostock_metric_t  ngx_http_autostock_metric_settings[];


/* The value of ngx_http_autostock_metric_settings[n]. */
ngx_uint_t ngx_http_autostock_metric_setting(
    ngx_http_autostock_database_t *db, ngx_uint_t n);


#endif /* _NGX_HTTP_AUTOSTOCK_METRIC_H_INCLUDED_ */
