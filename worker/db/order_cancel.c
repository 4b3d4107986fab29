/*
 * Restock orders: cancels an open one.
 */

#include <stdio.h>
#include <string.h>

#include "db/order.h"


/* One column: the product, locked.  Three: the order. */
static void
as_order_cancel_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    as_order_cancel_t  *cancel = data;

    (void) statement;
    (void) lengths;

    if (n == 1) {
        cancel->low = columns[0] != NULL && columns[0][0] == '1';

    } else if (n == 3) {
        snprintf(cancel->state, sizeof(cancel->state), "%s", columns[0]);
        cancel->calling = columns[1][0] == '1';
        cancel->outcome = columns[2][0] == '1' ? AS_CANCEL_DONE
                                               : AS_CANCEL_STATE;
    }
}


as_db_status_e
as_order_cancel(as_db_t *db, as_order_cancel_t *cancel)
{
    as_text_t       sql = AS_TEXT_EMPTY, id = AS_TEXT_EMPTY;
    as_db_status_e  status;

    cancel->outcome = AS_CANCEL_UNKNOWN;
    cancel->state[0] = '\0';
    cancel->low = false;
    cancel->calling = false;

    /* the product's row first: all transactions lock in this order */
    as_text_sql_bytes(&id, cancel->id, AS_UUID_LEN);
    as_text_printf(&sql, "START TRANSACTION;SELECT " AS_ORDER_JUDGED " <="
                   " p.reorder_point FROM product p WHERE p.product_id ="
                   " (SELECT product_id FROM restock_order WHERE order_id ="
                   " %s) FOR UPDATE;"
                   "SELECT state, COALESCE(lease_owner LIKE 'call:%%' AND"
                   " lease_until > UTC_TIMESTAMP(6), 0), open_product_id IS"
                   " NOT NULL FROM restock_order WHERE order_id = %s"
                   " FOR UPDATE", as_text_get(&id), as_text_get(&id));

    status = as_db_run(db, &sql, as_order_cancel_row, cancel);

    if (status == AS_DB_OK && cancel->outcome == AS_CANCEL_DONE) {
        as_text_clear(&sql);
        as_text_printf(&sql, "UPDATE restock_order SET cancelled_at ="
                       " UTC_TIMESTAMP(6), next_attempt_at = NULL,"
                       " lease_until = NULL, lease_owner = NULL,"
                       " state = 'cancelled' WHERE order_id = %s",
                       as_text_get(&id));
        status = as_db_run(db, &sql, NULL, NULL);
    }

    /* sent separately: a Galera node may report OK for a COMMIT within a packet
     * although another node's transaction undid it */
    if (status == AS_DB_OK) {
        status = as_db_exec(db, "COMMIT", NULL, NULL);
    }

    as_text_free(&sql);
    as_text_free(&id);

    return status;
}
