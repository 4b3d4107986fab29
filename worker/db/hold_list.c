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

    if (n == AS_HOLD_LIST_COLUMNS) {
        (void) json_array_append_new(list->rows,
                                     as_record_create(as_hold_list_columns,
                                                      columns, lengths, n));

    } else if (n == 1) {
        list->total = strtoll(columns[0], NULL, 10);
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
as_hold_list(as_db_t *db, as_hold_list_t *list)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_text_printf(&sql, "SELECT h.hold_id, h.state, (SELECT IF(COUNT(*) = 1,"
                   " MAX(p.sku), NULL) FROM stock_hold_line l LEFT JOIN"
                   " product p ON p.product_id = l.product_id WHERE l.hold_id"
                   " = h.hold_id), (SELECT COUNT(*) FROM stock_hold_line l"
                   " WHERE l.hold_id = h.hold_id), (SELECT COALESCE("
                   "SUM(l.quantity), 0) FROM stock_hold_line l WHERE l.hold_id"
                   " = h.hold_id), " AS_SALE_UTC("h.expires_at") ", "
                   AS_SALE_UTC("h.settled_at"));
    as_hold_list_filter(db, &sql, list);

    if (list->after != NULL) {
        as_text_put(&sql, " AND h.hold_id < ");
        as_text_sql_bytes(&sql, list->after, AS_UUID_LEN);
    }

    as_text_printf(&sql, " ORDER BY h.hold_id DESC LIMIT %" PRId64,
                   list->limit);

    json_array_clear(list->rows);
    status = as_db_run(db, &sql, as_hold_list_row, list);
    list->total = (int64_t) json_array_size(list->rows);

    if (status == AS_DB_OK && list->total == list->limit) {
        as_text_clear(&sql);
        as_text_put(&sql, "SELECT COUNT(*)");
        as_hold_list_filter(db, &sql, list);
        status = as_db_run(db, &sql, as_hold_list_row, list);
    }

    as_text_free(&sql);

    return status;
}
