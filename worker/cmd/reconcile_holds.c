/*
 * The checks of reconcile: holds and returns.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/reconcile_holds.h"
#include "cmd/reconcile_keys.h"
#include "cmd/reconcile_sum.h"
#include "db/sale.h"


#define AS_RECONCILE_HOLDS_CHUNK  "10000"

/* statements of a chunk of holds, after its end */
#define AS_RECONCILE_HOLDS_SUMS   0
#define AS_RECONCILE_HOLDS_LINES  1
#define AS_RECONCILE_HOLDS_STATE  2

/* of a chunk of returns */
#define AS_RECONCILE_HOLDS_PUT    0
#define AS_RECONCILE_HOLDS_GAPS   1


void
as_reconcile_holds_say(as_reconcile_t *reconcile, const char *id,
    const char *what)
{
    char  text[AS_UUID_TEXT_LEN + 1];

    *as_uuid_text((const uint8_t *) id, text) = '\0';
    as_findings_say(reconcile->findings, AS_DOCTOR_WRONG, "holds",
                    "find the client that writes these tables; correct the "
                    "rows as sql/schema.sql describes them, then run reconcile "
                    "again", "%s %s", text, what);
}


static void
as_reconcile_holds_end_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    as_reconcile_t  *reconcile = data;

    (void) statement;
    (void) n;

    if (columns[0] != NULL && lengths[0] == AS_UUID_LEN) {
        reconcile->more = 1;
        memcpy(reconcile->last, columns[0], AS_UUID_LEN);
    }
}


/* Finds the end of the chunk after the cursor. */
static as_db_status_e
as_reconcile_holds_end(as_db_t *db, as_reconcile_t *reconcile,
    const char *table, const char *column)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_text_printf(&sql, "SELECT MAX(c.id) FROM (SELECT %s AS id FROM %s WHERE"
                   " %s > ", column, table, column);
    as_text_sql_bytes(&sql, reconcile->cursor, AS_UUID_LEN);
    as_text_printf(&sql, " ORDER BY %s LIMIT " AS_RECONCILE_HOLDS_CHUNK ") c",
                   column);

    reconcile->more = 0;
    status = as_db_run(db, &sql, as_reconcile_holds_end_row, reconcile);
    as_text_free(&sql);

    return status;
}


/* Writes the condition of the chunk's range. */
static void
as_reconcile_holds_range(const as_reconcile_t *reconcile, const char *column,
    as_text_t *range)
{
    as_text_printf(range, "%s > ", column);
    as_text_sql_bytes(range, reconcile->cursor, AS_UUID_LEN);
    as_text_printf(range, " AND %s <= ", column);
    as_text_sql_bytes(range, reconcile->last, AS_UUID_LEN);
}


/* A line and the ledger's row of its hold, if there is one. */
static void
as_reconcile_holds_line(as_reconcile_t *reconcile, const char *const *columns,
    const unsigned long *lengths)
{
    as_sale_t      sale;
    const char    *id = columns[AS_SALE_NCOLUMNS];
    as_sale_row_t  row;

    if (!as_sale_row(&row, columns, lengths)
        || !as_sale_find(&row, (const uint8_t *) id, &sale)
        || sale.quantity != strtoll(columns[AS_SALE_NCOLUMNS + 1], NULL, 10))
    {
        as_reconcile_holds_say(reconcile, id, "is a hold with a line that the "
                               "ledger does not have, or with another "
                               "quantity");
    }
}


static void
as_reconcile_holds_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    as_reconcile_t      *reconcile = data;
    as_reconcile_sum_t  *sum;

    (void) n;

    switch (statement) {

    case AS_RECONCILE_HOLDS_SUMS:
        sum = as_reconcile_sum_get(reconcile, columns[0]);
        if (sum != NULL) {
            sum->held += strtoll(columns[1], NULL, 10);
            sum->ended += strtoll(columns[2], NULL, 10);
            sum->late += strtoll(columns[3], NULL, 10);
        }
        break;

    case AS_RECONCILE_HOLDS_LINES:
        as_reconcile_holds_line(reconcile, columns, lengths);
        break;

    case AS_RECONCILE_HOLDS_STATE:
        as_reconcile_holds_say(reconcile, columns[0], "is a hold without a "
                               "line, or whose state, expires_at, settled_at "
                               "and settled_id do not fit together");
        break;

    default:
        as_reconcile_holds_say(reconcile, columns[0], "is in stock_hold_line, "
                               "and not in stock_hold");
    }
}


static as_db_status_e
as_reconcile_holds_chunk(as_db_t *db, as_reconcile_t *reconcile)
{
    as_text_t       sql = AS_TEXT_EMPTY, h = AS_TEXT_EMPTY, l = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_reconcile_holds_range(reconcile, "h.hold_id", &h);
    as_reconcile_holds_range(reconcile, "l.hold_id", &l);

    as_text_printf(&sql, "SELECT l.product_id, SUM(IF(h.state = 'held',"
                   " l.quantity, 0)), SUM(IF(h.state IN ('released',"
                   " 'expired') AND h.settled_id >= " AS_RECONCILE_SINCE ","
                   " l.quantity, 0)), SUM(IF(h.state = 'confirmed' AND"
                   " h.settled_id >= " AS_RECONCILE_SINCE " AND "
                   AS_RECONCILE_ID("h.expires_at") " < " AS_RECONCILE_SINCE ","
                   " l.quantity, 0)) FROM stock_hold h JOIN"
                   " stock_hold_line l ON l.hold_id = h.hold_id"
                   AS_RECONCILE_JOIN("l.product_id") " WHERE %s GROUP"
                   " BY l.product_id;"
                   "SELECT " AS_SALE_COLUMNS ", k.movement_id, k.quantity FROM"
                   " (SELECT l.hold_id AS movement_id, l.product_id,"
                   " l.quantity FROM stock_hold_line l WHERE %s) k LEFT JOIN"
                   " stock_movement m ON m.movement_id = "
                   AS_RECONCILE_KEYS_ROW " AND m.product_id = k.product_id AND"
                   " m.kind = 'hold' WHERE m.movement_id IS NULL OR NOT "
                   AS_RECONCILE_KEYS_MATCH ";"
                   "SELECT h.hold_id FROM stock_hold h WHERE %s AND ((h.state ="
                   " 'held') <> (h.settled_id IS NULL) OR (h.settled_id IS"
                   " NULL) <> (h.settled_at IS NULL) OR (h.state = 'expired'"
                   " AND h.settled_at < h.expires_at) OR NOT EXISTS (SELECT 1"
                   " FROM stock_hold_line l WHERE l.hold_id = h.hold_id));"
                   "SELECT DISTINCT l.hold_id FROM stock_hold_line l LEFT JOIN"
                   " stock_hold h ON h.hold_id = l.hold_id WHERE %s AND"
                   " h.hold_id IS NULL", as_text_get(&h), as_text_get(&l),
                   as_text_get(&h), as_text_get(&l));

    status = as_db_run(db, &sql, as_reconcile_holds_row, reconcile);
    as_text_free(&sql);
    as_text_free(&h);
    as_text_free(&l);

    return status;
}


/* The pieces returned of a sale, and the ledger's rows that may have it. */
static void
as_reconcile_holds_sold(as_reconcile_t *reconcile, const char *const *columns,
    const unsigned long *lengths)
{
    int            i;
    int64_t        sold, returned;
    as_sale_t      sale;
    as_sale_row_t  row;

    for (i = 0, sold = 0; i < 2; i++) {
        if (as_sale_row(&row, columns + 3 + i * AS_SALE_NCOLUMNS,
                        lengths + 3 + i * AS_SALE_NCOLUMNS)
            && as_sale_find(&row, (const uint8_t *) columns[0], &sale))
        {
            sold = sale.quantity;
        }
    }

    returned = strtoll(columns[1], NULL, 10);

    if (returned > sold) {
        as_reconcile_holds_say(reconcile, columns[0], "is a sale of which "
                               "more pieces were returned than sold");

    } else if (strcmp(columns[2], "confirmed") != 0) {
        as_reconcile_holds_say(reconcile, columns[0], "is a hold of which "
                               "pieces were returned, and it is not confirmed");
    }
}


static void
as_reconcile_holds_return_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    as_reconcile_t      *reconcile = data;
    as_reconcile_sum_t  *sum;

    (void) n;

    switch (statement) {

    case AS_RECONCILE_HOLDS_PUT:
        sum = as_reconcile_sum_get(reconcile, columns[0]);
        if (sum != NULL) {
            sum->returned += strtoll(columns[1], NULL, 10);
        }
        break;

    case AS_RECONCILE_HOLDS_GAPS:
        as_reconcile_holds_say(reconcile, columns[0], "is a sale whose "
                               "returns do not follow one another: already is "
                               "not the sum of those before");
        break;

    default:
        as_reconcile_holds_sold(reconcile, columns, lengths);
    }
}


static as_db_status_e
as_reconcile_holds_returns(as_db_t *db, as_reconcile_t *reconcile)
{
    as_text_t       sql = AS_TEXT_EMPTY, r = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_reconcile_holds_range(reconcile, "r.sale_id", &r);

    as_text_printf(&sql, "SELECT r.product_id, SUM(IF(r.restock AND r.return_id"
                   " >= " AS_RECONCILE_SINCE ", r.quantity, 0)) FROM"
                   " stock_return r" AS_RECONCILE_JOIN("r.product_id")
                   " WHERE %s GROUP BY r.product_id;"
                   "SELECT r.sale_id FROM stock_return r LEFT JOIN"
                   " stock_return b ON b.sale_id = r.sale_id AND b.product_id ="
                   " r.product_id AND b.already + b.quantity = r.already WHERE"
                   " %s AND (r.quantity < 1 OR (r.already <> 0 AND b.sale_id"
                   " IS NULL));"
                   "SELECT k.movement_id, k.quantity, COALESCE(h.state,"
                   " 'confirmed'), " AS_SALE_COLUMNS ", o.movement_id,"
                   " o.product_id, o.quantity, o.sales, o.sale_list FROM"
                   " (SELECT r.sale_id AS movement_id, r.product_id,"
                   " SUM(r.quantity) AS quantity FROM stock_return r WHERE %s"
                   " GROUP BY r.sale_id, r.product_id) k LEFT JOIN"
                   " stock_movement m ON m.movement_id = "
                   AS_RECONCILE_KEYS_ROW " AND m.product_id = k.product_id AND"
                   " m.kind IN ('sale', 'hold') LEFT JOIN stock_movement o ON"
                   " o.movement_id = k.movement_id AND o.product_id ="
                   " k.product_id AND o.kind = 'sale' LEFT JOIN stock_hold h ON"
                   " h.hold_id = k.movement_id", as_text_get(&r),
                   as_text_get(&r), as_text_get(&r));

    status = as_db_run(db, &sql, as_reconcile_holds_return_row, reconcile);
    as_text_free(&sql);
    as_text_free(&r);

    return status;
}


/* Reads one table chunk by chunk. */
static as_db_status_e
as_reconcile_holds_table(as_db_t *db, as_reconcile_t *reconcile,
    const char *table, const char *column,
    as_db_status_e (*chunk)(as_db_t *db, as_reconcile_t *reconcile))
{
    as_db_status_e  status;

    memset(reconcile->cursor, 0, sizeof(reconcile->cursor));

    do {
        as_pace_begin(&reconcile->pace);
        status = as_reconcile_holds_end(db, reconcile, table, column);

        if (status == AS_DB_OK && reconcile->more) {
            status = chunk(db, reconcile);
            memcpy(reconcile->cursor, reconcile->last, AS_UUID_LEN);
        }

        if (status == AS_DB_OK && reconcile->more) {
            status = as_pace_wait(&reconcile->pace, db);
        }
    } while (status == AS_DB_OK && reconcile->more);

    return status;
}


as_db_status_e
as_reconcile_holds(as_db_t *db, as_reconcile_t *reconcile)
{
    as_db_status_e  status;

    status = as_reconcile_holds_table(db, reconcile, "stock_hold", "hold_id",
                                      as_reconcile_holds_chunk);

    return status == AS_DB_OK
           ? as_reconcile_holds_table(db, reconcile, "stock_return", "sale_id",
                                      as_reconcile_holds_returns)
           : status;
}
