
/*
 * The layout of the shared zone.  Every worker process has a slot.  A slot has
 * one cell per database, which only its worker process writes, so that a count
 * is one addition in a cache line that no other process writes.
 *
 * A slot outlives its process.  The next process on it continues the counters,
 * so that sums never decrease, and resets the gauges.  Names, slots and cells
 * are only added, at the head of their lists, and never freed, so that readers
 * need no lock.  All processes inherit the mapping, so the zone has the same
 * address in each.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_SCOREBOARD_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_SCOREBOARD_H_INCLUDED_


#include "ngx_http_autostock.h"
#include "ngx_http_autostock_status.h"


/* the bit of a cell's rights that is set once the rights have been read */
#define NGX_HTTP_AUTOSTOCK_RIGHTS_KNOWN                                      \
    ((ngx_atomic_uint_t) 1 << NGX_HTTP_AUTOSTOCK_RIGHTS)

/* upper bounds of a histogram: 1, 2, 4, ..; the last bucket has none */
#define NGX_HTTP_AUTOSTOCK_BUCKETS    16

/* the unit of the bounds of a checkout's times, microseconds */
#define NGX_HTTP_AUTOSTOCK_TIME_UNIT  500


typedef struct ngx_http_autostock_name_s  ngx_http_autostock_name_t;
typedef struct ngx_http_autostock_slot_s  ngx_http_autostock_slot_t;


/*
 * a database, identified by its name across reloads; or one of its servers, by
 * both names
 */
struct ngx_http_autostock_name_s {
    ngx_http_autostock_name_t       *next;
    size_t                           len;
    u_char                           data[1];
};


typedef struct {
    ngx_atomic_t                     buckets[NGX_HTTP_AUTOSTOCK_BUCKETS];
    ngx_atomic_t                     sum;
} ngx_http_autostock_buckets_t;


/* the counters of one database, in one worker process or as a sum */
struct ngx_http_autostock_cell_s {
    ngx_atomic_t                     counters[NGX_HTTP_AUTOSTOCK_COUNTERS];
    ngx_atomic_t                     gauges[NGX_HTTP_AUTOSTOCK_GAUGES];
    ngx_atomic_t                     moments[NGX_HTTP_AUTOSTOCK_MOMENTS];
    ngx_atomic_t                     durable;
    ngx_atomic_t                     rights;       /* bits of missing rights; 0:
                                                      not known */
    ngx_http_autostock_buckets_t     histograms[NGX_HTTP_AUTOSTOCK_HISTOGRAMS];

    ngx_http_autostock_name_t       *name;         /* the database */
    ngx_http_autostock_cell_t       *next;         /* on the same slot */
};


/* one of several servers of a database, in one worker process */
struct ngx_http_autostock_server_cell_s {
    ngx_atomic_t                     figures[NGX_HTTP_AUTOSTOCK_SERVER_FIGURES];

    ngx_http_autostock_name_t       *name;         /* the server */
    ngx_http_autostock_server_cell_t *next;        /* on the same slot */
};


struct ngx_http_autostock_slot_s {
    ngx_http_autostock_slot_t       *next;
    ngx_http_autostock_cell_t       *cells;
    ngx_http_autostock_server_cell_t *servers;
    ngx_atomic_t                     pid;          /* 0: free */
    ngx_uint_t                       generation;   /* of the configuration */
    ngx_uint_t                       worker;       /* worker number in it */
};


typedef struct {
    ngx_slab_pool_t                 *shpool;
    ngx_http_autostock_name_t       *names;
    ngx_http_autostock_slot_t       *slots;
    ngx_uint_t                       generation;   /* configurations so far */
    time_t                           started;
} ngx_http_autostock_scoreboard_t;


/* Returns NULL if the zone is full. */
ngx_http_autostock_scoreboard_t *ngx_http_autostock_scoreboard_create(
    ngx_slab_pool_t *shpool);

/*
 * Makes sure that there are this many slots, each with a cell for every
 * database; databases is the main configuration's array.  The caller holds the
 * lock of shpool.  Returns NGX_ERROR if the zone is full.
 */
ngx_int_t ngx_http_autostock_scoreboard_fill(
    ngx_http_autostock_scoreboard_t *scoreboard,
    ngx_array_t *databases, ngx_uint_t slots);

/*
 * Takes a slot for this process.  The caller holds the lock of shpool.  Returns
 * NULL if the zone is full.
 */
ngx_http_autostock_slot_t *ngx_http_autostock_scoreboard_take(
    ngx_http_autostock_scoreboard_t *scoreboard, ngx_array_t *databases,
    ngx_uint_t generation);

/*
 * Resets what is valid only while the process runs: gauges, durability, rights.
 */
void ngx_http_autostock_scoreboard_clear_gauges(
    ngx_http_autostock_slot_t *slot);

/* The entry of a database's name, and its cell on a slot; NULL: none. */
ngx_http_autostock_name_t *ngx_http_autostock_scoreboard_find(
    ngx_http_autostock_scoreboard_t *scoreboard, ngx_str_t *name);
ngx_http_autostock_cell_t *ngx_http_autostock_scoreboard_cell(
    ngx_http_autostock_slot_t *slot, ngx_http_autostock_name_t *name);

/* The same for one of several servers of a database. */
ngx_http_autostock_name_t *ngx_http_autostock_scoreboard_find_server(
    ngx_http_autostock_scoreboard_t *scoreboard,
    ngx_http_autostock_database_t *db, ngx_http_autostock_server_t *server);
ngx_http_autostock_server_cell_t *ngx_http_autostock_scoreboard_server(
    ngx_http_autostock_slot_t *slot, ngx_http_autostock_name_t *name);

/* 1 if the slot's process is running. */
ngx_uint_t ngx_http_autostock_scoreboard_is_alive(
    ngx_http_autostock_slot_t *slot);


#endif /* _NGX_HTTP_AUTOSTOCK_SCOREBOARD_H_INCLUDED_ */
