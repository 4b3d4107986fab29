
/*
 * Receipts: each books the goods of one restock order, once.  Ownership and
 * cancel are as in ngx_http_autostock_sale.h.  If the client closes the
 * connection, the booking continues until its deadline.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_RECEIPT_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_RECEIPT_H_INCLUDED_


#include "ngx_http_autostock_batch.h"

#include "as_trace.h"


typedef enum {
    NGX_HTTP_AUTOSTOCK_RECEIPT_BOOKED = 0,
    NGX_HTTP_AUTOSTOCK_RECEIPT_REPLAYED,       /* fulfilled before */
    NGX_HTTP_AUTOSTOCK_RECEIPT_NO_ORDER,
    NGX_HTTP_AUTOSTOCK_RECEIPT_WRONG_PRODUCT,
    NGX_HTTP_AUTOSTOCK_RECEIPT_TOO_MANY,       /* more than ordered */

    /* not booked: a retry would fail, too, and the order is marked as failed */
    NGX_HTTP_AUTOSTOCK_RECEIPT_GONE,           /* the product was deleted */
    NGX_HTTP_AUTOSTOCK_RECEIPT_OVERFLOW,       /* of the stock column */
    NGX_HTTP_AUTOSTOCK_RECEIPT_REFUSED,        /* by the server; see error */

    NGX_HTTP_AUTOSTOCK_RECEIPT_AGAIN,          /* private: retried later */
    NGX_HTTP_AUTOSTOCK_RECEIPT_UNAVAILABLE,    /* nothing was booked */
    NGX_HTTP_AUTOSTOCK_RECEIPT_UNKNOWN         /* in doubt at the deadline */
} ngx_http_autostock_receipt_outcome_e;


typedef struct ngx_http_autostock_receipt_s  ngx_http_autostock_receipt_t;
typedef struct ngx_http_autostock_booking_s  ngx_http_autostock_booking_t;

typedef void (*ngx_http_autostock_receipt_handler_pt)(
    ngx_http_autostock_receipt_t *receipt);


struct ngx_http_autostock_receipt_s {
    /* set by the caller; submit copies the strings */
    u_char                                  order_id[16];
    ngx_str_t                               product;   /* UUID or SKU; empty:
                                                          not given */
    uint32_t                                quantity;  /* 1 to 1,000,000;
                                                          0: as ordered */
    ngx_str_t                               client;    /* its address */
    as_trace_t                             *trace;     /* the request's, for the
                                                          log; NULL: none */
    ngx_msec_t                              timeout;
    ngx_http_autostock_receipt_handler_pt   handler;
    void                                   *data;
    ngx_log_t                              *log;

    /* the result */
    ngx_http_autostock_receipt_outcome_e    outcome;
    uint32_t                                received;  /* if BOOKED, REPLAYED */
    uint32_t                                ordered;   /* if TOO_MANY */
    int64_t                                 stock;     /* now; -1: not known */
    ngx_uint_t                              error;     /* the server's, if
                                                          REFUSED; 0: none */

    /* private */
    ngx_http_autostock_booking_t           *booking;
};


extern ngx_http_autostock_batch_ops_t  ngx_http_autostock_receipt_ops;


/* As in ngx_http_autostock_sale.h. */
ngx_int_t ngx_http_autostock_receipt_submit(ngx_http_autostock_database_t *db,
    ngx_http_autostock_receipt_t *receipt);

/*
 * The factory closed its connection: the handler will not be called, and the
 * booking continues.
 */
void ngx_http_autostock_receipt_cancel(ngx_http_autostock_receipt_t *receipt);


#endif /* _NGX_HTTP_AUTOSTOCK_RECEIPT_H_INCLUDED_ */
