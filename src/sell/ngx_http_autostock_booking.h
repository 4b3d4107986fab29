
/*
 * A receipt between its request and its row; for the receipt's own files.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_BOOKING_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_BOOKING_H_INCLUDED_


#include "ngx_http_autostock_receipt.h"


/* A receipt on its way; outlives the request that brought it. */
typedef struct {
    ngx_http_autostock_waiter_t           waiter;
    ngx_http_autostock_receipt_t         *receipt;   /* NULL: hung up */
    ngx_str_t                             product;
    u_char                                order_id[16];
    u_char                                id[16];    /* of its movement */
    uint32_t                              quantity;
} ngx_http_autostock_booking_t;


typedef struct {
    ngx_http_autostock_flight_t           flight;    /* first */
    ngx_http_autostock_booking_t         *booking;

    ngx_http_autostock_receipt_outcome_e  outcome;
    u_char                                product_id[16];
    int64_t                               stock;
    uint32_t                              ordered;
    uint32_t                              received;
    unsigned                              seen:1;
    unsigned                              fulfilled:1;
    unsigned                              same:1;    /* product */
    unsigned                              ours:1;    /* the movement there */
    unsigned                              fresh:1;   /* may not be on disk */
    unsigned                              sent:1;
} ngx_http_autostock_receipt_flight_t;


/* A connection is there: goes on from the beginning. */
void ngx_http_autostock_receipt_depart(ngx_http_autostock_flight_t *flight);


#endif /* _NGX_HTTP_AUTOSTOCK_BOOKING_H_INCLUDED_ */
