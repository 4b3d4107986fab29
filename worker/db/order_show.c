/*
 * One restock order with its movements.
 */

#include <string.h>

#include "db/order.h"
#include "db/order_list.h"
#include "db/record.h"


static const as_record_column_t  as_order_show_columns[] = {
    { "order_id", 'u' }, { "product_id", 'u' }, { "sku", 's' },
    { "name", 's' }, { "factory", 's' }, { "state", 's' },
    { "quantity", 'n' }, { "received", 'n' }, { "attempts", 'n' },
    { "last_error", 's' }, { "sns_message_id", 's' },
    { "next_attempt_at", 's' }, { "lease_until", 's' },
    { "lease_owner", 's' }, { "pending_at", 's' }, { "published_at", 's' },
    { "requested_at", 's' }, { "fulfilled_at", 's' }, { "failed_at", 's' },
    { "cancelled_at", 's' }, { "traceparent", 's' }
};

static const as_record_column_t  as_order_movement_columns[] = {
    { "movement_id", 'u' }, { "kind", 's' }, { "quantity", 'n' },
    { "created_at", 's' }
};

#define AS_ORDER_SHOW_COLUMNS                                                 \
    (sizeof(as_order_show_columns) / sizeof(as_order_show_columns[0]))


static void
as_order_show_row(void *data, unsigned statement, const char *const *columns,
    const unsigned long *lengths, unsigned n)
{
    as_order_show_t  *show = data;

    (void) statement;

    if (n == AS_ORDER_SHOW_COLUMNS && show->order == NULL) {
        show->order = as_record_create(as_order_show_columns, columns, lengths,
                                     n);
        (void) json_object_set_new(show->order, "movements", json_array());

    } else if (show->order != NULL) {
        (void) json_array_append_new(
            json_object_get(show->order, "movements"),
            as_record_create(as_order_movement_columns, columns, lengths, n));
    }
}


as_db_status_e
as_order_show(as_db_t *db, as_order_show_t *show)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_text_put(&sql, "SELECT o.order_id, o.product_id, p.sku, p.name,"
                " f.identifier, o.state, o.quantity, o.received, o.attempts,"
                " o.last_error, o.sns_message_id, "
                AS_ORDER_TIME("next_attempt_at") ", "
                AS_ORDER_TIME("lease_until") ", o.lease_owner, "
                AS_ORDER_TIME("pending_at") ", "
                AS_ORDER_TIME("published_at") ", "
                AS_ORDER_TIME("requested_at") ", "
                AS_ORDER_TIME("fulfilled_at") ", "
                AS_ORDER_TIME("failed_at") ", "
                AS_ORDER_TIME("cancelled_at") ", " AS_ORDER_TRACE
                " FROM restock_order o LEFT JOIN product p ON p.product_id ="
                " o.product_id LEFT JOIN factory f ON f.factory_id ="
                " p.factory_id WHERE o.order_id = ");
    as_text_sql_bytes(&sql, show->id, AS_UUID_LEN);

    /* by the key of a restock's movement */
    as_text_put(&sql, ";SELECT o.movement_id, o.kind, o.quantity, "
                AS_ORDER_TIME("created_at")
                " FROM stock_movement_key k JOIN stock_movement o ON"
                " o.movement_id = k.movement_id WHERE k.idempotency_key = ");
    as_text_sql_bytes(&sql, show->id, AS_UUID_LEN);

    json_decref(show->order);
    show->order = NULL;
    status = as_db_run(db, &sql, as_order_show_row, show);
    as_text_free(&sql);

    return status;
}
