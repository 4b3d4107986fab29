
/*
 * Merges waiting requests into batches.  The terms:
 *
 *   waiter   one request that waits, embedded in its sale, look-up, receipt or
 *            settlement
 *   flight   one batch that is being processed: it gets a connection from the
 *            pool, takes waiters from the queue, sends its packets and reports
 *            each result
 *   aside    the queue of the waiters that must not share a flight with the
 *            others
 *   gather   the wait for more requests before a flight starts
 *
 * While a flight runs, new requests wait.  When it ends, the next flight takes
 * all of them.  If many clients send the next request as soon as they have a
 * response, the next flight waits for these.  A single request, or one of a
 * few, is sent at once.
 *
 * A batch handles queues, deadlines, connections and retries.  Its operations
 * (sale, lookup, receipt, settle) define what is sent to the database.
 *
 * The functions of one file call only those of the files after it:
 *
 *   batch            submits waiters and starts flights
 *   aside            starts the flights of the waiters aside
 *   flight           connection, packets, retries, end
 *   flight_waiters   the waiters of a flight
 *   deadline         refuses waiters whose deadline has passed
 *   waiter           the queues
 *   gather           how long to wait for more requests
 *   clock            the times that are measured
 *
 * A flight reports its end to batch or aside by flight->ended().
 */


#ifndef _NGX_HTTP_AUTOSTOCK_BATCH_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_BATCH_H_INCLUDED_


#include "ngx_http_autostock_clock.h"
#include "ngx_http_autostock_gather.h"
#include "ngx_http_autostock_refusals.h"
#include "ngx_http_autostock_pools.h"
#include "ngx_http_autostock_sql.h"
#include "ngx_http_autostock_suspects.h"


typedef struct ngx_http_autostock_flight_s  ngx_http_autostock_flight_t;

typedef void (*ngx_http_autostock_ended_pt)(
    ngx_http_autostock_flight_t *flight);


/* A waiting request; embedded in the structure of its operation. */
typedef struct {
    ngx_queue_t                      queue;
    ngx_msec_t                       deadline;
    ngx_http_autostock_batch_t      *batch;    /* NULL: not in a batch */
    ngx_http_autostock_flight_t     *flight;   /* NULL: still waits */
    ngx_uint_t                       serial;   /* order of arrival */

    /*
     * Times of ngx_http_autostock_clock.h, each valid if its flag is set: of
     * the arrival (submit sets it if the caller has not), of the start of the
     * waiter's last flight, and of the result.
     */
    uint32_t                         arrived;
    uint32_t                         departed;
    uint32_t                         ended;
    unsigned                         has_arrived:1;
    unsigned                         has_departed:1;
    unsigned                         has_ended:1;

    uint32_t                         merged;   /* requests in that flight */
    uint32_t                         slot;     /* set by the operation */
    unsigned                         counted:1;  /* in naside or nwaiting */
    unsigned                         aside:1;    /* counted in naside */
} ngx_http_autostock_waiter_t;


typedef enum {
    NGX_HTTP_AUTOSTOCK_UNREACHABLE = 0,        /* no connection */
    NGX_HTTP_AUTOSTOCK_EXPIRED,                /* the deadline has passed */
    NGX_HTTP_AUTOSTOCK_FAILED                  /* given up; see the log */
} ngx_http_autostock_why_e;


typedef struct {
    const char  *name;
    ngx_http_autostock_kind_e
                 kind;                   /* its share of the pool */
    size_t       flight_size;            /* bytes of the structure that begins
                                            with ngx_http_autostock_flight_t */
    ngx_uint_t   max_flights;            /* besides those in doubt on a server
                                            that sales no longer use */
    ngx_uint_t   patient;                /* its waiters wait while the database
                                            is unreachable */

    /* once per structure; the memory is zeroed; NGX_ERROR: no memory */
    ngx_int_t  (*create)(ngx_http_autostock_flight_t *flight);
    void       (*destroy)(ngx_http_autostock_flight_t *flight);

    /* before the first waiter is added */
    void       (*reset)(ngx_http_autostock_flight_t *flight);

    /* 1: the waiter must go aside; NULL: none does */
    ngx_uint_t (*goes_aside)(ngx_http_autostock_waiter_t *waiter);

    /*
     * Adds a waiter; may set waiter->slot.  Returns NGX_OK; NGX_DECLINED: the
     * flight is full; NGX_ABORT: refuse this waiter; or, in a flight aside,
     * NGX_AGAIN: not this waiter now, try the next one.
     */
    ngx_int_t  (*add)(ngx_http_autostock_flight_t *flight,
                   ngx_http_autostock_waiter_t *waiter);

    /* the flight has got a connection, the first or another */
    void       (*start)(ngx_http_autostock_flight_t *flight);

    /* reports the result to the waiter, which is no longer in the batch */
    void       (*answer)(ngx_http_autostock_flight_t *flight,
                   ngx_http_autostock_waiter_t *waiter);

    /*
     * reports to the waiter, which is no longer in the batch, that there is no
     * result; flight is NULL if the waiter was only queued
     */
    void       (*refuse)(ngx_http_autostock_flight_t *flight,
                   ngx_http_autostock_waiter_t *waiter,
                   ngx_http_autostock_why_e why);
} ngx_http_autostock_batch_ops_t;


struct ngx_http_autostock_batch_s {
    ngx_http_autostock_database_t   *db;
    ngx_http_autostock_batch_ops_t  *ops;

    ngx_queue_t                      waiting;
    ngx_uint_t                       nwaiting;
    ngx_uint_t                       serial;    /* of the last arrival */

    ngx_queue_t                      flying;    /* running flights, the oldest
                                                   first */
    ngx_uint_t                       nflying;
    ngx_uint_t                       reads;     /* a replica suffices */
    ngx_uint_t                       connecting;  /* the last flight waits for a
                                                     connection */
    ngx_queue_t                      free;      /* flights to use again */

    ngx_event_t                      posted;    /* starts a flight */
    ngx_http_autostock_gather_t      gather;
    ngx_event_t                      patience;  /* the last flight is slow */
    ngx_event_t                      timer;     /* the nearest deadline */

    ngx_queue_t                      aside;     /* waiters set aside */
    ngx_uint_t                       naside;
    ngx_http_autostock_flight_t     *aside_flight;  /* NULL: none runs */
    ngx_event_t                      aside_launch;  /* starts that flight */

    ngx_http_autostock_refusals_t    refusals;
    ngx_http_autostock_suspects_t    suspects[
                                        NGX_HTTP_AUTOSTOCK_SUSPECTS_ACTIONS];
    ngx_http_autostock_refusals_t    blamed;    /* products of refused
                                                   waiters */
    ngx_uint_t                       refused;   /* consecutive refusals
                                                   without a common product */
};


/* a lost session, which may still run on its server */
typedef struct {
    uint64_t                      thread;      /* 0: none */
    ngx_http_autostock_server_t  *server;
    time_t                        started;     /* when the server started */
    ngx_msec_t                    at;          /* when the session was lost */
} ngx_http_autostock_lost_t;


struct ngx_http_autostock_flight_s {
    ngx_queue_t                       queue;    /* in flying or free */
    ngx_http_autostock_batch_t       *batch;
    ngx_http_autostock_connection_t  *conn;
    ngx_http_autostock_ended_pt       ended;    /* called at its end; makes
                                                   the flight free */
    ngx_http_autostock_taker_t        taker;
    ngx_http_autostock_query_t        query;
    ngx_http_autostock_sql_t          sql;
    size_t                            room;     /* maximum SQL of one packet,
                                                   bytes */
    ngx_event_t                       timer;    /* the pause before a retry */

    ngx_queue_t                       waiters;
    ngx_uint_t                        n;        /* waiters added */
    ngx_msec_t                        began;
    uint64_t                          began_ns; /* by the clock of gather */
    ngx_uint_t                        retries;

    ngx_http_autostock_lost_t         lost;

    ngx_uint_t                        answered; /* waiters with a reported
                                                   result */

    unsigned                          filled:1; /* it has taken waiters */
    unsigned                          aside:1;  /* it takes waiters aside */
    unsigned                          split:1;  /* it has set waiters aside */
};


/* Returns NULL if there is no memory. */
ngx_http_autostock_batch_t *ngx_http_autostock_batch_create(
    ngx_http_autostock_database_t *db, ngx_http_autostock_batch_ops_t *ops);
void ngx_http_autostock_batch_destroy(ngx_http_autostock_batch_t *batch);

/*
 * Queues the waiter.  deadline is a value of ngx_current_msec.  Returns
 * NGX_BUSY if the backlog is full.
 */
ngx_int_t ngx_http_autostock_batch_submit(ngx_http_autostock_batch_t *batch,
    ngx_http_autostock_waiter_t *waiter, ngx_msec_t deadline);

/* Puts the waiter at the head of the queue; called from the answer handler. */
void ngx_http_autostock_batch_resubmit(ngx_http_autostock_batch_t *batch,
    ngx_http_autostock_waiter_t *waiter);


/*
 * aside: the queue of the waiters that must not share a flight with the others,
 * and the flight that takes them.
 */
void ngx_http_autostock_aside_init(ngx_http_autostock_batch_t *batch);
void ngx_http_autostock_aside_destroy(ngx_http_autostock_batch_t *batch);


/*
 * Returns a flight, new or free, for the waiters aside or for the others; NULL:
 * no memory.  The caller requests a connection for the flight's taker.  When
 * the taker gets it, the flight takes waiters and starts.  At its end the
 * flight calls ended.
 */
ngx_http_autostock_flight_t *ngx_http_autostock_flight_take(
    ngx_http_autostock_batch_t *batch, ngx_uint_t aside,
    ngx_http_autostock_ended_pt ended);

/* Sends flight->sql; for done see ngx_http_autostock_connection.h. */
void ngx_http_autostock_flight_query(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_row_pt row, ngx_http_autostock_done_pt done);

/*
 * Starts again after a random pause of at most 200 ms.  Releases the
 * connection, or closes it if it was lost.  If no waiter is left, the flight
 * fails instead.
 */
void ngx_http_autostock_flight_again(ngx_http_autostock_flight_t *flight,
    ngx_uint_t lost, const char *reason);

/*
 * The server cannot process any waiter, for example during a fail-over.  Closes
 * the connection and starts again on another one.  The server must have
 * answered all statements that were sent.
 */
void ngx_http_autostock_flight_elsewhere(ngx_http_autostock_flight_t *flight,
    const char *reason);

/*
 * Returns 1 if rc says that a query has failed on a replica: the flight starts
 * again on the server that sales use.
 */
ngx_uint_t ngx_http_autostock_flight_left_replica(
    ngx_http_autostock_flight_t *flight, ngx_int_t rc);

/*
 * 1 if packets with this many bytes of SQL may grow by cost bytes.  Packets of
 * 0 bytes always may.
 */
#define ngx_http_autostock_flight_has_room(flight, bytes, cost)               \
    ((bytes) == 0 || (bytes) + (cost) <= (flight)->room)

/*
 * 1 if the connection's server is read-only and not the only one.  A row that
 * it does not have may be on the server that sales use next, so that its
 * absence is no final result.
 */
ngx_uint_t ngx_http_autostock_flight_is_standby(
    ngx_http_autostock_flight_t *flight);

/*
 * NGX_OK: the connection's server may be written to.  NGX_DECLINED: the server
 * is a standby, and the flight starts again on another connection; or its
 * settings do not allow sales (binary log, durability), and the flight has
 * failed, or starts again if it is in doubt.
 */
ngx_int_t ngx_http_autostock_flight_may_write(
    ngx_http_autostock_flight_t *flight, ngx_uint_t doubt);

/* Sets all waiters aside and ends the flight. */
void ngx_http_autostock_flight_all_aside(ngx_http_autostock_flight_t *flight);

/*
 * The server has refused a waiter's part of the packet and has changed nothing.
 * A flight that is not aside sets all waiters aside and ends.  A flight aside
 * sets half of them aside again, and starts again with the others.  Returns
 * NGX_DECLINED if the flight has only one waiter, and has set none aside: it is
 * the one refused.
 */
ngx_int_t ngx_http_autostock_flight_split(ngx_http_autostock_flight_t *flight);

/* Closes the flight's connection. */
void ngx_http_autostock_flight_drop(ngx_http_autostock_flight_t *flight,
    const char *reason);

/* The outcome is known: answers every waiter and ends the flight. */
void ngx_http_autostock_flight_finish(ngx_http_autostock_flight_t *flight);

/* Gives up: refuses every waiter and ends the flight. */
void ngx_http_autostock_flight_fail(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_why_e why);


/*
 * The waiters of a flight.
 *   take:       adds the queued waiters until the flight is full
 *   add:        adds one waiter that the operation has accepted
 *   set_aside:  moves the flight's waiters in this queue aside; the flight
 *               sends nothing for them any more
 */
void ngx_http_autostock_flight_waiters_take(
    ngx_http_autostock_flight_t *flight);
void ngx_http_autostock_flight_waiters_add(
    ngx_http_autostock_flight_t *flight, ngx_http_autostock_waiter_t *waiter);
void ngx_http_autostock_flight_waiters_set_aside(
    ngx_http_autostock_flight_t *flight, ngx_queue_t *waiters);


/*
 * The timer of the nearest deadline.
 *   add:   a waiter with this deadline was added
 *   idle:  stops the timer if no waiter waits and no flight runs
 */
void ngx_http_autostock_deadline_init(ngx_http_autostock_batch_t *batch);
void ngx_http_autostock_deadline_destroy(ngx_http_autostock_batch_t *batch);
void ngx_http_autostock_deadline_add(ngx_http_autostock_batch_t *batch,
    ngx_msec_t deadline);
void ngx_http_autostock_deadline_idle(ngx_http_autostock_batch_t *batch);


/*
 * A waiter in the queues.
 *   enqueue:    adds the waiter to the queue, at its head or its end
 *   set_aside:  adds the waiter to the queue aside, in the order of arrival
 *   unqueue:    removes the waiter from the queue that it is in
 *   cancel:     removes the waiter; its flight continues; may be called at any
 *               time, repeatedly
 *   end:        sets the times of the waiter's flight, which has ended for this
 *               waiter; flight is NULL if it had none
 *   refuse:     calls the operation's refuse; the waiter is in no queue
 */
void ngx_http_autostock_waiter_enqueue(ngx_http_autostock_batch_t *batch,
    ngx_http_autostock_waiter_t *waiter, ngx_uint_t first);
void ngx_http_autostock_waiter_set_aside(ngx_http_autostock_batch_t *batch,
    ngx_http_autostock_waiter_t *waiter);
void ngx_http_autostock_waiter_unqueue(ngx_http_autostock_waiter_t *waiter);
void ngx_http_autostock_waiter_cancel(ngx_http_autostock_waiter_t *waiter);
void ngx_http_autostock_waiter_end(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_waiter_t *waiter, uint32_t now);
void ngx_http_autostock_waiter_refuse(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_waiter_t *waiter, ngx_http_autostock_why_e why);


#endif /* _NGX_HTTP_AUTOSTOCK_BATCH_H_INCLUDED_ */
