/*
 * Holds: the list.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "db/hold_list.h"
#include "db/record.h"
#include "db/sale.h"


static const as_record_column_t  as_hold_list_columns[] = {
    { "hold_id", 'u' }, { "state", 's' }, { "sku", 's' }, { "products", 'n' },
    { "pieces", 'n' }, { "expires_at", 's' }, { "settled_at", 's' }
};

#define AS_HOLD_LIST_COLUMNS                                                  \
    (sizeof(as_hold_list_columns) / sizeof(as_hold_list_columns[0]))


static void
as_hold_list_row(void *data, unsigned statement, const char *const *columns,
    const unsigned long *lengths, unsigned n)
{
    as_hold_list_t  *list = data;

    (void) statement;

    if (n == AS_HOLD_LIST_COLUMNS && lengths[0] == AS_UUID_LEN) {
        (void) json_array_append_new(list->page.rows,
                                     as_record_create(as_hold_list_columns,
                                                      columns, lengths, n));
        memcpy(list->last, columns[0], AS_UUID_LEN);

    } else if (n == 1) {
        list->page.total = strtoll(columns[0], NULL, 10);
    }
}


static void
as_hold_list_filter(as_db_t *db, as_text_t *sql, const as_hold_list_t *list)
{
    as_text_put(sql, " FROM stock_hold h WHERE TRUE");

    if (list->state != NULL && strcmp(list->state, "due") == 0) {
        as_text_put(sql, " AND h.state = 'held' AND h.expires_at <="
                    " UTC_TIMESTAMP(6)");

    } else if (list->state != NULL) {
        as_text_put(sql, " AND h.state = ");
        as_text_sql_string(sql, list->state);
    }

    if (list->sku != NULL) {
        as_text_put(sql, " AND EXISTS (SELECT 1 FROM stock_hold_line l JOIN"
                    " product p ON p.product_id = l.product_id WHERE l.hold_id"
                    " = h.hold_id AND ");
        as_db_sku(db, sql, "p.sku", list->sku);
        as_text_put(sql, ")");
    }
}


as_db_status_e
as_hold_list(void *data, as_db_t *db)
{
    as_text_t        sql = AS_TEXT_EMPTY;
    as_db_status_e   status;
    as_hold_list_t  *list = data;

    as_text_printf(&sql, "SELECT h.hold_id, h.state, (SELECT IF(COUNT(*) = 1,"
                   " MAX(p.sku), NULL) FROM stock_hold_line l LEFT JOIN"
                   " product p ON p.product_id = l.product_id WHERE l.hold_id"
                   " = h.hold_id), (SELECT COUNT(*) FROM stock_hold_line l"
                   " WHERE l.hold_id = h.hold_id), (SELECT COALESCE("
                   "SUM(l.quantity), 0) FROM stock_hold_line l WHERE l.hold_id"
                   " = h.hold_id), " AS_SALE_UTC("h.expires_at") ", "
                   AS_SALE_UTC("h.settled_at"));
    as_hold_list_filter(db, &sql, list);

    if (list->has_after) {
        as_text_put(&sql, " AND h.hold_id < ");
        as_text_sql_bytes(&sql, list->after, AS_UUID_LEN);
    }

    as_text_printf(&sql, " ORDER BY h.hold_id DESC LIMIT %" PRId64,
                   list->page.limit);

    json_array_clear(list->page.rows);
    status = as_db_run(db, &sql, as_hold_list_row, list);
    as_text_free(&sql);

    if (status == AS_DB_OK && json_array_size(list->page.rows) > 0) {
        list->has_after = true;
        memcpy(list->after, list->last, AS_UUID_LEN);
    }

    return status;
}


as_db_status_e
as_hold_list_count(void *data, as_db_t *db)
{
    as_text_t        sql = AS_TEXT_EMPTY;
    as_db_status_e   status;
    as_hold_list_t  *list = data;

    as_text_put(&sql, "SELECT COUNT(*)");
    as_hold_list_filter(db, &sql, list);
    status = as_db_run(db, &sql, as_hold_list_row, list);
    as_text_free(&sql);

    return status;
}
