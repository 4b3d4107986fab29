
/*
 * A connection to the database in nginx's event loop: connect and query, each
 * with a deadline, and close.  It does not depend on HTTP or on the pool that
 * owns it.
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

/*
 * The end of an operation.  rc is NGX_OK; NGX_DECLINED: the server refused a
 * statement; or NGX_ERROR: the connection was lost or timed out.
 */
typedef void (*ngx_http_autostock_done_pt)(void *data, ngx_int_t rc);

/*
 * Receives a row of the statement with this number, counted from 0.  The texts
 * are valid until the handler returns.  If it does not return NGX_OK, the row
 * is invalid, and the query ends with NGX_ERROR.
 */
typedef ngx_int_t (*ngx_http_autostock_row_pt)(void *data,
    ngx_uint_t statement, ngx_str_t *columns, ngx_uint_t n);


typedef struct {
    ngx_str_t                    sql;        /* unchanged until done */
    ngx_http_autostock_row_pt    row;        /* NULL: no row is expected */
    ngx_http_autostock_done_pt   done;
    void                        *data;

    /* the result */
    ngx_uint_t                   statements; /* number that succeeded */
    uint64_t                     insert_id;  /* the last one that is not 0 */
    ngx_uint_t                   error;      /* number of the server's or the
                                                library's error */
    u_char                       text[NGX_HTTP_AUTOSTOCK_ERROR_TEXT];
                                             /* the server's error text, for
                                                the log */
} ngx_http_autostock_query_t;


struct ngx_http_autostock_connection_s {
    ngx_queue_t                      queue;   /* in the pool */
    struct ngx_http_autostock_pool_s  *pool;
    ngx_http_autostock_kind_e        kind;    /* of its taker; KINDS: none */
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
    ngx_str_t                        sending; /* the part that was sent last */
    ngx_str_t                        unsent;  /* the rest of the query's text */
    ngx_http_autostock_query_t       setup;
    u_char                           setup_text[4096];
    ngx_uint_t                       wait;    /* for these events */
    ngx_uint_t                       pieces;  /* rows and statements so far */
    size_t                           bytes;   /* of these rows */

    void                           (*established)(
                                        ngx_http_autostock_connection_t *conn);
    ngx_http_autostock_done_pt       connected;
    void                            *data;       /* of connected */
    void                           (*hung_up)(
                                        ngx_http_autostock_connection_t *conn);

    ngx_thread_task_t               *task;
    ngx_resolver_ctx_t              *resolving;
    ngx_addr_t                       addr;
    ngx_sockaddr_t                   sockaddr;

    uint64_t                         thread_id;
    time_t                           server_start;  /* to detect a restart */
    ngx_msec_t                       born;          /* time of creation */
    ngx_msec_t                       asked;         /* time of the last query */
    ngx_uint_t                       wait_timeout;  /* while pooled, s */
    ngx_http_autostock_column_t      sku;           /* product.sku */
    size_t                           packet;  /* max_allowed_packet, bytes */
    ngx_http_autostock_rights_t      rights;  /* the user's */
    u_char                           engine[96];  /* a table that is not
                                                     InnoDB, and its engine */

    ngx_uint_t                       error;   /* number of the library's error
                                                 when the connection failed */

    unsigned                         durable:1;
    unsigned                         read_only:1;
    unsigned                         refuses:1;     /* the server refuses
                                                       writes; a replica:
                                                       queries */
    unsigned                         timed_out:1;
    unsigned                         probes:1;      /* of a probe: it logs no
                                                       errors and does not read
                                                       the rights */
    unsigned                         clustered:1;   /* Galera */
    unsigned                         limits_itself:1; /* the server ends idle
                                                       transactions within
                                                       query_timeout */
    unsigned                         limited:1;     /* this session has that
                                                       limit now */
    unsigned                         calls:1;       /* the session may call
                                                       autostock_sell */
    unsigned                         binlog:1;
    unsigned                         by_statement:1;  /* format of the binary
                                                         log in this session */
    unsigned                         utf8mb4:1;     /* results are utf8mb4 */
    unsigned                         looks:1;       /* it reads the rights */
    unsigned                         resting:1;     /* idle in the pool */
    unsigned                         starting:1;    /* the call that starts an
                                                       operation runs */
    unsigned                         in_thread:1;   /* a thread uses it */
    unsigned                         closed:1;      /* to be freed when the
                                                       thread has ended */
};


/* Returns NULL if there is no memory. */
ngx_http_autostock_connection_t *ngx_http_autostock_connection_create(
    ngx_http_autostock_database_t *db, ngx_http_autostock_server_t *server);

/*
 * Resolves the host and connects, then calls established, which sets up the
 * session and calls done(data); all within connect_timeout.
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
 * The connection becomes idle: closed(conn) is called on any input, and after
 * the timeout.
 */
void ngx_http_autostock_connection_rest(
    ngx_http_autostock_connection_t *conn,
    void (*closed)(ngx_http_autostock_connection_t *conn), ngx_msec_t timeout);

/*
 * Ends the idle state.  Returns NGX_ERROR if the server has closed the
 * connection or sent unrequested data in the meantime.
 */
ngx_int_t ngx_http_autostock_connection_wake(
    ngx_http_autostock_connection_t *conn);


/* For the connection's own files, and for the session's first queries. */

/* Sends the next part of the query's text. */
void ngx_http_autostock_connection_statement_send(
    ngx_http_autostock_connection_t *conn);

/*
 * Handle a row, and the end of a statement.  Return NGX_ERROR if the result is
 * invalid or exceeds the limits.
 */
ngx_int_t ngx_http_autostock_connection_statement_row(
    ngx_http_autostock_connection_t *conn);
ngx_int_t ngx_http_autostock_connection_statement(
    ngx_http_autostock_connection_t *conn);

/*
 * Creates an nginx connection for the events of the library's descriptor, if
 * there is none yet.  Returns NGX_ERROR if the descriptor is closed or has
 * changed, or if there is no free connection.
 */
ngx_int_t ngx_http_autostock_connection_watch(
    ngx_http_autostock_connection_t *conn);

/* Continues the current operation.  events: bits of WAIT_*; 0 to start. */
void ngx_http_autostock_connection_run(ngx_http_autostock_connection_t *conn,
    ngx_uint_t events);

/*
 * Reports the result of the operation: at once, or by a posted event if the
 * call that started the operation has not returned yet.
 */
void ngx_http_autostock_connection_finish(
    ngx_http_autostock_connection_t *conn, ngx_int_t rc);

/* Logs the library's last error. */
void ngx_http_autostock_connection_failed(
    ngx_http_autostock_connection_t *conn);

/*
 * ngx_http_autostock_repeat() for the lines of the log about the server's
 * reachability; always NULL for a probe.
 */
const char *ngx_http_autostock_connection_note(
    ngx_http_autostock_connection_t *conn);

/* Closes the descriptor and frees.  quit: see ngx_http_autostock_mysql.h. */
void ngx_http_autostock_connection_free(
    ngx_http_autostock_connection_t *conn, ngx_uint_t quit);


/* 1 if a transaction is open, according to the server's last reply. */
ngx_uint_t ngx_http_autostock_connection_in_transaction(
    ngx_http_autostock_connection_t *conn);

/*
 * Closes and frees, in any state; done is not called afterwards.  The reason is
 * for the debug log.
 */
void ngx_http_autostock_connection_close(
    ngx_http_autostock_connection_t *conn, const char *reason);


#endif /* _NGX_HTTP_AUTOSTOCK_CONNECTION_H_INCLUDED_ */
