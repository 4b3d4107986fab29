
#include "ngx_http_autostock_booking.h"
#include "ngx_http_autostock_id.h"


static ngx_int_t ngx_http_autostock_receipt_create(
    ngx_http_autostock_flight_t *flight);
static void ngx_http_autostock_receipt_destroy(
    ngx_http_autostock_flight_t *flight);
static void ngx_http_autostock_receipt_reset(
    ngx_http_autostock_flight_t *flight);
static ngx_int_t ngx_http_autostock_receipt_board(
    ngx_http_autostock_flight_t *flight, ngx_http_autostock_waiter_t *waiter);
static void ngx_http_autostock_receipt_answer(
    ngx_http_autostock_flight_t *flight, ngx_http_autostock_waiter_t *waiter);
static void ngx_http_autostock_receipt_refuse(
    ngx_http_autostock_flight_t *flight, ngx_http_autostock_waiter_t *waiter,
    ngx_http_autostock_why_e why);


/*
 * Patient: the factory calls once and never again, so nobody but us would
 * try once more.
 */
ngx_http_autostock_batch_ops_t  ngx_http_autostock_receipt_ops = {
    "receipt",
    NGX_HTTP_AUTOSTOCK_KIND_RECEIPT,
    sizeof(ngx_http_autostock_receipt_flight_t),
    4,
    1,
    ngx_http_autostock_receipt_create,
    ngx_http_autostock_receipt_destroy,
    ngx_http_autostock_receipt_reset,
    ngx_http_autostock_receipt_board,
    ngx_http_autostock_receipt_depart,
    NULL,
    ngx_http_autostock_receipt_answer,
    ngx_http_autostock_receipt_refuse
};


ngx_int_t
ngx_http_autostock_receipt_submit(ngx_http_autostock_database_t *db,
    ngx_http_autostock_receipt_t *receipt)
{
    ngx_http_autostock_booking_t  *booking;

    booking = ngx_calloc(sizeof(ngx_http_autostock_booking_t)
                         + receipt->product.len, receipt->log);
    if (booking == NULL) {
        return NGX_BUSY;
    }

    booking->receipt = receipt;
    booking->quantity = receipt->quantity;
    booking->product.len = receipt->product.len;
    booking->product.data = (u_char *) booking
                            + sizeof(ngx_http_autostock_booking_t);

    ngx_memcpy(booking->product.data, receipt->product.data,
               receipt->product.len);
    ngx_memcpy(booking->order_id, receipt->order_id, 16);
    ngx_http_autostock_id_next(booking->id);

    if (ngx_http_autostock_batch_submit(db->receipts, &booking->waiter,
                                        ngx_current_msec + receipt->timeout)
        != NGX_OK)
    {
        ngx_free(booking);
        return NGX_BUSY;
    }

    receipt->booking = booking;

    return NGX_OK;
}


void
ngx_http_autostock_receipt_cancel(ngx_http_autostock_receipt_t *receipt)
{
    ngx_http_autostock_booking_t  *booking;

    booking = receipt->booking;

    if (booking) {
        booking->receipt = NULL;
        receipt->booking = NULL;
    }
}


static ngx_int_t
ngx_http_autostock_receipt_create(ngx_http_autostock_flight_t *flight)
{
    return NGX_OK;
}


/* the booking of the flight before */

static void
ngx_http_autostock_receipt_destroy(ngx_http_autostock_flight_t *flight)
{
    ngx_http_autostock_receipt_flight_t  *rf;

    rf = (ngx_http_autostock_receipt_flight_t *) flight;

    if (rf->booking) {
        ngx_free(rf->booking);
        rf->booking = NULL;
    }
}


static void
ngx_http_autostock_receipt_reset(ngx_http_autostock_flight_t *flight)
{
    ngx_http_autostock_receipt_flight_t  *rf;

    rf = (ngx_http_autostock_receipt_flight_t *) flight;
    ngx_http_autostock_receipt_destroy(flight);
    rf->sent = 0;
}


/* Every order has a transaction of its own. */

static ngx_int_t
ngx_http_autostock_receipt_board(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_waiter_t *waiter)
{
    ngx_http_autostock_receipt_flight_t  *rf;

    rf = (ngx_http_autostock_receipt_flight_t *) flight;

    if (rf->booking) {
        return NGX_DECLINED;
    }

    rf->booking = ngx_queue_data(waiter, ngx_http_autostock_booking_t,
                                 waiter);

    return NGX_OK;
}


static void
ngx_http_autostock_receipt_answer(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_waiter_t *waiter)
{
    ngx_http_autostock_booking_t         *booking;
    ngx_http_autostock_receipt_t         *receipt;
    ngx_http_autostock_receipt_flight_t  *rf;

    rf = (ngx_http_autostock_receipt_flight_t *) flight;
    booking = ngx_queue_data(waiter, ngx_http_autostock_booking_t, waiter);
    receipt = booking->receipt;

    if (receipt == NULL) {
        return;
    }

    receipt->booking = NULL;
    receipt->outcome = rf->outcome;
    receipt->stock = rf->stock;
    receipt->received = rf->received;
    receipt->ordered = rf->ordered;

    receipt->handler(receipt);
}


static void
ngx_http_autostock_receipt_refuse(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_waiter_t *waiter, ngx_http_autostock_why_e why)
{
    ngx_http_autostock_booking_t         *booking;
    ngx_http_autostock_receipt_t         *receipt;
    ngx_http_autostock_receipt_flight_t  *rf;

    rf = (ngx_http_autostock_receipt_flight_t *) flight;
    booking = ngx_queue_data(waiter, ngx_http_autostock_booking_t, waiter);
    receipt = booking->receipt;

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "autostock: a receipt was given up at its deadline%s",
                  (rf && rf->sent) ? "; it may have been booked" : "");

    if (receipt) {
        receipt->booking = NULL;
        receipt->outcome = (rf && rf->sent)
                           ? NGX_HTTP_AUTOSTOCK_RECEIPT_UNKNOWN
                           : NGX_HTTP_AUTOSTOCK_RECEIPT_UNAVAILABLE;
        receipt->stock = -1;
    }

    /* a flight may still be under way with it, and frees it when it ends */
    if (rf == NULL) {
        ngx_free(booking);
    }

    if (receipt) {
        receipt->handler(receipt);
    }
}
