
/*
 * A probe: finds out whether a server can be used.  It has a connection of its
 * own.  That to a primary is a new one each time, since a session reads the
 * server's settings when it begins.  Of a replica, the lag is read, too.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_PROBE_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_PROBE_H_INCLUDED_


#include "ngx_http_autostock_pool.h"


/* the lag is not known */
#define NGX_HTTP_AUTOSTOCK_PROBE_NO_LAG  -1


typedef struct {
    ngx_http_autostock_database_t    *db;
    ngx_http_autostock_server_t      *server;
    ngx_http_autostock_connection_t  *conn;      /* NULL: none */
    ngx_http_autostock_query_t        query;

    /*
     * Receives NGX_OK: the server was reached, and conn has what its session
     * has read; NGX_DECLINED: it was reached, but cannot be used; or NGX_ERROR:
     * it was not reached.  unfit is the reason, for the log.
     */
    void                            (*done)(
                                        ngx_http_autostock_pools_member_t
                                        *member, ngx_int_t rc);
    ngx_http_autostock_pools_member_t *member;

    const char                       *unfit;
    time_t                            lag;       /* of a replica, seconds */
    ngx_uint_t                        rows;      /* of the last query */
    unsigned                          aurora:1;  /* the query was Aurora's */
    unsigned                          old:1;     /* conn's server only knows
                                                    SHOW SLAVE STATUS */
    unsigned                          kept:1;    /* conn is that of an earlier
                                                    probe */
} ngx_http_autostock_probe_t;


/*
 * Calls done once, perhaps before it returns.  No probe of this server may be
 * running.
 */
void ngx_http_autostock_probe_start(ngx_http_autostock_probe_t *probe);

/* Closes the connection; done of a running probe is not called. */
void ngx_http_autostock_probe_close(ngx_http_autostock_probe_t *probe);


#endif /* _NGX_HTTP_AUTOSTOCK_PROBE_H_INCLUDED_ */
