
/*
 * The only header over mysql.h: libmariadb's non-blocking API as steps, without
 * events, timers or nginx connections.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_MYSQL_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_MYSQL_H_INCLUDED_


#include "ngx_http_autostock.h"


/* maximum of a row; SHOW REPLICA STATUS has about 60 */
#define NGX_HTTP_AUTOSTOCK_COLUMNS  96

/* what a step waits for */
#define NGX_HTTP_AUTOSTOCK_WAIT_READ   0x01
#define NGX_HTTP_AUTOSTOCK_WAIT_WRITE  0x02

typedef struct ngx_http_autostock_mysql_s  ngx_http_autostock_mysql_t;


typedef enum {
    NGX_HTTP_AUTOSTOCK_MYSQL_DONE = 0,       /* the operation is complete */
    NGX_HTTP_AUTOSTOCK_MYSQL_WAIT,           /* for the events in *wait */
    NGX_HTTP_AUTOSTOCK_MYSQL_ROW,            /* one row of a statement */
    NGX_HTTP_AUTOSTOCK_MYSQL_STATEMENT,      /* one statement of a query */
    NGX_HTTP_AUTOSTOCK_MYSQL_REFUSED,        /* an error packet; still usable */
    NGX_HTTP_AUTOSTOCK_MYSQL_LOST            /* unusable: close it */
} ngx_http_autostock_mysql_rc_e;


/* NULL: no memory.  Freed by close. */
ngx_http_autostock_mysql_t *ngx_http_autostock_mysql_connect_open(
    ngx_http_autostock_database_t *db, ngx_http_autostock_server_t *server);

/*
 * Starts to connect to a numeric address or a socket.  Then step() is called,
 * and again after every event.  With TLS, connect_blocking() is called in a
 * thread instead.
 */
void ngx_http_autostock_mysql_connect(ngx_http_autostock_mysql_t *m,
    ngx_addr_t *addr);

/*
 * Continues what connect() started, and blocks: for a thread.  With TLS the
 * handshake blocks in the library.  Ends within about three times
 * connect_timeout.
 */
ngx_http_autostock_mysql_rc_e ngx_http_autostock_mysql_connect_blocking(
    ngx_http_autostock_mysql_t *m);

/* Sends sql, one or more statements; the text must live until DONE. */
void ngx_http_autostock_mysql_query(ngx_http_autostock_mysql_t *m,
    ngx_str_t *sql);

/*
 * Continues the operation as far as possible without waiting.  events: what the
 * socket is ready for, of WAIT_*; 0 on the first call.
 */
ngx_http_autostock_mysql_rc_e ngx_http_autostock_mysql_step(
    ngx_http_autostock_mysql_t *m, ngx_uint_t events, ngx_uint_t *wait);

/*
 * The row just reported.  The column texts are valid until the next step().  n
 * becomes the number of columns, up to NGX_HTTP_AUTOSTOCK_COLUMNS; NGX_ERROR if
 * there are more.  A NULL has data NULL.
 */
ngx_int_t ngx_http_autostock_mysql_row(ngx_http_autostock_mysql_t *m,
    ngx_str_t *columns, ngx_uint_t *n);

/* The name of column i of the row just reported. */
const char *ngx_http_autostock_mysql_column(ngx_http_autostock_mysql_t *m,
    ngx_uint_t i);

/* of the statement just reported, which has no rows */
uint64_t ngx_http_autostock_mysql_insert_id(ngx_http_autostock_mysql_t *m);

/*
 * After REFUSED or LOST; as_sqlerror.h classifies the numbers.  The text may
 * contain parameters of the statement.
 */
ngx_uint_t ngx_http_autostock_mysql_error(ngx_http_autostock_mysql_t *m,
    const char **text);

ngx_socket_t ngx_http_autostock_mysql_socket(ngx_http_autostock_mysql_t *m);
uint64_t ngx_http_autostock_mysql_thread_id(ngx_http_autostock_mysql_t *m);
ngx_uint_t ngx_http_autostock_mysql_is_mariadb(ngx_http_autostock_mysql_t *m);
ngx_uint_t ngx_http_autostock_mysql_in_transaction(
    ngx_http_autostock_mysql_t *m);

/* politely: sends COM_QUIT to the server; otherwise only closes */
void ngx_http_autostock_mysql_close(ngx_http_autostock_mysql_t *m,
    ngx_uint_t politely);


#endif /* _NGX_HTTP_AUTOSTOCK_MYSQL_H_INCLUDED_ */
