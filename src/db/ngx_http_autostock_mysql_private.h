
/*
 * Shared by the mysql files only.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_MYSQL_PRIVATE_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_MYSQL_PRIVATE_H_INCLUDED_


#include "ngx_http_autostock_mysql.h"

#include <mysql.h>
#include <ma_pvio.h>


/* a name in a certificate, or a numeric address */
#define NGX_HTTP_AUTOSTOCK_MYSQL_HOST  256


typedef enum {
    ngx_http_autostock_mysql_idle = 0,
    ngx_http_autostock_mysql_connecting,
    ngx_http_autostock_mysql_sending,
    ngx_http_autostock_mysql_fetching,
    ngx_http_autostock_mysql_between,
    ngx_http_autostock_mysql_next
} ngx_http_autostock_mysql_state_e;


struct ngx_http_autostock_mysql_s {
    MYSQL                              mysql;
    MYSQL                             *connected;
    MYSQL_RES                         *result;
    MYSQL_ROW                          row;
    char                              *version;    /* ours, until the
                                                      greeting */
    struct st_ma_pvio_methods          methods;    /* with our reader */
    struct st_ma_pvio_methods         *library;    /* the library's methods */
    size_t                             taken;      /* bytes read in this call */
    int                                wanted;     /* MYSQL_WAIT_* */
    int                                failed;     /* result of the last call */
    ngx_str_t                          sql;
    ngx_http_autostock_mysql_state_e   state;
    ngx_http_autostock_database_t     *db;
    ngx_http_autostock_server_t       *server;
    ngx_addr_t                        *addr;
    char                               host[NGX_HTTP_AUTOSTOCK_MYSQL_HOST];
    unsigned                           started:1;
};


/* Frees the result, whose rows may not all have been read. */
void ngx_http_autostock_mysql_read_release(ngx_http_autostock_mysql_t *m);

/* After the connect: limits what one call of the library may read. */
void ngx_http_autostock_mysql_read_bound(ngx_http_autostock_mysql_t *m);

/* Starts or continues to connect; returns 0 or MYSQL_WAIT_*. */
int ngx_http_autostock_mysql_connect_call(ngx_http_autostock_mysql_t *m,
    int ready);


#endif /* _NGX_HTTP_AUTOSTOCK_MYSQL_PRIVATE_H_INCLUDED_ */
