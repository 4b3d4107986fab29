
/*
 * The shared zone of the counters: its directive, its reuse across reloads, and
 * the sums.  A reload keeps a zone of the same name and size; old and new
 * worker processes use it together.  A binary upgrade starts with a new zone,
 * as always in nginx.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_ZONE_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_ZONE_H_INCLUDED_


#include "ngx_http_autostock_scoreboard.h"


/*
 * The number of buckets of each ngx_http_autostock_histogram_e, including the
 * one without a bound, up to the first result's; the other results have as many
 * as the first.
 */
extern ngx_uint_t  ngx_http_autostock_zone_buckets[];


/* autostock_status_zone NAME:SIZE */
char *ngx_http_autostock_zone_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * The zone's init callback, and the worker process's slot in the zone; see
 * ngx_http_autostock_scoreboard.h.
 */
ngx_int_t ngx_http_autostock_zone_init(ngx_shm_zone_t *zone,
    void *data);
ngx_int_t ngx_http_autostock_zone_init_worker(ngx_cycle_t *cycle,
    ngx_http_autostock_main_conf_t *amcf);
void ngx_http_autostock_zone_exit_worker(void);

/*
 * The sum of a database over all slots; gauges and durability only over the
 * slots of running processes.
 */
void ngx_http_autostock_zone_sum(ngx_shm_zone_t *zone,
    ngx_http_autostock_database_t *db, ngx_http_autostock_cell_t *sum);

/*
 * An array in the pool with the figures of each of the database's servers, over
 * all slots; zeros if the database has one server.  NULL: no memory.
 */
ngx_http_autostock_server_cell_t *ngx_http_autostock_zone_servers(
    ngx_shm_zone_t *zone, ngx_http_autostock_database_t *db, ngx_pool_t *pool);

/* The number of running worker processes. */
ngx_uint_t ngx_http_autostock_zone_workers(ngx_shm_zone_t *zone);

/* When the zone started to count, in seconds since 1970. */
time_t ngx_http_autostock_zone_started(ngx_shm_zone_t *zone);


#endif /* _NGX_HTTP_AUTOSTOCK_ZONE_H_INCLUDED_ */
