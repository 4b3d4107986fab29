/*
 * The life of a product, an order, a sale or a hold.
 */

#include <string.h>

#include "as_uuid.h"
#include "db/hold_list.h"
#include "db/life.h"
#include "db/life_event.h"
#include "db/life_product.h"
#include "db/order_list.h"
#include "db/record.h"
#include "db/sale.h"
#include "db/sale_read.h"


#define AS_LIFE_RETURNS  100           /* of a sale, at most */


static const char *
as_life_text(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}


/* Adds the members of a life to a record. */
static void
as_life_begin(json_t *record, const char *kind)
{
    (void) json_object_set_new(record, "kind", json_string(kind));
    (void) json_object_set_new(record, "events", json_array());
}


static as_db_status_e
as_life_order(as_db_t *db, const uint8_t id[AS_UUID_LEN], json_t **life)
{
    size_t           i;
    json_t          *movement;
    as_db_status_e   status;
    as_order_show_t  show;

    memset(&show, 0, sizeof(show));
    memcpy(show.id, id, AS_UUID_LEN);
    status = as_order_show(db, &show);
    *life = show.order;

    if (show.order == NULL) {
        return status;
    }

    as_life_begin(show.order, "order");
    as_life_event_order(show.order, show.order);

    json_array_foreach(json_object_get(show.order, "movements"), i, movement) {
        as_life_event_add(show.order, as_life_text(movement, "created_at"),
            "movement.restock", json_pack("{s:O, s:O}", "id",
                json_object_get(movement, "movement_id"), "quantity",
                json_object_get(movement, "quantity")));
    }

    /* the lease changes from one moment to the next */
    (void) json_object_del(show.order, "lease_owner");
    (void) json_object_del(show.order, "lease_until");

    return status;
}


static void
as_life_return_row(void *data, unsigned statement, const char *const *columns,
    const unsigned long *lengths, unsigned n)
{
    json_t                           *life = data, *row;
    static const as_record_column_t   list[] = {
        { "at", 's' }, { "id", 'u' }, { "quantity", 'n' }, { "sku", 's' },
        { "restock", 'n' }
    };

    (void) statement;

    row = as_record_create(list, columns, lengths, n);
    (void) json_object_del(row, "at");
    (void) json_object_del(row, "restock");
    as_life_event_add(life, columns[0], strcmp(columns[4], "0") == 0
                      ? "sale.returned_not_restocked" : "sale.returned", row);
}


static as_db_status_e
as_life_returns(as_db_t *db, const uint8_t id[AS_UUID_LEN], json_t *life)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_text_put(&sql, "SELECT " AS_ORDER_TIME("created_at") ", o.return_id,"
                " o.quantity, p.sku, o.restock FROM stock_return o LEFT JOIN"
                " product p ON p.product_id = o.product_id WHERE o.sale_id ="
                " ");
    as_text_sql_bytes(&sql, id, AS_UUID_LEN);
    as_text_printf(&sql, " ORDER BY o.product_id, o.already LIMIT %d",
                   AS_LIFE_RETURNS);

    status = as_db_run(db, &sql, as_life_return_row, life);
    as_text_free(&sql);

    return status;
}


static as_db_status_e
as_life_sale(as_db_t *db, const uint8_t id[AS_UUID_LEN], json_t **life)
{
    size_t           i;
    json_t          *line;
    as_db_status_e   status;
    as_sale_show_t   show;

    memset(&show, 0, sizeof(show));
    memcpy(show.id, id, AS_UUID_LEN);
    status = as_sale_read_show(db, &show);
    *life = show.sale;

    if (status != AS_DB_OK || show.sale == NULL) {
        return status;
    }

    as_life_begin(show.sale, "sale");

    json_array_foreach(json_object_get(show.sale, "lines"), i, line) {
        as_life_event_add(show.sale, as_life_text(show.sale, "created_at"),
            "sale.sold", json_pack("{s:O, s:O}", "sku",
                json_object_get(line, "sku"), "quantity",
                json_object_get(line, "quantity")));
    }

    return as_life_returns(db, id, show.sale);
}


/* The hold's own events, to the life of the hold or of the sale it became. */
static void
as_life_held(json_t *life, const json_t *hold, const uint8_t id[AS_UUID_LEN])
{
    char         made[AS_SALE_TIME_LEN];
    size_t       i;
    json_t      *line;
    const char  *state;

    as_sale_time(id, made);
    json_array_foreach(json_object_get(hold, "lines"), i, line) {
        as_life_event_add(life, made, "hold.made", json_pack("{s:O, s:O}",
            "sku", json_object_get(line, "sku"), "quantity",
            json_object_get(line, "quantity")));
    }

    state = as_life_text(hold, "state");
    if (state == NULL) {
        return;
    }

    if (strcmp(state, "held") == 0) {
        as_life_event_add(life, as_life_text(hold, "expires_at"), "hold.due",
                          NULL);

    } else if (strcmp(state, "expired") == 0) {
        as_life_event_add(life, as_life_text(hold, "settled_at"),
                          "hold.expired", NULL);

    } else if (strcmp(state, "released") == 0) {
        as_life_event_add(life, as_life_text(hold, "settled_at"),
                          "hold.released", NULL);
    }
}


static as_db_status_e
as_life_hold(as_db_t *db, const uint8_t id[AS_UUID_LEN], json_t **life)
{
    as_db_status_e  status;
    as_hold_show_t  show;

    memset(&show, 0, sizeof(show));
    memcpy(show.id, id, AS_UUID_LEN);
    status = as_hold_show(db, &show);

    if (status == AS_DB_OK && show.hold != NULL) {
        as_life_begin(show.hold, "hold");
        if (*life == NULL) {
            *life = json_incref(show.hold);
        }
        as_life_held(*life, show.hold, id);
    }

    json_decref(show.hold);

    return status;
}


static void
as_life_sale_row(void *data, unsigned statement, const char *const *columns,
    const unsigned long *lengths, unsigned n)
{
    uint8_t  *id = data;

    (void) statement;
    (void) n;

    if (lengths[0] == AS_UUID_LEN) {
        memcpy(id, columns[0], AS_UUID_LEN);
    }
}


/* The id of a return becomes that of its sale. */
static as_db_status_e
as_life_return_sale(as_db_t *db, uint8_t id[AS_UUID_LEN])
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_text_put(&sql, "SELECT sale_id FROM stock_return WHERE return_id = ");
    as_text_sql_bytes(&sql, id, AS_UUID_LEN);
    as_text_put(&sql, " LIMIT 1");
    status = as_db_run(db, &sql, as_life_sale_row, id);
    as_text_free(&sql);

    return status;
}


static as_db_status_e
as_life_of_id(as_db_t *db, uint8_t id[AS_UUID_LEN], json_t **life)
{
    as_db_status_e  status;

    status = as_life_order(db, id, life);

    if (status == AS_DB_OK && *life == NULL) {
        status = as_life_product_find(db, id, NULL, life);
    }

    if (status != AS_DB_OK || *life != NULL) {
        return status;
    }

    status = as_life_return_sale(db, id);

    if (status == AS_DB_OK) {
        status = as_life_sale(db, id, life);
    }

    return status == AS_DB_OK ? as_life_hold(db, id, life) : status;
}


as_db_status_e
as_life_find(as_db_t *db, as_life_t *life)
{
    uint8_t         id[AS_UUID_LEN];
    as_db_status_e  status;

    json_decref(life->life);
    life->life = NULL;

    status = AS_DB_OK;
    if (as_uuid_parse(life->asked, strlen(life->asked), id) == 0) {
        status = as_life_of_id(db, id, &life->life);
    }

    /* a SKU may look like an id */
    if (status == AS_DB_OK && life->life == NULL) {
        status = as_life_product_find(db, NULL, life->asked, &life->life);
    }

    if (status != AS_DB_OK) {
        json_decref(life->life);
        life->life = NULL;
    }

    return status;
}
