
/*
 * Declarations that only the mysql files share.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_MYSQL_PRIVATE_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_MYSQL_PRIVATE_H_INCLUDED_


#include "ngx_http_autostock_mysql.h"

#include <mysql.h>
#include <ma_pvio.h>


/* maximum length of a certificate's name or a numeric address, with the NUL */
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
    char                              *version;    /* see as_greeting.h */
    struct st_ma_pvio_methods          methods;    /* with a reader that has a
                                                      limit */
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


/* Frees the result; rows that have not been read are not read. */
void ngx_http_autostock_mysql_read_release(ngx_http_autostock_mysql_t *m);

/* After the connect: limits the bytes that one call of the library may read. */
void ngx_http_autostock_mysql_read_bound(ngx_http_autostock_mysql_t *m);

/* Starts or continues to connect; returns 0 or MYSQL_WAIT_*. */
int ngx_http_autostock_mysql_connect_call(ngx_http_autostock_mysql_t *m,
    int ready);


#endif /* _NGX_HTTP_AUTOSTOCK_MYSQL_PRIVATE_H_INCLUDED_ */
