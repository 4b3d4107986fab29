/*
 * The roll-up of the ledger.
 *
 * It selects and locks the rows to fold first.  Then it deletes exactly these
 * rows and adds their sum to the openings.  It locks no stock row: sales only
 * insert, at the other end of the table.
 *
 * The movement that settled a hold may be folded in another chunk than the
 * hold, before or after it, or without it.  To fold both together would need an
 * index over settled_id, which each hold would change twice, or the whole
 * ledger in one transaction: a release has holds of many transactions.
 * Instead, the opening's time is the time until which the ledger may be folded;
 * reconcile compares holds with their movements from then on
 * (cmd/reconcile_sum.h).
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "db/rollup.h"
#include "db/sale.h"


#define AS_ROLLUP_CHUNK  1000

/* Returns r of the sales of row m, of any product: a cart is kept or folded as
 * a whole.  as_rollup_last() has the same range. */
#define AS_ROLLUP_RETURNS                                                     \
    "r.sale_id >= m.movement_id AND r.sale_id <= " AS_SALE_LAST


typedef struct {
    uint8_t  id[AS_UUID_LEN];
    uint8_t  product_id[AS_UUID_LEN];
    int64_t  quantity;
    bool     hold;
    bool     returns;                  /* some of its sales were returned */
} as_rollup_row_t;

typedef struct {
    as_rollup_row_t  rows[AS_ROLLUP_CHUNK];
    size_t           n;
    uint8_t          last[AS_LEDGER_CURSOR_LEN];
    bool             some;
    uint64_t         looked;
} as_rollup_page_t;


static void
as_rollup_bound(as_text_t *sql, int64_t ms)
{
    uint8_t  id[AS_UUID_LEN];

    as_ledger_cursor_id(ms, id);
    as_text_sql_bytes(sql, id, AS_UUID_LEN);
}


as_db_status_e
as_rollup_first(as_db_t *db, int64_t *ms)
{
    return as_ledger_cursor_first(db, "kind <> 'opening'", ms);
}


/* Two columns: the end of the chunk and its size.  Five: a row to fold. */
static void
as_rollup_row(void *data, unsigned statement, const char *const *columns,
    const unsigned long *lengths, unsigned n)
{
    as_rollup_row_t   *row;
    as_rollup_page_t  *page = data;

    (void) statement;

    if (n == 2) {
        page->some = as_ledger_cursor_set(page->last, columns[0], lengths[0]);
        page->looked = strtoull(columns[1], NULL, 10);

    } else if (n == 5 && page->n < AS_ROLLUP_CHUNK) {
        row = &page->rows[page->n++];
        memcpy(row->id, columns[0], AS_UUID_LEN);
        memcpy(row->product_id, columns[1], AS_UUID_LEN);
        row->quantity = strtoll(columns[2], NULL, 10);
        row->hold = columns[3][0] == '1';
        row->returns = columns[4][0] == '1';
    }
}


static as_db_status_e
as_rollup_chunk(as_db_t *db, const as_rollup_t *rollup,
    as_rollup_page_t *page)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    page->n = 0;
    page->some = false;

    as_text_put(&sql, "SELECT " AS_LEDGER_CURSOR_LAST ", COUNT(*) FROM"
                " (SELECT m.movement_id, m.product_id FROM stock_movement m"
                " WHERE ");
    as_ledger_cursor_after(&sql, rollup->cursor);
    as_text_put(&sql, " AND m.movement_id < ");
    as_rollup_bound(&sql, rollup->before_ms);
    as_text_printf(&sql, " AND m.kind <> 'opening'" AS_LEDGER_CURSOR_ORDER
                   " LIMIT %d) m", AS_ROLLUP_CHUNK);

    status = as_db_run(db, &sql, as_rollup_row, page);
    as_text_free(&sql);

    return status;
}


/*
 * Appends a table l of the transactions with a key which may still be looked
 * up, among those of the chunk.  A chunk may have hundreds of thousands of
 * keys: the query reads only the index over movement_id, in its order.  The
 * keys themselves (fingerprint, product_id) are all over the table.  Keys of
 * openings and restocks do no harm: no sale has such an id.
 */
static void
as_rollup_live(as_text_t *sql, const as_rollup_t *rollup,
    const as_rollup_page_t *page)
{
    uint8_t  end[AS_UUID_LEN];

    memcpy(end, page->last, AS_UUID_LEN);
    end[AS_UUID_LEN - 2] = 0xff;
    end[AS_UUID_LEN - 1] = 0xff;

    as_text_put(sql, "(SELECT DISTINCT LEFT(k.movement_id, 14) AS id FROM"
                " stock_movement_key k WHERE k.movement_id >= ");
    as_text_sql_bytes(sql, rollup->cursor, AS_UUID_LEN);
    as_text_put(sql, " AND k.movement_id <= ");
    as_text_sql_bytes(sql, end, AS_UUID_LEN);
    as_text_put(sql, " AND k.movement_id >= ");
    as_rollup_bound(sql, rollup->keys_ms);
    as_text_put(sql, ") l");
}


/* Returns since then keep their sales. */
static int64_t
as_rollup_returns_ms(const as_rollup_t *rollup)
{
    return rollup->before_ms < rollup->keys_ms ? rollup->before_ms
                                               : rollup->keys_ms;
}


/*
 * Appends the conditions that keep holds and sales which something younger
 * refers to: an open hold; one that was settled after the horizon, or expired
 * and may still be confirmed (autostock_hold_grace is 30 days at most); a sale
 * with a return after the horizon, or whose key may still be looked up.  A
 * return is booked while its sale's row is locked: the returns are read as they
 * are after this row was locked, and not as of the start of the statement.
 */
static void
as_rollup_young(as_text_t *sql, const as_rollup_t *rollup)
{
    as_text_put(sql, " AND NOT (m.kind = 'hold' AND EXISTS (SELECT 1 FROM"
                " stock_hold h WHERE h.hold_id >= m.movement_id AND h.hold_id"
                " <= CONCAT(LEFT(m.movement_id, 14), X'bfff') AND (h.state ="
                " 'held' OR h.settled_id >= ");
    as_rollup_bound(sql, rollup->before_ms);
    as_text_put(sql, " OR (h.state = 'expired' AND h.expires_at >"
                " UTC_TIMESTAMP(6) - INTERVAL 30 DAY)))) AND NOT (m.kind IN"
                " ('sale', 'hold') AND EXISTS (SELECT 1 FROM stock_return r"
                " WHERE " AS_ROLLUP_RETURNS " AND r.return_id >= ");
    as_rollup_bound(sql, as_rollup_returns_ms(rollup));
    as_text_put(sql, rollup->dry_run ? "))" : " LOCK IN SHARE MODE))");
}


/*
 * Locks the rows that may be folded.  Excluded are: openings; transactions with
 * a sale, hold or return whose key may still be looked up; what is young;
 * restocks whose order could be booked again (it is not fulfilled, which
 * reconcile reports); movements of a product without an opening.
 */
static as_db_status_e
as_rollup_lock(as_db_t *db, const as_rollup_t *rollup,
    as_rollup_page_t *page)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_text_printf(&sql, "%sSELECT m.movement_id, m.product_id, m.quantity,"
                   " m.kind = 'hold', m.kind IN ('sale', 'hold') AND EXISTS"
                   " (SELECT 1 FROM stock_return r WHERE " AS_ROLLUP_RETURNS
                   ") FROM stock_movement m LEFT JOIN ",
                   rollup->dry_run ? "" : "START TRANSACTION;");
    as_rollup_live(&sql, rollup, page);
    as_text_put(&sql, " ON l.id = LEFT(m.movement_id, 14) WHERE ");
    as_ledger_cursor_after(&sql, rollup->cursor);
    as_text_put(&sql, " AND ");
    as_ledger_cursor_until(&sql, page->last);
    as_text_put(&sql, " AND m.kind <> 'opening' AND (m.kind NOT IN ('sale',"
                " 'hold', 'return') OR (m.idempotency_key IS NULL AND l.id IS"
                " NULL) OR m.movement_id < ");
    as_rollup_bound(&sql, rollup->keys_ms);
    as_text_put(&sql, ")");
    as_rollup_young(&sql, rollup);
    as_text_printf(&sql, " AND NOT EXISTS (SELECT 1 FROM restock_order r"
                   " WHERE r.order_id = m.order_id AND r.state <>"
                   " 'fulfilled') AND EXISTS (SELECT 1 FROM"
                   " stock_movement_key k JOIN stock_movement o ON"
                   " o.movement_id = k.movement_id WHERE k.idempotency_key ="
                   " m.product_id AND o.kind = 'opening')"
                   AS_LEDGER_CURSOR_ORDER "%s",
                   rollup->dry_run ? "" : " FOR UPDATE");

    status = as_db_run(db, &sql, as_rollup_row, page);
    as_text_free(&sql);

    return status;
}


static int
as_rollup_order(const void *a, const void *b)
{
    return memcmp(((const as_rollup_row_t *) a)->product_id,
                  ((const as_rollup_row_t *) b)->product_id, AS_UUID_LEN);
}


/* Writes "2026-11-22 00:00:00.000". */
static void
as_rollup_horizon(int64_t ms, char *text, size_t size)
{
    size_t     n;
    time_t     seconds;
    struct tm  tm;

    seconds = (time_t) (ms / 1000);
    gmtime_r(&seconds, &tm);
    n = strftime(text, size, "%Y-%m-%d %H:%M:%S", &tm);
    snprintf(text + n, size - n, ".%03d", (int) (ms % 1000));
}


/*
 * Updates the openings in one order, so that two roll-ups do not deadlock.  The
 * time of an opening becomes the horizon: its quantity is the stock at that
 * time.
 */
static void
as_rollup_openings(as_rollup_page_t *page, int64_t before_ms, as_text_t *sql)
{
    char     horizon[40];
    size_t   i;
    int64_t  sum;

    as_rollup_horizon(before_ms, horizon, sizeof(horizon));
    qsort(page->rows, page->n, sizeof(page->rows[0]), as_rollup_order);

    for (i = 0, sum = 0; i < page->n; i++) {
        sum += page->rows[i].quantity;

        if (i + 1 < page->n
            && as_rollup_order(&page->rows[i], &page->rows[i + 1]) == 0)
        {
            continue;
        }

        as_text_printf(sql, "UPDATE stock_movement SET quantity = quantity"
                       " + (%" PRId64 "), created_at = GREATEST(created_at,"
                       " CAST('%s' AS DATETIME(6))) WHERE kind = 'opening'"
                       " AND movement_id = (SELECT movement_id FROM"
                       " stock_movement_key WHERE idempotency_key = ", sum,
                       horizon);
        as_text_sql_bytes(sql, page->rows[i].product_id, AS_UUID_LEN);
        as_text_put(sql, ");");
        sum = 0;
    }
}


/* The rows as pairs of their ids, which are alone not in the primary key's
 * order for the optimizer. */
static void
as_rollup_pairs(const as_rollup_page_t *page, as_text_t *sql)
{
    size_t  i;

    as_text_put(sql, "m.movement_id IN ");

    for (i = 0; i < page->n; i++) {
        as_text_put(sql, i == 0 ? "(" : ",");
        as_text_sql_bytes(sql, page->rows[i].id, AS_UUID_LEN);
    }

    as_text_put(sql, ") AND (m.movement_id, m.product_id) IN ");

    for (i = 0; i < page->n; i++) {
        as_text_put(sql, i == 0 ? "((" : "),(");
        as_text_sql_bytes(sql, page->rows[i].id, AS_UUID_LEN);
        as_text_put(sql, ",");
        as_text_sql_bytes(sql, page->rows[i].product_id, AS_UUID_LEN);
    }

    as_text_put(sql, "))");
}


/* AS_SALE_LAST */
static void
as_rollup_last(const as_rollup_row_t *row, uint8_t last[AS_UUID_LEN])
{
    memcpy(last, row->id, AS_UUID_LEN);
    last[AS_UUID_LEN - 2] = row->hold ? 0xbf
                            : row->id[AS_UUID_LEN - 2] < 0x80 ? 0x7f : 0xff;
    last[AS_UUID_LEN - 1] = 0xff;
}


/* Appends " WHERE column ..." for the ids of the row's sales or holds. */
static void
as_rollup_range(const as_rollup_row_t *row, const char *column, as_text_t *sql)
{
    uint8_t  last[AS_UUID_LEN];

    as_rollup_last(row, last);

    as_text_printf(sql, " WHERE %s BETWEEN ", column);
    as_text_sql_bytes(sql, row->id, AS_UUID_LEN);
    as_text_put(sql, " AND ");
    as_text_sql_bytes(sql, last, AS_UUID_LEN);
}


/*
 * Deletes the lines and returns of the row's holds and sales, and holds without
 * a line.  First the holds, as all transactions lock them first.  A return that
 * came after the row was selected stays.
 */
static void
as_rollup_settled(const as_rollup_t *rollup, const as_rollup_row_t *row,
    as_text_t *sql)
{
    as_text_t  product = AS_TEXT_EMPTY;

    as_text_sql_bytes(&product, row->product_id, AS_UUID_LEN);

    if (row->hold) {
        as_text_put(sql, "DELETE h FROM stock_hold h");
        as_rollup_range(row, "h.hold_id", sql);
        as_text_printf(sql, " AND NOT EXISTS (SELECT 1 FROM stock_hold_line l"
                       " WHERE l.hold_id = h.hold_id AND l.product_id <> %s);"
                       "DELETE FROM stock_hold_line", as_text_get(&product));
        as_rollup_range(row, "hold_id", sql);
        as_text_printf(sql, " AND product_id = %s;", as_text_get(&product));
    }

    if (row->returns) {
        as_text_put(sql, "DELETE FROM stock_return");
        as_rollup_range(row, "sale_id", sql);
        as_text_printf(sql, " AND product_id = %s AND return_id < ",
                       as_text_get(&product));
        as_rollup_bound(sql, as_rollup_returns_ms(rollup));
        as_text_put(sql, ";");
    }

    as_text_free(&product);
}


static as_db_status_e
as_rollup_fold(as_db_t *db, const as_rollup_t *rollup, as_rollup_page_t *page)
{
    size_t          i;
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    for (i = 0; i < page->n; i++) {
        as_rollup_settled(rollup, &page->rows[i], &sql);
    }

    as_rollup_openings(page, rollup->before_ms, &sql);
    as_text_put(&sql, "DELETE m, k FROM stock_movement m LEFT JOIN"
                " stock_movement_key k ON k.idempotency_key ="
                " m.idempotency_key AND k.movement_id = m.movement_id WHERE ");
    as_rollup_pairs(page, &sql);
    status = as_db_run(db, &sql, NULL, NULL);
    as_text_free(&sql);

    return status;
}


as_db_status_e
as_rollup_step(as_db_t *db, as_rollup_t *rollup)
{
    as_db_status_e     status;
    as_rollup_page_t  *page;

    page = malloc(sizeof(*page));
    if (page == NULL) {
        return AS_DB_RETRY;
    }

    status = as_rollup_chunk(db, rollup, page);
    if (status != AS_DB_OK || !page->some) {
        rollup->more = false;
        goto out;
    }

    status = as_rollup_lock(db, rollup, page);

    if (status == AS_DB_OK && page->n > 0 && !rollup->dry_run) {
        status = as_rollup_fold(db, rollup, page);
    }

    /* sent separately: a Galera node may report OK for a COMMIT within a packet
     * although another node's transaction undid it */
    if (status == AS_DB_OK && !rollup->dry_run) {
        status = as_db_exec(db, "COMMIT", NULL, NULL);
    }

    if (status == AS_DB_OK) {
        rollup->more = true;
        rollup->folded += page->n;
        rollup->kept += page->looked - page->n;
        memcpy(rollup->cursor, page->last, AS_LEDGER_CURSOR_LEN);
    }

out:

    free(page);

    return status;
}
