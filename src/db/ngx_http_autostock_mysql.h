
/*
 * The only room that knows mysql.h: libmariadb's non-blocking API as steps
 * without events, timers or nginx connections.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_MYSQL_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_MYSQL_H_INCLUDED_


#include "ngx_http_autostock.h"


#define NGX_HTTP_AUTOSTOCK_COLUMNS  16       /* of a row, at the most */

/* what a step waits for */
#define NGX_HTTP_AUTOSTOCK_WAIT_READ   0x01
#define NGX_HTTP_AUTOSTOCK_WAIT_WRITE  0x02

typedef struct ngx_http_autostock_mysql_s  ngx_http_autostock_mysql_t;


typedef enum {
    NGX_HTTP_AUTOSTOCK_MYSQL_DONE = 0,       /* the operation, for good */
    NGX_HTTP_AUTOSTOCK_MYSQL_WAIT,           /* *wait says for what */
    NGX_HTTP_AUTOSTOCK_MYSQL_ROW,            /* one row of a statement */
    NGX_HTTP_AUTOSTOCK_MYSQL_STATEMENT,      /* one statement of a query */
    NGX_HTTP_AUTOSTOCK_MYSQL_REFUSED,        /* an error packet; usable */
    NGX_HTTP_AUTOSTOCK_MYSQL_LOST            /* not usable: close */
} ngx_http_autostock_mysql_rc_e;


/* NULL where memory ran out.  Freed by close. */
ngx_http_autostock_mysql_t *ngx_http_autostock_mysql_open(
    ngx_http_autostock_database_t *db);

/*
 * Starts to connect, to a numeric address or a socket.  After it and after
 * every event: step().  With TLS: connect_blocking(), in a thread.
 */
void ngx_http_autostock_mysql_connect(ngx_http_autostock_mysql_t *m,
    ngx_addr_t *addr);

/*
 * Goes on where connect() began and blocks, for a thread: TLS, whose
 * handshake blocks in the library.  Ends within about three connect time-outs.
 */
ngx_http_autostock_mysql_rc_e ngx_http_autostock_mysql_connect_blocking(
    ngx_http_autostock_mysql_t *m);

/* Sends sql, one or more statements; the text must live until DONE. */
void ngx_http_autostock_mysql_query(ngx_http_autostock_mysql_t *m,
    ngx_str_t *sql);

/*
 * Goes on with the operation as far as it can without waiting.  events: what
 * the socket is ready for, of WAIT_*; 0 on the first call.
 */
ngx_http_autostock_mysql_rc_e ngx_http_autostock_mysql_step(
    ngx_http_autostock_mysql_t *m, ngx_uint_t events, ngx_uint_t *wait);

/*
 * The row just reported.  Column texts live until the next step().  n is the
 * number of columns, at most NGX_HTTP_AUTOSTOCK_COLUMNS; NGX_ERROR where there
 * are more.  A NULL has data NULL.
 */
ngx_int_t ngx_http_autostock_mysql_row(ngx_http_autostock_mysql_t *m,
    ngx_str_t *columns, ngx_uint_t *n);

/* of the statement just reported, without rows */
uint64_t ngx_http_autostock_mysql_insert_id(ngx_http_autostock_mysql_t *m);

/*
 * After REFUSED or LOST; as_sqlerror.h says what a number means.  The text may
 * hold parameters of the statement.
 */
ngx_uint_t ngx_http_autostock_mysql_error(ngx_http_autostock_mysql_t *m,
    const char **text);

ngx_socket_t ngx_http_autostock_mysql_socket(ngx_http_autostock_mysql_t *m);
uint64_t ngx_http_autostock_mysql_thread_id(ngx_http_autostock_mysql_t *m);
ngx_uint_t ngx_http_autostock_mysql_is_mariadb(ngx_http_autostock_mysql_t *m);
ngx_uint_t ngx_http_autostock_mysql_in_transaction(
    ngx_http_autostock_mysql_t *m);

/* politely: says good-bye to the server; otherwise only lets go */
void ngx_http_autostock_mysql_close(ngx_http_autostock_mysql_t *m,
    ngx_uint_t politely);


#endif /* _NGX_HTTP_AUTOSTOCK_MYSQL_H_INCLUDED_ */
