
/*
 * Declarations that only the pool's files share.
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

    /* after a failed connect; each further failure doubles the pause */
    ngx_msec_t                         pause;        /* 0: none */
    ngx_msec_t                         not_before;   /* the end of the pause */

    ngx_event_t                        posted;
    ngx_event_t                        again;   /* the end of the pause */
    ngx_event_t                        look;    /* the next check of the user's
                                                   rights */

    unsigned                           patient:1;   /* takers wait for the next
                                                       attempt */
    unsigned                           retired:1;   /* another server is used */
};


#endif /* _NGX_HTTP_AUTOSTOCK_POOL_PRIVATE_H_INCLUDED_ */
