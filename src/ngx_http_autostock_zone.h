
/*
 * The shared zone behind the counters.  Every worker process has a seat in
 * it, and on the seat one cell a database that it alone writes, so that
 * counting costs one add in a cache line of its own.
 *
 * A seat outlives its process: whoever takes it next goes on with its
 * counters, so that the sums never fall, and with gauges of nothing.  Seats
 * and cells are never freed, so readers need no lock.  A zone of the same
 * name and size is kept over a reload; old and new workers sit in it side by
 * side.  A binary upgrade starts with a new zone, as everywhere in nginx.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_ZONE_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_ZONE_H_INCLUDED_


#include "ngx_http_autostock.h"
#include "ngx_http_autostock_status.h"


/* bounds of a histogram are 1, 2, 4, ..; the last bucket has none */
#define NGX_HTTP_AUTOSTOCK_BUCKETS  15


typedef struct {
    ngx_atomic_t                     buckets[NGX_HTTP_AUTOSTOCK_BUCKETS];
    ngx_atomic_t                     sum;
} ngx_http_autostock_buckets_t;


/* one database's numbers, of a worker or summed; filled to a cache line */
struct ngx_http_autostock_cell_s {
    ngx_atomic_t                     counters[NGX_HTTP_AUTOSTOCK_COUNTERS];
    ngx_atomic_t                     gauges[NGX_HTTP_AUTOSTOCK_GAUGES];
    ngx_atomic_t                     durable;
    ngx_http_autostock_buckets_t     histograms[NGX_HTTP_AUTOSTOCK_HISTOGRAMS];

    struct ngx_http_autostock_name_s
                                    *name;     /* whose numbers */
    ngx_http_autostock_cell_t       *next;     /* of the same seat */
};


/* Buckets in use, the unbounded one included. */
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
