
/*
 * What lies in the shared zone.  Every worker process has a seat, and on the
 * seat one cell a database that it alone writes, so that counting costs one
 * add in a cache line of its own.
 *
 * A seat outlives its process: whoever takes it next goes on with its
 * counters, so that the sums never fall, and with gauges of nothing.  Names,
 * seats and cells are only added, at the head of their lists, and never
 * freed, so that readers need no lock.  The zone has one address in all
 * processes, since they inherit the mapping.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_BOARD_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_BOARD_H_INCLUDED_


#include "ngx_http_autostock.h"
#include "ngx_http_autostock_status.h"


/* bounds of a histogram are 1, 2, 4, ..; the last bucket has none */
#define NGX_HTTP_AUTOSTOCK_BUCKETS  15


typedef struct ngx_http_autostock_name_s  ngx_http_autostock_name_t;
typedef struct ngx_http_autostock_seat_s  ngx_http_autostock_seat_t;


/* a database, known by its name over all reloads */
struct ngx_http_autostock_name_s {
    ngx_http_autostock_name_t       *next;
    size_t                           len;
    u_char                           data[1];
};


typedef struct {
    ngx_atomic_t                     buckets[NGX_HTTP_AUTOSTOCK_BUCKETS];
    ngx_atomic_t                     sum;
} ngx_http_autostock_buckets_t;


/* one database's numbers, of a worker or summed */
struct ngx_http_autostock_cell_s {
    ngx_atomic_t                     counters[NGX_HTTP_AUTOSTOCK_COUNTERS];
    ngx_atomic_t                     gauges[NGX_HTTP_AUTOSTOCK_GAUGES];
    ngx_atomic_t                     moments[NGX_HTTP_AUTOSTOCK_MOMENTS];
    ngx_atomic_t                     durable;
    ngx_http_autostock_buckets_t     histograms[NGX_HTTP_AUTOSTOCK_HISTOGRAMS];

    ngx_http_autostock_name_t       *name;         /* whose numbers */
    ngx_http_autostock_cell_t       *next;         /* of the same seat */
};


struct ngx_http_autostock_seat_s {
    ngx_http_autostock_seat_t       *next;
    ngx_http_autostock_cell_t       *cells;
    ngx_atomic_t                     pid;          /* 0: free */
    ngx_uint_t                       generation;   /* of its configuration */
    ngx_uint_t                       worker;       /* number in it */
};


typedef struct {
    ngx_slab_pool_t                 *shpool;
    ngx_http_autostock_name_t       *names;
    ngx_http_autostock_seat_t       *seats;
    ngx_uint_t                       generation;   /* configurations seen */
    time_t                           started;
} ngx_http_autostock_board_t;


/* NULL: no room, here and below. */
ngx_http_autostock_board_t *ngx_http_autostock_board_create(
    ngx_slab_pool_t *shpool);

/*
 * At least so many seats, and a cell for each database on each; databases is
 * the main configuration's array.  With the pool locked.
 */
ngx_int_t ngx_http_autostock_board_furnish(ngx_http_autostock_board_t *board,
    ngx_array_t *databases, ngx_uint_t seats);

/* A seat for this process.  With the pool locked. */
ngx_http_autostock_seat_t *ngx_http_autostock_board_take(
    ngx_http_autostock_board_t *board, ngx_array_t *databases,
    ngx_uint_t generation);

/* Forgets what goes with the process. */
void ngx_http_autostock_board_quiet(ngx_http_autostock_seat_t *seat);

ngx_http_autostock_name_t *ngx_http_autostock_board_find(
    ngx_http_autostock_board_t *board, ngx_str_t *name);
ngx_http_autostock_cell_t *ngx_http_autostock_board_cell(
    ngx_http_autostock_seat_t *seat, ngx_http_autostock_name_t *name);

/* 1 if the seat's process runs. */
ngx_uint_t ngx_http_autostock_board_alive(ngx_http_autostock_seat_t *seat);


#endif /* _NGX_HTTP_AUTOSTOCK_BOARD_H_INCLUDED_ */
