
/*
 * The connections of one database in one worker process: at most pool_size,
 * the last used first, with a reason for every close.
 *
 * Each kind of work has a share that the others cannot take: one connection
 * each where there are three or more.  Of two, one is for look-ups and the
 * other for sales and receipts.  Receipts, which may wait for a lock, hold a
 * quarter at the most.  Kinds that wait are served in turn, so that a single
 * connection serves them all.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_POOL_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_POOL_H_INCLUDED_


#include "ngx_http_autostock_connection.h"


/* Somebody who wants a connection; waits in the line of its kind. */
typedef struct {
    ngx_queue_t                        queue;
    ngx_uint_t                         waiting;
    ngx_http_autostock_kind_e          kind;

    /*
     * NGX_OK and a connection, which must be released or closed; or
     * NGX_ERROR: the database is out of reach.  Never from inside get.
     */
    void                             (*ready)(void *data, ngx_int_t rc,
                                          ngx_http_autostock_connection_t
                                          *conn);
    void                              *data;
} ngx_http_autostock_taker_t;


ngx_http_autostock_pool_t *ngx_http_autostock_pool_create(
    ngx_http_autostock_database_t *db);

/* One connection ahead of the first request; tells durability in the log. */
void ngx_http_autostock_pool_warm(ngx_http_autostock_pool_t *pool);

void ngx_http_autostock_pool_get(ngx_http_autostock_pool_t *pool,
    ngx_http_autostock_taker_t *taker);
void ngx_http_autostock_pool_cancel(ngx_http_autostock_pool_t *pool,
    ngx_http_autostock_taker_t *taker);

/* Back in good order; one with an open transaction is closed instead. */
void ngx_http_autostock_pool_release(ngx_http_autostock_pool_t *pool,
    ngx_http_autostock_connection_t *conn);

/* For good: after a time-out, a protocol error, a lost connection. */
void ngx_http_autostock_pool_close(ngx_http_autostock_pool_t *pool,
    ngx_http_autostock_connection_t *conn, const char *reason);

/* Closes what is idle; for exit_process. */
void ngx_http_autostock_pool_destroy(ngx_http_autostock_pool_t *pool);


#endif /* _NGX_HTTP_AUTOSTOCK_POOL_H_INCLUDED_ */
