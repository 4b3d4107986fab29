
/*
 * The connections to one server in one worker process: at most pool_size, the
 * most recently used first.  Every close has a reason.  Which server's pool
 * serves a request is decided above, in ngx_http_autostock_pools.h.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_POOL_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_POOL_H_INCLUDED_


#include "ngx_http_autostock_pool_takers.h"


typedef struct ngx_http_autostock_pool_s  ngx_http_autostock_pool_t;


/* What a pool sees of its server; set where there are several servers. */
typedef struct {
    /* a connection was established, and is given to a taker next */
    void       (*reached)(void *data, ngx_http_autostock_connection_t *conn);

    /*
     * The connection could not be established, or its query timed out.
     * NGX_AGAIN: the takers wait for another attempt.
     */
    ngx_int_t  (*failed)(void *data, ngx_http_autostock_connection_t *conn);

    /* the server refused to write */
    void       (*refused)(void *data, ngx_http_autostock_connection_t *conn);

    void        *data;
} ngx_http_autostock_pool_watch_t;


/* watch may be NULL. */
ngx_http_autostock_pool_t *ngx_http_autostock_pool_create(
    ngx_http_autostock_database_t *db, ngx_http_autostock_server_t *server,
    ngx_http_autostock_pool_watch_t *watch);

/* Opens one connection before the first request; logs the durability. */
void ngx_http_autostock_pool_warm(ngx_http_autostock_pool_t *pool);

void ngx_http_autostock_pool_get(ngx_http_autostock_pool_t *pool,
    ngx_http_autostock_taker_t *taker);

/* Those that wait, except the bound ones, wait in the other pool. */
void ngx_http_autostock_pool_move(ngx_http_autostock_pool_t *from,
    ngx_http_autostock_pool_t *to);

/*
 * 1: another server is used.  Idle connections are closed, and so are the
 * others when they come back.
 */
void ngx_http_autostock_pool_retire(ngx_http_autostock_pool_t *pool,
    ngx_uint_t retired);

/*
 * The server failed: queries without an answer fail soon, so that the requests
 * can go to another server.
 */
void ngx_http_autostock_pool_late_end(ngx_http_autostock_pool_t *pool);

/* 1 if an answer takes longer than so many ms. */
ngx_uint_t ngx_http_autostock_pool_late_any(ngx_http_autostock_pool_t *pool,
    ngx_msec_t slow);

/* The number of established connections. */
ngx_uint_t ngx_http_autostock_pool_established(
    ngx_http_autostock_pool_t *pool);

/* Returns a usable connection; closes one with an open transaction. */
void ngx_http_autostock_pool_release(ngx_http_autostock_connection_t *conn);

/* Closes a connection after a time-out, a protocol error or a loss. */
void ngx_http_autostock_pool_close(ngx_http_autostock_connection_t *conn,
    const char *reason);

/* Closes all connections; for exit_process. */
void ngx_http_autostock_pool_destroy(ngx_http_autostock_pool_t *pool);


#endif /* _NGX_HTTP_AUTOSTOCK_POOL_H_INCLUDED_ */
