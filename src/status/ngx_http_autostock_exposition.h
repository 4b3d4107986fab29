
/*
 * The body of the status location: the metrics of all databases in Prometheus's
 * text format 0.0.4, or in JSON.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_EXPOSITION_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_EXPOSITION_H_INCLUDED_


#include "ngx_http_autostock_zone.h"


typedef struct {
    ngx_http_autostock_database_t   *database;
    ngx_http_autostock_cell_t        sum;
    ngx_http_autostock_server_cell_t *servers;    /* in the database's order;
                                                     zeros if it has one */
} ngx_http_autostock_figures_t;


typedef struct {
    ngx_uint_t                       workers;     /* running processes */
    time_t                           started;     /* seconds since 1970 */
    ngx_uint_t                       nfigures;
    ngx_http_autostock_figures_t    *figures;
} ngx_http_autostock_report_t;


/*
 * A buffer from the pool that is large enough for the report in either format.
 * This and the functions below that return a buffer return NULL if there is no
 * memory.
 */
ngx_buf_t *ngx_http_autostock_exposition_buffer(ngx_pool_t *pool,
    ngx_http_autostock_report_t *report);

/* Appends to the buffer; fmt is a format of ngx_sprintf(). */
void ngx_http_autostock_exposition_put(ngx_buf_t *b, const char *fmt, ...);

/*
 * Append the upper bound of bucket i, or the number n (a bound or a sum, in the
 * unit that is counted), of a ngx_http_autostock_histogram_e: as a number of
 * requests, or in seconds.
 */
void ngx_http_autostock_exposition_bound(ngx_buf_t *b, ngx_uint_t id,
    ngx_uint_t i);
void ngx_http_autostock_exposition_number(ngx_buf_t *b,
    ngx_uint_t id, ngx_atomic_uint_t n);

/*
 * Append the servers of each database that has several; exposition_servers.c.
 */
void ngx_http_autostock_exposition_servers_text(ngx_buf_t *b,
    ngx_http_autostock_report_t *report);
void ngx_http_autostock_exposition_servers_json(ngx_buf_t *b,
    ngx_http_autostock_figures_t *f);

/* The whole body; exposition_text.c and exposition_json.c. */
ngx_buf_t *ngx_http_autostock_exposition_text(ngx_pool_t *pool,
    ngx_http_autostock_report_t *report);
ngx_buf_t *ngx_http_autostock_exposition_json(ngx_pool_t *pool,
    ngx_http_autostock_report_t *report);


#endif /* _NGX_HTTP_AUTOSTOCK_EXPOSITION_H_INCLUDED_ */
