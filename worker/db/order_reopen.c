/*
 * Restock orders: reopens a failed one.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/order.h"


/* Two columns: the order.  Three: the product's open order.  Four: the product,
 * locked. */
static void
as_order_reopen_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    as_order_reopen_t  *reopen = data;

    (void) statement;

    if (n == 4) {
        reopen->product = true;
        snprintf(reopen->sku, sizeof(reopen->sku), "%s", columns[0]);
        reopen->stock = atoll(columns[1]);
        reopen->reorder_point = atoll(columns[2]);
        reopen->came = atoll(columns[3]);

    } else if (n == 2) {
        snprintf(reopen->state, sizeof(reopen->state), "%s", columns[0]);
        reopen->quantity = atoi(columns[1]);
        reopen->outcome = strcmp(reopen->state, "failed") == 0
                          || (reopen->cancelled
                              && strcmp(reopen->state, "cancelled") == 0)
                          ? AS_REOPEN_DONE : AS_REOPEN_STATE;

    } else if (n == 3 && lengths[0] == AS_UUID_LEN
               && reopen->outcome == AS_REOPEN_DONE)
    {
        reopen->outcome = AS_REOPEN_NEWER;
        memcpy(reopen->newer, columns[0], AS_UUID_LEN);
        snprintf(reopen->newer_state, sizeof(reopen->newer_state), "%s",
                 columns[1]);
    }
}


/* All transactions that open an order lock the product's row first. */
static as_db_status_e
as_order_reopen_look(as_db_t *db, as_order_reopen_t *reopen)
{
    as_text_t       sql = AS_TEXT_EMPTY, id = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_text_sql_bytes(&id, reopen->id, AS_UUID_LEN);
    as_text_printf(&sql, "START TRANSACTION;SELECT p.sku, "
                   AS_ORDER_JUDGED ", p.reorder_point,"
                   " (SELECT COALESCE(SUM(g.received), 0)"
                   " FROM restock_order g JOIN restock_order o"
                   " ON g.product_id = o.product_id WHERE o.order_id = %s"
                   " AND g.state = 'fulfilled' AND g.fulfilled_at >"
                   " COALESCE(o.failed_at, o.cancelled_at, o.pending_at))"
                   " FROM product p"
                   " WHERE p.product_id = (SELECT product_id FROM"
                   " restock_order WHERE order_id = %s) FOR UPDATE;"
                   "SELECT state, quantity FROM restock_order WHERE order_id"
                   " = %s FOR UPDATE;SELECT order_id, state, 0 FROM"
                   " restock_order"
                   " WHERE open_product_id = (SELECT product_id FROM"
                   " restock_order WHERE order_id = %s)", as_text_get(&id),
                   as_text_get(&id), as_text_get(&id), as_text_get(&id));

    reopen->outcome = AS_REOPEN_UNKNOWN;
    reopen->product = false;
    reopen->state[0] = '\0';
    status = as_db_run(db, &sql, as_order_reopen_row, reopen);

    as_text_free(&sql);
    as_text_free(&id);

    return status;
}


static void
as_order_reopen_without_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    as_order_reopen_t  *reopen = data;

    (void) statement;
    (void) lengths;
    (void) n;

    reopen->product = true;
    snprintf(reopen->sku, sizeof(reopen->sku), "%s", columns[0]);
    reopen->stock = atoll(columns[1]);
    reopen->reorder_point = atoll(columns[2]);
    reopen->came = atoll(columns[3]);
    reopen->outcome = columns[5][0] == '0' ? AS_REOPEN_DONE : AS_REOPEN_NEWER;

    if (reopen->quantity == 0) {
        reopen->quantity = atoi(columns[4]);
    }
}


as_db_status_e
as_order_reopen_without(as_db_t *db, const char *product, int64_t since_ms,
    as_order_reopen_t *reopen)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_text_printf(&sql, "SELECT p.sku, " AS_ORDER_JUDGED ", p.reorder_point,"
                   " (SELECT COALESCE(SUM(g.received), 0)"
                   " FROM restock_order g WHERE g.product_id = p.product_id"
                   " AND g.state = 'fulfilled' AND g.fulfilled_at >"
                   " TIMESTAMP '1970-01-01 00:00:00' + INTERVAL %" PRId64
                   " SECOND), p.reorder_quantity, (SELECT COUNT(*)"
                   " FROM restock_order o WHERE o.open_product_id ="
                   " p.product_id) FROM product p WHERE ", since_ms / 1000);
    as_order_product_sql(db, &sql, product);

    reopen->outcome = AS_REOPEN_UNKNOWN;
    reopen->product = false;
    status = as_db_run(db, &sql, as_order_reopen_without_row, reopen);
    as_text_free(&sql);

    return status;
}


bool
as_order_reopen_surplus(const as_order_reopen_t *reopen, char *text,
    size_t room)
{
    if (!reopen->product || reopen->stock <= reopen->reorder_point) {
        return false;
    }

    snprintf(text, room, "%.200s has a stock of %" PRId64 ", over its reorder "
             "point of %" PRId64 " (held pieces included), and %" PRId64
             " pieces arrived meanwhile: this orders %d more", reopen->sku,
             reopen->stock, reopen->reorder_point, reopen->came,
             reopen->quantity);

    return true;
}


void
as_order_reopen_newer(const as_order_reopen_t *reopen, char *text,
    size_t room)
{
    char  newer[AS_UUID_TEXT_LEN + 1];

    *as_uuid_text(reopen->newer, newer) = '\0';
    snprintf(text, room, "its product has a newer open order, %s, which is"
             " %s%s%.200s%s", newer, reopen->newer_state,
             strcmp(reopen->newer_state, "pending") != 0 ? ""
             : ": \"autostock-worker orders now ",
             strcmp(reopen->newer_state, "pending") != 0 ? "" : reopen->sku,
             strcmp(reopen->newer_state, "pending") != 0 ? ""
             : "\" ends its pause");
}


as_db_status_e
as_order_reopen(as_db_t *db, as_order_reopen_t *reopen)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    status = as_order_reopen_look(db, reopen);
    if (status != AS_DB_OK) {
        return status;
    }

    if (reopen->outcome != AS_REOPEN_DONE || reopen->look) {
        return as_db_exec(db, "COMMIT", NULL, NULL);
    }

    /* next_attempt_at makes the relay publish it now, without the pause
     * after a failed order */
    as_text_printf(&sql, "UPDATE restock_order SET failed_at = NULL,"
                   " cancelled_at = NULL, requested_at = NULL, attempts = 0,"
                   " last_error = NULL,"
                   " lease_until = NULL, lease_owner = NULL,"
                   " published_at = %s, next_attempt_at = %s, state = '%s'"
                   " WHERE order_id = ",
                   reopen->published ? "UTC_TIMESTAMP(6)" : "NULL",
                   reopen->published ? "NULL" : "UTC_TIMESTAMP(6)",
                   reopen->published ? "published" : "pending");
    as_text_sql_bytes(&sql, reopen->id, AS_UUID_LEN);
    as_text_put(&sql, " AND state IN ('failed', 'cancelled');COMMIT");

    status = as_db_run(db, &sql, NULL, NULL);
    as_text_free(&sql);

    /* another node of the cluster opened an order: look again */
    return status == AS_DB_DUPLICATE ? AS_DB_RETRY : status;
}
