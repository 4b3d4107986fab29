/*
 * The checks of reconcile: stock_movement_key against the ledger.
 */

#include <stdlib.h>
#include <string.h>

#include "cmd/reconcile_keys.h"
#include "db/sale.h"


#define AS_RECONCILE_KEYS_CHUNK  "20000"

/* statements of a chunk's packet */
#define AS_RECONCILE_KEYS_OLD     0
#define AS_RECONCILE_KEYS_SALE    1
#define AS_RECONCILE_KEYS_RETURN  2


void
as_reconcile_keys_say(as_reconcile_t *reconcile, const char *movement_id,
    const char *what)
{
    char  id[AS_UUID_TEXT_LEN + 1];

    *as_uuid_text((const uint8_t *) movement_id, id) = '\0';
    as_findings_say(reconcile->findings, AS_DOCTOR_WRONG, "key",
                    "find the client that writes these tables; sql/schema.sql "
                    "adds missing keys to stock_movement_key; delete a key "
                    "without a movement only if nothing was sold under it, or "
                    "no client will retry; set the key of a movement to NULL "
                    "if the key belongs to another movement",
                    "movement %s %s", id, what);
}


/* A sale's row, its key's movement, and the key's quantity. */
static void
as_reconcile_keys_sale(as_reconcile_t *reconcile, const char *const *columns,
    const unsigned long *lengths)
{
    bool           found;
    as_sale_t      sale;
    const char    *id = columns[AS_SALE_NCOLUMNS];
    const char    *quantity = columns[AS_SALE_NCOLUMNS + 1];
    as_sale_row_t  row;

    found = as_sale_row(&row, columns, lengths)
            && as_sale_find(&row, (const uint8_t *) id, &sale);

    if (!found) {
        as_reconcile_keys_say(reconcile, id, "has a key in stock_movement_key, "
                              "but its transaction has no such sale of that "
                              "product");

    } else if (quantity == NULL
               || sale.quantity != strtoll(quantity, NULL, 10))
    {
        as_reconcile_keys_say(reconcile, id, "has a key in stock_movement_key "
                              "with another quantity than the sale");
    }
}


static void
as_reconcile_keys_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    as_reconcile_t  *reconcile = data;

    (void) n;

    if (statement == AS_RECONCILE_KEYS_OLD) {
        as_reconcile_keys_say(reconcile, columns[0], "is missing or has "
                              "another key, but stock_movement_key has its "
                              "key");

    } else if (statement == AS_RECONCILE_KEYS_SALE) {
        as_reconcile_keys_sale(reconcile, columns, lengths);

    } else if (statement == AS_RECONCILE_KEYS_RETURN) {
        as_reconcile_keys_say(reconcile, columns[0], "has a key in "
                              "stock_movement_key, but there is no such "
                              "return of that product and quantity");

    } else if (columns[0] != NULL && lengths[0] == AS_UUID_LEN) {
        reconcile->more = 1;
        memcpy(reconcile->cursor, columns[0], AS_UUID_LEN);
    }
}


static as_db_status_e
as_reconcile_keys_chunk(as_db_t *db, as_reconcile_t *reconcile)
{
    as_text_t       sql = AS_TEXT_EMPTY, range = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_text_put(&range, "(SELECT idempotency_key, movement_id, product_id,"
                " fingerprint, quantity FROM stock_movement_key WHERE"
                " idempotency_key > ");
    as_text_sql_bytes(&range, reconcile->cursor, AS_UUID_LEN);
    as_text_put(&range, " ORDER BY idempotency_key LIMIT "
                AS_RECONCILE_KEYS_CHUNK ") k");

    as_text_printf(&sql, "SELECT k.movement_id FROM %s LEFT JOIN"
                   " stock_movement m ON m.movement_id = k.movement_id AND"
                   " m.product_id = k.product_id AND m.idempotency_key ="
                   " k.idempotency_key WHERE k.fingerprint IS NULL AND"
                   " (m.movement_id IS NULL OR k.quantity IS NOT NULL);"
                   "SELECT " AS_SALE_COLUMNS ", k.movement_id, k.quantity"
                   " FROM %s LEFT JOIN stock_movement m ON m.movement_id ="
                   " " AS_RECONCILE_KEYS_ROW " AND"
                   " m.product_id = k.product_id AND m.kind IN ('sale',"
                   " 'hold') WHERE k.fingerprint IS NOT NULL AND NOT "
                   AS_RECONCILE_KEYS_RETURNED " AND (m.movement_id IS NULL OR"
                   " NOT " AS_RECONCILE_KEYS_MATCH ");"
                   "SELECT k.movement_id FROM %s LEFT JOIN stock_return r ON"
                   " r.return_id = k.movement_id AND r.product_id ="
                   " k.product_id AND r.quantity = k.quantity WHERE"
                   " k.fingerprint IS NOT NULL AND "
                   AS_RECONCILE_KEYS_RETURNED " AND r.return_id IS NULL;"
                   "SELECT MAX(k.idempotency_key), COUNT(*) FROM %s",
                   as_text_get(&range), as_text_get(&range),
                   as_text_get(&range), as_text_get(&range));

    reconcile->more = 0;
    as_pace_begin(&reconcile->pace);
    status = as_db_run(db, &sql, as_reconcile_keys_row, reconcile);
    as_text_free(&sql);
    as_text_free(&range);

    return status == AS_DB_OK && reconcile->more
           ? as_pace_wait(&reconcile->pace, db) : status;
}


as_db_status_e
as_reconcile_keys(as_db_t *db, as_reconcile_t *reconcile)
{
    as_db_status_e  status;

    memset(reconcile->cursor, 0, sizeof(reconcile->cursor));

    do {
        status = as_reconcile_keys_chunk(db, reconcile);
    } while (status == AS_DB_OK && reconcile->more);

    return status;
}
