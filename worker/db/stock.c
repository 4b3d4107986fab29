/*
 * Manual changes of a product's stock.
 */

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "db/order.h"
#include "db/stock.h"


/*
 * The worker's user may insert movements and change a stock, for openings and
 * expired holds.  An adjustment also requires the right to change a movement.
 * This statement tests that right; it changes and locks nothing.
 */
#define AS_STOCK_RIGHT  "UPDATE stock_movement SET quantity = quantity WHERE"  \
                        " FALSE"


typedef struct {
    as_stock_t  *stock;
    bool         product;
    bool         written;
    uint8_t      product_id[AS_UUID_LEN];
} as_stock_look_t;


/* Three columns: the product.  One: the movement exists. */
static void
as_stock_row(void *data, unsigned statement, const char *const *columns,
    const unsigned long *lengths, unsigned n)
{
    as_stock_look_t  *look = data;

    (void) statement;

    if (n == 3 && lengths[0] == AS_UUID_LEN) {
        look->product = true;
        memcpy(look->product_id, columns[0], AS_UUID_LEN);
        look->stock->before = strtoll(columns[1], NULL, 10);
        free(look->stock->own_sku);
        look->stock->own_sku = strdup(columns[2]);

    } else if (n == 1) {
        look->written = true;
    }
}


/* Locks the product's row: every sale waits. */
static as_db_status_e
as_stock_lock(as_db_t *db, as_stock_look_t *look)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_text_put(&sql, "START TRANSACTION;SELECT product_id, stock, sku"
                " FROM product WHERE ");
    as_db_sku(db, &sql, "sku", look->stock->sku);
    as_text_put(&sql, " FOR UPDATE;" AS_STOCK_RIGHT);

    status = as_db_run(db, &sql, as_stock_row, look);
    as_text_free(&sql);

    return status;
}


static as_db_status_e
as_stock_write(as_db_t *db, const as_stock_look_t *look)
{
    as_text_t          sql = AS_TEXT_EMPTY, id = AS_TEXT_EMPTY;
    as_db_status_e     status;
    const as_stock_t  *stock = look->stock;

    as_text_sql_bytes(&id, look->product_id, AS_UUID_LEN);

    as_text_put(&sql, "INSERT INTO stock_movement (movement_id, product_id,"
                " kind, quantity) VALUES (");
    as_text_sql_bytes(&sql, stock->movement_id, AS_UUID_LEN);
    as_text_printf(&sql, ",%s,'adjustment',%" PRId64 ");UPDATE product SET"
                   " stock = %" PRId64 " WHERE product_id = %s;INSERT INTO"
                   " restock_order (order_id, product_id, quantity) SELECT ",
                   as_text_get(&id), stock->after - stock->before,
                   stock->after, as_text_get(&id));
    as_text_sql_bytes(&sql, stock->order_id, AS_UUID_LEN);
    as_text_printf(&sql, ", p.product_id, p.reorder_quantity FROM product p"
                   " LEFT JOIN restock_order o ON o.open_product_id ="
                   " p.product_id WHERE p.product_id = %s AND "
                   AS_ORDER_JUDGED " <= p.reorder_point AND o.order_id IS"
                   " NULL", as_text_get(&id));
    as_order_trace_sql(&sql, stock->order_id, &stock->trace);

    status = as_db_run(db, &sql, NULL, NULL);
    as_text_free(&sql);
    as_text_free(&id);

    return status;
}


/* Looks up the movement. */
static as_db_status_e
as_stock_look(as_db_t *db, as_stock_look_t *look)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_text_put(&sql, "SELECT 1 FROM stock_movement WHERE movement_id = ");
    as_text_sql_bytes(&sql, look->stock->movement_id, AS_UUID_LEN);

    status = as_db_run(db, &sql, as_stock_row, look);
    as_text_free(&sql);

    return status;
}


/*
 * A unique key exists: this change's movement from an earlier attempt, or
 * another node's open order.
 */
static as_db_status_e
as_stock_duplicate(as_db_t *db, as_stock_look_t *look)
{
    as_db_status_e  status;

    status = as_stock_look(db, look);

    if (status != AS_DB_OK) {
        return status;
    }

    return look->written ? AS_DB_OK : AS_DB_RETRY;
}


/*
 * Settles a change with an unknown result, under the lock of the product's row.
 * A COMMIT in progress holds that lock, so the change is now done or undone.  A
 * row that can be read may not be on disk yet: this waits for a commit of its
 * own, which follows it in the log.
 */
static as_db_status_e
as_stock_settle(as_db_t *db, as_stock_look_t *look)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    uint8_t         id[AS_UUID_LEN];
    as_db_status_e  status;

    status = as_stock_look(db, look);

    if (status != AS_DB_OK || !look->written || !look->product
        || as_stock_id(id) != 0)
    {
        return status;
    }

    as_text_put(&sql, "INSERT INTO stock_movement (movement_id, product_id,"
                " kind, quantity) VALUES (");
    as_text_sql_bytes(&sql, id, AS_UUID_LEN);
    as_text_put(&sql, ",");
    as_text_sql_bytes(&sql, look->product_id, AS_UUID_LEN);
    as_text_put(&sql, ",'adjustment',0)");

    status = as_db_run(db, &sql, NULL, NULL);
    as_text_free(&sql);

    return status;
}


/* Computes the outcome of the change. */
static as_stock_e
as_stock_judge(const as_stock_look_t *look, as_stock_t *stock)
{
    if (!look->product) {
        return AS_STOCK_NO_PRODUCT;
    }

    stock->after = stock->set ? stock->number : stock->before + stock->number;

    if (stock->after < 0 || stock->after > INT_MAX) {
        return AS_STOCK_RANGE;
    }

    return stock->after == stock->before ? AS_STOCK_SAME : AS_STOCK_DONE;
}


as_db_status_e
as_stock_change(as_db_t *db, as_stock_t *stock)
{
    int64_t          before, after;
    as_db_status_e   status;
    as_stock_look_t  look;

    memset(&look, 0, sizeof(look));
    look.stock = stock;
    before = stock->before;
    after = stock->after;

    status = as_stock_lock(db, &look);

    if (status == AS_DB_OK && stock->doubt) {
        status = as_stock_settle(db, &look);
    }

    if (status != AS_DB_OK || look.written) {
        stock->before = before;
        stock->after = after;
        stock->outcome = AS_STOCK_DONE;
        return status == AS_DB_OK ? as_db_exec(db, "COMMIT", NULL, NULL)
                                  : status;
    }

    stock->outcome = as_stock_judge(&look, stock);
    if (stock->outcome != AS_STOCK_DONE) {
        return as_db_exec(db, "ROLLBACK", NULL, NULL);
    }

    status = as_stock_write(db, &look);

    if (status == AS_DB_DUPLICATE) {
        stock->before = before;
        stock->after = after;
        return as_stock_duplicate(db, &look);
    }

    if (status == AS_DB_OK) {
        stock->opened = as_db_affected(db, 2) == 1;
        stock->doubt = true;

        /* sent separately: a Galera node may report OK for a COMMIT within a
         * packet although another node's transaction undid it */
        status = as_db_exec(db, "COMMIT", NULL, NULL);
    }

    return status;
}


as_db_status_e
as_stock_mend(as_db_t *db, const as_stock_mend_t *mend)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_text_put(&sql, AS_STOCK_RIGHT ";INSERT INTO stock_movement"
                " (movement_id, product_id, kind, quantity) VALUES (");
    as_text_sql_bytes(&sql, mend->movement_id, AS_UUID_LEN);
    as_text_put(&sql, ",");
    as_text_sql_bytes(&sql, mend->product_id, AS_UUID_LEN);
    as_text_printf(&sql, ",'adjustment',%" PRId64 ")", mend->quantity);

    status = as_db_run(db, &sql, NULL, NULL);
    as_text_free(&sql);

    /* inserted before a connection was lost */
    return status == AS_DB_DUPLICATE ? AS_DB_OK : status;
}


int
as_stock_id(uint8_t id[AS_UUID_LEN])
{
    as_uuid_gen_t    gen;
    struct timespec  now;

    if (as_uuid_init(&gen) != 0) {
        return -1;
    }

    clock_gettime(CLOCK_REALTIME, &now);
    as_uuid_v7(&gen, (uint64_t) now.tv_sec * 1000
               + (uint64_t) now.tv_nsec / 1000000, id);

    return 0;
}


int
as_stock_trace(as_trace_t *trace)
{
    as_uuid_gen_t  gen;

    if (as_uuid_init(&gen) != 0) {
        return -1;
    }

    as_trace_make(trace, &gen);

    return 0;
}
