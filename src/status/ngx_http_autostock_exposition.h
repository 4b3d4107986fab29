
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
    ngx_http_autostock_server_cell_t *servers;    /* as the database's; of one
                                                     server: nothing */
} ngx_http_autostock_figures_t;


typedef struct {
    ngx_uint_t                       workers;     /* running */
    time_t                           started;
    ngx_uint_t                       nfigures;
    ngx_http_autostock_figures_t    *figures;
} ngx_http_autostock_report_t;


/* The buffer is in the pool.  NULL, here and below: no memory. */
ngx_buf_t *ngx_http_autostock_exposition_buffer(ngx_pool_t *pool,
    ngx_http_autostock_report_t *report);

/* Appends to the buffer, by ngx_sprintf()'s formats. */
void ngx_http_autostock_exposition_put(ngx_buf_t *b, const char *fmt, ...);

/*
 * The upper bound of a bucket, and a sum, of a ngx_http_autostock_histogram_e,
 * in its base unit.
 */
void ngx_http_autostock_exposition_bound(ngx_buf_t *b, ngx_uint_t id,
    ngx_uint_t i);
void ngx_http_autostock_exposition_number(ngx_buf_t *b,
    ngx_uint_t id, ngx_atomic_uint_t n);

/* The servers of a database that has several; exposition_servers.c. */
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
