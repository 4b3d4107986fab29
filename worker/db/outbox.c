/*
 * The outbox.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/outbox.h"
#include "db/order.h"


#define AS_OUTBOX_PACKET_MS  50        /* MySQL: minimum ms between checks */
#define AS_OUTBOX_CHUNK  20            /* a CASE of n takes n * n comparisons */

#define AS_OUTBOX_DUE                                                         \
    "state = 'pending' AND (next_attempt_at IS NULL"                          \
    " OR next_attempt_at <= UTC_TIMESTAMP(6))"


static void
as_outbox_due_row(void *data, unsigned statement, const char *const *columns,
    const unsigned long *lengths, unsigned n)
{
    bool  *due = data;

    (void) statement;
    (void) lengths;

    /* SLEEP() returns 0 */
    *due |= n == 1 && columns[0] != NULL && columns[0][0] == '1';
}


/* For MariaDB: a loop within the server, which returns one result.  SELECT INTO
 * reads without a lock; a condition with a subquery would not. */
static void
as_outbox_watch_block(as_text_t *sql, const char *interval, unsigned looks)
{
    as_text_printf(sql, "BEGIN NOT ATOMIC DECLARE looks INT DEFAULT %u;"
                   " DECLARE due INT DEFAULT 0;"
                   " WHILE looks > 1 AND due = 0 DO"
                   " SELECT EXISTS(SELECT 1 FROM restock_order WHERE "
                   AS_OUTBOX_DUE ") INTO due;"
                   " IF due = 0 THEN DO SLEEP(%s); END IF;"
                   " SET looks = looks - 1; END WHILE;"
                   " SELECT 1 FROM restock_order WHERE " AS_OUTBOX_DUE
                   " LIMIT 1; END", looks, interval);
}


/* For MySQL, which has loops only in stored routines: each check returns a
 * result.  SELECT and not DO: a DO's subquery would hold locks on what it read
 * while it sleeps. */
static void
as_outbox_watch_packet(as_text_t *sql, const char *interval, unsigned looks)
{
    for ( /* void */ ; looks > 1; looks--) {
        as_text_printf(sql, "SELECT SLEEP(IF(EXISTS(SELECT 1 FROM restock_order"
                       " WHERE " AS_OUTBOX_DUE "), 0, %s));", interval);
    }

    as_text_put(sql, "SELECT 1 FROM restock_order WHERE " AS_OUTBOX_DUE
                " LIMIT 1");
}


as_db_status_e
as_outbox_watch(as_db_t *db, int64_t interval_ms, unsigned looks, bool *due)
{
    char            interval[32];
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    *due = false;

    status = as_db_connect(db);
    if (status != AS_DB_OK) {
        return status;
    }

    /* each check wakes this client, so make fewer */
    if (!as_db_is_mariadb(db) && interval_ms < AS_OUTBOX_PACKET_MS) {
        looks = 1 + (unsigned) ((looks - 1) * interval_ms
                                / AS_OUTBOX_PACKET_MS);
        interval_ms = AS_OUTBOX_PACKET_MS;
    }

    snprintf(interval, sizeof(interval), "%d.%03d",
             (int) (interval_ms / 1000), (int) (interval_ms % 1000));

    if (looks > 1 && as_db_is_mariadb(db)) {
        as_outbox_watch_block(&sql, interval, looks);
    } else {
        as_outbox_watch_packet(&sql, interval, looks);
    }

    status = as_db_run(db, &sql, as_outbox_due_row, due);
    as_text_free(&sql);

    return status;
}


int64_t
as_outbox_pause(int failures, int64_t min_ms, int64_t max_ms)
{
    int64_t  pause;

    if (failures < 1) {
        return 0;
    }

    for (pause = min_ms; failures > 1 && pause < max_ms; failures--) {
        pause *= 2;
    }

    return pause < max_ms ? pause : max_ms;
}


static void
as_outbox_claim_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    as_outbox_claim_t  *claim = data;
    as_outbox_order_t  *order;

    (void) statement;

    if (n != 2 || claim->n == AS_OUTBOX_MAX || lengths[0] != AS_UUID_LEN) {
        return;
    }

    order = &claim->orders[claim->n++];
    memset(order, 0, sizeof(*order));
    memcpy(order->id, columns[0], AS_UUID_LEN);
    order->fresh = columns[1][0] == '1';
}


static int
as_outbox_compare(const void *a, const void *b)
{
    return memcmp(((const as_outbox_order_t *) a)->id,
                  ((const as_outbox_order_t *) b)->id, AS_UUID_LEN);
}


/* Requires that the orders are sorted. */
static as_outbox_order_t *
as_outbox_find(as_outbox_claim_t *claim, const char *id, unsigned long len)
{
    as_outbox_order_t  key;

    if (len != AS_UUID_LEN) {
        return NULL;
    }

    memcpy(key.id, id, AS_UUID_LEN);

    return bsearch(&key, claim->orders, claim->n, sizeof(key),
                   as_outbox_compare);
}


/*
 * Five columns: the details of an order.  Three: the failures of its product.
 */
static void
as_outbox_detail_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    int64_t             since_ms;
    as_outbox_claim_t  *claim = data;
    as_outbox_order_t  *order;

    (void) statement;

    order = as_outbox_find(claim, columns[0], lengths[0]);
    if (order == NULL || n < 3) {
        return;
    }

    if (n == 5) {
        memcpy(order->product_id, columns[1], AS_UUID_LEN);
        order->quantity = atoi(columns[2]);
        free(order->factory);
        order->factory = strdup(columns[3]);
        order->claimed = order->factory != NULL;
        as_trace_read(&order->trace, columns[4]);
        return;
    }

    order->failures = atoi(columns[1]);
    since_ms = columns[2] == NULL ? 0 : strtoll(columns[2], NULL, 10) / 1000;
    order->pause_ms = as_outbox_pause(order->failures, claim->pause_min_ms,
                                      claim->pause_max_ms) - since_ms;
}


/*
 * Writes (X'..',X'..'): the ids of all orders, or of the fresh ones.  False
 * where there are none.
 */
static bool
as_outbox_ids(const as_outbox_claim_t *claim, bool fresh, as_text_t *sql)
{
    bool    any;
    size_t  i;

    for (any = false, i = 0; i < claim->n; i++) {
        if (!fresh || claim->orders[i].fresh) {
            as_text_put(sql, any ? "," : "(");
            as_text_sql_bytes(sql, claim->orders[i].id, AS_UUID_LEN);
            any = true;
        }
    }

    as_text_put(sql, any ? ")" : "(NULL)");

    return any;
}


static as_db_status_e
as_outbox_lease(as_db_t *db, as_outbox_claim_t *claim)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_text_printf(&sql, "UPDATE restock_order FORCE INDEX (PRIMARY)"
                   " SET lease_until ="
                   " UTC_TIMESTAMP(6) + INTERVAL %" PRId64 " MICROSECOND,"
                   " next_attempt_at = UTC_TIMESTAMP(6) + INTERVAL %" PRId64
                   " MICROSECOND, lease_owner = ",
                   claim->lease_ms * 1000, claim->lease_ms * 1000);
    as_text_sql_string(&sql, claim->owner);
    /* check that they are still due: SKIP LOCKED may not have locked them, for
     * example behind a proxy that reads from a replica, and another worker may
     * have claimed them */
    as_text_put(&sql, " WHERE " AS_OUTBOX_DUE " AND order_id IN ");
    as_outbox_ids(claim, false, &sql);

    as_text_put(&sql, ";COMMIT;SELECT o.order_id, o.product_id, o.quantity,"
                " f.identifier, " AS_ORDER_TRACE " FROM restock_order o"
                " JOIN product p ON p.product_id = o.product_id"
                " JOIN factory f ON f.factory_id = p.factory_id"
                " WHERE o.state = 'pending' AND o.lease_owner = ");
    as_text_sql_string(&sql, claim->owner);
    as_text_put(&sql, " AND o.order_id IN ");
    as_outbox_ids(claim, false, &sql);

    as_text_put(&sql, ";SELECT o.order_id, COUNT(*), TIMESTAMPDIFF("
                "MICROSECOND, MAX(f.failed_at), UTC_TIMESTAMP(6))"
                " FROM restock_order o STRAIGHT_JOIN restock_order f"
                " FORCE INDEX (ix_restock_order_product)"
                " ON f.product_id = o.product_id AND f.state = 'failed'"
                " AND f.order_id <> o.order_id AND f.pending_at > COALESCE("
                "(SELECT g.pending_at FROM restock_order g"
                " FORCE INDEX (ix_restock_order_product) WHERE g.product_id"
                " = o.product_id AND g.state = 'fulfilled'"
                " ORDER BY g.pending_at DESC LIMIT 1), '1970-01-01')"
                " WHERE o.order_id IN ");
    as_outbox_ids(claim, true, &sql);
    as_text_put(&sql, " GROUP BY o.order_id");

    status = as_db_run(db, &sql, as_outbox_detail_row, claim);
    as_text_free(&sql);

    return status;
}


/* Postpones the orders that must wait. */
static as_db_status_e
as_outbox_put_off(as_db_t *db, as_outbox_claim_t *claim)
{
    size_t              i, n;
    as_text_t           sql = AS_TEXT_EMPTY;
    as_db_status_e      status;
    as_outbox_order_t  *order;

    for (i = 0, n = 0; i < claim->n; i++) {
        order = &claim->orders[i];
        if (!order->claimed || order->pause_ms <= 0) {
            continue;
        }

        as_text_printf(&sql, "%sUPDATE restock_order SET next_attempt_at ="
                       " UTC_TIMESTAMP(6) + INTERVAL %" PRId64
                       " MICROSECOND, lease_until = NULL, lease_owner = NULL"
                       " WHERE state = 'pending' AND lease_owner = ",
                       n++ == 0 ? "" : ";", order->pause_ms * 1000);
        as_text_sql_string(&sql, claim->owner);
        as_text_put(&sql, " AND order_id = ");
        as_text_sql_bytes(&sql, order->id, AS_UUID_LEN);
    }

    status = n == 0 ? AS_DB_OK : as_db_run(db, &sql, NULL, NULL);
    as_text_free(&sql);

    return status;
}


as_db_status_e
as_outbox_claim(as_db_t *db, as_outbox_claim_t *claim)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_outbox_free(claim);

    as_text_printf(&sql, "START TRANSACTION;SELECT order_id,"
                   " next_attempt_at IS NULL FROM restock_order WHERE "
                   AS_OUTBOX_DUE " LIMIT %zu FOR UPDATE SKIP LOCKED",
                   claim->max);
    status = as_db_run(db, &sql, as_outbox_claim_row, claim);
    as_text_free(&sql);

    if (status != AS_DB_OK) {
        return status;
    }

    if (claim->n == 0) {
        return as_db_exec(db, "COMMIT", NULL, NULL);
    }

    /* sorted by primary key: all workers lock in this order */
    qsort(claim->orders, claim->n, sizeof(claim->orders[0]),
          as_outbox_compare);
    status = as_outbox_lease(db, claim);

    return status == AS_DB_OK ? as_outbox_put_off(db, claim) : status;
}


as_db_status_e
as_outbox_unclaim(as_db_t *db, const char *owner)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_text_put(&sql, "UPDATE restock_order SET lease_until = NULL,"
                " lease_owner = NULL, next_attempt_at = UTC_TIMESTAMP(6)"
                " WHERE state = 'pending' AND lease_owner = ");
    as_text_sql_string(&sql, owner);

    status = as_db_run(db, &sql, NULL, NULL);
    as_text_free(&sql);

    return status;
}


void
as_outbox_free(as_outbox_claim_t *claim)
{
    size_t  i;

    for (i = 0; i < claim->n; i++) {
        free(claim->orders[i].factory);
        claim->orders[i].factory = NULL;
    }

    claim->n = 0;
}


/*
 * The consumer may have received the message already.  Then it owns the order's
 * state, and only the result of SNS is recorded.  MySQL assigns from left to
 * right, so state, which the other assignments read, comes last.  The empty id
 * matches no order: a CASE requires a WHEN even where none was published.
 */
static void
as_outbox_mark_published(as_text_t *sql, const char *owner,
    const as_outbox_mark_t *marks, size_t n)
{
    size_t  i;

    as_text_put(sql, ";UPDATE restock_order FORCE INDEX (PRIMARY) SET"
                " published_at = IF(state = 'pending', UTC_TIMESTAMP(6),"
                " COALESCE(published_at, UTC_TIMESTAMP(6))),"
                " next_attempt_at = IF(state = 'pending', NULL,"
                " next_attempt_at), last_error = IF(state = 'pending', NULL,"
                " last_error), sns_message_id = CASE order_id"
                " WHEN '' THEN NULL");

    for (i = 0; i < n; i++) {
        if (marks[i].published) {
            as_text_put(sql, " WHEN ");
            as_text_sql_bytes(sql, marks[i].id, AS_UUID_LEN);
            as_text_put(sql, " THEN ");
            as_text_sql_string(sql, marks[i].message_id);
        }
    }

    as_text_printf(sql, " END, lease_until = IF(lease_owner LIKE %s, NULL,"
                   " lease_until), lease_owner = IF(lease_owner LIKE %s,"
                   " NULL, lease_owner),"
                   " state = IF(state = 'pending', 'published', state)"
                   " WHERE (state <> 'pending' OR lease_owner LIKE %s)"
                   " AND order_id IN (NULL", owner, owner, owner);

    for (i = 0; i < n; i++) {
        if (marks[i].published) {
            as_text_put(sql, ",");
            as_text_sql_bytes(sql, marks[i].id, AS_UUID_LEN);
        }
    }

    as_text_put(sql, ")");
}


static void
as_outbox_mark_other(as_text_t *sql, const char *owner,
    const as_outbox_mark_t *mark)
{
    as_text_put(sql, ";UPDATE restock_order SET lease_until = NULL,"
                " lease_owner = NULL, last_error = ");
    as_text_sql_string(sql, mark->error);

    if (mark->again_ms < 0) {
        as_text_put(sql, ", failed_at = UTC_TIMESTAMP(6),"
                    " state = 'failed'");

    } else {
        as_text_printf(sql, ", next_attempt_at = UTC_TIMESTAMP(6) + INTERVAL"
                       " %" PRId64 " MICROSECOND", mark->again_ms * 1000);
    }

    as_text_printf(sql, " WHERE state = 'pending' AND lease_owner LIKE %s"
                   " AND order_id = ", owner);
    as_text_sql_bytes(sql, mark->id, AS_UUID_LEN);
}


as_db_status_e
as_outbox_mark(as_db_t *db, const char *worker,
    const as_outbox_mark_t *marks, size_t n)
{
    char            like[128];
    size_t          i;
    as_text_t       sql = AS_TEXT_EMPTY, owner = AS_TEXT_EMPTY;
    as_db_status_e  status;

    snprintf(like, sizeof(like), "relay:%s:%%", worker);
    as_text_sql_string(&owner, like);

    as_text_put(&sql, "START TRANSACTION");

    for (i = 0; i < n; i += AS_OUTBOX_CHUNK) {
        as_outbox_mark_published(&sql, as_text_get(&owner), marks + i,
                                 n - i < AS_OUTBOX_CHUNK ? n - i
                                                         : AS_OUTBOX_CHUNK);
    }

    for (i = 0; i < n; i++) {
        if (!marks[i].published) {
            as_outbox_mark_other(&sql, as_text_get(&owner), &marks[i]);
        }
    }

    as_text_put(&sql, ";COMMIT");
    status = as_db_run(db, &sql, NULL, NULL);

    as_text_free(&sql);
    as_text_free(&owner);

    return status;
}
