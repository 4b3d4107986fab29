
/*
 * Merges waiting requests into batches.  Terms used in the identifiers:
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
 * While a flight is in progress, new requests wait.  When it ends, all of them
 * go into the next flight.  Clients that send the next request as soon as they
 * get a response are waited for, if there are many of them.  A single request,
 * or one of a few, is sent at once.
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
 *   deadline         refuses waiters whose time has passed
 *   waiter           the queues
 *   gather           how long to wait for more requests
 *   clock            how long requests and flights take
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
    uint32_t                         arrived;  /* by ngx_http_autostock_
                                                  clock.h, if timed: by submit
                                                  where it was not before */
    uint32_t                         departed; /* the last flight that took it,
                                                  if flown */
    uint32_t                         ended;    /* its result, if landed */
    uint32_t                         merged;   /* requests in that flight */
    uint32_t                         slot;     /* set by the operation */
    unsigned                         counted:1;
    unsigned                         aside:1;  /* which counter has it */
    unsigned                         timed:1;
    unsigned                         flown:1;
    unsigned                         landed:1;
} ngx_http_autostock_waiter_t;


typedef enum {
    NGX_HTTP_AUTOSTOCK_UNREACHABLE = 0,        /* no connection */
    NGX_HTTP_AUTOSTOCK_EXPIRED,                /* the deadline has passed */
    NGX_HTTP_AUTOSTOCK_FAILED                  /* given up; see the log */
} ngx_http_autostock_why_e;


typedef struct {
    const char  *name;
    ngx_http_autostock_kind_e
                 kind;                   /* the pool share it uses */
    size_t       flight_size;            /* of the structure that starts with
                                            ngx_http_autostock_flight_t */
    ngx_uint_t   max_flights;            /* without those in doubt on a
                                            server that sales have left */
    ngx_uint_t   patient;                /* waits while the database is
                                            unreachable */

    /* once per structure; the memory is zeroed */
    ngx_int_t  (*create)(ngx_http_autostock_flight_t *flight);
    void       (*destroy)(ngx_http_autostock_flight_t *flight);

    /* before the first waiter is added */
    void       (*reset)(ngx_http_autostock_flight_t *flight);

    /* 1: the waiter must go aside; NULL: none does */
    ngx_uint_t (*goes_aside)(ngx_http_autostock_waiter_t *waiter);

    /*
     * Adds a waiter; may set waiter->slot.  NGX_OK; NGX_DECLINED: the flight is
     * full.  For a flight of waiters aside also NGX_AGAIN: not this waiter now,
     * try the next one; NGX_ABORT: refuse this waiter.
     */
    ngx_int_t  (*add)(ngx_http_autostock_flight_t *flight,
                   ngx_http_autostock_waiter_t *waiter);

    /* the flight has got a connection, the first or another */
    void       (*start)(ngx_http_autostock_flight_t *flight);

    /* reports the waiter's result; it has left the batch */
    void       (*answer)(ngx_http_autostock_flight_t *flight,
                   ngx_http_autostock_waiter_t *waiter);

    /*
     * reports that there is no result; the waiter has left the batch; flight is
     * NULL if the waiter was only queued
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

    ngx_queue_t                      flying;    /* the oldest first */
    ngx_uint_t                       nflying;
    ngx_uint_t                       reads;     /* replicas suffice */
    ngx_uint_t                       connecting;  /* a flight waits for its
                                                   connection */
    ngx_queue_t                      free;

    ngx_event_t                      posted;    /* starts a flight */
    ngx_http_autostock_gather_t      gather;
    ngx_event_t                      patience;  /* the flight takes long */
    ngx_event_t                      timer;     /* the nearest deadline */

    ngx_queue_t                      aside;     /* waiters set aside */
    ngx_uint_t                       naside;
    ngx_http_autostock_flight_t     *aside_flight;  /* carries them */
    ngx_event_t                      aside_launch;  /* starts that flight */

    ngx_http_autostock_refusals_t    refusals;
    ngx_http_autostock_suspects_t    suspects[
                                        NGX_HTTP_AUTOSTOCK_SUSPECTS_ACTIONS];
    ngx_http_autostock_refusals_t    blamed;    /* products of refused
                                                   waiters */
    ngx_uint_t                       refused;   /* consecutive refusals
                                                   without a common product */
};


/* A lost session, which may still run on its server. */
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
    size_t                            room;     /* for SQL in one packet */
    ngx_event_t                       timer;    /* the pause before a retry */

    ngx_queue_t                       waiters;  /* its waiters */
    ngx_uint_t                        n;        /* waiters added */
    ngx_msec_t                        began;
    uint64_t                          began_ns; /* of gather's clock */
    ngx_uint_t                        retries;

    ngx_http_autostock_lost_t         lost;

    ngx_uint_t                        answered; /* waiters with a reported
                                                   result */

    unsigned                          filled:1;
    unsigned                          aside:1;  /* carries waiters aside */
    unsigned                          split:1;  /* set some waiters aside */
};


ngx_http_autostock_batch_t *ngx_http_autostock_batch_create(
    ngx_http_autostock_database_t *db, ngx_http_autostock_batch_ops_t *ops);
void ngx_http_autostock_batch_destroy(ngx_http_autostock_batch_t *batch);

ngx_http_autostock_database_t *ngx_http_autostock_batch_database(
    ngx_http_autostock_batch_t *batch);

/* NGX_BUSY: the backlog is full.  deadline is on ngx_current_msec's clock. */
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
 * Takes a flight, new or free, of the waiters aside or of the others.  NULL: no
 * memory.  It takes waiters when its taker gets a connection, and calls ended
 * when it is over.
 */
ngx_http_autostock_flight_t *ngx_http_autostock_flight_take(
    ngx_http_autostock_batch_t *batch, ngx_uint_t aside,
    ngx_http_autostock_ended_pt ended);

/* Sends flight->sql; for done see ngx_http_autostock_connection.h. */
void ngx_http_autostock_flight_query(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_row_pt row, ngx_http_autostock_done_pt done);

/*
 * Starts again after a pause with jitter.  During the pause the connection is
 * back in the pool, or closed if it was lost.  The flight fails by itself when
 * it has no waiter left.
 */
void ngx_http_autostock_flight_again(ngx_http_autostock_flight_t *flight,
    ngx_uint_t lost, const char *reason);

/*
 * The server cannot do what every waiter needs, as in a fail-over.  Closes the
 * connection and starts again on another one.  No sent statement may be
 * unanswered.
 */
void ngx_http_autostock_flight_elsewhere(ngx_http_autostock_flight_t *flight,
    const char *reason);

/*
 * 1 if a replica's connection failed a query, as rc tells: starts again at the
 * server that sales use, which may do what a replica does not.
 */
ngx_uint_t ngx_http_autostock_flight_left_replica(
    ngx_http_autostock_flight_t *flight, ngx_int_t rc);

/*
 * 1 if packets with this many bytes of SQL may grow by cost bytes.  The first
 * waiter always fits.
 */
#define ngx_http_autostock_flight_has_room(flight, bytes, cost)               \
    ((bytes) == 0 || (bytes) + (cost) <= (flight)->room)

/*
 * 1 if the connection's server is read-only and not the only one: what it lacks
 * may be on the one that sells next, so that no answer is final.
 */
ngx_uint_t ngx_http_autostock_flight_is_standby(
    ngx_http_autostock_flight_t *flight);

/*
 * NGX_DECLINED: the connection's server is a standby: the flight starts again
 * on another connection.  Or it is not set up for sales (binary log,
 * durability): the flight has failed; in doubt, it starts again, too.
 */
ngx_int_t ngx_http_autostock_flight_may_write(
    ngx_http_autostock_flight_t *flight, ngx_uint_t doubt);

/* Sets all waiters aside and ends the flight. */
void ngx_http_autostock_flight_all_aside(ngx_http_autostock_flight_t *flight);

/*
 * The server has refused a part of the request and done none of it.  All
 * waiters are set aside and the flight ends.  If they were aside already, half
 * of them are set aside again and the flight starts with the rest, added again.
 * NGX_DECLINED: there was only one waiter.
 */
ngx_int_t ngx_http_autostock_flight_split(ngx_http_autostock_flight_t *flight);

/* Closes a connection that works but is of no use. */
void ngx_http_autostock_flight_drop(ngx_http_autostock_flight_t *flight,
    const char *reason);

/* The outcome is known: answers every waiter and ends the flight. */
void ngx_http_autostock_flight_finish(ngx_http_autostock_flight_t *flight);

/* Gives up: refuses every waiter and ends the flight. */
void ngx_http_autostock_flight_fail(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_why_e why);


/*
 * The waiters of a flight.
 *   take:       adds the queued waiters, as far as there is room
 *   add:        adds one waiter that the operation has accepted
 *   set_aside:  the waiters in this queue, taken from the flight, are to wait
 *               aside; the flight sends nothing for them, now or later
 */
void ngx_http_autostock_flight_waiters_take(
    ngx_http_autostock_flight_t *flight);
void ngx_http_autostock_flight_waiters_add(
    ngx_http_autostock_flight_t *flight, ngx_http_autostock_waiter_t *waiter);
void ngx_http_autostock_flight_waiters_set_aside(
    ngx_http_autostock_flight_t *flight, ngx_queue_t *waiters);


/*
 * The timer of the nearest deadline.
 *   add:   a waiter has this deadline
 *   idle:  stops the timer if nothing waits or flies
 */
void ngx_http_autostock_deadline_init(ngx_http_autostock_batch_t *batch);
void ngx_http_autostock_deadline_destroy(ngx_http_autostock_batch_t *batch);
void ngx_http_autostock_deadline_add(ngx_http_autostock_batch_t *batch,
    ngx_msec_t deadline);
void ngx_http_autostock_deadline_idle(ngx_http_autostock_batch_t *batch);


/*
 * A waiter in the queues.
 *   enqueue:    starts to wait, at the head of the queue or at its end
 *   set_aside:  starts to wait aside, in its order of arrival
 *   unqueue:    removes the waiter from the queue that it is in
 *   cancel:     the waiter leaves, its flight goes on; may be called at any
 *               time, repeatedly
 *   land:       its flight ended, or its part in it; NULL: it had none
 *   refuse:     the waiter leaves and is reported as refused
 */
void ngx_http_autostock_waiter_enqueue(ngx_http_autostock_batch_t *batch,
    ngx_http_autostock_waiter_t *waiter, ngx_uint_t first);
void ngx_http_autostock_waiter_set_aside(ngx_http_autostock_batch_t *batch,
    ngx_http_autostock_waiter_t *waiter);
void ngx_http_autostock_waiter_unqueue(ngx_http_autostock_waiter_t *waiter);
void ngx_http_autostock_waiter_cancel(ngx_http_autostock_waiter_t *waiter);
void ngx_http_autostock_waiter_land(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_waiter_t *waiter, uint32_t now);
void ngx_http_autostock_waiter_refuse(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_waiter_t *waiter, ngx_http_autostock_why_e why);


#endif /* _NGX_HTTP_AUTOSTOCK_BATCH_H_INCLUDED_ */
