
/*
 * The servers of one database in one worker process: a pool for each, and which
 * of them serves a request.
 *
 *   sales, receipts, settlements, and the look-ups before a sale: the first
 *      server of the configuration that is reachable and writable
 *   other look-ups: a replica whose lag is within max_lag; else the same server
 *   a bound request: its server alone
 *
 * With one server there is nothing to choose, and nothing is watched.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_POOLS_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_POOLS_H_INCLUDED_


#include "ngx_http_autostock_pool.h"


/* NULL: no memory. */
ngx_http_autostock_pools_t *ngx_http_autostock_pools_create(
    ngx_http_autostock_database_t *db);

/* Opens one connection before the first request; starts to watch. */
void ngx_http_autostock_pools_warm(ngx_http_autostock_pools_t *pools);

/* A connection to the server that is used now. */
void ngx_http_autostock_pools_get(ngx_http_autostock_pools_t *pools,
    ngx_http_autostock_taker_t *taker);

/*
 * A COMMIT was sent over the connection and its answer was lost: the taker
 * returns to that server, unless every server has what another one committed.
 */
void ngx_http_autostock_pools_bind(ngx_http_autostock_taker_t *taker,
    ngx_http_autostock_connection_t *conn);

/* 1: the taker is bound to a server that sales do not use now. */
ngx_uint_t ngx_http_autostock_pools_elsewhere(
    ngx_http_autostock_pools_t *pools, ngx_http_autostock_taker_t *taker);

/* Closes all connections; for exit_process. */
void ngx_http_autostock_pools_destroy(ngx_http_autostock_pools_t *pools);


#endif /* _NGX_HTTP_AUTOSTOCK_POOLS_H_INCLUDED_ */
