/*
 * What the dashboard shows of the database.
 */

#include <string.h>

#include "db/order.h"
#include "db/order_list.h"
#include "db/overview.h"
#include "db/record.h"
#include "db/sale.h"


static const as_record_column_t  as_overview_product[] = {
    { "product_id", 'u' }, { "sku", 's' }, { "name", 's' }, { "stock", 'n' },
    { "held", 'n' }, { "judged", 'n' }, { "reorder_point", 'n' },
    { "reorder_quantity", 'n' }, { "factory", 's' }, { "order_id", 'u' },
    { "order_state", 's' }
};

static const as_record_column_t  as_overview_order[] = {
    { "order_id", 'u' }, { "sku", 's' }, { "name", 's' }, { "factory", 's' },
    { "state", 's' }, { "quantity", 'n' }, { "attempts", 'n' },
    { "age_s", 'n' }, { "state_s", 'n' }, { "pending_at", 's' },
    { "last_error", 's' }
};

static const as_record_column_t  as_overview_hold[] = {
    { "hold_id", 'u' }, { "sku", 's' }, { "products", 'n' }, { "pieces", 'n' },
    { "due_s", 'n' }, { "expires_at", 's' }
};

#define AS_OVERVIEW_COLUMNS(list)  (sizeof(list) / sizeof(list[0]))

#define AS_OVERVIEW_PRODUCTS                                                  \
    "SELECT p.product_id, p.sku, p.name, p.stock, p.held, " AS_ORDER_JUDGED   \
    ", p.reorder_point, p.reorder_quantity, f.identifier, o.order_id,"        \
    " o.state FROM product p LEFT JOIN factory f ON f.factory_id ="           \
    " p.factory_id LEFT JOIN restock_order o ON o.open_product_id ="          \
    " p.product_id"


as_db_status_e
as_overview_begin(as_db_t *db)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    status = as_db_connect(db);
    if (status != AS_DB_OK) {
        return status;
    }

    as_text_put(&sql, "SET SESSION TRANSACTION READ ONLY;");
    if (as_db_is_mariadb(db)) {
        as_text_printf(&sql, "SET SESSION max_statement_time = %d",
                       AS_OVERVIEW_TIME_S);
    } else {
        as_text_printf(&sql, "SET SESSION max_execution_time = %d",
                       AS_OVERVIEW_TIME_S * 1000);
    }

    status = as_db_run(db, &sql, NULL, NULL);
    as_text_free(&sql);

    return status;
}


static void
as_overview_row(void *data, unsigned statement, const char *const *columns,
    const unsigned long *lengths, unsigned n)
{
    bool                      *more;
    json_t                    *rows;
    as_overview_t             *overview = data;
    const as_record_column_t  *list;

    switch (statement) {
    case 0:
        rows = overview->products;
        more = &overview->products_more;
        list = as_overview_product;
        break;

    case 1:
        rows = overview->orders;
        more = &overview->orders_more;
        list = as_overview_order;
        break;

    default:
        rows = overview->holds;
        more = &overview->holds_more;
        list = as_overview_hold;
    }

    if (json_array_size(rows) == AS_OVERVIEW_ROWS) {
        *more = true;
        return;
    }

    (void) json_array_append_new(rows, as_record_create(list, columns, lengths,
                                                        n));
}


static as_db_status_e
as_overview_run(as_db_t *db, const as_text_t *sql, as_overview_t *overview)
{
    as_db_status_e  status;

    as_overview_free(overview);
    overview->products = json_array();
    overview->orders = json_array();
    overview->holds = json_array();

    status = as_db_run(db, sql, as_overview_row, overview);
    if (status != AS_DB_OK) {
        as_overview_free(overview);
    }

    return status;
}


/* One row more than is shown reveals whether there are more. */
as_db_status_e
as_overview_read(as_db_t *db, as_overview_t *overview)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_text_printf(&sql, AS_OVERVIEW_PRODUCTS " ORDER BY " AS_ORDER_JUDGED
                   " - p.reorder_point, p.sku LIMIT %d;",
                   AS_OVERVIEW_ROWS + 1);

    as_text_put(&sql, "SELECT o.order_id, p.sku, p.name, f.identifier,"
                " o.state, o.quantity, o.attempts, TIMESTAMPDIFF(SECOND,"
                " o.pending_at, UTC_TIMESTAMP(6)), TIMESTAMPDIFF(SECOND,"
                " CASE o.state WHEN 'requested' THEN o.requested_at WHEN"
                " 'published' THEN o.published_at ELSE o.pending_at END,"
                " UTC_TIMESTAMP(6)), " AS_ORDER_TIME("pending_at")
                ", o.last_error FROM restock_order o LEFT JOIN product p ON"
                " p.product_id = o.product_id LEFT JOIN factory f ON"
                " f.factory_id = p.factory_id WHERE o.open_product_id IS NOT"
                " NULL ORDER BY o.pending_at, o.order_id");
    as_text_printf(&sql, " LIMIT %d;", AS_OVERVIEW_ROWS + 1);

    as_text_printf(&sql, "SELECT h.hold_id, IF(COUNT(*) = 1, MAX(p.sku),"
                   " NULL), COUNT(*), SUM(l.quantity), TIMESTAMPDIFF(SECOND,"
                   " UTC_TIMESTAMP(6), h.expires_at), "
                   AS_SALE_UTC("h.expires_at") " FROM (SELECT hold_id,"
                   " expires_at FROM stock_hold WHERE state = 'held' ORDER BY"
                   " expires_at, hold_id LIMIT %d) h LEFT JOIN stock_hold_line"
                   " l ON l.hold_id = h.hold_id LEFT JOIN product p ON"
                   " p.product_id = l.product_id GROUP BY h.hold_id,"
                   " h.expires_at ORDER BY h.expires_at, h.hold_id",
                   AS_OVERVIEW_ROWS + 1);

    status = as_overview_run(db, &sql, overview);
    as_text_free(&sql);

    return status;
}


as_db_status_e
as_overview_page(as_db_t *db, const uint8_t *after, as_overview_t *overview)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_text_put(&sql, AS_OVERVIEW_PRODUCTS);
    if (after != NULL) {
        as_text_put(&sql, " WHERE p.sku > (SELECT q.sku FROM product q WHERE"
                    " q.product_id = ");
        as_text_sql_bytes(&sql, after, AS_UUID_LEN);
        as_text_put(&sql, ")");
    }
    as_text_printf(&sql, " ORDER BY p.sku LIMIT %d", AS_OVERVIEW_ROWS + 1);

    status = as_overview_run(db, &sql, overview);
    as_text_free(&sql);

    return status;
}


void
as_overview_free(as_overview_t *overview)
{
    json_decref(overview->products);
    json_decref(overview->orders);
    json_decref(overview->holds);
    memset(overview, 0, sizeof(*overview));
}
