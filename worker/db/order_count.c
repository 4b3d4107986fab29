/*
 * Restock orders: how many wait, and for how long.
 */

#include <inttypes.h>
#include <stdlib.h>

#include "db/order.h"


#define AS_ORDER_NOW  "UTC_TIMESTAMP(6)"

/* Orders that were overdue before.  Only the watchdog moves a requested order
 * back and keeps requested_at; an operator's retry clears it. */
#define AS_ORDER_ASKED_AGAIN                                                  \
    "(state <> 'requested' AND requested_at IS NOT NULL)"


/*
 * Since when a pending order is due.  Where SNS refuses it, it is put off
 * repeatedly and next_attempt_at has no meaning; it counts from its opening, or
 * from when its callback was due.  Where a relay holds it, it counts from the
 * lease.  Any other next_attempt_at is the end of a pause.
 */
static void
as_order_count_since(const as_order_counts_t *counts, as_text_t *sql)
{
    as_text_printf(sql, "CASE WHEN next_attempt_at IS NULL OR last_error LIKE"
                   " 'SNS:%%' THEN COALESCE(requested_at + INTERVAL %" PRId64
                   " MICROSECOND, published_at, pending_at)"
                   " WHEN lease_owner IS NULL THEN next_attempt_at"
                   " ELSE GREATEST(pending_at, lease_until - INTERVAL %"
                   PRId64 " MICROSECOND) END",
                   counts->callback_timeout_ms * 1000,
                   counts->lease_ms * 1000);
}


static void
as_order_count_sql(const as_order_counts_t *counts, as_text_t *sql)
{
    int64_t  timeout_us = counts->callback_timeout_ms * 1000;

    as_text_put(sql, "SELECT COALESCE(SUM(state = 'pending'), 0),"
                " MAX(IF(state = 'pending', TIMESTAMPDIFF(MICROSECOND, ");
    as_order_count_since(counts, sql);
    as_text_printf(sql, ", " AS_ORDER_NOW "), NULL)) DIV 1000,"
                   " COALESCE(SUM(state = 'published'), 0),"
                   " MAX(IF(state = 'published' AND (lease_until IS NULL OR"
                   " lease_until <= " AS_ORDER_NOW "), TIMESTAMPDIFF("
                   "MICROSECOND, GREATEST(COALESCE(published_at, pending_at),"
                   " COALESCE(next_attempt_at, pending_at)), " AS_ORDER_NOW
                   "), NULL)) DIV 1000,"
                   " COALESCE(SUM(state = 'requested'), 0),"
                   " COALESCE(SUM(" AS_ORDER_ASKED_AGAIN " OR (state ="
                   " 'requested' AND IF(attempts > 1, pending_at,"
                   " requested_at) <= " AS_ORDER_NOW " - INTERVAL %" PRId64
                   " MICROSECOND)), 0), MIN(IF(state = 'requested',"
                   " TIMESTAMPDIFF(MICROSECOND, " AS_ORDER_NOW ","
                   " requested_at + INTERVAL %" PRId64 " MICROSECOND),"
                   " NULL)) DIV 1000 FROM restock_order WHERE state IN"
                   " ('pending', 'published', 'requested')", timeout_us,
                   timeout_us);
}


static void
as_order_count_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    int64_t            *to[7];
    unsigned            i;
    as_order_counts_t  *counts = data;

    (void) statement;
    (void) lengths;

    to[0] = &counts->pending;
    to[1] = &counts->pending_oldest_ms;
    to[2] = &counts->published;
    to[3] = &counts->published_oldest_ms;
    to[4] = &counts->requested;
    to[5] = &counts->overdue;
    to[6] = &counts->overdue_next_ms;

    for (i = 0; i < n && i < 7; i++) {
        *to[i] = columns[i] == NULL ? -1 : strtoll(columns[i], NULL, 10);
    }
}


as_db_status_e
as_order_count(as_db_t *db, as_order_counts_t *counts)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_order_count_sql(counts, &sql);
    status = as_db_run(db, &sql, as_order_count_row, counts);
    as_text_free(&sql);

    return status;
}
