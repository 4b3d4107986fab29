
/*
 * The state of a receipt while it is being booked.  Only the receipt's files
 * include it.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_RECEIPT_BOOKING_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_RECEIPT_BOOKING_H_INCLUDED_


#include "ngx_http_autostock_receipt.h"


/* size of a reason, bytes */
#define NGX_HTTP_AUTOSTOCK_BOOKING_REASON                                     \
    (NGX_HTTP_AUTOSTOCK_ERROR_TEXT + 64)


/* a receipt that is being booked, perhaps longer than its request lasts */
struct ngx_http_autostock_booking_s {
    ngx_http_autostock_waiter_t           waiter;
    ngx_http_autostock_receipt_t         *receipt;   /* NULL: cancelled */
    ngx_http_autostock_database_t        *db;
    ngx_event_t                           timer;     /* the end of a pause */
    ngx_queue_t                           stuck;     /* in db->stuck, while
                                                        locked is set */
    ngx_str_t                             product;
    ngx_str_t                             client;    /* address, for the log */
    as_trace_t                            trace;     /* the order's, or the
                                                        request's */
    u_char                                order_id[16];
    u_char                                id[16];    /* of the movement */
    u_char                                product_id[16];
    ngx_http_autostock_server_t          *bound;     /* the server of a doubtful
                                                        attempt; NULL: any */
    uint32_t                              quantity;
    ngx_uint_t                            pauses;    /* number of pauses */
    ngx_uint_t                            guards;    /* number of attempts that
                                                        a changed row ended */
    ngx_uint_t                            error;     /* the server's last one */
    u_char                                reason[
                                          NGX_HTTP_AUTOSTOCK_BOOKING_REASON];
                                                     /* why it is not booked */
    unsigned                              sent:1;    /* a COMMIT has no answer
                                                        yet */
    unsigned                              doubt:1;   /* its answer was lost */
    unsigned                              locked:1;  /* the product's row is */
};


typedef struct {
    ngx_http_autostock_flight_t           flight;    /* the first member */
    ngx_http_autostock_booking_t         *booking;

    ngx_http_autostock_receipt_outcome_e  outcome;
    int64_t                               stock;
    uint32_t                              ordered;
    uint32_t                              received;
    unsigned                              seen:1;    /* the order exists */
    unsigned                              gone:1;    /* the product was
                                                        deleted */
    unsigned                              fulfilled:1;
    unsigned                              same:1;    /* the product matches */
    unsigned                              ours:1;    /* the movement is this
                                                        booking's */
    unsigned                              fresh:1;   /* the rows may not be on
                                                        disk yet */
    unsigned                              locked:1;  /* the product's row is */
} ngx_http_autostock_receipt_flight_t;


/* statement numbers in the booking's packet, from 0 */
#define NGX_HTTP_AUTOSTOCK_BOOKING_STOCK   3         /* UPDATE product */
#define NGX_HTTP_AUTOSTOCK_BOOKING_COMMIT  8


/* The flight has a connection: reads the order's row, then books. */
void ngx_http_autostock_receipt_booking_start(
    ngx_http_autostock_flight_t *flight);

/* Ends the flight with the outcome. */
static ngx_inline void
ngx_http_autostock_receipt_finish(ngx_http_autostock_receipt_flight_t *rf,
    ngx_http_autostock_receipt_outcome_e outcome)
{
    rf->outcome = outcome;
    ngx_http_autostock_flight_finish(&rf->flight);
}

/* Releases flight and connection, and tries again after a pause. */
void ngx_http_autostock_receipt_failure_again(
    ngx_http_autostock_receipt_flight_t *rf, const char *reason);

/* A query failed with rc: decides what follows. */
void ngx_http_autostock_receipt_failure_judge(
    ngx_http_autostock_receipt_flight_t *rf, ngx_int_t rc);

/*
 * The goods cannot be booked, for this reason, and a retry would fail, too.
 * Marks the order as failed, so that the factory does not get its id again, and
 * ends the flight.
 */
void ngx_http_autostock_receipt_failure_fail(
    ngx_http_autostock_receipt_flight_t *rf,
    ngx_http_autostock_receipt_outcome_e outcome, const char *reason);


#endif /* _NGX_HTTP_AUTOSTOCK_RECEIPT_BOOKING_H_INCLUDED_ */
