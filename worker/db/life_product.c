/*
 * The life of a product: its orders and its movements.
 */

#include <string.h>

#include "as_uuid.h"
#include "db/life_event.h"
#include "db/life_product.h"
#include "db/order_list.h"
#include "db/record.h"


#define AS_LIFE_PRODUCT_KIND  32       /* bytes of an event's name */


static const as_record_column_t  as_life_product_columns[] = {
    { "product_id", 'u' }, { "sku", 's' }, { "name", 's' }, { "stock", 'n' },
    { "held", 'n' }, { "reorder_point", 'n' }, { "reorder_quantity", 'n' },
    { "factory", 's' }
};

static const as_record_column_t  as_life_product_orders[] = {
    { "order_id", 'u' }, { "quantity", 'n' }, { "received", 'n' },
    { "last_error", 's' }, { "pending_at", 's' }, { "published_at", 's' },
    { "requested_at", 's' }, { "fulfilled_at", 's' }, { "failed_at", 's' },
    { "cancelled_at", 's' }
};

static const as_record_column_t  as_life_product_movements[] = {
    { "id", 'u' }, { "kind", 's' }, { "quantity", 'n' }, { "sales", 'n' },
    { "at", 's' }
};

typedef struct {
    json_t   *life;
    uint8_t   id[AS_UUID_LEN];
} as_life_product_t;


static void
as_life_product_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    as_life_product_t  *product = data;

    (void) statement;

    if (product->life != NULL || lengths[0] != AS_UUID_LEN) {
        return;
    }

    memcpy(product->id, columns[0], AS_UUID_LEN);
    product->life = as_record_create(as_life_product_columns, columns, lengths,
                                     n);
    (void) json_object_set_new(product->life, "kind", json_string("product"));
    (void) json_object_set_new(product->life, "events", json_array());
    (void) json_object_set_new(product->life, "ledger_rows",
                               json_integer(AS_LIFE_LEDGER));
}


/* An order, or a movement. */
static void
as_life_product_event(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    char                name[AS_LIFE_PRODUCT_KIND] = "movement.";
    json_t             *row;
    as_life_product_t  *product = data;

    if (statement == 0) {
        row = as_record_create(as_life_product_orders, columns, lengths, n);
        as_life_event_order(product->life, row);
        json_decref(row);
        return;
    }

    row = as_record_create(as_life_product_movements, columns, lengths, n);
    strncat(name, columns[1], sizeof(name) - strlen(name) - 1);
    (void) json_object_del(row, "kind");
    (void) json_object_del(row, "at");
    as_life_event_add(product->life, columns[4], name, row);
}


static void
as_life_product_sql(const as_life_product_t *product, as_text_t *sql)
{
    as_text_put(sql, "SELECT o.order_id, o.quantity, o.received,"
                " o.last_error, " AS_ORDER_TIME("pending_at") ", "
                AS_ORDER_TIME("published_at") ", "
                AS_ORDER_TIME("requested_at") ", "
                AS_ORDER_TIME("fulfilled_at") ", "
                AS_ORDER_TIME("failed_at") ", "
                AS_ORDER_TIME("cancelled_at")
                " FROM restock_order o WHERE o.product_id = ");
    as_text_sql_bytes(sql, product->id, AS_UUID_LEN);
    as_text_printf(sql, " ORDER BY o.pending_at DESC LIMIT %d;",
                   AS_LIFE_ORDERS);

    as_text_put(sql, "SELECT o.movement_id, o.kind, o.quantity, o.sales, "
                AS_ORDER_TIME("created_at"));
    as_text_printf(sql, " FROM (SELECT movement_id, product_id, kind,"
                   " quantity, sales, created_at FROM stock_movement ORDER BY"
                   " movement_id DESC, product_id DESC LIMIT %d) o WHERE"
                   " o.product_id = ", AS_LIFE_LEDGER);
    as_text_sql_bytes(sql, product->id, AS_UUID_LEN);
    as_text_printf(sql, " ORDER BY o.movement_id DESC LIMIT %d",
                   AS_LIFE_MOVEMENTS);
}


as_db_status_e
as_life_product_find(as_db_t *db, const uint8_t *id, const char *sku,
    json_t **life)
{
    as_text_t           sql = AS_TEXT_EMPTY;
    as_db_status_e      status;
    as_life_product_t   product;

    memset(&product, 0, sizeof(product));

    as_text_put(&sql, "SELECT p.product_id, p.sku, p.name, p.stock, p.held,"
                " p.reorder_point, p.reorder_quantity, f.identifier FROM"
                " product p LEFT JOIN factory f ON f.factory_id ="
                " p.factory_id WHERE ");
    if (id != NULL) {
        as_text_put(&sql, "p.product_id = ");
        as_text_sql_bytes(&sql, id, AS_UUID_LEN);
    } else {
        as_db_sku(db, &sql, "p.sku", sku);
    }

    status = as_db_run(db, &sql, as_life_product_row, &product);

    if (status == AS_DB_OK && product.life != NULL) {
        as_text_clear(&sql);
        as_life_product_sql(&product, &sql);
        status = as_db_run(db, &sql, as_life_product_event, &product);
    }

    as_text_free(&sql);
    *life = product.life;

    return status;
}
