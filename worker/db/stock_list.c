/*
 * The list of products.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "db/record.h"
#include "db/stock_list.h"


static const as_record_column_t  as_stock_list_columns[] = {
    { "sku", 's' }, { "name", 's' }, { "stock", 'n' }, { "held", 'n' },
    { "reorder_point", 'n' }, { "reorder_quantity", 'n' }, { "order", 's' },
    { "order_id", 'u' }
};

#define AS_STOCK_LIST_COLUMNS                                                 \
    (sizeof(as_stock_list_columns) / sizeof(as_stock_list_columns[0]))


static void
as_stock_list_row(void *data, unsigned statement, const char *const *columns,
    const unsigned long *lengths, unsigned n)
{
    as_stock_list_t  *list = data;

    (void) statement;

    if (n == AS_STOCK_LIST_COLUMNS) {
        (void) json_array_append_new(list->page.rows,
                                     as_record_create(as_stock_list_columns,
                                                      columns, lengths, n));
        as_text_clear(&list->last);
        as_text_add(&list->last, columns[0], lengths[0]);

    } else if (n == 1) {
        list->page.total = strtoll(columns[0], NULL, 10);
    }
}


static void
as_stock_list_filter(as_text_t *sql, const as_stock_list_t *list)
{
    as_text_put(sql, " FROM product p LEFT JOIN restock_order o ON"
                " o.open_product_id = p.product_id WHERE TRUE");

    if (list->low) {
        as_text_put(sql, " AND p.stock + IF(p.reorder_held, p.held, 0) <="
                    " p.reorder_point");
    }
}


as_db_status_e
as_stock_list(void *data, as_db_t *db)
{
    as_text_t         sql = AS_TEXT_EMPTY;
    as_db_status_e    status;
    as_stock_list_t  *list = data;

    as_text_put(&sql, "SELECT p.sku, p.name, p.stock, p.held, p.reorder_point,"
                " p.reorder_quantity, o.state, o.order_id");
    as_stock_list_filter(&sql, list);

    if (list->after.len > 0) {
        as_text_put(&sql, " AND ");
        as_db_sku_after(db, &sql, "p.sku", as_text_get(&list->after));
    }

    as_text_printf(&sql, " ORDER BY p.sku LIMIT %" PRId64, list->page.limit);

    json_array_clear(list->page.rows);
    as_text_clear(&list->last);
    status = as_db_run(db, &sql, as_stock_list_row, list);
    as_text_free(&sql);

    if (status == AS_DB_OK && list->last.len > 0) {
        as_text_clear(&list->after);
        as_text_put(&list->after, as_text_get(&list->last));
    }

    return status;
}


as_db_status_e
as_stock_list_count(void *data, as_db_t *db)
{
    as_text_t         sql = AS_TEXT_EMPTY;
    as_db_status_e    status;
    as_stock_list_t  *list = data;

    as_text_put(&sql, "SELECT COUNT(*)");
    as_stock_list_filter(&sql, list);
    status = as_db_run(db, &sql, as_stock_list_row, list);
    as_text_free(&sql);

    return status;
}
