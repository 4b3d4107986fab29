/*
 * doctor's checks of the orders and the holds.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/doctor_orders.h"
#include "db/hold.h"
#include "run/backlog.h"
#include "run/relay_parts.h"


#define AS_DOCTOR_GRACE_MS  60000      /* ms that a running worker needs at
                                          most */
#define AS_DOCTOR_NEWEST    "1000"     /* orders to read; ids are
                                          time-ordered */


static void
as_doctor_orders_signs_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    as_doctor_signs_t  *signs = data;

    (void) lengths;
    (void) n;

    if (statement == 0) {
        signs->leases = strtoll(columns[0], NULL, 10);
    } else {
        signs->last_ms = columns[0] == NULL ? -1
                         : strtoll(columns[0], NULL, 10) / 1000;
    }
}


static as_db_status_e
as_doctor_orders_signs(as_db_t *db, as_doctor_signs_t *signs)
{
    return as_db_exec(db,
        "SELECT COUNT(*) FROM restock_order WHERE state IN ('pending',"
        " 'published') AND lease_until > UTC_TIMESTAMP(6);"

        "SELECT TIMESTAMPDIFF(MICROSECOND, MAX(GREATEST(COALESCE("
        "published_at, requested_at), COALESCE(requested_at,"
        " published_at))), UTC_TIMESTAMP(6)) FROM (SELECT published_at,"
        " requested_at FROM restock_order ORDER BY order_id DESC LIMIT "
        AS_DOCTOR_NEWEST ") o", as_doctor_orders_signs_row, signs);
}


static void
as_doctor_orders_tell(as_findings_t *findings, const as_settings_t *settings,
    const as_order_counts_t *counts, as_doctor_signs_t *signs)
{
    int64_t  grace = settings->watchdog_interval + AS_DOCTOR_GRACE_MS;

    if (counts->pending_oldest_ms > grace) {
        signs->stuck = true;
        as_findings_say(findings, AS_DOCTOR_WRONG, "orders-pending",
                        "check that autostock-worker run is up, and the "
                        "findings for SNS; autostock-worker orders list "
                        "--state pending shows the orders",
                        "%" PRId64 " orders are not published, the oldest is "
                        "due for %" PRId64 " s", counts->pending,
                        counts->pending_oldest_ms / 1000);
    }

    if (counts->published_oldest_ms > grace + settings->visibility) {
        signs->stuck = true;
        as_findings_say(findings, AS_DOCTOR_WRONG, "orders-published",
                        "check that autostock-worker run is up, and the "
                        "findings for subscription, queue and factory; "
                        "autostock-worker orders list --state published shows "
                        "the orders",
                        "%" PRId64 " orders are published and not requested "
                        "from the factory, the oldest for %" PRId64 " s",
                        counts->published,
                        counts->published_oldest_ms / 1000);
    }

    if (counts->overdue > 0) {
        signs->stuck = true;
        as_findings_say(findings, AS_DOCTOR_WARNING, "orders-overdue",
                        "check that autostock-worker run is up, which requests "
                        "again; the finding for the callback; and that the "
                        "factory reaches CALLBACK_URL",
                        "the callbacks of %" PRId64 " orders are "
                        "overdue", counts->overdue);
    }

    if (!signs->stuck) {
        as_findings_say(findings, AS_DOCTOR_FINE, "orders", "",
                        "all make progress: %" PRId64 " pending, %" PRId64 " "
                        "published, %" PRId64 " requested", counts->pending,
                        counts->published, counts->requested);
    }
}


/* A missing table or right is a finding of its own. */
static void
as_doctor_orders_holds(as_findings_t *findings, as_db_t *db,
    as_doctor_signs_t *signs)
{
    char              id[AS_UUID_TEXT_LEN + 1];
    as_hold_counts_t  counts;

    memset(&counts, 0, sizeof(counts));

    if (as_hold_count(db, &counts) != AS_DB_OK) {
        return;
    }

    if (counts.due_oldest_ms > AS_BACKLOG_HOLDS_LATE_MS) {
        signs->stuck = true;
        *as_uuid_text(counts.due_oldest, id) = '\0';
        as_findings_say(findings, AS_DOCTOR_WRONG, "holds",
                        "check that autostock-worker run is up, and whether "
                        "its log says why it cannot release them; "
                        "autostock-worker holds list --state due shows them",
                        "%" PRId64 " holds are past their time, the oldest "
                        "for %" PRId64 " s, %s: their pieces cannot be sold",
                        counts.due, counts.due_oldest_ms / 1000, id);
        return;
    }

    as_findings_say(findings, AS_DOCTOR_FINE, "holds", "",
                    "released in time: %" PRId64 " are open, of %" PRId64
                    " pieces", counts.open, counts.pieces);
}


void
as_doctor_orders(as_findings_t *findings, as_db_t *db,
    const as_settings_t *settings, as_doctor_signs_t *signs)
{
    as_order_counts_t  counts;

    memset(signs, 0, sizeof(*signs));
    memset(&counts, 0, sizeof(counts));
    counts.callback_timeout_ms = settings->callback_timeout;
    counts.lease_ms = AS_RELAY_LEASE_MS;

    if (as_order_count(db, &counts) != AS_DB_OK
        || as_doctor_orders_signs(db, signs) != AS_DB_OK)
    {
        /* a missing table or column: reported as a finding of the schema */
        if (as_db_errno(db) == 1146 || as_db_errno(db) == 1054) {
            return;
        }

        as_findings_say(findings, AS_DOCTOR_UNREACHABLE, "orders",
                        "see the findings for the database",
                        "the orders cannot be read: %s", as_db_error(db));
        return;
    }

    signs->known = true;
    as_doctor_orders_tell(findings, settings, &counts, signs);
    as_doctor_orders_holds(findings, db, signs);
}
