
#include "ngx_http_autostock_receipt_booking.h"
#include "ngx_http_autostock_id.h"
#include "ngx_http_autostock_status.h"

#include "as_uuid.h"


/* average pause before a locked row is tried again, ms */
#define NGX_HTTP_AUTOSTOCK_RECEIPT_PAUSE  1000


static ngx_int_t ngx_http_autostock_receipt_create(
    ngx_http_autostock_flight_t *flight);
static void ngx_http_autostock_receipt_destroy(
    ngx_http_autostock_flight_t *flight);
static void ngx_http_autostock_receipt_reset(
    ngx_http_autostock_flight_t *flight);
static ngx_int_t ngx_http_autostock_receipt_add(
    ngx_http_autostock_flight_t *flight, ngx_http_autostock_waiter_t *waiter);
static void ngx_http_autostock_receipt_answer(
    ngx_http_autostock_flight_t *flight, ngx_http_autostock_waiter_t *waiter);
static void ngx_http_autostock_receipt_note(
    ngx_http_autostock_receipt_flight_t *rf,
    ngx_http_autostock_booking_t *booking);
static void ngx_http_autostock_receipt_log(
    ngx_http_autostock_booking_t *booking, const char *what, const char *why);
static void ngx_http_autostock_receipt_locked(
    ngx_http_autostock_booking_t *booking, ngx_uint_t locked);
static void ngx_http_autostock_receipt_pause(
    ngx_http_autostock_booking_t *booking);
static void ngx_http_autostock_receipt_resume(ngx_event_t *ev);
static void ngx_http_autostock_receipt_refuse(
    ngx_http_autostock_flight_t *flight, ngx_http_autostock_waiter_t *waiter,
    ngx_http_autostock_why_e why);


/* patient: the factory calls only once, so the module itself must retry */
ngx_http_autostock_batch_ops_t  ngx_http_autostock_receipt_ops = {
    "receipt",
    NGX_HTTP_AUTOSTOCK_KIND_RECEIPT,
    sizeof(ngx_http_autostock_receipt_flight_t),
    4,
    1,
    ngx_http_autostock_receipt_create,
    ngx_http_autostock_receipt_destroy,
    ngx_http_autostock_receipt_reset,
    NULL,
    ngx_http_autostock_receipt_add,
    ngx_http_autostock_receipt_booking_start,
    ngx_http_autostock_receipt_answer,
    ngx_http_autostock_receipt_refuse
};


ngx_int_t
ngx_http_autostock_receipt_submit(ngx_http_autostock_database_t *db,
    ngx_http_autostock_receipt_t *receipt)
{
    ngx_http_autostock_booking_t  *booking;

    booking = ngx_calloc(sizeof(ngx_http_autostock_booking_t)
                         + receipt->product.len + receipt->client.len,
                         receipt->log);
    if (booking == NULL) {
        return NGX_BUSY;
    }

    booking->receipt = receipt;
    booking->db = db;
    booking->timer.handler = ngx_http_autostock_receipt_resume;
    booking->timer.data = booking;
    booking->timer.log = receipt->log;
    booking->quantity = receipt->quantity;
    booking->product.len = receipt->product.len;
    booking->product.data = (u_char *) booking
                            + sizeof(ngx_http_autostock_booking_t);

    ngx_memcpy(booking->product.data, receipt->product.data,
               receipt->product.len);
    booking->client.len = receipt->client.len;
    booking->client.data = booking->product.data + booking->product.len;

    ngx_memcpy(booking->client.data, receipt->client.data,
               receipt->client.len);
    ngx_memcpy(booking->order_id, receipt->order_id, 16);

    if (receipt->trace) {
        booking->trace = *receipt->trace;
    }

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


/* frees the booking of the previous use of the flight */

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

    ngx_http_autostock_receipt_destroy(flight);

    rf = (ngx_http_autostock_receipt_flight_t *) flight;
    rf->outcome = NGX_HTTP_AUTOSTOCK_RECEIPT_UNAVAILABLE;
}


/* a flight takes one waiter: every order has a transaction of its own */

static ngx_int_t
ngx_http_autostock_receipt_add(ngx_http_autostock_flight_t *flight,
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

    ngx_http_autostock_receipt_locked(booking, rf->locked);

    if (rf->outcome == NGX_HTTP_AUTOSTOCK_RECEIPT_AGAIN) {
        rf->booking = NULL;
        ngx_http_autostock_status_count(booking->db,
                                        NGX_HTTP_AUTOSTOCK_BATCH_RETRIES, 1);
        ngx_http_autostock_receipt_pause(booking);
        return;
    }

    ngx_http_autostock_receipt_note(rf, booking);

    receipt = booking->receipt;

    if (receipt == NULL) {
        return;
    }

    receipt->booking = NULL;
    receipt->outcome = rf->outcome;
    receipt->stock = rf->stock;
    receipt->received = rf->received;
    receipt->ordered = rf->ordered;
    receipt->error = booking->error;

    receipt->handler(receipt);
}


/* counts and logs the result, even if the client has closed the connection */

static void
ngx_http_autostock_receipt_note(ngx_http_autostock_receipt_flight_t *rf,
    ngx_http_autostock_booking_t *booking)
{
    switch (rf->outcome) {

    case NGX_HTTP_AUTOSTOCK_RECEIPT_BOOKED:
        ngx_http_autostock_status_count(booking->db,
                                        NGX_HTTP_AUTOSTOCK_RECEIPTS, 1);
        break;

    case NGX_HTTP_AUTOSTOCK_RECEIPT_REPLAYED:
        ngx_http_autostock_status_count(booking->db,
                                        NGX_HTTP_AUTOSTOCK_RECEIPT_REPLAYS, 1);
        break;

    case NGX_HTTP_AUTOSTOCK_RECEIPT_GONE:
    case NGX_HTTP_AUTOSTOCK_RECEIPT_OVERFLOW:
    case NGX_HTTP_AUTOSTOCK_RECEIPT_REFUSED:
        ngx_http_autostock_status_count(booking->db,
                                        NGX_HTTP_AUTOSTOCK_RECEIPTS_FAILED, 1);
        ngx_http_autostock_receipt_log(booking,
                                       "cannot be booked, the order fails",
                                       (char *) booking->reason);
        break;

    default:
        break;
    }
}


static void
ngx_http_autostock_receipt_log(ngx_http_autostock_booking_t *booking,
    const char *what, const char *why)
{
    u_char  order[AS_UUID_TEXT_LEN + 1];
    u_char  trace[NGX_HTTP_AUTOSTOCK_TRACE_NOTE];

    *as_uuid_text(booking->order_id, (char *) order) = '\0';

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "autostock: database \"%V\": the goods of order %s %s: %s, "
                  "client: %V%s", &booking->db->name, order, what, why,
                  &booking->client,
                  ngx_http_autostock_id_trace_note(trace, &booking->trace));
}


static void
ngx_http_autostock_receipt_locked(ngx_http_autostock_booking_t *booking,
    ngx_uint_t locked)
{
    if (locked && !booking->locked) {
        ngx_queue_insert_tail(&booking->db->stuck, &booking->stuck);
    }

    if (!locked && booking->locked) {
        ngx_queue_remove(&booking->stuck);
    }

    booking->locked = locked ? 1 : 0;
}


/*
 * The booking waits outside of the batch and without a connection: for about a
 * second if the row is locked, which may last long; shorter after a conflict.
 */

static void
ngx_http_autostock_receipt_pause(ngx_http_autostock_booking_t *booking)
{
    ngx_uint_t      shift;
    ngx_msec_t      pause;
    ngx_msec_int_t  left;

    shift = ngx_min(++booking->pauses, 10);
    pause = booking->locked ? NGX_HTTP_AUTOSTOCK_RECEIPT_PAUSE
                            : (ngx_msec_t) 1 << shift;
    pause = pause / 2 + (ngx_msec_t) ngx_random() % pause;

    left = (ngx_msec_int_t) (booking->waiter.deadline - ngx_current_msec);
    left = ngx_max(left, 1);

    ngx_add_timer(&booking->timer, ngx_min(pause, (ngx_msec_t) left));
}


static void
ngx_http_autostock_receipt_resume(ngx_event_t *ev)
{
    ngx_msec_int_t                 left;
    ngx_http_autostock_booking_t  *booking = ev->data;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, ev->log, 0,
                   "autostock receipt resume %ui", booking->pauses);

    left = (ngx_msec_int_t) (booking->waiter.deadline - ngx_current_msec);

    if (left <= 0) {
        ngx_http_autostock_receipt_refuse(NULL, &booking->waiter,
                                          NGX_HTTP_AUTOSTOCK_EXPIRED);
        return;
    }

    if (ngx_http_autostock_batch_submit(booking->db->receipts,
                                        &booking->waiter,
                                        booking->waiter.deadline)
        != NGX_OK)
    {
        ngx_http_autostock_receipt_pause(booking);
    }
}


static void
ngx_http_autostock_receipt_refuse(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_waiter_t *waiter, ngx_http_autostock_why_e why)
{
    ngx_uint_t                     unknown;
    ngx_http_autostock_booking_t  *booking;
    ngx_http_autostock_receipt_t  *receipt;

    booking = ngx_queue_data(waiter, ngx_http_autostock_booking_t, waiter);
    receipt = booking->receipt;
    unknown = booking->sent || booking->doubt;

    ngx_http_autostock_status_count(booking->db,
                                    NGX_HTTP_AUTOSTOCK_RECEIPTS_GIVEN_UP, 1);
    ngx_http_autostock_receipt_log(booking, unknown
                                   ? "reached the deadline, they may have been "
                                     "booked"
                                   : "reached the deadline, they are not "
                                     "booked",
                                   booking->reason[0]
                                   ? (char *) booking->reason
                                   : "no connection to the database in time");

    ngx_http_autostock_receipt_locked(booking, 0);

    if (receipt) {
        receipt->booking = NULL;
        receipt->outcome = unknown ? NGX_HTTP_AUTOSTOCK_RECEIPT_UNKNOWN
                                   : NGX_HTTP_AUTOSTOCK_RECEIPT_UNAVAILABLE;
        receipt->stock = -1;
        receipt->error = booking->error;
    }

    /* if a flight has it, the next use of the flight frees it */
    if (flight == NULL) {
        ngx_free(booking);
    }

    if (receipt) {
        receipt->handler(receipt);
    }
}
