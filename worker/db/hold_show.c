/*
 * Holds: shows one.
 */

#include "db/hold_list.h"
#include "db/record.h"
#include "db/sale.h"


static const as_record_column_t  as_hold_show_columns[] = {
    { "hold_id", 'u' }, { "state", 's' }, { "expires_at", 's' },
    { "settled_at", 's' }, { "settled_id", 'u' }, { "idempotency_key", 's' }
};

static const as_record_column_t  as_hold_show_line[] = {
    { "sku", 's' }, { "product_id", 'u' }, { "quantity", 'n' }
};

#define AS_HOLD_SHOW_COLUMNS                                                  \
    (sizeof(as_hold_show_columns) / sizeof(as_hold_show_columns[0]))
#define AS_HOLD_SHOW_LINE                                                     \
    (sizeof(as_hold_show_line) / sizeof(as_hold_show_line[0]))


static void
as_hold_show_row(void *data, unsigned statement, const char *const *columns,
    const unsigned long *lengths, unsigned n)
{
    json_t          *lines;
    as_hold_show_t  *show = data;

    if (statement == 0 && n == AS_HOLD_SHOW_COLUMNS) {
        show->hold = as_record_create(as_hold_show_columns, columns, lengths,
                                      n);
        (void) json_object_set_new(show->hold, "lines", json_array());

    } else if (statement == 1 && n == AS_HOLD_SHOW_LINE) {
        lines = json_object_get(show->hold, "lines");
        (void) json_array_append_new(lines, as_record_create(as_hold_show_line,
                                                             columns, lengths,
                                                             n));
    }
}


as_db_status_e
as_hold_show(as_db_t *db, as_hold_show_t *show)
{
    as_text_t       sql = AS_TEXT_EMPTY, id = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_text_sql_bytes(&id, show->id, AS_UUID_LEN);
    as_text_printf(&sql, "SELECT h.hold_id, h.state, "
                   AS_SALE_UTC("h.expires_at") ", "
                   AS_SALE_UTC("h.settled_at") ", h.settled_id, (SELECT"
                   " LOWER(HEX(MAX(k.idempotency_key))) FROM"
                   " stock_movement_key k WHERE k.movement_id = %s) FROM"
                   " stock_hold h WHERE h.hold_id = %s;SELECT p.sku,"
                   " l.product_id, l.quantity FROM stock_hold_line l LEFT JOIN"
                   " product p ON p.product_id = l.product_id WHERE l.hold_id ="
                   " %s ORDER BY l.product_id", as_text_get(&id),
                   as_text_get(&id), as_text_get(&id));

    json_decref(show->hold);
    show->hold = NULL;
    status = as_db_run(db, &sql, as_hold_show_row, show);
    as_text_free(&sql);
    as_text_free(&id);

    return status;
}
