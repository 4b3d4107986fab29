
/*
 * The takers, which wait in a pool for a connection, and the share of each kind
 * of work.
 *
 * Each kind has a share that the others cannot use.  In a pool of three or more
 * connections, it is one connection per kind.  In a pool of two, one connection
 * is for look-ups and the other for sales and receipts.  Receipts, which may
 * wait for a lock, use at most a quarter of the pool, but always one
 * connection.  The kinds take turns, so that even a single connection serves
 * them all.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_POOL_TAKERS_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_POOL_TAKERS_H_INCLUDED_


#include "ngx_http_autostock_connection.h"


/* a request for a connection; it waits in the queue of its kind */
typedef struct {
    ngx_queue_t                        queue;
    ngx_uint_t                         waiting;
    ngx_http_autostock_kind_e          kind;
    ngx_http_autostock_server_t       *bound;   /* to this server; NULL: no */
    ngx_uint_t                         reads;   /* a replica suffices */

    /*
     * Receives NGX_OK and a connection, which the taker must release or close;
     * or NGX_ERROR: the database is unreachable.  It is never called from
     * within ngx_http_autostock_pool_get().
     */
    void                             (*ready)(void *data, ngx_int_t rc,
                                          ngx_http_autostock_connection_t
                                          *conn);
    void                              *data;
} ngx_http_autostock_taker_t;


typedef struct {
    ngx_queue_t  waiting[NGX_HTTP_AUTOSTOCK_KINDS];
    /* numbers of connections */
    ngx_uint_t   held[NGX_HTTP_AUTOSTOCK_KINDS];
    ngx_uint_t   share[NGX_HTTP_AUTOSTOCK_KINDS];
    ngx_uint_t   most[NGX_HTTP_AUTOSTOCK_KINDS];
    ngx_uint_t   size;                               /* of the pool */

    ngx_uint_t   turn;                               /* the kind served next */
} ngx_http_autostock_pool_takers_t;


void ngx_http_autostock_pool_takers_init(
    ngx_http_autostock_pool_takers_t *takers, ngx_uint_t size);

void ngx_http_autostock_pool_takers_add(
    ngx_http_autostock_pool_takers_t *takers,
    ngx_http_autostock_taker_t *taker);

/* The first taker of the next kind that may have a connection, or NULL. */
ngx_http_autostock_taker_t *ngx_http_autostock_pool_takers_next(
    ngx_http_autostock_pool_takers_t *takers);

/* Gives the connection to a waiting taker; takes it back. */
void ngx_http_autostock_pool_takers_give(
    ngx_http_autostock_pool_takers_t *takers,
    ngx_http_autostock_taker_t *taker, ngx_http_autostock_connection_t *conn);
void ngx_http_autostock_pool_takers_take_back(
    ngx_http_autostock_pool_takers_t *takers,
    ngx_http_autostock_connection_t *conn);

/* The number of waiting takers whose kinds may have more connections. */
ngx_uint_t ngx_http_autostock_pool_takers_wanted(
    ngx_http_autostock_pool_takers_t *takers);

/* 1 if a taker waits. */
ngx_uint_t ngx_http_autostock_pool_takers_wait(
    ngx_http_autostock_pool_takers_t *takers);

/* Calls ready with NGX_ERROR for all takers that wait now. */
void ngx_http_autostock_pool_takers_fail(
    ngx_http_autostock_pool_takers_t *takers);

/* Moves the waiting takers, except the bound ones, to another pool. */
void ngx_http_autostock_pool_takers_move(
    ngx_http_autostock_pool_takers_t *from,
    ngx_http_autostock_pool_takers_t *to);


#endif /* _NGX_HTTP_AUTOSTOCK_POOL_TAKERS_H_INCLUDED_ */
