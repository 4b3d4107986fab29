/*
 * The checks of reconcile: the orders.
 */

#include <inttypes.h>
#include <string.h>

#include "cmd/reconcile.h"
#include "db/order.h"


/* Within this time a running worker should have processed the order. */
#define AS_RECONCILE_GRACE_MS  INT64_C(60000)

#define AS_RECONCILE_AGO                                                      \
    " <= UTC_TIMESTAMP(6) - INTERVAL %" PRId64 " MICROSECOND"


/*
 * Each selects the id of an order (or product), its SKU, and a text for the
 * finding. %" PRId64 " is the watchdog's time plus grace, or the callback's.
 */
typedef struct {
    const char         *check;
    as_doctor_level_e   level;
    const char         *sentence;
    const char         *mend;
    const char         *sql;
} as_reconcile_check_t;


#define AS_RECONCILE_ORDER                                                    \
    "SELECT o.order_id, p.sku, CONCAT_WS(' ', o.state, o.last_error) FROM"    \
    " restock_order o LEFT JOIN product p ON p.product_id = o.product_id"     \
    " WHERE "

/* Where a roll-up moved the time of an opening beyond that of its id, it is a
 * horizon: receipts before it are folded (rollup.c). */
#define AS_RECONCILE_FOLDED                                                   \
    " AND NOT EXISTS (SELECT 1 FROM stock_movement_key g JOIN"                \
    " stock_movement h ON h.movement_id = g.movement_id WHERE"                \
    " g.idempotency_key = o.product_id AND h.kind = 'opening' AND"            \
    " h.created_at > FROM_UNIXTIME(CONV(HEX(SUBSTR(h.movement_id, 1, 6)),"    \
    " 16, 10) / 1000) + INTERVAL 60 SECOND AND o.fulfilled_at <="             \
    " h.created_at + INTERVAL 60 SECOND)"

static const as_reconcile_check_t  as_reconcile_checks[] = {
    { "fulfilled", AS_DOCTOR_WRONG,
      "is fulfilled, but the ledger has no receipt of it",
      "if the goods arrived, autostock-worker stock add SKU N",
      "SELECT o.order_id, p.sku, CONCAT('received ', o.received) FROM"
      " restock_order o LEFT JOIN product p ON p.product_id = o.product_id"
      " LEFT JOIN stock_movement_key k ON k.idempotency_key = o.order_id"
      " LEFT JOIN stock_movement m ON m.movement_id = k.movement_id WHERE"
      " o.state = 'fulfilled' AND m.movement_id IS NULL" AS_RECONCILE_FOLDED },

    { "received", AS_DOCTOR_WRONG,
      "is fulfilled with another count than its receipt, or of another "
      "product",
      "count, and autostock-worker stock set SKU N",
      "SELECT o.order_id, p.sku, CONCAT('received ', o.received, ', booked ',"
      " m.quantity) FROM restock_order o JOIN stock_movement_key k ON"
      " k.idempotency_key = o.order_id JOIN stock_movement m ON"
      " m.movement_id = k.movement_id LEFT JOIN product p ON p.product_id ="
      " o.product_id WHERE o.state = 'fulfilled' AND (m.quantity <>"
      " o.received OR m.product_id <> o.product_id OR m.kind <> 'restock')" },

    { "open-twice", AS_DOCTOR_WRONG,
      "is not the product's only open order",
      "autostock-worker orders cancel ORDER for all but one; then run "
      "sql/schema.sql, whose unique key forbids it",
      AS_RECONCILE_ORDER "o.state IN ('pending', 'published', 'requested') AND"
      " (SELECT COUNT(*) FROM restock_order t WHERE t.product_id ="
      " o.product_id AND t.state IN ('pending', 'published', 'requested'))"
      " > 1" },

    { "order-product", AS_DOCTOR_WRONG,
      "is open, but its product does not exist",
      "autostock-worker orders cancel ORDER",
      AS_RECONCILE_ORDER "p.product_id IS NULL AND o.open_product_id IS NOT"
      " NULL" },

    { "state", AS_DOCTOR_WRONG,
      "is in an impossible state: a time is missing, or goods were received "
      "without fulfilling it",
      "autostock does not write this; find the client that did, then orders "
      "cancel or retry",
      AS_RECONCILE_ORDER "(o.state = 'fulfilled' AND (o.fulfilled_at IS NULL OR"
      " o.received < 1)) OR (o.state <> 'fulfilled' AND o.received > 0) OR"
      " (o.state = 'failed' AND o.failed_at IS NULL) OR (o.state ="
      " 'cancelled' AND o.cancelled_at IS NULL) OR (o.state = 'requested'"
      " AND o.requested_at IS NULL) OR (o.state = 'published' AND"
      " o.published_at IS NULL)" },

    { "pending", AS_DOCTOR_WARNING,
      "is due and not published",
      "check that autostock-worker run is up and SNS reachable: "
      "autostock-worker doctor",
      AS_RECONCILE_ORDER "o.state = 'pending' AND (o.lease_until IS NULL OR"
      " o.lease_until" AS_RECONCILE_AGO ") AND COALESCE(o.next_attempt_at,"
      " o.pending_at)" AS_RECONCILE_AGO },

    { "published", AS_DOCTOR_WARNING,
      "is published, and no worker received its message",
      "check that autostock-worker run is up, that the queue is subscribed "
      "(doctor), and dlq list",
      AS_RECONCILE_ORDER "o.state = 'published' AND (o.lease_until IS NULL OR"
      " o.lease_until" AS_RECONCILE_AGO ") AND GREATEST(COALESCE("
      "o.published_at, o.pending_at), COALESCE(o.next_attempt_at,"
      " o.pending_at))" AS_RECONCILE_AGO },

    { "requested", AS_DOCTOR_WARNING,
      "was requested from the factory, and the callback is overdue",
      "check that autostock-worker run is up: its watchdog requests again",
      AS_RECONCILE_ORDER "o.state = 'requested' AND COALESCE(o.requested_at,"
      " o.pending_at)" AS_RECONCILE_AGO },

    { "no-order", AS_DOCTOR_WARNING,
      "is at its reorder point and has no open order",
      "check that autostock-worker run is up: its watchdog opens one",
      "SELECT p.product_id, p.sku, CONCAT('stock ', p.stock, ', held ', p.held)"
      " FROM product p LEFT JOIN restock_order o ON o.open_product_id ="
      " p.product_id WHERE " AS_ORDER_JUDGED " <= p.reorder_point AND"
      " o.order_id IS NULL" },
};


typedef struct {
    as_reconcile_t              *reconcile;
    const as_reconcile_check_t  *check;
} as_reconcile_look_t;


static void
as_reconcile_orders_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    char                  id[AS_UUID_TEXT_LEN + 1];
    const char           *detail;
    as_reconcile_look_t  *look = data;

    (void) statement;

    if (n != 3 || lengths[0] != AS_UUID_LEN) {
        return;
    }

    detail = columns[2] == NULL ? "" : columns[2];
    *as_uuid_text((const uint8_t *) columns[0], id) = '\0';
    as_findings_say(look->reconcile->findings, look->check->level,
                    look->check->check, look->check->mend,
                    "%s %s of %s %s%s%s%s",
                    strcmp(look->check->check, "no-order") == 0 ? "product"
                    : "order", id, columns[1] == NULL ? "(no product)"
                    : columns[1], look->check->sentence,
                    *detail == '\0' ? "" : " (", detail,
                    *detail == '\0' ? "" : ")");
}


/* Writes a check's statement with its times, in order. */
static void
as_reconcile_orders_statement(const as_reconcile_t *reconcile,
    const as_reconcile_check_t *check,
    as_text_t *sql)
{
    int64_t      us;
    const char  *at, *mark;

    us = reconcile->watchdog_interval_ms + AS_RECONCILE_GRACE_MS;

    /* the watchdog publishes and requests again after the callback's time */
    if (strcmp(check->check, "pending") != 0) {
        us += reconcile->callback_timeout_ms;
    }

    us *= 1000;

    for (at = check->sql; (mark = strstr(at, "%" PRId64)) != NULL;
         at = mark + strlen("%" PRId64))
    {
        as_text_add(sql, at, (size_t) (mark - at));
        as_text_printf(sql, "%" PRId64, us);
    }

    as_text_put(sql, at);
}


as_db_status_e
as_reconcile_orders(as_db_t *db, as_reconcile_t *reconcile)
{
    size_t               i;
    as_text_t            sql = AS_TEXT_EMPTY;
    as_db_status_e       status;
    as_reconcile_look_t  look;

    look.reconcile = reconcile;
    status = AS_DB_OK;

    for (i = 0; status == AS_DB_OK && i < sizeof(as_reconcile_checks)
                / sizeof(as_reconcile_checks[0]); i++)
    {
        look.check = &as_reconcile_checks[i];
        as_text_clear(&sql);
        as_reconcile_orders_statement(reconcile, look.check, &sql);
        status = as_db_run(db, &sql, as_reconcile_orders_row, &look);
    }

    as_text_free(&sql);

    return status;
}
