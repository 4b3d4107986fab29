
/*
 * A receipt between its request and its row; for the receipt's own files.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_RECEIPT_BOOKING_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_RECEIPT_BOOKING_H_INCLUDED_


#include "ngx_http_autostock_receipt.h"


#define NGX_HTTP_AUTOSTOCK_BOOKING_REASON                                     \
    (NGX_HTTP_AUTOSTOCK_ERROR_TEXT + 64)


/* A receipt on its way; outlives the request that brought it. */
typedef struct {
    ngx_http_autostock_waiter_t           waiter;
    ngx_http_autostock_receipt_t         *receipt;   /* NULL: hung up */
    ngx_http_autostock_database_t        *db;
    ngx_event_t                           timer;     /* of a pause */
    ngx_queue_t                           stuck;     /* in db->stuck, where
                                                        "locked" */
    ngx_str_t                             product;
    ngx_str_t                             client;    /* address, for the log */
    u_char                                order_id[16];
    u_char                                id[16];    /* of its movement */
    u_char                                product_id[16];
    uint32_t                              quantity;
    ngx_uint_t                            pauses;
    ngx_uint_t                            guards;    /* failed: what was
                                                        read has changed */
    ngx_uint_t                            error;     /* the last */
    u_char                                reason[
                                          NGX_HTTP_AUTOSTOCK_BOOKING_REASON];
                                                     /* why it is not booked */
    unsigned                              sent:1;    /* is not answered yet */
    unsigned                              doubt:1;   /* it was lost then */
    unsigned                              locked:1;  /* its product's row */
} ngx_http_autostock_booking_t;


typedef struct {
    ngx_http_autostock_flight_t           flight;    /* first */
    ngx_http_autostock_booking_t         *booking;

    ngx_http_autostock_receipt_outcome_e  outcome;
    int64_t                               stock;
    uint32_t                              ordered;
    uint32_t                              received;
    unsigned                              seen:1;
    unsigned                              gone:1;    /* the product */
    unsigned                              fulfilled:1;
    unsigned                              same:1;    /* product */
    unsigned                              ours:1;    /* the movement there */
    unsigned                              fresh:1;   /* may not be on disk */
    unsigned                              locked:1;  /* the product's row */
} ngx_http_autostock_receipt_flight_t;


/* the statements of the booking's packet, from 0 */
#define NGX_HTTP_AUTOSTOCK_BOOKING_STOCK   3         /* UPDATE product */
#define NGX_HTTP_AUTOSTOCK_BOOKING_COMMIT  8


/* A connection is there: goes on from the beginning. */
void ngx_http_autostock_receipt_depart(ngx_http_autostock_flight_t *flight);

/* Lands with the outcome. */
void ngx_http_autostock_receipt_land(ngx_http_autostock_receipt_flight_t *rf,
    ngx_http_autostock_receipt_outcome_e outcome);

/* Gives back flight and connection; tried again after a pause. */
void ngx_http_autostock_receipt_again(ngx_http_autostock_receipt_flight_t *rf,
    const char *reason);

/* A query, or the booking, did not go well: rc as the query's. */
void ngx_http_autostock_receipt_trouble(
    ngx_http_autostock_receipt_flight_t *rf, ngx_int_t rc);

/*
 * It cannot be booked, for this reason, before long: the order fails with it,
 * so that nothing is ordered again under its id, and the receipt lands.
 */
void ngx_http_autostock_receipt_fail(ngx_http_autostock_receipt_flight_t *rf,
    ngx_http_autostock_receipt_outcome_e outcome, const char *reason);


#endif /* _NGX_HTTP_AUTOSTOCK_RECEIPT_BOOKING_H_INCLUDED_ */
