
/*
 * Handles a receipt that is not booked: it is tried again after a pause, is
 * read again if its answer was lost, or fails.
 */


#include "ngx_http_autostock_receipt_booking.h"
#include "ngx_http_autostock_id.h"
#include "ngx_http_autostock_status.h"

#include "as_sqlerror.h"


/* the errors of a guard, ER_DATA_OUT_OF_RANGE, and of a column's range */
#define NGX_HTTP_AUTOSTOCK_BOOKING_GUARD  1690
#define NGX_HTTP_AUTOSTOCK_BOOKING_RANGE  1264       /* ER_WARN_... */


static void ngx_http_autostock_receipt_failure_refused(
    ngx_http_autostock_receipt_flight_t *rf);
static void ngx_http_autostock_receipt_failure_guarded(
    ngx_http_autostock_receipt_flight_t *rf);
static void ngx_http_autostock_receipt_failure_rollback(
    ngx_http_autostock_receipt_flight_t *rf,
    ngx_http_autostock_done_pt done);
static void ngx_http_autostock_receipt_failure_rolled_back(void *data,
    ngx_int_t rc);
static void ngx_http_autostock_receipt_failure_given_up(void *data,
    ngx_int_t rc);
static void ngx_http_autostock_receipt_failure_mark(
    ngx_http_autostock_receipt_flight_t *rf);
static void ngx_http_autostock_receipt_failure_marked(void *data, ngx_int_t rc);


#define NGX_HTTP_AUTOSTOCK_BOOKING_OPEN                                       \
    "state IN('pending','published','requested')"


void
ngx_http_autostock_receipt_failure_judge(
    ngx_http_autostock_receipt_flight_t *rf, ngx_int_t rc)
{
    ngx_http_autostock_query_t    *query;
    ngx_http_autostock_booking_t  *booking;

    query = &rf->flight.query;
    booking = rf->booking;

    if (rc == NGX_DECLINED
        && !(booking->sent
             && query->statements == NGX_HTTP_AUTOSTOCK_BOOKING_COMMIT
             && as_sqlerror(query->error) != AS_SQLERROR_CONFLICT))
    {
        ngx_http_autostock_receipt_failure_refused(rf);
        return;
    }

    /* the connection is lost, or COMMIT failed and may have taken effect */

    if (booking->sent && !booking->doubt) {
        booking->doubt = 1;
        ngx_http_autostock_pools_bind(&rf->flight.taker, rf->flight.conn);
        booking->bound = rf->flight.taker.bound;
    }

    (void) ngx_sprintf(booking->reason, "its connection was lost%Z");
    ngx_http_autostock_flight_again(&rf->flight, 1,
                                    "it was lost in a receipt");
}


/* the server refused a statement: nothing is committed */

static void
ngx_http_autostock_receipt_failure_refused(
    ngx_http_autostock_receipt_flight_t *rf)
{
    ngx_http_autostock_query_t    *query;
    ngx_http_autostock_booking_t  *booking;

    query = &rf->flight.query;
    booking = rf->booking;
    booking->error = query->error;

    if (as_sqlerror(query->error) == AS_SQLERROR_ALTERED
        && !booking->sent && booking->guards++ < 2)
    {
        /* another connection reads the column's definition again */
        ngx_http_autostock_flight_elsewhere(&rf->flight,
                                            "the column sku has changed");
        return;
    }

    booking->sent = 0;

    (void) ngx_snprintf(booking->reason, NGX_HTTP_AUTOSTOCK_BOOKING_REASON,
                        "the database refused, error %ui: %s%Z",
                        query->error, query->text);

    if (as_sqlerror(query->error) == AS_SQLERROR_READ_ONLY) {
        /* after a fail-over, another connection can write */
        ngx_http_autostock_flight_drop(&rf->flight,
                                       "its server cannot write");
        ngx_http_autostock_receipt_finish(rf, NGX_HTTP_AUTOSTOCK_RECEIPT_AGAIN);
        return;
    }

    if (query->error == NGX_HTTP_AUTOSTOCK_BOOKING_GUARD) {
        ngx_http_autostock_receipt_failure_guarded(rf);
        return;
    }

    /* the time limit of a statement may end before that of a lock wait */
    rf->locked = query->error == AS_ER_LOCK_WAIT_TIMEOUT
                 || (query->statements == NGX_HTTP_AUTOSTOCK_BOOKING_STOCK
                     && as_sqlerror(query->error) == AS_SQLERROR_ENDED);
    rf->outcome = NGX_HTTP_AUTOSTOCK_RECEIPT_REFUSED;

    if (query->error == NGX_HTTP_AUTOSTOCK_BOOKING_RANGE
        && query->statements == NGX_HTTP_AUTOSTOCK_BOOKING_STOCK
        && rf->stock + booking->quantity > NGX_MAX_INT32_VALUE)
    {
        rf->outcome = NGX_HTTP_AUTOSTOCK_RECEIPT_OVERFLOW;
        (void) ngx_sprintf(booking->reason, "the stock is %L, and the maximum "
                           "is 2147483647%Z", rf->stock);
    }

    ngx_http_autostock_receipt_failure_rollback(rf,
        query->error == AS_ER_DUP_ENTRY
        || ngx_http_autostock_error_passes(query->error)
            ? ngx_http_autostock_receipt_failure_rolled_back
            : ngx_http_autostock_receipt_failure_given_up);
}


/*
 * A guard failed: the UPDATE changed no row of the product or order, although
 * the row was just read.  It is read once more.  If the guard fails again, a
 * trigger prevents the change.
 */

static void
ngx_http_autostock_receipt_failure_guarded(
    ngx_http_autostock_receipt_flight_t *rf)
{
    ngx_http_autostock_booking_t  *booking;

    booking = rf->booking;
    booking->error = 0;

    (void) ngx_sprintf(booking->reason, "the row of its %s did not change%Z",
                       rf->flight.query.statements
                       > NGX_HTTP_AUTOSTOCK_BOOKING_STOCK + 1
                       ? "order" : "product");

    rf->outcome = NGX_HTTP_AUTOSTOCK_RECEIPT_REFUSED;

    ngx_http_autostock_receipt_failure_rollback(rf,
                                booking->guards++ == 0
                                ? ngx_http_autostock_receipt_failure_rolled_back
                                : ngx_http_autostock_receipt_failure_given_up);
}


static void
ngx_http_autostock_receipt_failure_rollback(
    ngx_http_autostock_receipt_flight_t *rf, ngx_http_autostock_done_pt done)
{
    ngx_http_autostock_sql_t  *sql;

    sql = &rf->flight.sql;
    ngx_http_autostock_sql_reset(sql);
    ngx_http_autostock_sql_text(sql, "ROLLBACK");
    ngx_http_autostock_flight_query(&rf->flight, NULL, done);
}


static void
ngx_http_autostock_receipt_failure_rolled_back(void *data, ngx_int_t rc)
{
    ngx_http_autostock_receipt_flight_t  *rf = data;

    if (rc != NGX_OK) {
        ngx_http_autostock_flight_again(&rf->flight, 1,
                                        "its transaction could not be ended");
        return;
    }

    ngx_http_autostock_receipt_finish(rf, NGX_HTTP_AUTOSTOCK_RECEIPT_AGAIN);
}


static void
ngx_http_autostock_receipt_failure_given_up(void *data, ngx_int_t rc)
{
    ngx_http_autostock_receipt_flight_t  *rf = data;

    if (rc != NGX_OK) {
        ngx_http_autostock_flight_again(&rf->flight, 1,
                                        "its transaction could not be ended");
        return;
    }

    ngx_http_autostock_receipt_failure_mark(rf);
}


void
ngx_http_autostock_receipt_failure_again(
    ngx_http_autostock_receipt_flight_t *rf, const char *reason)
{
    (void) ngx_snprintf(rf->booking->reason,
                        NGX_HTTP_AUTOSTOCK_BOOKING_REASON, "%s%Z", reason);

    ngx_http_autostock_receipt_finish(rf, NGX_HTTP_AUTOSTOCK_RECEIPT_AGAIN);
}


void
ngx_http_autostock_receipt_failure_fail(ngx_http_autostock_receipt_flight_t *rf,
    ngx_http_autostock_receipt_outcome_e outcome, const char *reason)
{
    (void) ngx_snprintf(rf->booking->reason,
                        NGX_HTTP_AUTOSTOCK_BOOKING_REASON, "%s%Z", reason);

    rf->outcome = outcome;
    ngx_http_autostock_receipt_failure_mark(rf);
}


/*
 * Marks an open order as failed: the goods have arrived, and the factory must
 * not get the order's id again.  An order that is failed or cancelled keeps its
 * state.
 */

static void
ngx_http_autostock_receipt_failure_mark(ngx_http_autostock_receipt_flight_t *rf)
{
    u_char                        *p;
    u_char                         text[NGX_HTTP_AUTOSTOCK_BOOKING_REASON
                                        + 64];
    ngx_str_t                      reason;
    ngx_http_autostock_sql_t      *sql;
    ngx_http_autostock_booking_t  *booking;

    booking = rf->booking;

    if (booking->doubt) {
        /* the lost packet may still arrive: retry until the deadline */
        ngx_http_autostock_receipt_finish(rf, NGX_HTTP_AUTOSTOCK_RECEIPT_AGAIN);
        return;
    }

    p = text;

    if (booking->quantity) {
        p = ngx_sprintf(p, "%uD pieces ", booking->quantity);
    }

    p = ngx_slprintf(p, text + sizeof(text), "arrived, not booked: %s",
                     booking->reason);
    reason.data = text;
    reason.len = p - text;

    sql = &rf->flight.sql;
    ngx_http_autostock_sql_reset(sql);
    ngx_http_autostock_sql_text(sql,
        "UPDATE restock_order SET failed_at=IF("
        NGX_HTTP_AUTOSTOCK_BOOKING_OPEN ",UTC_TIMESTAMP(6),failed_at),"
        "lease_until=NULL,lease_owner=NULL,last_error=");
    ngx_http_autostock_sql_string(sql, &reason);
    ngx_http_autostock_sql_text(sql,
        ",state=IF(" NGX_HTTP_AUTOSTOCK_BOOKING_OPEN ",'failed',state)"
        " WHERE state<>'fulfilled' AND order_id=");
    ngx_http_autostock_sql_binary(sql, booking->order_id, 16);

    ngx_http_autostock_flight_query(&rf->flight, NULL,
                                    ngx_http_autostock_receipt_failure_marked);
}


static void
ngx_http_autostock_receipt_failure_marked(void *data, ngx_int_t rc)
{
    u_char                                trace[NGX_HTTP_AUTOSTOCK_TRACE_NOTE];
    ngx_http_autostock_receipt_flight_t  *rf = data;

    if (rc == NGX_ERROR) {
        ngx_http_autostock_receipt_failure_judge(rf, rc);
        return;
    }

    if (rc == NGX_DECLINED) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "autostock: database \"%V\" refused to mark an order "
                      "whose goods were not booked, error %ui: %s; "
                      "sql/grants.sql has the required rights%s",
                      &rf->booking->db->name, rf->flight.query.error,
                      rf->flight.query.text,
                      ngx_http_autostock_id_trace_note(trace,
                                                       &rf->booking->trace));
    }

    ngx_http_autostock_receipt_finish(rf, rf->outcome);
}
