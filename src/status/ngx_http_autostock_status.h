
/*
 * The counters of each database.  Every worker process counts in a shared zone,
 * and a request for the status adds them up.  Without a zone the functions that
 * count do nothing.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_STATUS_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_STATUS_H_INCLUDED_


#include "ngx_http_autostock.h"


/* counters: never decrease */
typedef enum {
    NGX_HTTP_AUTOSTOCK_SALES = 0,          /* 200, without replays */
    NGX_HTTP_AUTOSTOCK_SOLD_PIECES,
    NGX_HTTP_AUTOSTOCK_HOLDS,              /* 200, without replays */
    NGX_HTTP_AUTOSTOCK_REPLAYS,            /* 200 for a repeated key */
    NGX_HTTP_AUTOSTOCK_REFUSALS,           /* 409: not enough stock */
    NGX_HTTP_AUTOSTOCK_KEY_CONFLICTS,      /* 422: key of another request */
    NGX_HTTP_AUTOSTOCK_CONFIRMS,           /* of holds, without replays */
    NGX_HTTP_AUTOSTOCK_RELEASES,           /* the same */
    NGX_HTTP_AUTOSTOCK_RETURNS,            /* the same */
    NGX_HTTP_AUTOSTOCK_RETURNED_PIECES,
    NGX_HTTP_AUTOSTOCK_LOOKUPS,
    NGX_HTTP_AUTOSTOCK_NOT_FOUND,          /* no such product, in any request */
    NGX_HTTP_AUTOSTOCK_RECEIPTS,           /* callbacks booked */
    NGX_HTTP_AUTOSTOCK_RECEIPT_REPLAYS,
    NGX_HTTP_AUTOSTOCK_RECEIPT_REFUSALS,   /* 404, 422, 500 */
    NGX_HTTP_AUTOSTOCK_RECEIPTS_FAILED,    /* goods that cannot be booked */
    NGX_HTTP_AUTOSTOCK_RECEIPTS_GIVEN_UP,  /* at the deadline */
    NGX_HTTP_AUTOSTOCK_UNAUTHORIZED,       /* 401: invalid signature */
    NGX_HTTP_AUTOSTOCK_BAD_REQUESTS,       /* 400, 405, 413 */
    NGX_HTTP_AUTOSTOCK_OVERLOADS,          /* 503: backlog full */
    NGX_HTTP_AUTOSTOCK_UNAVAILABLE,        /* 503: database unreachable */
    NGX_HTTP_AUTOSTOCK_UNKNOWN,            /* 503: outcome unknown */
    NGX_HTTP_AUTOSTOCK_ORDERS_OPENED,
    NGX_HTTP_AUTOSTOCK_BATCHES,            /* transactions committed */
    NGX_HTTP_AUTOSTOCK_BATCH_RETRIES,      /* deadlock, lock wait, lost */
    NGX_HTTP_AUTOSTOCK_IN_DOUBT,           /* COMMIT sent, no reply */
    NGX_HTTP_AUTOSTOCK_CONNECTS,
    NGX_HTTP_AUTOSTOCK_CONNECT_FAILURES,
    NGX_HTTP_AUTOSTOCK_CLOSES,
    NGX_HTTP_AUTOSTOCK_COUNTERS
} ngx_http_autostock_counter_e;

/* gauges: changed by +n or -n, reset with their worker process */
typedef enum {
    NGX_HTTP_AUTOSTOCK_WAITING = 0,        /* requests in the queues */
    NGX_HTTP_AUTOSTOCK_IN_FLIGHT,          /* requests in a running batch */
    NGX_HTTP_AUTOSTOCK_CONNECTIONS,        /* open, busy or idle */
    NGX_HTTP_AUTOSTOCK_CONNECTIONS_IDLE,
    NGX_HTTP_AUTOSTOCK_CONNECTIONS_CONNECTING,
    NGX_HTTP_AUTOSTOCK_GAUGES
} ngx_http_autostock_gauge_e;

/*
 * The result of a request.  The results that have a histogram come first.  HELD
 * and the following share that of DONE, since a cell of more than 2048 bytes
 * would take a whole page of the zone.
 */
typedef enum {
    NGX_HTTP_AUTOSTOCK_RESULT_SOLD = 0,
    NGX_HTTP_AUTOSTOCK_RESULT_REPLAYED,    /* done before */
    NGX_HTTP_AUTOSTOCK_RESULT_REFUSED,     /* not enough stock */
    NGX_HTTP_AUTOSTOCK_RESULT_REJECTED,    /* the request's fault: 4xx */
    NGX_HTTP_AUTOSTOCK_RESULT_UNAVAILABLE, /* 503: nothing was done */
    NGX_HTTP_AUTOSTOCK_RESULT_UNKNOWN,     /* 503: outcome unknown */
    NGX_HTTP_AUTOSTOCK_RESULT_ABANDONED,   /* the client closed before */
    NGX_HTTP_AUTOSTOCK_RESULT_DONE,        /* in the histograms only */
    NGX_HTTP_AUTOSTOCK_CHECKOUT_RESULTS,
    NGX_HTTP_AUTOSTOCK_RESULT_FOUND = NGX_HTTP_AUTOSTOCK_CHECKOUT_RESULTS,
    NGX_HTTP_AUTOSTOCK_RESULT_BOOKED,
    NGX_HTTP_AUTOSTOCK_RESULT_HELD,
    NGX_HTTP_AUTOSTOCK_RESULT_CONFIRMED,   /* in the order of the actions of
                                              ngx_http_autostock_settle.h */
    NGX_HTTP_AUTOSTOCK_RESULT_RELEASED,
    NGX_HTTP_AUTOSTOCK_RESULT_RETURNED
} ngx_http_autostock_result_e;

/* histograms */
typedef enum {
    NGX_HTTP_AUTOSTOCK_BATCH_SIZE = 0,     /* requests: 1, 2, 4 ..  4096 */
    NGX_HTTP_AUTOSTOCK_BATCH_MSEC,         /* of a transaction, ms: 1 ..
                                              8192 */
    NGX_HTTP_AUTOSTOCK_CHECKOUT_WAIT,      /* times: 0.5 ms .. 8192 ms */
    NGX_HTTP_AUTOSTOCK_CHECKOUT_DATABASE,
    NGX_HTTP_AUTOSTOCK_CHECKOUT_TIME,      /* the first result's */
    NGX_HTTP_AUTOSTOCK_HISTOGRAMS = NGX_HTTP_AUTOSTOCK_CHECKOUT_TIME
                                    + NGX_HTTP_AUTOSTOCK_CHECKOUT_RESULTS
} ngx_http_autostock_histogram_e;

/* the last time of an event, over all worker processes */
typedef enum {
    NGX_HTTP_AUTOSTOCK_LAST_COMMIT = 0,    /* of a transaction */
    NGX_HTTP_AUTOSTOCK_LAST_UNAVAILABLE,   /* 503: database unreachable */
    NGX_HTTP_AUTOSTOCK_MOMENTS
} ngx_http_autostock_moment_e;

/*
 * The figures of each server, if a database has several.  Over all worker
 * processes they are the smallest state and role that is not 0, the greatest
 * lag, and the sums of the others.
 */
typedef enum {
    NGX_HTTP_AUTOSTOCK_SERVER_STATE = 0,   /* 0: not known; 1: down; 2: up */
    NGX_HTTP_AUTOSTOCK_SERVER_ROLE,        /* 0: not known; 1: read-only; 2:
                                              writable */
    NGX_HTTP_AUTOSTOCK_SERVER_LAG,         /* 0: not known; seconds + 1 */
    NGX_HTTP_AUTOSTOCK_SERVER_SALES,       /* 1: sales use it */
    NGX_HTTP_AUTOSTOCK_SERVER_LOOKUPS,     /* 1: look-ups use it */
    NGX_HTTP_AUTOSTOCK_SERVER_CONNECTIONS,
    NGX_HTTP_AUTOSTOCK_SERVER_FAILOVERS,   /* a counter: changes of sales to
                                              this server */
    NGX_HTTP_AUTOSTOCK_SERVER_FIGURES
} ngx_http_autostock_server_figure_e;

/* the durability that the database reported, for the status page */
typedef enum {
    NGX_HTTP_AUTOSTOCK_DURABLE_UNKNOWN = 0,
    NGX_HTTP_AUTOSTOCK_DURABLE_NO,
    NGX_HTTP_AUTOSTOCK_DURABLE_YES
} ngx_http_autostock_durable_e;

/* the rights that the database's user needs */
typedef enum {
    NGX_HTTP_AUTOSTOCK_RIGHT_PRODUCT_SELECT = 0,
    NGX_HTTP_AUTOSTOCK_RIGHT_PRODUCT_UPDATE,
    NGX_HTTP_AUTOSTOCK_RIGHT_MOVEMENT_SELECT,
    NGX_HTTP_AUTOSTOCK_RIGHT_MOVEMENT_INSERT,
    NGX_HTTP_AUTOSTOCK_RIGHT_KEY_SELECT,
    NGX_HTTP_AUTOSTOCK_RIGHT_KEY_INSERT,
    NGX_HTTP_AUTOSTOCK_RIGHT_ORDER_SELECT,
    NGX_HTTP_AUTOSTOCK_RIGHT_ORDER_INSERT,
    NGX_HTTP_AUTOSTOCK_RIGHT_ORDER_UPDATE,
    NGX_HTTP_AUTOSTOCK_RIGHT_HOLD_SELECT,
    NGX_HTTP_AUTOSTOCK_RIGHT_HOLD_INSERT,
    NGX_HTTP_AUTOSTOCK_RIGHT_HOLD_UPDATE,
    NGX_HTTP_AUTOSTOCK_RIGHT_HOLD_LINE_SELECT,
    NGX_HTTP_AUTOSTOCK_RIGHT_HOLD_LINE_INSERT,
    NGX_HTTP_AUTOSTOCK_RIGHT_RETURN_SELECT,
    NGX_HTTP_AUTOSTOCK_RIGHT_RETURN_INSERT,
    NGX_HTTP_AUTOSTOCK_RIGHT_TRACE_SELECT,
    NGX_HTTP_AUTOSTOCK_RIGHT_TRACE_INSERT,
    NGX_HTTP_AUTOSTOCK_RIGHTS
} ngx_http_autostock_right_e;


/*
 * Add n to a counter or gauge, or a value to a histogram.  A commit and a 503
 * because of the database also set their moment.
 */
void ngx_http_autostock_status_count(ngx_http_autostock_database_t *db,
    ngx_http_autostock_counter_e id, ngx_uint_t n);
void ngx_http_autostock_status_gauge(ngx_http_autostock_database_t *db,
    ngx_http_autostock_gauge_e id, ngx_int_t n);
void ngx_http_autostock_status_observe(ngx_http_autostock_database_t *db,
    ngx_http_autostock_histogram_e id, ngx_uint_t value);

/*
 * Adds the times of a checkout to its histograms, in microseconds: in all, in
 * the queue, and in the database.  Negative: it did not get there.
 */
void ngx_http_autostock_status_checkout(ngx_http_autostock_database_t *db,
    ngx_http_autostock_result_e result, uint32_t took, int64_t queued,
    int64_t in_flight);

void ngx_http_autostock_status_durable(ngx_http_autostock_database_t *db,
    ngx_http_autostock_durable_e durable);

/* Set a figure of a server, or add n to it. */
void ngx_http_autostock_status_server(ngx_http_autostock_server_t *server,
    ngx_http_autostock_server_figure_e id, ngx_uint_t value);
void ngx_http_autostock_status_server_add(
    ngx_http_autostock_server_t *server,
    ngx_http_autostock_server_figure_e id, ngx_int_t n);

/* Sets the missing rights: a bit for each of ngx_http_autostock_right_e. */
void ngx_http_autostock_status_lacks(ngx_http_autostock_database_t *db,
    ngx_uint_t missing);

/*
 * The handler of the status location.  GET and HEAD: Prometheus's text, or JSON
 * for "?format=json" or by the header Accept.
 */
ngx_int_t ngx_http_autostock_status_handler(ngx_http_request_t *r);


#endif /* _NGX_HTTP_AUTOSTOCK_STATUS_H_INCLUDED_ */
