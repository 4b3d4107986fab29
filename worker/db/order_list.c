/*
 * The list of restock orders.
 */

#include <inttypes.h>
#include <stdio.h>
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
as_order_list_time(as_order_place_t *place, const char *time)
{
    snprintf(place->pending_at, sizeof(place->pending_at), "%s", time);
}


static void
as_order_list_row(void *data, unsigned statement, const char *const *columns,
    const unsigned long *lengths, unsigned n)
{
    as_order_list_t  *list = data;

    (void) statement;

    if (n != AS_ORDER_LIST_COLUMNS || lengths[0] != AS_UUID_LEN) {
        return;
    }

    (void) json_array_append_new(list->page.rows,
                                 as_record_create(as_order_list_columns,
                                                  columns, lengths, n));
    memcpy(list->last.id, columns[0], AS_UUID_LEN);
    as_order_list_time(&list->last, columns[7]);
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


/* The orders after the last page, in the order of an index. */
static void
as_order_list_after(as_text_t *sql, const as_order_place_t *after)
{
    as_text_t  time = AS_TEXT_EMPTY;

    if (after->pending_at[0] == '\0') {
        return;
    }

    as_text_put(&time, "CAST(");
    as_text_sql_string(&time, after->pending_at);
    as_text_put(&time, " AS DATETIME(6))");

    as_text_printf(sql, " AND o.pending_at <= %s AND (o.pending_at < %s OR"
                   " o.order_id < ", as_text_get(&time), as_text_get(&time));
    as_text_sql_bytes(sql, after->id, AS_UUID_LEN);
    as_text_put(sql, ")");
    as_text_free(&time);
}


as_db_status_e
as_order_list(void *data, as_db_t *db)
{
    as_text_t         sql = AS_TEXT_EMPTY;
    as_db_status_e    status;
    as_order_list_t  *list = data;

    as_text_put(&sql, "SELECT o.order_id, p.sku, o.state, o.quantity,"
                " o.received, o.attempts, TIMESTAMPDIFF(SECOND,"
                " o.pending_at, UTC_TIMESTAMP(6)), "
                AS_ORDER_TIME("pending_at") ", o.last_error");
    as_order_list_filter(db, &sql, list);
    as_order_list_after(&sql, &list->after);
    as_text_printf(&sql, " ORDER BY o.pending_at DESC, o.order_id DESC LIMIT %"
                   PRId64, list->page.limit);

    json_array_clear(list->page.rows);
    list->last = list->after;
    status = as_db_run(db, &sql, as_order_list_row, list);
    as_text_free(&sql);

    if (status == AS_DB_OK) {
        list->after = list->last;
    }

    return status;
}


static void
as_order_list_count_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    as_order_list_t  *list = data;

    (void) statement;
    (void) lengths;
    (void) n;

    list->page.total = strtoll(columns[0], NULL, 10);
}


as_db_status_e
as_order_list_count(void *data, as_db_t *db)
{
    as_text_t         sql = AS_TEXT_EMPTY;
    as_db_status_e    status;
    as_order_list_t  *list = data;

    as_text_put(&sql, "SELECT COUNT(*)");
    as_order_list_filter(db, &sql, list);
    status = as_db_run(db, &sql, as_order_list_count_row, list);
    as_text_free(&sql);

    return status;
}


static void
as_order_list_place_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    as_order_list_t  *list = data;

    (void) statement;
    (void) lengths;
    (void) n;

    as_order_list_time(&list->after, columns[0]);
}


as_db_status_e
as_order_list_place(void *data, as_db_t *db)
{
    as_text_t         sql = AS_TEXT_EMPTY;
    as_db_status_e    status;
    as_order_list_t  *list = data;

    as_text_put(&sql, "SELECT " AS_ORDER_TIME("pending_at")
                " FROM restock_order o WHERE o.order_id = ");
    as_text_sql_bytes(&sql, list->after.id, AS_UUID_LEN);
    status = as_db_run(db, &sql, as_order_list_place_row, list);
    as_text_free(&sql);

    return status;
}
