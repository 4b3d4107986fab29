/*
 * Queries of restock orders, for the operator's commands.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "db/order_list.h"
#include "db/record.h"


#define AS_ORDER_TIME(column)                                                 \
    "DATE_FORMAT(o." column ", '%Y-%m-%dT%H:%i:%s.%fZ')"


static const as_record_column_t  as_order_list_columns[] = {
    { "order_id", 'u' }, { "sku", 's' }, { "state", 's' },
    { "quantity", 'n' }, { "received", 'n' }, { "attempts", 'n' },
    { "age_s", 'n' }, { "pending_at", 's' }, { "last_error", 's' }
};

static const as_record_column_t  as_order_show_columns[] = {
    { "order_id", 'u' }, { "product_id", 'u' }, { "sku", 's' },
    { "name", 's' }, { "factory", 's' }, { "state", 's' },
    { "quantity", 'n' }, { "received", 'n' }, { "attempts", 'n' },
    { "last_error", 's' }, { "sns_message_id", 's' },
    { "next_attempt_at", 's' }, { "lease_until", 's' },
    { "lease_owner", 's' }, { "pending_at", 's' }, { "published_at", 's' },
    { "requested_at", 's' }, { "fulfilled_at", 's' }, { "failed_at", 's' },
    { "cancelled_at", 's' }
};

static const as_record_column_t  as_order_movement_columns[] = {
    { "movement_id", 'u' }, { "kind", 's' }, { "quantity", 'n' },
    { "created_at", 's' }
};

#define AS_ORDER_LIST_COLUMNS                                                 \
    (sizeof(as_order_list_columns) / sizeof(as_order_list_columns[0]))
#define AS_ORDER_SHOW_COLUMNS                                                 \
    (sizeof(as_order_show_columns) / sizeof(as_order_show_columns[0]))


static void
as_order_list_row(void *data, unsigned statement, const char *const *columns,
    const unsigned long *lengths, unsigned n)
{
    as_order_list_t  *list = data;

    (void) statement;

    if (n == AS_ORDER_LIST_COLUMNS) {
        (void) json_array_append_new(list->rows,
                                     as_record_create(as_order_list_columns,
                                                    columns, lengths, n));
    }
}


static void
as_order_list_filter(as_db_t *db, as_text_t *sql,
    const as_order_list_t *list)
{
    as_text_put(sql, " FROM restock_order o LEFT JOIN product p ON"
                " p.product_id = o.product_id WHERE TRUE");

    if (list->state != NULL && strcmp(list->state, "open") == 0) {
        as_text_put(sql, " AND o.open_product_id IS NOT NULL");

    } else if (list->state != NULL) {
        as_text_put(sql, " AND o.state = ");
        as_text_sql_string(sql, list->state);
    }

    if (list->sku != NULL) {
        as_text_put(sql, " AND ");
        as_db_sku(db, sql, "p.sku", list->sku);
    }

    if (list->reason != NULL && !as_text_is_utf8(list->reason)) {
        as_text_put(sql, " AND FALSE");

    } else if (list->reason != NULL) {
        as_text_put(sql, " AND LOCATE(");
        as_text_sql_string(sql, list->reason);
        as_text_put(sql, ", o.last_error) > 0");
    }

    if (list->older_ms > 0) {
        as_text_printf(sql, " AND o.pending_at <= UTC_TIMESTAMP(6)"
                       " - INTERVAL %" PRId64 " MICROSECOND",
                       list->older_ms * 1000);
    }
}


static void
as_order_total_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    as_order_list_t  *list = data;

    (void) statement;
    (void) lengths;
    (void) n;

    list->total = strtoll(columns[0], NULL, 10);
}


as_db_status_e
as_order_list(as_db_t *db, as_order_list_t *list)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_text_put(&sql, "SELECT o.order_id, p.sku, o.state, o.quantity,"
                " o.received, o.attempts, TIMESTAMPDIFF(SECOND,"
                " o.pending_at, UTC_TIMESTAMP(6)), "
                AS_ORDER_TIME("pending_at") ", o.last_error");
    as_order_list_filter(db, &sql, list);
    as_text_printf(&sql, " ORDER BY o.pending_at DESC, o.order_id LIMIT %"
                   PRId64, list->limit);

    json_array_clear(list->rows);
    status = as_db_run(db, &sql, as_order_list_row, list);
    list->total = (int64_t) json_array_size(list->rows);

    if (status == AS_DB_OK && list->total == list->limit) {
        as_text_clear(&sql);
        as_text_put(&sql, "SELECT COUNT(*)");
        as_order_list_filter(db, &sql, list);
        status = as_db_run(db, &sql, as_order_total_row, list);
    }

    as_text_free(&sql);

    return status;
}


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
                AS_ORDER_TIME("cancelled_at")
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
