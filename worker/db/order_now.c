/*
 * Restock orders: ends a pause.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/order.h"


/* One column: the product, locked.  Four: its open order. */
static void
as_order_now_row(void *data, unsigned statement, const char *const *columns,
    const unsigned long *lengths, unsigned n)
{
    as_order_now_t  *now = data;

    (void) statement;

    if (n == 1) {
        now->outcome = AS_NOW_NO_ORDER;

    } else if (n == 4 && lengths[0] == AS_UUID_LEN) {
        now->outcome = AS_NOW_STATE;
        memcpy(now->id, columns[0], AS_UUID_LEN);
        snprintf(now->state, sizeof(now->state), "%s", columns[1]);
        now->wait_ms = atoll(columns[2]) / 1000;
        now->leased = columns[3][0] == '1';
    }
}


static as_db_status_e
as_order_now_look(as_db_t *db, as_order_now_t *now)
{
    as_text_t       sql = AS_TEXT_EMPTY, sku = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_db_sku(db, &sku, "sku", now->sku);
    as_text_printf(&sql, "START TRANSACTION;SELECT product_id FROM product"
                   " WHERE %s FOR UPDATE;SELECT order_id, state,"
                   " GREATEST(0, COALESCE(TIMESTAMPDIFF(MICROSECOND,"
                   " UTC_TIMESTAMP(6), next_attempt_at), 0)),"
                   " COALESCE(lease_until > UTC_TIMESTAMP(6), 0)"
                   " FROM restock_order WHERE open_product_id = (SELECT"
                   " product_id FROM product WHERE %s) FOR UPDATE",
                   as_text_get(&sku), as_text_get(&sku));

    now->outcome = AS_NOW_NO_PRODUCT;
    status = as_db_run(db, &sql, as_order_now_row, now);

    as_text_free(&sql);
    as_text_free(&sku);

    return status;
}


/*
 * The same applies to a published order whose message waits in the queue: a new
 * message is published.  The old one then finds that the order was requested.
 */
static as_db_status_e
as_order_now_write(as_db_t *db, as_order_now_t *now)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_text_put(&sql, "UPDATE restock_order SET next_attempt_at ="
                " UTC_TIMESTAMP(6), lease_until = NULL, lease_owner = NULL,"
                " state = 'pending' WHERE order_id = ");
    as_text_sql_bytes(&sql, now->id, AS_UUID_LEN);

    status = as_db_run(db, &sql, NULL, NULL);
    as_text_free(&sql);

    now->outcome = AS_NOW_DONE;

    return status;
}


as_db_status_e
as_order_now(as_db_t *db, as_order_now_t *now)
{
    as_db_status_e  status;

    status = as_order_now_look(db, now);

    if (status == AS_DB_OK && now->outcome == AS_NOW_STATE && !now->leased
        && (strcmp(now->state, "pending") == 0
            || (strcmp(now->state, "published") == 0 && now->wait_ms > 0)))
    {
        status = as_order_now_write(db, now);
    }

    /* sent separately, as in as_order_cancel() */
    return status == AS_DB_OK ? as_db_exec(db, "COMMIT", NULL, NULL) : status;
}
