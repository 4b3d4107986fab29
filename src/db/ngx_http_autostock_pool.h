
/*
 * The connections of one database in one worker process: at most pool_size, the
 * most recently used first.  Every close has a reason.
 *
 * Each kind of work has a share that the others cannot use.  With three or more
 * connections it is one connection per kind.  With two, one is for look-ups and
 * the other for sales and receipts.  Receipts, which may wait for a lock, use
 * at most a quarter.  Waiting kinds are served in turn, so that even a single
 * connection serves them all.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_POOL_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_POOL_H_INCLUDED_


#include "ngx_http_autostock_connection.h"


/* A request for a connection; waits in the queue of its kind. */
typedef struct {
    ngx_queue_t                        queue;
    ngx_uint_t                         waiting;
    ngx_http_autostock_kind_e          kind;

    /*
     * NGX_OK and a connection, which must be released or closed; or NGX_ERROR:
     * the database is unreachable.  Never called from within get.
     */
    void                             (*ready)(void *data, ngx_int_t rc,
                                          ngx_http_autostock_connection_t
                                          *conn);
    void                              *data;
} ngx_http_autostock_taker_t;


ngx_http_autostock_pool_t *ngx_http_autostock_pool_create(
    ngx_http_autostock_database_t *db);

/* Opens one connection before the first request; logs the durability. */
void ngx_http_autostock_pool_warm(ngx_http_autostock_pool_t *pool);

void ngx_http_autostock_pool_get(ngx_http_autostock_pool_t *pool,
    ngx_http_autostock_taker_t *taker);
void ngx_http_autostock_pool_cancel(ngx_http_autostock_pool_t *pool,
    ngx_http_autostock_taker_t *taker);

/* Returns a usable connection; closes one with an open transaction. */
void ngx_http_autostock_pool_release(ngx_http_autostock_pool_t *pool,
    ngx_http_autostock_connection_t *conn);

/* Closes a connection after a time-out, a protocol error or a loss. */
void ngx_http_autostock_pool_close(ngx_http_autostock_pool_t *pool,
    ngx_http_autostock_connection_t *conn, const char *reason);

/* Closes idle connections; for exit_process. */
void ngx_http_autostock_pool_destroy(ngx_http_autostock_pool_t *pool);


#endif /* _NGX_HTTP_AUTOSTOCK_POOL_H_INCLUDED_ */
