
/*
 * A connection to the database in nginx's event loop: connect, query, close,
 * each with a deadline.  It does not depend on HTTP or the pool; the pool owns
 * it.
 *
 * It runs one operation at a time.  The operation's "done" is called once,
 * never from within the call that started it.  NGX_ERROR means that the
 * connection is unusable and must be closed; the effect of the statement is
 * then unknown.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_CONNECTION_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_CONNECTION_H_INCLUDED_


#include "ngx_http_autostock_column.h"
#include "ngx_http_autostock_error.h"
#include "ngx_http_autostock_mysql.h"
#include "ngx_http_autostock_rights.h"


/* kinds of work; each has a share of the pool */
typedef enum {
    NGX_HTTP_AUTOSTOCK_KIND_LOOKUP = 0,
    NGX_HTTP_AUTOSTOCK_KIND_SALE,
    NGX_HTTP_AUTOSTOCK_KIND_RECEIPT,
    NGX_HTTP_AUTOSTOCK_KINDS                 /* the number of kinds */
} ngx_http_autostock_kind_e;


typedef struct ngx_http_autostock_connection_s
    ngx_http_autostock_connection_t;

/* rc: NGX_OK; NGX_DECLINED: the server refused; NGX_ERROR: connection lost */
typedef void (*ngx_http_autostock_done_pt)(void *data, ngx_int_t rc);

/*
 * A row of the statement with this number, from 0.  The texts are valid until
 * the handler returns.  Any result but NGX_OK means that the row is invalid,
 * and ends the connection.
 */
typedef ngx_int_t (*ngx_http_autostock_row_pt)(void *data,
    ngx_uint_t statement, ngx_str_t *columns, ngx_uint_t n);


typedef struct {
    ngx_str_t                    sql;        /* must live until done */
    ngx_http_autostock_row_pt    row;        /* NULL: no row is expected */
    ngx_http_autostock_done_pt   done;
    void                        *data;

    /* the result */
    ngx_uint_t                   statements; /* number that succeeded */
    uint64_t                     insert_id;  /* the last one that is not 0 */
    ngx_uint_t                   error;      /* the server's, or the
                                                library's number */
    u_char                       text[NGX_HTTP_AUTOSTOCK_ERROR_TEXT];
                                             /* the server's text, for the
                                                log */
} ngx_http_autostock_query_t;


struct ngx_http_autostock_connection_s {
    ngx_queue_t                      queue;   /* in the pool */
    void                            *pool;
    ngx_http_autostock_kind_e        kind;    /* the kind it was given to */
    ngx_http_autostock_database_t   *db;
    ngx_http_autostock_server_t     *server;
    ngx_http_autostock_mysql_t      *mysql;
    ngx_connection_t                *c;
    ngx_event_t                      timer;
    ngx_event_t                      finished;   /* posted */
    ngx_event_t                      turn;       /* posted: more to read */
    ngx_int_t                        rc;
    ngx_log_t                       *log;

    ngx_http_autostock_query_t      *query;
    ngx_str_t                        sending;
    ngx_str_t                        unsent;  /* rest of the query's text */
    ngx_http_autostock_query_t       setup;
    u_char                           setup_text[4096];
    ngx_uint_t                       wait;
    ngx_uint_t                       pieces;  /* of the result, so far */
    size_t                           bytes;

    void                           (*established)(
                                        ngx_http_autostock_connection_t *conn);
    ngx_http_autostock_done_pt       connected;
    void                           (*hung_up)(void *data);
    void                            *data;

    ngx_thread_task_t               *task;
    ngx_resolver_ctx_t              *resolving;
    ngx_addr_t                       addr;
    ngx_sockaddr_t                   sockaddr;

    uint64_t                         thread_id;
    time_t                           server_start;  /* to detect a restart */
    ngx_msec_t                       born;
    ngx_msec_t                       asked;         /* the last query */
    ngx_uint_t                       wait_timeout;  /* while pooled, s */
    ngx_http_autostock_column_t      sku;           /* product.sku */
    size_t                           packet;  /* max_allowed_packet */
    ngx_http_autostock_rights_t      rights;  /* the user's */
    u_char                           engine[96];  /* a table whose engine is
                                                     not InnoDB, and that
                                                     engine */

    ngx_uint_t                       error;   /* the library's, when the
                                                 connection failed */

    unsigned                         durable:1;
    unsigned                         read_only:1;
    unsigned                         refuses:1;     /* writes; a replica:
                                                       queries */
    unsigned                         timed_out:1;
    unsigned                         probes:1;      /* for a probe: quiet, and
                                                       without a look at the
                                                       rights */
    unsigned                         clustered:1;   /* Galera */
    unsigned                         limits_itself:1; /* the server ends its
                                                       idle transactions
                                                       within the time of one
                                                       query */
    unsigned                         limited:1;     /* its session has that
                                                       limit now */
    unsigned                         binlog:1;
    unsigned                         by_statement:1;  /* the binary log's
                                                         format, in this
                                                         session */
    unsigned                         utf8mb4:1;     /* results are utf8mb4 */
    unsigned                         looks:1;       /* it checks the rights */
    unsigned                         resting:1;
    unsigned                         starting:1;
    unsigned                         in_thread:1;
    unsigned                         closed:1;      /* a thread uses it */
};


/* NULL: no memory. */
ngx_http_autostock_connection_t *ngx_http_autostock_connection_create(
    ngx_http_autostock_database_t *db, ngx_http_autostock_server_t *server);

/*
 * Resolves and connects, then calls established, which sets up the session and
 * calls done; all within connect_timeout.
 */
void ngx_http_autostock_connection_connect(
    ngx_http_autostock_connection_t *conn,
    void (*established)(ngx_http_autostock_connection_t *conn),
    ngx_http_autostock_done_pt done, void *data);

/* Runs within query_timeout; the caller owns the query and its text. */
void ngx_http_autostock_connection_query(
    ngx_http_autostock_connection_t *conn,
    ngx_http_autostock_query_t *query);

/*
 * The connection becomes idle: any input, or the timeout, calls closed(data).
 */
void ngx_http_autostock_connection_rest(
    ngx_http_autostock_connection_t *conn, void (*closed)(void *data),
    ngx_msec_t timeout);

/*
 * Ends the idle state.  NGX_ERROR if the server has closed the connection or
 * sent something unrequested in the meantime.
 */
ngx_int_t ngx_http_autostock_connection_wake(
    ngx_http_autostock_connection_t *conn);


/* For the connection's own files, and for the session's first queries. */

/* Sends the next part of the query's text. */
void ngx_http_autostock_connection_statement_send(
    ngx_http_autostock_connection_t *conn);

/*
 * A row, and the end of a statement.  NGX_ERROR if the result is invalid or
 * exceeds the limits.
 */
ngx_int_t ngx_http_autostock_connection_statement_row(
    ngx_http_autostock_connection_t *conn);
ngx_int_t ngx_http_autostock_connection_statement(
    ngx_http_autostock_connection_t *conn);

/* Gives the library's descriptor an nginx connection, for its events. */
ngx_int_t ngx_http_autostock_connection_watch(
    ngx_http_autostock_connection_t *conn);

/* Continues the current operation.  events: of WAIT_*; 0 to start. */
void ngx_http_autostock_connection_run(ngx_http_autostock_connection_t *conn,
    ngx_uint_t events);

/*
 * Reports the result; from an event if the starting call has not returned yet.
 */
void ngx_http_autostock_connection_finish(
    ngx_http_autostock_connection_t *conn, ngx_int_t rc);

/* Logs the library's last error. */
void ngx_http_autostock_connection_failed(
    ngx_http_autostock_connection_t *conn);

/* NULL: omit a log line about reaching the server; else the line's end. */
const char *ngx_http_autostock_connection_note(
    ngx_http_autostock_connection_t *conn);

void ngx_http_autostock_connection_free(
    ngx_http_autostock_connection_t *conn, ngx_uint_t politely);


/* 1 if a transaction is open, according to the server's last reply. */
ngx_uint_t ngx_http_autostock_connection_in_transaction(
    ngx_http_autostock_connection_t *conn);

/* Closes and frees, in any state; done is not called afterwards. */
void ngx_http_autostock_connection_close(
    ngx_http_autostock_connection_t *conn, const char *reason);


#endif /* _NGX_HTTP_AUTOSTOCK_CONNECTION_H_INCLUDED_ */
