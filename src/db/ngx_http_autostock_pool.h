
/*
 * The connections to one server in one worker process: at most pool_size.  The
 * one that was used most recently is used next.  Every close has a reason.
 * ngx_http_autostock_pools.h decides which server's pool serves a request.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_POOL_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_POOL_H_INCLUDED_


#include "ngx_http_autostock_pool_takers.h"


typedef struct ngx_http_autostock_pool_s  ngx_http_autostock_pool_t;


/* of ngx_http_autostock_pools_private.h: the pool as one of several */
typedef struct ngx_http_autostock_pools_member_s
    ngx_http_autostock_pools_member_t;

/* Callbacks that report the state of the server, if there are several. */
typedef struct {
    /* the connection was established, and is not yet given to a taker */
    void       (*reached)(ngx_http_autostock_pools_member_t *member,
                    ngx_http_autostock_connection_t *conn);

    /*
     * The connection could not be established, or its query timed out.
     * Returns NGX_AGAIN if the takers are to wait for another attempt.
     */
    ngx_int_t  (*failed)(ngx_http_autostock_pools_member_t *member,
                    ngx_http_autostock_connection_t *conn);

    /* the server refused a write, or a replica refused a query */
    void       (*refused)(ngx_http_autostock_pools_member_t *member,
                    ngx_http_autostock_connection_t *conn);

    ngx_http_autostock_pools_member_t  *member;
} ngx_http_autostock_pool_watch_t;


/* watch: NULL if there is one server.  Returns NULL if there is no memory. */
ngx_http_autostock_pool_t *ngx_http_autostock_pool_create(
    ngx_http_autostock_database_t *db, ngx_http_autostock_server_t *server,
    ngx_http_autostock_pool_watch_t *watch);

/*
 * Opens the first connection, before the first request; so the log reports the
 * server's settings when nginx starts.
 */
void ngx_http_autostock_pool_warm(ngx_http_autostock_pool_t *pool);

/* The taker waits for a connection; its ready is called later. */
void ngx_http_autostock_pool_get(ngx_http_autostock_pool_t *pool,
    ngx_http_autostock_taker_t *taker);

/* Moves the waiting takers, except the bound ones, to the other pool. */
void ngx_http_autostock_pool_move(ngx_http_autostock_pool_t *from,
    ngx_http_autostock_pool_t *to);

/*
 * retired is 1: another server is used.  Closes the idle connections, and later
 * the others when they are released.  0: the server is used again.
 */
void ngx_http_autostock_pool_retire(ngx_http_autostock_pool_t *pool,
    ngx_uint_t retired);

/*
 * The server failed: queries without an answer end within 100 ms, so that the
 * requests can use another server.
 */
void ngx_http_autostock_pool_late_end(ngx_http_autostock_pool_t *pool);

/* 1 if a query has waited for its answer for slow ms or longer. */
ngx_uint_t ngx_http_autostock_pool_late_any(ngx_http_autostock_pool_t *pool,
    ngx_msec_t slow);

/* The number of established connections. */
ngx_uint_t ngx_http_autostock_pool_established(
    ngx_http_autostock_pool_t *pool);

/*
 * A taker releases a usable connection.  The pool closes it if a transaction is
 * still open.
 */
void ngx_http_autostock_pool_release(ngx_http_autostock_connection_t *conn);

/* Closes a connection after a time-out, a protocol error or a loss. */
void ngx_http_autostock_pool_close(ngx_http_autostock_connection_t *conn,
    const char *reason);

/* Closes all connections; for exit_process. */
void ngx_http_autostock_pool_destroy(ngx_http_autostock_pool_t *pool);


#endif /* _NGX_HTTP_AUTOSTOCK_POOL_H_INCLUDED_ */
