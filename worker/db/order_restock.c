/*
 * Restock orders: opens those that are missing.
 */

#include <string.h>

#include "db/order.h"


static void
as_order_restock_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    as_order_products_t  *page = data;

    (void) statement;

    if (n == 1 && lengths[0] == AS_UUID_LEN && page->n < AS_ORDER_PAGE) {
        memcpy(page->products[page->n].product_id, columns[0], AS_UUID_LEN);
        page->products[page->n++].done = false;
    }
}


/* Locks the product's row first, as every transaction that opens orders does,
 * so that only one of them finds that there is no open order. */
static as_db_status_e
as_order_restock_one(as_db_t *db, as_order_product_t *product)
{
    as_text_t       sql = AS_TEXT_EMPTY, id = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_text_sql_bytes(&id, product->product_id, AS_UUID_LEN);
    as_text_printf(&sql, "START TRANSACTION;SELECT stock FROM product WHERE"
                   " product_id = %s FOR UPDATE;INSERT INTO restock_order"
                   " (order_id, product_id, quantity) SELECT ",
                   as_text_get(&id));
    as_text_sql_bytes(&sql, product->order_id, AS_UUID_LEN);
    as_text_printf(&sql, ", p.product_id, p.reorder_quantity FROM product p"
                   " LEFT JOIN restock_order o ON o.open_product_id ="
                   " p.product_id WHERE p.product_id = %s AND "
                   AS_ORDER_JUDGED " <= p.reorder_point AND o.order_id IS"
                   " NULL", as_text_get(&id));
    as_order_trace_sql(&sql, product->order_id, &product->trace);
    as_text_put(&sql, ";COMMIT");

    status = as_db_run(db, &sql, NULL, NULL);
    product->done = status == AS_DB_OK && as_db_affected(db, 2) == 1;

    as_text_free(&sql);
    as_text_free(&id);

    return status == AS_DB_DUPLICATE ? AS_DB_OK : status;
}


as_db_status_e
as_order_restock(as_db_t *db, as_order_products_t *page)
{
    size_t          i;
    as_db_status_e  status;

    page->n = 0;
    status = as_db_exec(db, "SELECT p.product_id FROM product p LEFT JOIN"
                        " restock_order o ON o.open_product_id ="
                        " p.product_id WHERE " AS_ORDER_JUDGED " <="
                        " p.reorder_point AND o.order_id IS NULL LIMIT 50",
                        as_order_restock_row, page);

    for (i = 0; status == AS_DB_OK && i < page->n; i++) {
        status = as_order_restock_one(db, &page->products[i]);
    }

    return status;
}
