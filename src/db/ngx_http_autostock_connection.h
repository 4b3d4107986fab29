
/*
 * A connection to the database in nginx's event loop: connect, query, close,
 * each with a deadline.  It knows no HTTP and no pool; the pool owns it.
 *
 * One operation at a time.  Its "done" is called once, never from inside the
 * call that began it.  NGX_ERROR means that the connection is of no more use
 * and must be closed; what the statement did is then not known.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_CONNECTION_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_CONNECTION_H_INCLUDED_


#include "ngx_http_autostock_column.h"
#include "ngx_http_autostock_error.h"
#include "ngx_http_autostock_mysql.h"


/* kinds of work, each with a share of the pool */
typedef enum {
    NGX_HTTP_AUTOSTOCK_KIND_LOOKUP = 0,
    NGX_HTTP_AUTOSTOCK_KIND_SALE,
    NGX_HTTP_AUTOSTOCK_KIND_RECEIPT,
    NGX_HTTP_AUTOSTOCK_KINDS                 /* none of them */
} ngx_http_autostock_kind_e;


typedef struct ngx_http_autostock_connection_s
    ngx_http_autostock_connection_t;

/* rc: NGX_OK; NGX_DECLINED: the server refused; NGX_ERROR: lost */
typedef void (*ngx_http_autostock_done_pt)(void *data, ngx_int_t rc);

/*
 * A row of the statement with this number, from 0.  Texts live until it
 * returns.  Anything but NGX_OK: the answer makes no sense, which ends the
 * connection.
 */
typedef ngx_int_t (*ngx_http_autostock_row_pt)(void *data,
    ngx_uint_t statement, ngx_str_t *columns, ngx_uint_t n);


typedef struct {
    ngx_str_t                    sql;        /* lives until done */
    ngx_http_autostock_row_pt    row;        /* NULL: no row is expected */
    ngx_http_autostock_done_pt   done;
    void                        *data;

    /* the answer */
    ngx_uint_t                   statements; /* that went well */
    uint64_t                     insert_id;  /* the last that was not 0 */
    ngx_uint_t                   error;      /* the server's, or the
                                                library's number */
    u_char                       text[NGX_HTTP_AUTOSTOCK_ERROR_TEXT];
                                             /* of the server's, for the log */
} ngx_http_autostock_query_t;


struct ngx_http_autostock_connection_s {
    ngx_queue_t                      queue;   /* the pool's */
    void                            *pool;
    ngx_http_autostock_kind_e        kind;    /* of whom it was given to */
    ngx_http_autostock_database_t   *db;
    ngx_http_autostock_mysql_t      *mysql;
    ngx_connection_t                *c;
    ngx_event_t                      timer;
    ngx_event_t                      finished;   /* posted */
    ngx_event_t                      turn;       /* posted: more to read */
    ngx_int_t                        rc;
    ngx_log_t                       *log;

    ngx_http_autostock_query_t      *query;
    ngx_str_t                        sending;
    ngx_str_t                        unsent;  /* of the query's text */
    ngx_http_autostock_query_t       setup;
    u_char                           setup_text[2048];
    ngx_uint_t                       wait;
    ngx_uint_t                       pieces;  /* of the answer, so far */
    size_t                           bytes;

    ngx_http_autostock_done_pt       connected;
    void                           (*hung_up)(void *data);
    void                            *data;

    ngx_thread_task_t               *task;
    ngx_resolver_ctx_t              *resolving;
    ngx_addr_t                       addr;
    ngx_sockaddr_t                   sockaddr;

    uint64_t                         thread_id;
    time_t                           server_start;  /* to know a restart */
    ngx_msec_t                       born;
    ngx_uint_t                       wait_timeout;  /* s, in the pool */
    ngx_http_autostock_column_t      sku;           /* product's */
    size_t                           packet;  /* max_allowed_packet */
    u_char                           engine[96];  /* a table that is not
                                                InnoDB, and what it is */

    unsigned                         durable:1;
    unsigned                         read_only:1;
    unsigned                         clustered:1;   /* Galera */
    unsigned                         hurries:1;     /* its transactions idle no
                                                       longer than a query may
                                                       take */
    unsigned                         limited:1;     /* its session, to that */
    unsigned                         binlog:1;
    unsigned                         by_statement:1;  /* its format, for the
                                                 session */
    unsigned                         utf8mb4:1;     /* what is answered */
    unsigned                         resting:1;
    unsigned                         starting:1;
    unsigned                         in_thread:1;
    unsigned                         closed:1;      /* a thread holds it */
};


/* NULL where memory ran out. */
ngx_http_autostock_connection_t *ngx_http_autostock_connection_create(
    ngx_http_autostock_database_t *db);

/* Resolves, connects and sets up the session, within connect_timeout. */
void ngx_http_autostock_connection_connect(
    ngx_http_autostock_connection_t *conn,
    ngx_http_autostock_done_pt done, void *data);

/* Within query_timeout; the query and its text are the caller's. */
void ngx_http_autostock_connection_query(
    ngx_http_autostock_connection_t *conn,
    ngx_http_autostock_query_t *query);

/* Rests: whatever now arrives calls closed(data). */
void ngx_http_autostock_connection_rest(
    ngx_http_autostock_connection_t *conn, void (*closed)(void *data),
    ngx_msec_t timeout);

/*
 * Ends the rest.  NGX_ERROR where the server has hung up or said something
 * unasked in the meantime.
 */
ngx_int_t ngx_http_autostock_connection_wake(
    ngx_http_autostock_connection_t *conn);


/* Between _connect.c, _connection.c, _session.c, and _statement.c. */

/* Sends what of the query's text comes next. */
void ngx_http_autostock_connection_send(
    ngx_http_autostock_connection_t *conn);

/* A row, and a statement's end; NGX_ERROR where they make no sense, or do not
 * end. */
ngx_int_t ngx_http_autostock_connection_row(
    ngx_http_autostock_connection_t *conn);
ngx_int_t ngx_http_autostock_connection_statement(
    ngx_http_autostock_connection_t *conn);

/* Gives the library's descriptor an nginx connection, for its events. */
ngx_int_t ngx_http_autostock_connection_watch(
    ngx_http_autostock_connection_t *conn);

/* The session's settings, as the connection's first query. */
void ngx_http_autostock_session_set(ngx_http_autostock_connection_t *conn);

/* Goes on with what is under way; events: of WAIT_*, 0 to begin. */
void ngx_http_autostock_connection_run(ngx_http_autostock_connection_t *conn,
    ngx_uint_t events);

/* Hands the result over, from an event if the call has not returned yet. */
void ngx_http_autostock_connection_finish(
    ngx_http_autostock_connection_t *conn, ngx_int_t rc);

/* Tells the library's last error in the log. */
void ngx_http_autostock_connection_failed(
    ngx_http_autostock_connection_t *conn);

void ngx_http_autostock_connection_free(
    ngx_http_autostock_connection_t *conn, ngx_uint_t politely);


/* NULL, or why nothing can be written on it, until the server is set up
 * otherwise: for the log. */
const char *ngx_http_autostock_session_refusal(
    ngx_http_autostock_connection_t *conn);

/* True where a transaction is open on it, by the server's last word. */
ngx_uint_t ngx_http_autostock_connection_in_transaction(
    ngx_http_autostock_connection_t *conn);

/* Closes and frees, in any state; no done is called afterwards. */
void ngx_http_autostock_connection_close(
    ngx_http_autostock_connection_t *conn, const char *reason);


#endif /* _NGX_HTTP_AUTOSTOCK_CONNECTION_H_INCLUDED_ */
