
/*
 * Looks at a server beside the sales: over a connection of its own, which for a
 * primary is a fresh one each time, since a session keeps what it read when it
 * began.  Of a replica the lag is read, too.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_PROBE_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_PROBE_H_INCLUDED_


#include "ngx_http_autostock_connection.h"


/* the lag is not known */
#define NGX_HTTP_AUTOSTOCK_PROBE_NO_LAG  -1


typedef struct {
    ngx_http_autostock_database_t    *db;
    ngx_http_autostock_server_t      *server;
    ngx_http_autostock_connection_t  *conn;      /* NULL: none */
    ngx_http_autostock_query_t        query;

    /*
     * NGX_OK: the server was reached; conn has what its session found.
     * NGX_DECLINED: it was reached, but unfit is why it is not to be used.
     * NGX_ERROR: it was not reached.
     */
    void                            (*done)(void *data, ngx_int_t rc);
    void                             *data;

    const char                       *unfit;
    time_t                            lag;       /* seconds, of a replica */
    ngx_uint_t                        rows;
    unsigned                          aurora:1;  /* its table was asked */
    unsigned                          old:1;     /* conn's server only knows
                                                    SHOW SLAVE STATUS */
    unsigned                          kept:1;    /* conn is of an earlier
                                                    look */
} ngx_http_autostock_probe_t;


/* Calls done once, perhaps before it returns.  No other look is under way. */
void ngx_http_autostock_probe_start(ngx_http_autostock_probe_t *probe);

/* Ends the look under way; done is not called. */
void ngx_http_autostock_probe_close(ngx_http_autostock_probe_t *probe);


#endif /* _NGX_HTTP_AUTOSTOCK_PROBE_H_INCLUDED_ */
