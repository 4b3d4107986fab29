/*
 * What `top` shows of the database.
 */

#include "db/order.h"
#include "db/overview.h"
#include "db/record.h"
#include "db/shop_view.h"


#define AS_SHOP_VIEW_STATEMENTS  3
#define AS_SHOP_VIEW_COLUMNS     7


static const struct {
    const char          *name;
    unsigned             n;
    as_record_column_t   columns[AS_SHOP_VIEW_COLUMNS];
} as_shop_view_lists[AS_SHOP_VIEW_STATEMENTS] = {
    { "products", 7, {
        { "sku", 's' }, { "name", 's' }, { "stock", 'n' }, { "held", 'n' },
        { "reorder_point", 'n' }, { "low", 'n' }, { "order", 's' } } },
    { "orders", 3, {
        { "state", 's' }, { "count", 'n' }, { "oldest_s", 'n' } } },
    { "holds", 3, {
        { "open", 'n' }, { "due", 'n' }, { "due_oldest_s", 'n' } } },
};


static void
as_shop_view_row(void *data, unsigned statement, const char *const *columns,
    const unsigned long *lengths, unsigned n)
{
    json_t          *row;
    as_shop_view_t  *view = data;

    if (statement >= AS_SHOP_VIEW_STATEMENTS
        || n != as_shop_view_lists[statement].n)
    {
        return;
    }

    row = as_record_create(as_shop_view_lists[statement].columns, columns,
                           lengths, n);

    if (statement == 0) {
        (void) json_object_set_new(row, "low", json_boolean(columns[5] != NULL
                                       && columns[5][0] == '1'));
    }

    if (statement == AS_SHOP_VIEW_STATEMENTS - 1) {
        (void) json_object_set_new(view->shop, "holds", row);
    } else {
        (void) json_array_append_new(
            json_object_get(view->shop, as_shop_view_lists[statement].name),
            row);
    }
}


as_db_status_e
as_shop_view(void *data, as_db_t *db)
{
    as_text_t        sql = AS_TEXT_EMPTY;
    as_db_status_e   status;
    as_shop_view_t  *view = data;

    status = as_overview_begin(db);    /* reads only, for some seconds */
    if (status != AS_DB_OK) {
        return status;
    }

    json_decref(view->shop);
    view->shop = json_pack("{s:[], s:[]}", "products", "orders");

    as_text_printf(&sql, "SELECT p.sku, p.name, p.stock, p.held,"
                   " p.reorder_point, " AS_ORDER_JUDGED
                   " <= p.reorder_point, o.state"
                   " FROM product p LEFT JOIN restock_order o"
                   " ON o.open_product_id = p.product_id ORDER BY "
                   AS_ORDER_JUDGED " - p.reorder_point, p.sku LIMIT %d;",
                   AS_SHOP_VIEW_PRODUCTS);
    as_text_put(&sql, "SELECT state, COUNT(*), TIMESTAMPDIFF(SECOND,"
                " MIN(pending_at), UTC_TIMESTAMP(6)) FROM restock_order"
                " WHERE open_product_id IS NOT NULL GROUP BY state"
                " ORDER BY state;"
                "SELECT COUNT(*), COALESCE(SUM(expires_at <="
                " UTC_TIMESTAMP(6)), 0), GREATEST(TIMESTAMPDIFF(SECOND,"
                " MIN(expires_at), UTC_TIMESTAMP(6)), 0) FROM stock_hold"
                " WHERE state = 'held'");

    status = as_db_run(db, &sql, as_shop_view_row, view);
    as_text_free(&sql);

    return status;
}
