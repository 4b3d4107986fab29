/*
 * Holds: the statements that settle them, and their number.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "db/hold.h"


void
as_hold_ids(as_text_t *sql, const uint8_t (*ids)[AS_UUID_LEN], size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (i > 0) {
            as_text_put(sql, ",");
        }
        as_text_sql_bytes(sql, ids[i], AS_UUID_LEN);
    }
}


void
as_hold_settle(as_text_t *sql, const uint8_t (*ids)[AS_UUID_LEN], size_t n,
    const char *state, const uint8_t movement_id[AS_UUID_LEN])
{
    as_text_t  holds = AS_TEXT_EMPTY, id = AS_TEXT_EMPTY;

    as_hold_ids(&holds, ids, n);
    as_text_sql_bytes(&id, movement_id, AS_UUID_LEN);

    /*
     * A line of a product that was deleted gets no movement.  The product's
     * rows come last and in the order of the ledger's rows, that is by
     * product_id.
     */
    as_text_printf(sql, "UPDATE stock_hold SET state = '%s', settled_at ="
                   " UTC_TIMESTAMP(6), settled_id = %s WHERE hold_id IN (%s)"
                   " AND state = 'held';"
                   "INSERT INTO stock_movement (movement_id, product_id, kind,"
                   " quantity, sales) SELECT %s, l.product_id, 'release',"
                   " SUM(l.quantity), COUNT(*) FROM stock_hold_line l JOIN"
                   " product p ON p.product_id = l.product_id WHERE l.hold_id"
                   " IN (%s) GROUP BY l.product_id;"
                   "UPDATE stock_movement m STRAIGHT_JOIN product p ON"
                   " p.product_id = m.product_id SET p.stock = p.stock +"
                   " m.quantity, p.held = p.held - LEAST(p.held, m.quantity)"
                   " WHERE m.movement_id = %s", state, as_text_get(&id),
                   as_text_get(&holds), as_text_get(&id), as_text_get(&holds),
                   as_text_get(&id));

    if (!as_text_ok(&holds) || !as_text_ok(&id)) {
        sql->failed = true;
    }

    as_text_free(&holds);
    as_text_free(&id);
}


static void
as_hold_count_row(void *data, unsigned statement, const char *const *columns,
    const unsigned long *lengths, unsigned n)
{
    as_hold_counts_t  *counts = data;

    if (statement == 0 && n == 3) {
        counts->open = strtoll(columns[0], NULL, 10);
        counts->due = strtoll(columns[1], NULL, 10);
        counts->due_oldest_ms = counts->due == 0 || columns[2] == NULL ? -1
                                : strtoll(columns[2], NULL, 10) / 1000;

    } else if (statement == 1 && n == 1) {
        counts->pieces = strtoll(columns[0], NULL, 10);

    } else if (statement == 2 && lengths[0] == AS_UUID_LEN) {
        memcpy(counts->due_oldest, columns[0], AS_UUID_LEN);
    }
}


as_db_status_e
as_hold_count(as_db_t *db, as_hold_counts_t *counts)
{
    return as_db_exec(db, "SELECT COUNT(*), COALESCE(SUM(expires_at <="
                      " UTC_TIMESTAMP(6)), 0), TIMESTAMPDIFF(MICROSECOND,"
                      " MIN(expires_at), UTC_TIMESTAMP(6)) FROM stock_hold"
                      " WHERE state = 'held';"
                      "SELECT COALESCE(SUM(l.quantity), 0) FROM stock_hold h"
                      " JOIN stock_hold_line l ON l.hold_id = h.hold_id WHERE"
                      " h.state = 'held';"
                      "SELECT hold_id FROM stock_hold WHERE state = 'held'"
                      " ORDER BY expires_at LIMIT 1", as_hold_count_row,
                      counts);
}


static void
as_hold_mend_row(void *data, unsigned statement, const char *const *columns,
    const unsigned long *lengths, unsigned n)
{
    int64_t  *pieces = data;

    (void) lengths;
    (void) n;

    if (statement == 2) {
        *pieces = strtoll(columns[0], NULL, 10);
    }
}


/*
 * Every transaction that opens or settles a hold changes the product's row
 * last.  Under its lock, each of them has either changed it and is committed,
 * or is not to be seen and changes it afterwards.
 */
as_db_status_e
as_hold_mend(as_db_t *db, const uint8_t product_id[AS_UUID_LEN])
{
    int64_t         pieces = 0;
    as_text_t       sql = AS_TEXT_EMPTY, id = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_text_sql_bytes(&id, product_id, AS_UUID_LEN);
    as_text_printf(&sql, "START TRANSACTION;SELECT held FROM product WHERE"
                   " product_id = %s FOR UPDATE;SELECT COALESCE("
                   "SUM(l.quantity), 0) FROM stock_hold h JOIN"
                   " stock_hold_line l ON l.hold_id = h.hold_id WHERE h.state"
                   " = 'held' AND l.product_id = %s", as_text_get(&id),
                   as_text_get(&id));
    status = as_db_run(db, &sql, as_hold_mend_row, &pieces);

    if (status == AS_DB_OK) {
        as_text_clear(&sql);
        as_text_printf(&sql, "UPDATE product SET held = %" PRId64 " WHERE"
                       " product_id = %s", pieces, as_text_get(&id));
        status = as_db_run(db, &sql, NULL, NULL);
    }

    if (status == AS_DB_OK) {
        status = as_db_exec(db, "COMMIT", NULL, NULL);
    }

    as_text_free(&sql);
    as_text_free(&id);

    return status;
}
