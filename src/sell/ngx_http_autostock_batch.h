
/*
 * Requests that wait are merged here.  While a flight is under way those who
 * arrive wait; when it lands, all of them go in the next one, and those who
 * ask again at once with them, where they are many.  A lone request, or one
 * of a few, goes at once.
 *
 * While a crowd comes back the database need not idle: the flight takes the
 * first half of it, begins with what can be begun, is held, and is completed
 * with the others.
 *
 * Those who must not go with the others wait aside; see
 * ngx_http_autostock_aside.c.
 *
 * A batch knows queues, deadlines, connections and retries; what is asked of
 * the database is its operations' affair (sale, lookup, receipt).
 */


#ifndef _NGX_HTTP_AUTOSTOCK_BATCH_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_BATCH_H_INCLUDED_


#include "ngx_http_autostock_blame.h"
#include "ngx_http_autostock_pool.h"
#include "ngx_http_autostock_sql.h"


typedef struct ngx_http_autostock_flight_s  ngx_http_autostock_flight_t;


/* One who waits; embedded in what he asks for. */
typedef struct {
    ngx_queue_t                      queue;
    ngx_msec_t                       deadline;
    ngx_http_autostock_batch_t      *batch;    /* NULL: not in one */
    ngx_http_autostock_flight_t     *flight;   /* NULL: still waits */
    ngx_uint_t                       slot;     /* the operation's */
    ngx_uint_t                       serial;   /* of its arrival */
    unsigned                         counted:1;
    unsigned                         aside:1;  /* where it is counted */
} ngx_http_autostock_waiter_t;


typedef enum {
    NGX_HTTP_AUTOSTOCK_UNREACHABLE = 0,        /* no connection */
    NGX_HTTP_AUTOSTOCK_EXPIRED,                /* past his deadline */
    NGX_HTTP_AUTOSTOCK_FAILED                  /* given up, see the log */
} ngx_http_autostock_why_e;


typedef struct {
    const char  *name;
    ngx_http_autostock_kind_e
                 kind;                   /* whose share of the pool it is */
    size_t       flight_size;            /* of the structure that begins with
                                            ngx_http_autostock_flight_t */
    ngx_uint_t   max_flights;
    ngx_uint_t   patient;                /* waits for a database that is
                                            out of reach */

    /* once per structure, zeroed before */
    ngx_int_t  (*create)(ngx_http_autostock_flight_t *flight);
    void       (*destroy)(ngx_http_autostock_flight_t *flight);

    /* before the first comes aboard */
    void       (*reset)(ngx_http_autostock_flight_t *flight);

    /* must not go with the others; NULL: nobody is kept from it */
    ngx_uint_t (*apart)(ngx_http_autostock_waiter_t *waiter);

    /*
     * NGX_OK; NGX_DECLINED: full; waiter->slot is the operation's to set.
     * Where they are aside: NGX_AGAIN: not now, the next may; NGX_ABORT: to be
     * refused.
     */
    ngx_int_t  (*board)(ngx_http_autostock_flight_t *flight,
                   ngx_http_autostock_waiter_t *waiter);

    /* a connection is there, at first or again */
    void       (*depart)(ngx_http_autostock_flight_t *flight);

    /* goes on from where it was held; NULL: none is */
    void       (*complete)(ngx_http_autostock_flight_t *flight);

    /* the waiter's result; he is out of the batch already */
    void       (*answer)(ngx_http_autostock_flight_t *flight,
                   ngx_http_autostock_waiter_t *waiter);

    /* no result: he is out of the batch; flight is NULL if he only waited */
    void       (*refuse)(ngx_http_autostock_flight_t *flight,
                   ngx_http_autostock_waiter_t *waiter,
                   ngx_http_autostock_why_e why);
} ngx_http_autostock_batch_ops_t;


struct ngx_http_autostock_batch_s {
    ngx_http_autostock_database_t   *db;
    ngx_http_autostock_batch_ops_t  *ops;

    ngx_queue_t                      waiting;
    ngx_uint_t                       nwaiting;
    ngx_uint_t                       serial;    /* of the last who came */

    ngx_queue_t                      flying;    /* the oldest first */
    ngx_uint_t                       nflying;
    ngx_uint_t                       boarding;  /* one waits for its
                                                   connection */
    ngx_queue_t                      free;

    ngx_event_t                      posted;
    ngx_event_t                      gathering;
    ngx_uint_t                       wanted;    /* who wait, to launch */
    ngx_uint_t                       crowd;     /* who are to be aboard;
                                                   0: none is expected */
    ngx_http_autostock_flight_t     *held;      /* until they are */
    ngx_uint_t                       share;     /* of the crowd, 16ths */
    ngx_event_t                      patience;  /* a flight takes long */
    ngx_event_t                      timer;     /* the next deadline */

    ngx_queue_t                      aside;     /* they wait apart */
    ngx_uint_t                       naside;
    ngx_http_autostock_flight_t     *apart;     /* their flight */
    ngx_event_t                      parting;   /* when it leaves */

    ngx_http_autostock_blame_t       blame;
    ngx_uint_t                       blamed;    /* in a row */
};


/* A session that was lost and may still be alive on its server. */
typedef struct {
    uint64_t    thread;                        /* 0: there is none */
    time_t      server;                        /* when that was started */
    ngx_msec_t  at;                            /* when it was lost */
} ngx_http_autostock_lost_t;


struct ngx_http_autostock_flight_s {
    ngx_queue_t                       queue;    /* flying, or free */
    ngx_http_autostock_batch_t       *batch;
    ngx_http_autostock_connection_t  *conn;
    ngx_http_autostock_taker_t        taker;
    ngx_http_autostock_query_t        query;
    ngx_http_autostock_done_pt        done;
    ngx_http_autostock_sql_t          sql;
    ngx_event_t                       timer;    /* of a retry */

    ngx_queue_t                       aboard;   /* waiters */
    ngx_uint_t                        n;        /* who came aboard */
    ngx_msec_t                        began;
    ngx_uint_t                        retries;

    ngx_http_autostock_lost_t         lost;

    ngx_uint_t                        told;     /* answered or refused */

    unsigned                          boarded:1;
    unsigned                          aside:1;  /* of those set aside */
    unsigned                          parted:1; /* some were set aside */
};


ngx_http_autostock_batch_t *ngx_http_autostock_batch_create(
    ngx_http_autostock_database_t *db, ngx_http_autostock_batch_ops_t *ops);
void ngx_http_autostock_batch_destroy(ngx_http_autostock_batch_t *batch);

ngx_http_autostock_database_t *ngx_http_autostock_batch_database(
    ngx_http_autostock_batch_t *batch);

/* NGX_BUSY: the backlog is full.  deadline: of ngx_current_msec's kind. */
ngx_int_t ngx_http_autostock_batch_submit(ngx_http_autostock_batch_t *batch,
    ngx_http_autostock_waiter_t *waiter, ngx_msec_t deadline);

/* Back to the head of the line, from a flight's answer. */
void ngx_http_autostock_batch_resubmit(ngx_http_autostock_batch_t *batch,
    ngx_http_autostock_waiter_t *waiter);

/* He has left; a flight that carries him goes on.  Any time, also twice. */
void ngx_http_autostock_batch_cancel(ngx_http_autostock_waiter_t *waiter);


/*
 * Between batch, flight and those aside.  add: out of any queue, to wait
 * aside.  rest: after their flight has ended, with so many told.
 */
void ngx_http_autostock_aside_init(ngx_http_autostock_batch_t *batch);
void ngx_http_autostock_aside_destroy(ngx_http_autostock_batch_t *batch);
void ngx_http_autostock_aside_add(ngx_http_autostock_batch_t *batch,
    ngx_http_autostock_waiter_t *waiter);
void ngx_http_autostock_aside_rest(ngx_http_autostock_batch_t *batch,
    ngx_uint_t told);


/*
 * Between batch and flight.  unqueue: out of whatever queue he is in.
 * may_launch: another flight may board now.  expects: more are on their way
 * to this one.  gathered: no longer.  refuse: out of the batch, and told.
 * rest: after a flight has ended, with so many answered.  idle: where nobody
 * is there any more.
 */
void ngx_http_autostock_batch_unqueue(ngx_http_autostock_waiter_t *waiter);
ngx_uint_t ngx_http_autostock_batch_may_launch(
    ngx_http_autostock_batch_t *batch);
ngx_uint_t ngx_http_autostock_batch_expects(
    ngx_http_autostock_flight_t *flight);
void ngx_http_autostock_batch_gathered(ngx_http_autostock_batch_t *batch);
void ngx_http_autostock_batch_refuse(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_waiter_t *waiter, ngx_http_autostock_why_e why);
void ngx_http_autostock_batch_rest(ngx_http_autostock_batch_t *batch,
    ngx_uint_t answered);
void ngx_http_autostock_batch_idle(ngx_http_autostock_batch_t *batch);


/*
 * A flight to board, counted among those flying, or of those aside; NULL
 * where memory ran out.  It boards when its taker has got a connection.
 */
ngx_http_autostock_flight_t *ngx_http_autostock_flight_take(
    ngx_http_autostock_batch_t *batch, ngx_uint_t aside);

/*
 * Of the flight's own files.  take: whoever waits, as far as there is room.
 * put: one who is boarded.
 */
void ngx_http_autostock_flight_take_aboard(
    ngx_http_autostock_flight_t *flight);
void ngx_http_autostock_flight_put_aboard(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_waiter_t *waiter);

/* Sends flight->sql; done as in ngx_http_autostock_connection.h. */
void ngx_http_autostock_flight_query(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_row_pt row, ngx_http_autostock_done_pt done);

/*
 * Departs once more, after a pause with jitter, for which it gives its
 * connection back; one that was lost is closed.  Ends by itself when nobody
 * is left aboard or it was tried too often.
 */
void ngx_http_autostock_flight_again(ngx_http_autostock_flight_t *flight,
    ngx_uint_t lost, const char *reason);

/*
 * Its server does not do what is asked of all, as in a fail-over: departs once
 * more on another connection; this one is closed.  Nothing is sent that is
 * not answered.
 */
void ngx_http_autostock_flight_elsewhere(ngx_http_autostock_flight_t *flight,
    const char *reason);

/*
 * It can do no more without those it expects: completed when they are there,
 * at once where that is so, or when their time is over.
 */
void ngx_http_autostock_flight_hold(ngx_http_autostock_flight_t *flight);

/* Whoever waits comes aboard; no more are expected. */
void ngx_http_autostock_flight_gather(ngx_http_autostock_flight_t *flight);

/* Gathers, and goes on. */
void ngx_http_autostock_flight_complete(ngx_http_autostock_flight_t *flight);

/*
 * Whether its packets, which have this many bytes of SQL, may grow by the cost
 * of one more.  The first one always fits.
 */
ngx_uint_t ngx_http_autostock_flight_has_room(
    ngx_http_autostock_flight_t *flight, size_t bytes, size_t cost);

/*
 * Some of those aboard, by now in a queue of their own, are to wait aside:
 * nothing is sent for them, or will be.
 */
void ngx_http_autostock_flight_set_aside(ngx_http_autostock_flight_t *flight,
    ngx_queue_t *waiters);

/* All of them are; the flight has ended. */
void ngx_http_autostock_flight_all_aside(ngx_http_autostock_flight_t *flight);

/*
 * Something of what was asked is refused, nothing of it is done: all are set
 * aside, and the flight has ended; or, where they were aside already, half of
 * them is, and the flight departs again with the others, who are aboard anew.
 * NGX_DECLINED: there was one only.
 */
ngx_int_t ngx_http_autostock_flight_split(ngx_http_autostock_flight_t *flight);

/* Its connection is in order, but of no use: closes it. */
void ngx_http_autostock_flight_drop(ngx_http_autostock_flight_t *flight,
    const char *reason);

/* All is known: each one aboard is answered. */
void ngx_http_autostock_flight_land(ngx_http_autostock_flight_t *flight);

/* Given up: each one aboard is refused. */
void ngx_http_autostock_flight_fail(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_why_e why);


#endif /* _NGX_HTTP_AUTOSTOCK_BATCH_H_INCLUDED_ */
