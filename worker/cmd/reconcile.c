/*
 * The checks of reconcile: the ledger.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/reconcile_holds.h"
#include "cmd/reconcile_keys.h"
#include "cmd/reconcile_sum.h"
#include "db/sale.h"


#define AS_RECONCILE_CHUNK  "20000"
#define AS_RECONCILE_PAGE   "1000"

/* statements of a chunk's packet */
#define AS_RECONCILE_SUMS      0
#define AS_RECONCILE_RECEIPTS  1
#define AS_RECONCILE_KEYLESS   2
#define AS_RECONCILE_HOLDLESS  3



/* A product's sum within the chunk, and whether its opening is in it. */
static void
as_reconcile_sums_row(as_reconcile_t *reconcile, const char *const *columns)
{
    as_reconcile_sum_t  *sum;

    sum = as_reconcile_sum_get(reconcile, columns[0]);

    if (sum != NULL) {
        sum->sum += strtoll(columns[1], NULL, 10);
        sum->opening |= columns[2][0] != '0';
        sum->back += strtoll(columns[3], NULL, 10);
        sum->put += strtoll(columns[4], NULL, 10);
    }
}


/* A receipt without its order. */
static void
as_reconcile_receipt_row(as_reconcile_t *reconcile, const char *const *columns,
    const unsigned long *lengths)
{
    char  order[AS_UUID_TEXT_LEN + 1];

    strcpy(order, "without id");
    if (columns[0] != NULL && lengths[0] == AS_UUID_LEN) {
        *as_uuid_text((const uint8_t *) columns[0], order) = '\0';
    }

    as_findings_say(reconcile->findings, AS_DOCTOR_WRONG, "receipt",
        columns[2] == NULL
        ? "the order was deleted, or the receipt was written by hand: if the "
          "goods arrived, keep it; otherwise count, and stock set SKU N"
        : "compare both with orders show ORDER; if the goods arrived, set the "
          "order to fulfilled, with received; otherwise count, and stock set "
          "SKU N",
        "%s pieces were booked for order %s, which is %s%s%s", columns[1],
        order, columns[2] == NULL ? "missing" : columns[2],
        columns[3] == NULL ? "" : " with a received count of ",
        columns[3] == NULL ? "" : columns[3]);
}


/* A row of several sales, or of a positive quantity. */
static void
as_reconcile_sales_row(as_reconcile_t *reconcile, const char *const *columns,
    const unsigned long *lengths)
{
    char           id[AS_UUID_TEXT_LEN + 1], product[AS_UUID_TEXT_LEN + 1];
    const char    *wrong;
    as_sale_row_t  row;

    if (!as_sale_row(&row, columns, lengths)
        || (wrong = as_sale_wrong(&row)) == NULL)
    {
        return;
    }

    *as_uuid_text(row.movement_id, id) = '\0';
    *as_uuid_text(row.product_id, product) = '\0';
    as_findings_say(reconcile->findings, AS_DOCTOR_WRONG, "sales",
                    "find the client that writes this table, and what was "
                    "sold; correct quantity, sales and sale_list as "
                    "sql/schema.sql describes them, then run reconcile "
                    "again",
                    "movement %s of product %s %s", id, product, wrong);
}


static void
as_reconcile_chunk_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    as_reconcile_t  *reconcile = data;

    (void) n;

    switch (statement) {

    case AS_RECONCILE_SUMS:
        as_reconcile_sums_row(reconcile, columns);
        break;

    case AS_RECONCILE_RECEIPTS:
        as_reconcile_receipt_row(reconcile, columns, lengths);
        break;

    case AS_RECONCILE_KEYLESS:
        as_reconcile_keys_say(reconcile, columns[0], "has a key that is not in "
                              "stock_movement_key: it could be booked twice");
        break;

    case AS_RECONCILE_HOLDLESS:
        as_reconcile_holds_say(reconcile, columns[0], "is a movement of holds, "
                               "and stock_hold_line has another number of "
                               "them");
        break;

    default:
        as_reconcile_sales_row(reconcile, columns, lengths);
    }
}


/* The chunk's end and its size. */
static void
as_reconcile_end_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    as_reconcile_t  *reconcile = data;

    (void) statement;
    (void) n;

    reconcile->more = as_ledger_cursor_set(reconcile->last, columns[0],
                                           lengths[0]);
    reconcile->movements += strtoull(columns[1], NULL, 10);
}


/* Finds the end of the chunk after the cursor. */
static as_db_status_e
as_reconcile_end(as_db_t *db, as_reconcile_t *reconcile)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_text_put(&sql, "SELECT " AS_LEDGER_CURSOR_LAST ", COUNT(*) FROM"
                " (SELECT m.movement_id, m.product_id FROM stock_movement m"
                " WHERE ");
    as_ledger_cursor_after(&sql, reconcile->cursor);
    as_text_put(&sql, AS_LEDGER_CURSOR_ORDER " LIMIT " AS_RECONCILE_CHUNK
                ") m");

    reconcile->more = 0;
    status = as_db_run(db, &sql, as_reconcile_end_row, reconcile);
    as_text_free(&sql);

    return status;
}


/* All statements use the same snapshot and the same range. */
static as_db_status_e
as_reconcile_range(as_db_t *db, as_reconcile_t *reconcile)
{
    as_text_t       sql = AS_TEXT_EMPTY, range = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_ledger_cursor_after(&range, reconcile->cursor);
    as_text_put(&range, " AND ");
    as_ledger_cursor_until(&range, reconcile->last);

    as_text_printf(&sql, "SELECT m.product_id, SUM(m.quantity), SUM(m.kind ="
                   " 'opening' AND m.idempotency_key = m.product_id), SUM(IF("
                   "m.kind IN ('confirm', 'release') AND "
                   AS_RECONCILE_YOUNG ", m.quantity, 0)), SUM(IF(m.kind ="
                   " 'return' AND " AS_RECONCILE_YOUNG ", m.quantity, 0)) FROM"
                   " stock_movement m WHERE %s GROUP BY m.product_id;"
                   "SELECT m.order_id, m.quantity, o.state, IF(o.state ="
                   " 'fulfilled', o.received, NULL) FROM stock_movement m"
                   " LEFT JOIN restock_order o ON o.order_id = m.order_id"
                   " WHERE %s AND m.kind = 'restock' AND (o.order_id IS NULL"
                   " OR o.state <> 'fulfilled' OR m.idempotency_key IS NULL"
                   " OR m.idempotency_key <> m.order_id);"
                   "SELECT m.movement_id FROM stock_movement m LEFT JOIN"
                   " stock_movement_key k ON k.idempotency_key ="
                   " m.idempotency_key AND k.movement_id = m.movement_id"
                   " WHERE %s AND m.idempotency_key IS NOT NULL AND"
                   " k.movement_id IS NULL;"
                   "SELECT m.movement_id FROM stock_movement m WHERE %s AND"
                   " m.kind = 'hold' AND m.quantity <> 0 AND m.sales <>"
                   " (SELECT COUNT(*) FROM stock_hold_line l WHERE l.hold_id"
                   " >= m.movement_id AND l.hold_id <= CONCAT("
                   "LEFT(m.movement_id, 14), X'bfff') AND l.product_id ="
                   " m.product_id);"
                   "SELECT " AS_SALE_COLUMNS " FROM stock_movement m WHERE %s"
                   " AND m.kind IN ('sale', 'hold') AND (m.sale_list IS NOT"
                   " NULL OR m.sales <> 1 OR m.quantity > 0)",
                   as_text_get(&range), as_text_get(&range),
                   as_text_get(&range), as_text_get(&range),
                   as_text_get(&range));

    status = as_db_run(db, &sql, as_reconcile_chunk_row, reconcile);
    as_text_free(&sql);
    as_text_free(&range);

    return status;
}


static as_db_status_e
as_reconcile_chunk(as_db_t *db, as_reconcile_t *reconcile)
{
    as_db_status_e  status;

    as_pace_begin(&reconcile->pace);
    status = as_reconcile_end(db, reconcile);

    if (status == AS_DB_OK && reconcile->more) {
        status = as_reconcile_range(db, reconcile);
        memcpy(reconcile->cursor, reconcile->last, sizeof(reconcile->cursor));
    }

    return status == AS_DB_OK && reconcile->more
           ? as_pace_wait(&reconcile->pace, db) : status;
}


static int
as_reconcile_gap(as_reconcile_t *reconcile, const uint8_t *product_id,
    int64_t quantity, bool held)
{
    void  *more;

    more = realloc(reconcile->gaps,
                   (reconcile->ngaps + 1) * sizeof(reconcile->gaps[0]));
    if (more == NULL) {
        return -1;
    }

    reconcile->gaps = more;
    reconcile->gaps[reconcile->ngaps].quantity = quantity;
    reconcile->gaps[reconcile->ngaps].held = held;
    memcpy(reconcile->gaps[reconcile->ngaps++].product_id, product_id,
           AS_UUID_LEN);

    return 0;
}


/* Reports a product whose movements differ from its holds and returns.  A hold
 * that was confirmed after it had expired took the released pieces again, and
 * that movement may be folded. */
static void
as_reconcile_given_back(as_reconcile_t *reconcile,
    const as_reconcile_sum_t *sum, const char *sku)
{
    bool  less = sum->back < sum->ended;

    if (sum->back > sum->ended || sum->back < sum->ended - sum->late) {
        as_findings_say(reconcile->findings,
                        less ? AS_DOCTOR_WARNING : AS_DOCTOR_WRONG, "holds",
                        less ? "nothing, if the product was deleted and "
                        "inserted again while pieces were held; otherwise "
                        "count, and stock set SKU N"
                        : "count, and stock set SKU N",
                        "of %s %" PRId64 " pieces of holds were given back, "
                        "%" PRId64 " were released or expired", sku, sum->back,
                        sum->ended);
    }

    if (sum->put != sum->returned) {
        as_findings_say(reconcile->findings, AS_DOCTOR_WRONG, "returns",
                        "count, and stock set SKU N",
                        "of %s %" PRId64 " returned pieces were put back, the "
                        "returns have %" PRId64, sku, sum->put, sum->returned);
    }
}


/* A product's held pieces. */
static void
as_reconcile_held(as_reconcile_t *reconcile, const as_reconcile_sum_t *sum,
    const char *sku, int64_t held)
{
    if (held != sum->held) {
        as_findings_say(reconcile->findings, AS_DOCTOR_WRONG, "held",
                        "autostock-worker reconcile --adjust",
                        "%s has %" PRId64 " held pieces, its open holds have %"
                        PRId64, sku, held, sum->held);
        reconcile->failed |= as_reconcile_gap(reconcile, sum->product_id,
                                              sum->held - held, true);
    }
}


/* A product: id, SKU, stock, held. */
static void
as_reconcile_product_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    int64_t              stock;
    as_reconcile_t      *reconcile = data;
    as_reconcile_sum_t  *sum;

    (void) statement;

    if (n != 4 || lengths[0] != AS_UUID_LEN
        || (sum = as_reconcile_sum_get(reconcile, columns[0])) == NULL)
    {
        return;
    }

    reconcile->more = 1;
    reconcile->products++;
    memcpy(reconcile->cursor, columns[0], AS_UUID_LEN);

    stock = strtoll(columns[2], NULL, 10);
    sum->known = 1;
    as_reconcile_held(reconcile, sum, columns[1],
                      strtoll(columns[3], NULL, 10));
    as_reconcile_given_back(reconcile, sum, columns[1]);

    if (stock < 0) {
        as_findings_say(reconcile->findings, AS_DOCTOR_WRONG, "negative-stock",
                        "count, and stock set SKU N; run sql/schema.sql, "
                        "whose CHECK forbids it", "%s has a stock of %"
                        PRId64, columns[1], stock);
    }

    if (!sum->opening) {
        as_findings_say(reconcile->findings, AS_DOCTOR_WARNING, "opening",
                        "autostock-worker run writes it; or run "
                        "sql/trigger.sql, so that new products have one",
                        "%s has no opening movement", columns[1]);
        return;
    }

    if (stock != sum->sum) {
        as_findings_say(reconcile->findings, AS_DOCTOR_WRONG, "stock",
                        "autostock-worker reconcile --adjust, if the stock is "
                        "correct; otherwise count, and stock set SKU N after "
                        "it", "%s has a stock of %" PRId64 ", the sum "
                        "of its movements is %" PRId64, columns[1], stock,
                        sum->sum);
        reconcile->failed |= as_reconcile_gap(reconcile, sum->product_id,
                                              stock - sum->sum, false);
    }
}


static as_db_status_e
as_reconcile_products(as_db_t *db, as_reconcile_t *reconcile)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    memset(reconcile->cursor, 0, AS_UUID_LEN);

    do {
        as_text_clear(&sql);
        as_text_put(&sql, "SELECT product_id, sku, stock, held FROM product"
                    " WHERE product_id > ");
        as_text_sql_bytes(&sql, reconcile->cursor, AS_UUID_LEN);
        as_text_put(&sql, " ORDER BY product_id LIMIT " AS_RECONCILE_PAGE);
        reconcile->more = 0;
        status = as_db_run(db, &sql, as_reconcile_product_row, reconcile);
    } while (status == AS_DB_OK && reconcile->more);

    as_text_free(&sql);

    return status;
}


static void
as_reconcile_orphan(as_reconcile_t *reconcile, const as_reconcile_sum_t *sum)
{
    char  product[AS_UUID_TEXT_LEN + 1];

    if (sum->known) {
        return;
    }

    *as_uuid_text(sum->product_id, product) = '\0';
    as_findings_say(reconcile->findings, AS_DOCTOR_WARNING, "orphan",
                    "nothing, if the product was deleted on purpose",
                    "the ledger has movements of a product that does not "
                    "exist, %s", product);
}


as_db_status_e
as_reconcile_ledger(as_db_t *db, as_reconcile_t *reconcile)
{
    as_db_status_e  status;

    as_pace_init(&reconcile->pace, true);
    memset(reconcile->cursor, 0, sizeof(reconcile->cursor));
    reconcile->movements = 0;
    reconcile->products = 0;
    reconcile->sums = NULL;

    status = as_db_exec(db, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;"
                        "START TRANSACTION WITH CONSISTENT SNAPSHOT", NULL,
                        NULL);

    for (reconcile->more = 1; status == AS_DB_OK && reconcile->more; ) {
        status = as_reconcile_chunk(db, reconcile);
        as_progress_to(reconcile->progress, 0, 0, reconcile->movements);
    }

    if (status == AS_DB_OK) {
        status = as_reconcile_keys(db, reconcile);
    }

    if (status == AS_DB_OK) {
        status = as_reconcile_holds(db, reconcile);
    }

    if (status == AS_DB_OK) {
        status = as_reconcile_products(db, reconcile);
    }

    if (status == AS_DB_OK) {
        status = as_db_exec(db, "COMMIT", NULL, NULL);
        as_reconcile_sum_each(reconcile, as_reconcile_orphan);
    }

    if (status == AS_DB_OK && reconcile->failed) {
        status = AS_DB_ERROR;
    }

    as_reconcile_sum_free(reconcile);
    as_progress_end(reconcile->progress);

    return status;
}
