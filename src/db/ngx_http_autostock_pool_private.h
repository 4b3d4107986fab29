
/*
 * Shared by the pool's files only.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_POOL_PRIVATE_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_POOL_PRIVATE_H_INCLUDED_


#include "ngx_http_autostock_pool.h"


struct ngx_http_autostock_pool_s {
    ngx_http_autostock_database_t     *db;
    ngx_http_autostock_server_t       *server;
    ngx_http_autostock_pool_watch_t   *watch;
    ngx_http_autostock_pool_takers_t   takers;

    ngx_queue_t                        idle;    /* most recently used first */
    ngx_queue_t                        busy;    /* connecting or taken */
    ngx_uint_t                         open;    /* idle and busy */
    ngx_uint_t                         connecting;

    /* after a failed connect, a pause that doubles */
    ngx_msec_t                         pause;
    ngx_msec_t                         not_before;

    ngx_event_t                        posted;
    ngx_event_t                        again;   /* the end of the pause */
    ngx_event_t                        look;    /* at the user's rights */

    unsigned                           patient:1;   /* the takers wait for the
                                                       next attempt */
    unsigned                           retired:1;   /* another server is used */
};


#endif /* _NGX_HTTP_AUTOSTOCK_POOL_PRIVATE_H_INCLUDED_ */
