
/*
 * The requests for a connection that wait in a pool, and the share of each kind
 * of work.
 *
 * Each kind has a share that the others cannot use.  With three or more
 * connections it is one connection per kind.  With two, one is for look-ups and
 * the other for sales and receipts.  Receipts, which may wait for a lock, use
 * at most a quarter.  Waiting kinds are served in turn, so that even a single
 * connection serves them all.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_POOL_TAKERS_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_POOL_TAKERS_H_INCLUDED_


#include "ngx_http_autostock_connection.h"


/* A request for a connection; waits in the queue of its kind. */
typedef struct {
    ngx_queue_t                        queue;
    ngx_uint_t                         waiting;
    ngx_http_autostock_kind_e          kind;
    ngx_http_autostock_server_t       *bound;   /* no other server; NULL: any */
    ngx_uint_t                         reads;   /* a replica suffices */

    /*
     * NGX_OK and a connection, which must be released or closed; or NGX_ERROR:
     * the database is unreachable.  Never called from within get.
     */
    void                             (*ready)(void *data, ngx_int_t rc,
                                          ngx_http_autostock_connection_t
                                          *conn);
    void                              *data;
} ngx_http_autostock_taker_t;


typedef struct {
    ngx_queue_t  waiting[NGX_HTTP_AUTOSTOCK_KINDS];
    ngx_uint_t   held[NGX_HTTP_AUTOSTOCK_KINDS];     /* connections */
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

/* Gives the connection to a waiting taker; and takes it back. */
void ngx_http_autostock_pool_takers_give(
    ngx_http_autostock_pool_takers_t *takers,
    ngx_http_autostock_taker_t *taker, ngx_http_autostock_connection_t *conn);
void ngx_http_autostock_pool_takers_take_back(
    ngx_http_autostock_pool_takers_t *takers,
    ngx_http_autostock_connection_t *conn);

/* How many of the waiting takers could have a connection if there was one. */
ngx_uint_t ngx_http_autostock_pool_takers_wanted(
    ngx_http_autostock_pool_takers_t *takers);

/* 1 if a taker waits. */
ngx_uint_t ngx_http_autostock_pool_takers_wait(
    ngx_http_autostock_pool_takers_t *takers);

/* No connection for those that wait: calls ready. */
void ngx_http_autostock_pool_takers_fail(
    ngx_http_autostock_pool_takers_t *takers);

/* Those that wait, except the bound ones, wait in another pool from now on. */
void ngx_http_autostock_pool_takers_move(
    ngx_http_autostock_pool_takers_t *from,
    ngx_http_autostock_pool_takers_t *to);


#endif /* _NGX_HTTP_AUTOSTOCK_POOL_TAKERS_H_INCLUDED_ */
