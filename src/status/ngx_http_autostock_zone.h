
/*
 * The shared zone behind the counters: its directive, its life over reloads,
 * and the sums.  A zone of the same name and size is kept over a reload; old
 * and new workers sit in it side by side.  A binary upgrade starts with a
 * new zone, as everywhere in nginx.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_ZONE_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_ZONE_H_INCLUDED_


#include "ngx_http_autostock_board.h"


/* Buckets in use by ngx_http_autostock_histogram_e, the unbounded included. */
extern ngx_uint_t  ngx_http_autostock_zone_buckets[];


/* autostock_status_zone NAME:SIZE */
char *ngx_http_autostock_zone_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * The sum of a database over all seats, gauges and durability over the seats
 * of living processes only.
 */
void ngx_http_autostock_zone_sum(ngx_shm_zone_t *zone,
    ngx_http_autostock_database_t *db, ngx_http_autostock_cell_t *sum);

/* Worker processes alive. */
ngx_uint_t ngx_http_autostock_zone_workers(ngx_shm_zone_t *zone);

/* When the zone's counting began, seconds since 1970. */
time_t ngx_http_autostock_zone_started(ngx_shm_zone_t *zone);


#endif /* _NGX_HTTP_AUTOSTOCK_ZONE_H_INCLUDED_ */
