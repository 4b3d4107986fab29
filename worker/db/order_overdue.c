/*
 * Restock orders: finds and settles the overdue ones.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "db/order.h"


static void
as_order_overdue_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    as_order_overdue_t       *order;
    as_order_overdue_page_t  *page = data;

    (void) statement;

    if (n != 3 || lengths[0] != AS_UUID_LEN || page->n == AS_ORDER_PAGE) {
        return;
    }

    order = &page->orders[page->n++];
    memset(order, 0, sizeof(*order));
    memcpy(order->id, columns[0], AS_UUID_LEN);
    order->attempts = atoi(columns[1]);
    as_trace_read(&order->trace, columns[2]);
}


/* The condition for an overdue order.  The end of a message's wait for its next
 * receive is next_attempt_at; a message in a call has a lease. */
static void
as_order_overdue_when(const as_order_overdue_page_t *page, as_text_t *sql)
{
    as_text_printf(sql, page->published
                   ? "state = 'published' AND (lease_until IS NULL OR"
                   " lease_until <= UTC_TIMESTAMP(6)) AND GREATEST("
                   "COALESCE(published_at, pending_at), COALESCE("
                   "next_attempt_at, pending_at)) <= UTC_TIMESTAMP(6)"
                   " - INTERVAL %" PRId64 " MICROSECOND"
                   : "state = 'requested' AND COALESCE(requested_at,"
                   " pending_at) <= UTC_TIMESTAMP(6) - INTERVAL %" PRId64
                   " MICROSECOND", page->timeout_ms * 1000);
}


static void
as_order_overdue_sql(const as_order_overdue_page_t *page,
    const as_order_overdue_t *order, as_text_t *sql)
{
    as_text_put(sql, ";UPDATE restock_order SET lease_until = NULL,"
                " lease_owner = NULL, ");

    if (order->attempts >= page->max_attempts) {
        as_text_printf(sql, "failed_at = UTC_TIMESTAMP(6), next_attempt_at ="
                       " NULL, last_error = '%s (attempts: %d)', state ="
                       " 'failed'", page->published
                       ? "no worker received its message"
                       : "no callback from the factory", order->attempts);
    } else {
        as_text_put(sql, page->published
                    ? "attempts = attempts + 1, last_error = 'no worker "
                    "received the message: published again'"
                    : "last_error = 'the callback is overdue: requested"
                    " again'");
        as_text_put(sql, ", next_attempt_at = UTC_TIMESTAMP(6), state ="
                    " 'pending'");
    }

    as_text_put(sql, " WHERE order_id = ");
    as_text_sql_bytes(sql, order->id, AS_UUID_LEN);
    as_text_put(sql, " AND ");
    as_order_overdue_when(page, sql);
}


as_db_status_e
as_order_overdue(as_db_t *db, as_order_overdue_page_t *page)
{
    bool                 settled;
    size_t               i;
    as_text_t            sql = AS_TEXT_EMPTY;
    as_db_status_e       status;
    as_order_overdue_t  *order;

    page->n = 0;
    as_text_put(&sql, "SELECT order_id, attempts, " AS_ORDER_TRACE
                " FROM restock_order o WHERE ");
    as_order_overdue_when(page, &sql);
    as_text_printf(&sql, " LIMIT %d", AS_ORDER_PAGE);

    status = as_db_run(db, &sql, as_order_overdue_row, page);
    if (status != AS_DB_OK || page->n == 0) {
        goto out;
    }

    as_text_clear(&sql);
    as_text_put(&sql, "START TRANSACTION");
    for (i = 0; i < page->n; i++) {
        as_order_overdue_sql(page, &page->orders[i], &sql);
    }
    as_text_put(&sql, ";COMMIT");

    status = as_db_run(db, &sql, NULL, NULL);

    for (i = 0; status == AS_DB_OK && i < page->n; i++) {
        order = &page->orders[i];
        settled = as_db_affected(db, (unsigned) i + 1) == 1;
        order->failed = settled && order->attempts >= page->max_attempts;
        order->again = settled && !order->failed;
    }

out:

    as_text_free(&sql);

    return status;
}
