/*
 * Restock orders: books goods for an operator, as the factory's callback would.
 */

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/order.h"


typedef struct {
    as_order_receive_t  *receive;
    bool                 product;
    uint8_t              product_id[AS_UUID_LEN];
} as_order_receive_look_t;


/* Two columns: the product, locked.  Three: the order. */
static void
as_order_receive_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    as_order_receive_t       *receive;
    as_order_receive_look_t  *look = data;

    (void) statement;
    receive = look->receive;

    if (n == 2 && lengths[0] == AS_UUID_LEN) {
        look->product = true;
        memcpy(look->product_id, columns[0], AS_UUID_LEN);
        receive->stock = strtoll(columns[1], NULL, 10);
        return;
    }

    if (n != 3) {
        return;
    }

    snprintf(receive->state, sizeof(receive->state), "%s", columns[0]);
    receive->ordered = strtoll(columns[1], NULL, 10);

    if (strcmp(receive->state, "fulfilled") == 0) {
        /* booked by this call, before its connection was lost */
        receive->outcome = lengths[2] == AS_UUID_LEN && columns[2] != NULL
                           && memcmp(columns[2], receive->movement_id,
                                     AS_UUID_LEN) == 0
                           ? AS_RECEIVE_DONE : AS_RECEIVE_STATE;
        receive->before = true;

    } else if (!look->product) {
        receive->outcome = AS_RECEIVE_NO_PRODUCT;

    } else if (receive->quantity > receive->ordered) {
        receive->outcome = AS_RECEIVE_COUNT;

    } else {
        receive->outcome = receive->stock + receive->quantity > INT_MAX
                           ? AS_RECEIVE_RANGE : AS_RECEIVE_DONE;
    }
}


/* Locks the product's row first, as all transactions do. */
static as_db_status_e
as_order_receive_look(as_db_t *db, as_order_receive_look_t *look)
{
    as_text_t       sql = AS_TEXT_EMPTY, id = AS_TEXT_EMPTY;
    as_db_status_e  status;

    look->receive->outcome = AS_RECEIVE_UNKNOWN;
    look->receive->before = false;

    as_text_sql_bytes(&id, look->receive->id, AS_UUID_LEN);
    as_text_printf(&sql, "START TRANSACTION;SELECT product_id, stock FROM"
                   " product WHERE product_id = (SELECT product_id FROM"
                   " restock_order WHERE order_id = %s) FOR UPDATE;"
                   "SELECT o.state, o.quantity, (SELECT movement_id FROM"
                   " stock_movement_key WHERE idempotency_key = o.order_id)"
                   " FROM restock_order o WHERE o.order_id = %s FOR UPDATE",
                   as_text_get(&id), as_text_get(&id));

    status = as_db_run(db, &sql, as_order_receive_row, look);
    as_text_free(&sql);
    as_text_free(&id);

    return status;
}


static as_db_status_e
as_order_receive_write(as_db_t *db, const as_order_receive_look_t *look)
{
    as_text_t                  sql = AS_TEXT_EMPTY, order = AS_TEXT_EMPTY;
    as_text_t                  movement = AS_TEXT_EMPTY;
    as_text_t                  product = AS_TEXT_EMPTY;
    as_db_status_e             status;
    const as_order_receive_t  *receive = look->receive;

    as_text_sql_bytes(&order, receive->id, AS_UUID_LEN);
    as_text_sql_bytes(&movement, receive->movement_id, AS_UUID_LEN);
    as_text_sql_bytes(&product, look->product_id, AS_UUID_LEN);

    as_text_printf(&sql, "INSERT INTO stock_movement (movement_id,"
                   " product_id, kind, quantity, idempotency_key, order_id)"
                   " VALUES (%s, %s, 'restock', %" PRId64 ", %s, %s);"
                   "INSERT INTO stock_movement_key (idempotency_key,"
                   " movement_id, product_id) VALUES (%s, %s, %s);",
                   as_text_get(&movement), as_text_get(&product),
                   receive->quantity, as_text_get(&order),
                   as_text_get(&order), as_text_get(&order),
                   as_text_get(&movement), as_text_get(&product));
    as_text_printf(&sql, "UPDATE product SET stock = stock + %" PRId64
                   " WHERE product_id = %s;UPDATE restock_order SET"
                   " state = 'fulfilled', received = %" PRId64
                   ", fulfilled_at = UTC_TIMESTAMP(6), lease_until = NULL,"
                   " lease_owner = NULL WHERE order_id = %s",
                   receive->quantity, as_text_get(&product),
                   receive->quantity, as_text_get(&order));

    status = as_db_run(db, &sql, NULL, NULL);
    as_text_free(&sql);
    as_text_free(&order);
    as_text_free(&movement);
    as_text_free(&product);

    return status;
}


as_db_status_e
as_order_receive(as_db_t *db, as_order_receive_t *receive)
{
    as_db_status_e           status;
    as_order_receive_look_t  look;

    memset(&look, 0, sizeof(look));
    look.receive = receive;

    status = as_order_receive_look(db, &look);
    if (status != AS_DB_OK) {
        return status;
    }

    if (receive->outcome != AS_RECEIVE_DONE || receive->before) {
        return as_db_exec(db, "ROLLBACK", NULL, NULL);
    }

    status = as_order_receive_write(db, &look);

    /* a callback of the order is being booked: look again */
    if (status == AS_DB_DUPLICATE) {
        return AS_DB_RETRY;
    }

    if (status == AS_DB_OK) {
        receive->stock += receive->quantity;

        /* sent separately: a Galera node may report OK for a COMMIT within a
         * packet although another node's transaction undid it */
        status = as_db_exec(db, "COMMIT", NULL, NULL);
    }

    return status;
}
