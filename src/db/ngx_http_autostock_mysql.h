
/*
 * libmariadb's non-blocking API as steps, without events, timers or nginx
 * connections.  No file outside of these files includes mysql.h.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_MYSQL_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_MYSQL_H_INCLUDED_


#include "ngx_http_autostock.h"


/* maximum number of a row's columns; SHOW REPLICA STATUS has about 60 */
#define NGX_HTTP_AUTOSTOCK_COLUMNS  96

/* the events that a step waits for */
#define NGX_HTTP_AUTOSTOCK_WAIT_READ   0x01
#define NGX_HTTP_AUTOSTOCK_WAIT_WRITE  0x02

typedef struct ngx_http_autostock_mysql_s  ngx_http_autostock_mysql_t;


typedef enum {
    NGX_HTTP_AUTOSTOCK_MYSQL_DONE = 0,       /* the operation is complete */
    NGX_HTTP_AUTOSTOCK_MYSQL_WAIT,           /* wait for the events in *wait */
    NGX_HTTP_AUTOSTOCK_MYSQL_ROW,            /* a row was read */
    NGX_HTTP_AUTOSTOCK_MYSQL_STATEMENT,      /* a statement has succeeded */
    NGX_HTTP_AUTOSTOCK_MYSQL_REFUSED,        /* the server sent an error; the
                                                connection remains usable */
    NGX_HTTP_AUTOSTOCK_MYSQL_LOST            /* unusable: close it */
} ngx_http_autostock_mysql_rc_e;


/*
 * Returns NULL if there is no memory.  ngx_http_autostock_mysql_close() frees
 * it.
 */
ngx_http_autostock_mysql_t *ngx_http_autostock_mysql_connect_open(
    ngx_http_autostock_database_t *db, ngx_http_autostock_server_t *server);

/*
 * Starts to connect to a numeric address or a socket.  Then the caller calls
 * step(), and again after every event; or, with TLS, connect_blocking() in a
 * thread.
 */
void ngx_http_autostock_mysql_connect(ngx_http_autostock_mysql_t *m,
    ngx_addr_t *addr);

/*
 * Completes what connect() started, in a thread, since the library's TLS
 * handshake blocks.  Returns DONE or LOST, within about three times
 * connect_timeout.
 */
ngx_http_autostock_mysql_rc_e ngx_http_autostock_mysql_connect_blocking(
    ngx_http_autostock_mysql_t *m);

/* Sends sql, one or more statements; the text must not change until DONE. */
void ngx_http_autostock_mysql_query(ngx_http_autostock_mysql_t *m,
    ngx_str_t *sql);

/*
 * Continues the operation as far as possible without waiting.  events: what the
 * socket is ready for, of WAIT_*; 0 on the first call.
 */
ngx_http_autostock_mysql_rc_e ngx_http_autostock_mysql_step(
    ngx_http_autostock_mysql_t *m, ngx_uint_t events, ngx_uint_t *wait);

/*
 * After ROW: the row.  The column texts are valid until the next step().  n
 * becomes the number of columns; returns NGX_ERROR if there are more than
 * NGX_HTTP_AUTOSTOCK_COLUMNS.  A NULL has data NULL.
 */
ngx_int_t ngx_http_autostock_mysql_row(ngx_http_autostock_mysql_t *m,
    ngx_str_t *columns, ngx_uint_t *n);

/* After ROW: the name of the row's column i. */
const char *ngx_http_autostock_mysql_column(ngx_http_autostock_mysql_t *m,
    ngx_uint_t i);

/*
 * After STATEMENT: the statement's LAST_INSERT_ID(), or the value to which it
 * has set the variable last_insert_id, if the session tracks this; 0: neither.
 */
uint64_t ngx_http_autostock_mysql_insert_id(ngx_http_autostock_mysql_t *m);

/*
 * After REFUSED or LOST: the error's number, which as_sqlerror.h classifies.
 * The text may contain values of the statement.
 */
ngx_uint_t ngx_http_autostock_mysql_error(ngx_http_autostock_mysql_t *m,
    const char **text);

/* -1: the library has closed the descriptor. */
ngx_socket_t ngx_http_autostock_mysql_socket(ngx_http_autostock_mysql_t *m);

/* The server's CONNECTION_ID(). */
uint64_t ngx_http_autostock_mysql_thread_id(ngx_http_autostock_mysql_t *m);

ngx_uint_t ngx_http_autostock_mysql_is_mariadb(ngx_http_autostock_mysql_t *m);

/* By the server's last answer; 1 also if it is not known. */
ngx_uint_t ngx_http_autostock_mysql_in_transaction(
    ngx_http_autostock_mysql_t *m);

/*
 * Closes and frees.  quit: sends COM_QUIT first, which needs an idle
 * connection; otherwise shuts the socket down.
 */
void ngx_http_autostock_mysql_close(ngx_http_autostock_mysql_t *m,
    ngx_uint_t quit);


#endif /* _NGX_HTTP_AUTOSTOCK_MYSQL_H_INCLUDED_ */
