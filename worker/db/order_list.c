/*
 * The list of restock orders.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "db/order_list.h"
#include "db/record.h"


static const as_record_column_t  as_order_list_columns[] = {
    { "order_id", 'u' }, { "sku", 's' }, { "state", 's' },
    { "quantity", 'n' }, { "received", 'n' }, { "attempts", 'n' },
    { "age_s", 'n' }, { "pending_at", 's' }, { "last_error", 's' }
};

#define AS_ORDER_LIST_COLUMNS                                                 \
    (sizeof(as_order_list_columns) / sizeof(as_order_list_columns[0]))


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
as_order_list_total_row(void *data, unsigned statement,
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
        status = as_db_run(db, &sql, as_order_list_total_row, list);
    }

    as_text_free(&sql);

    return status;
}
