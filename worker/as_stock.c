/*
 * A stock changed by an operator.
 */

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "as_stock.h"


int
as_stock_movement_id(uint8_t id[AS_UUID_LEN])
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


static void
as_stock_row(void *data, unsigned statement, const char *const *columns,
    const unsigned long *lengths, unsigned n)
{
    as_stock_change_t  *change = data;

    (void) statement;

    if (n == 2 && lengths[0] == AS_UUID_LEN) {
        change->outcome = AS_STOCK_DONE;
        memcpy(change->product_id, columns[0], AS_UUID_LEN);
        change->before = strtoll(columns[1], NULL, 10);
    }
}


static as_db_status_e
as_stock_write(as_db_t *db, const as_stock_change_t *change)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_text_put(&sql, "INSERT INTO stock_movement (movement_id, product_id,"
                " kind, quantity) VALUES (");
    as_text_sql_bytes(&sql, change->movement_id, AS_UUID_LEN);
    as_text_put(&sql, ",");
    as_text_sql_bytes(&sql, change->product_id, AS_UUID_LEN);
    as_text_printf(&sql, ",'adjustment',%" PRId64 ");UPDATE product SET"
                   " stock = %" PRId64 " WHERE product_id = ",
                   change->after - change->before, change->after);
    as_text_sql_bytes(&sql, change->product_id, AS_UUID_LEN);
    as_text_put(&sql, ";COMMIT");

    status = as_db_run(db, &sql, NULL, NULL);
    as_text_free(&sql);

    return status;
}


as_db_status_e
as_stock_change(as_db_t *db, as_stock_change_t *change)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    change->outcome = AS_STOCK_NO_PRODUCT;
    as_text_put(&sql, "START TRANSACTION;SELECT product_id, stock FROM"
                " product WHERE sku = ");
    as_text_sql_string(&sql, change->sku);
    as_text_put(&sql, " FOR UPDATE");

    status = as_db_run(db, &sql, as_stock_row, change);
    as_text_free(&sql);

    if (status != AS_DB_OK) {
        return status;
    }

    change->after = change->set ? change->n : change->before + change->n;

    if (change->outcome == AS_STOCK_DONE) {
        change->outcome = change->after < 0 ? AS_STOCK_NEGATIVE
                          : change->after > INT_MAX ? AS_STOCK_RANGE
                          : AS_STOCK_DONE;
    }

    if (change->outcome != AS_STOCK_DONE || change->after == change->before)
    {
        return as_db_exec(db, "COMMIT", NULL, NULL);
    }

    return as_stock_write(db, change);
}


as_db_status_e
as_stock_mend(as_db_t *db, as_stock_mend_t *mend)
{
    as_text_t       sql = AS_TEXT_EMPTY, product = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_text_sql_bytes(&product, mend->product_id, AS_UUID_LEN);
    as_text_printf(&sql, "START TRANSACTION;SELECT stock FROM product WHERE"
                   " product_id = %s FOR UPDATE;INSERT INTO stock_movement"
                   " (movement_id, product_id, kind, quantity) SELECT ",
                   as_text_get(&product));
    as_text_sql_bytes(&sql, mend->movement_id, AS_UUID_LEN);
    as_text_printf(&sql, ", x.product_id, 'adjustment', x.difference FROM"
                   " (SELECT p.product_id, p.stock - (SELECT COALESCE("
                   "SUM(m.quantity), 0) FROM stock_movement m WHERE"
                   " m.product_id = p.product_id) AS difference FROM product"
                   " p WHERE p.product_id = %s) x WHERE x.difference <> 0;"
                   "COMMIT", as_text_get(&product));

    status = as_db_run(db, &sql, NULL, NULL);
    mend->done = status == AS_DB_OK && as_db_affected(db, 2) == 1;

    as_text_free(&sql);
    as_text_free(&product);

    return status;
}
