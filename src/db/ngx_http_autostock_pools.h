
/*
 * The servers of one database in one worker process: each has a pool, and this
 * code chooses the pool for a taker.
 *
 *   sales, receipts, settlements, and the look-ups before a sale: the first
 *      server of the configuration that is reachable and writable
 *   other look-ups: a replica whose lag is within max_lag; else the same server
 *      as sales
 *   a bound taker: only its server
 *
 * If there is one server, its state is not observed.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_POOLS_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_POOLS_H_INCLUDED_


#include "ngx_http_autostock_pool.h"


/* Returns NULL if there is no memory. */
ngx_http_autostock_pools_t *ngx_http_autostock_pools_create(
    ngx_http_autostock_database_t *db);

/* Opens the first connection, before the first request; starts the probes. */
void ngx_http_autostock_pools_warm(ngx_http_autostock_pools_t *pools);

/* The taker waits for a connection to the server that is used now. */
void ngx_http_autostock_pools_get(ngx_http_autostock_pools_t *pools,
    ngx_http_autostock_taker_t *taker);

/*
 * A COMMIT was sent over the connection and its answer was lost: the taker's
 * next connection must be to the same server, unless replication is
 * synchronous.
 */
void ngx_http_autostock_pools_bind(ngx_http_autostock_taker_t *taker,
    ngx_http_autostock_connection_t *conn);

/* 1: the taker is bound to a server that sales do not use now. */
ngx_uint_t ngx_http_autostock_pools_elsewhere(
    ngx_http_autostock_pools_t *pools, ngx_http_autostock_taker_t *taker);

/* Closes all connections; for exit_process. */
void ngx_http_autostock_pools_destroy(ngx_http_autostock_pools_t *pools);


#endif /* _NGX_HTTP_AUTOSTOCK_POOLS_H_INCLUDED_ */
