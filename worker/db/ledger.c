/*
 * The watchdog's jobs in the ledger.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "db/ledger.h"
#include "db/ledger_cursor.h"


#define AS_LEDGER_PAGE   AS_LEDGER_OPENINGS
#define AS_LEDGER_CHUNK  1000
#define AS_LEDGER_SUMMED 500000        /* movements per statement */


typedef struct {
    uint8_t  id[AS_UUID_LEN];
    int64_t  gap;                      /* stock minus the sum of the
                                          movements */
} as_ledger_product_t;

typedef struct {
    as_ledger_product_t  products[AS_LEDGER_PAGE];
    size_t               n;
} as_ledger_page_t;

typedef struct {
    as_ledger_page_t  *page;
    uint8_t            cursor[AS_LEDGER_CURSOR_LEN];
    bool               stocks;         /* the rows are stocks, not sums */
    bool               more;
} as_ledger_look_t;


static void
as_ledger_row(void *data, unsigned statement, const char *const *columns,
    const unsigned long *lengths, unsigned n)
{
    as_ledger_page_t  *page = data;

    (void) statement;
    (void) n;

    if (columns[0] == NULL || lengths[0] != AS_UUID_LEN
        || page->n == AS_LEDGER_PAGE)
    {
        return;
    }

    memcpy(page->products[page->n].id, columns[0], AS_UUID_LEN);
    page->products[page->n++].gap = 0;
}


/*
 * Where the opening's key exists without its movement, the movement gets the id
 * that the key names.
 */
static as_db_status_e
as_ledger_open_one(as_db_t *db, const as_ledger_product_t *opening,
    as_uuid_gen_t *gen, bool *opened)
{
    uint8_t          id[AS_UUID_LEN];
    as_text_t        sql = AS_TEXT_EMPTY, product = AS_TEXT_EMPTY;
    as_db_status_e   status;
    struct timespec  now;

    clock_gettime(CLOCK_REALTIME, &now);
    as_uuid_v7(gen, (uint64_t) now.tv_sec * 1000
               + (uint64_t) now.tv_nsec / 1000000, id);

    as_text_sql_bytes(&product, opening->id, AS_UUID_LEN);
    as_text_put(&sql, "START TRANSACTION;INSERT INTO stock_movement_key"
                " (idempotency_key, movement_id, product_id) SELECT"
                " p.product_id, ");
    as_text_sql_bytes(&sql, id, AS_UUID_LEN);
    as_text_printf(&sql, ", p.product_id FROM product p LEFT JOIN"
                   " stock_movement_key k ON k.idempotency_key ="
                   " p.product_id WHERE p.product_id = %s AND"
                   " k.idempotency_key IS NULL;INSERT INTO stock_movement"
                   " (movement_id, product_id, kind, quantity,"
                   " idempotency_key) SELECT k.movement_id, p.product_id,"
                   " 'opening', %" PRId64 ", p.product_id FROM product p JOIN"
                   " stock_movement_key k ON k.idempotency_key ="
                   " p.product_id WHERE p.product_id = %s;COMMIT",
                   as_text_get(&product), opening->gap,
                   as_text_get(&product));

    status = as_db_run(db, &sql, NULL, NULL);
    *opened = status == AS_DB_OK && as_db_affected(db, 2) == 1;

    as_text_free(&sql);
    as_text_free(&product);

    return status == AS_DB_DUPLICATE ? AS_DB_OK : status;
}


/* Two columns: a product with its stock, or with its sum within a chunk.  One:
 * the chunk's end. */
static void
as_ledger_gap_row(void *data, unsigned statement, const char *const *columns,
    const unsigned long *lengths, unsigned n)
{
    size_t             i;
    int64_t            number;
    as_ledger_look_t  *look = data;

    (void) statement;

    if (n == 1) {
        look->more = as_ledger_cursor_set(look->cursor, columns[0],
                                          lengths[0]);
        return;
    }

    if (columns[0] == NULL || lengths[0] != AS_UUID_LEN) {
        return;
    }

    number = columns[1] == NULL ? 0 : strtoll(columns[1], NULL, 10);

    for (i = 0; i < look->page->n; i++) {
        if (memcmp(look->page->products[i].id, columns[0], AS_UUID_LEN) == 0)
        {
            look->page->products[i].gap += look->stocks ? number : -number;
        }
    }
}


/*
 * Reads the sums of the chunk after the cursor. more is false after the last
 * chunk.
 */
static as_db_status_e
as_ledger_gap_chunk(as_db_t *db, as_ledger_look_t *look, const char *ids)
{
    as_text_t       sql = AS_TEXT_EMPTY, chunk = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_text_put(&chunk, "(SELECT m.movement_id, m.product_id, m.quantity FROM"
                " stock_movement m WHERE ");
    as_ledger_cursor_after(&chunk, look->cursor);
    as_text_printf(&chunk, AS_LEDGER_CURSOR_ORDER " LIMIT %d) m",
                   AS_LEDGER_SUMMED);
    as_text_printf(&sql, "SELECT m.product_id, SUM(m.quantity) FROM %s WHERE"
                   " m.product_id IN %s GROUP BY m.product_id;SELECT "
                   AS_LEDGER_CURSOR_LAST " FROM %s", as_text_get(&chunk), ids,
                   as_text_get(&chunk));

    look->more = false;
    status = as_db_run(db, &sql, as_ledger_gap_row, look);
    as_text_free(&sql);
    as_text_free(&chunk);

    return status;
}


/*
 * Runs in one snapshot: stock and ledger change together, so that their
 * difference stays constant while sales continue.  It locks no row and no
 * statement takes long, however large the ledger is.
 */
static as_db_status_e
as_ledger_gaps(as_db_t *db, as_ledger_page_t *page)
{
    size_t            i;
    as_text_t         sql = AS_TEXT_EMPTY, ids = AS_TEXT_EMPTY;
    as_db_status_e    status;
    as_ledger_look_t  look;

    memset(&look, 0, sizeof(look));
    look.page = page;

    for (i = 0; i < page->n; i++) {
        as_text_put(&ids, i == 0 ? "(" : ",");
        as_text_sql_bytes(&ids, page->products[i].id, AS_UUID_LEN);
    }
    as_text_put(&ids, ")");

    as_text_printf(&sql, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;"
                   "START TRANSACTION WITH CONSISTENT SNAPSHOT;SELECT"
                   " product_id, stock FROM product WHERE product_id IN %s",
                   as_text_get(&ids));
    look.stocks = true;
    status = as_db_run(db, &sql, as_ledger_gap_row, &look);
    look.stocks = false;

    for (look.more = true; status == AS_DB_OK && look.more; ) {
        status = as_ledger_gap_chunk(db, &look, as_text_get(&ids));
    }

    if (status == AS_DB_OK) {
        status = as_db_exec(db, "COMMIT", NULL, NULL);
    }

    as_text_free(&sql);
    as_text_free(&ids);

    return status;
}


as_db_status_e
as_ledger_open(as_db_t *db, as_uuid_gen_t *gen, size_t *opened)
{
    bool              done;
    size_t            i;
    as_text_t         sql = AS_TEXT_EMPTY;
    as_db_status_e    status;
    as_ledger_page_t  page;

    page.n = 0;
    *opened = 0;

    as_text_printf(&sql, "SELECT p.product_id FROM product p LEFT JOIN"
                   " stock_movement_key k ON k.idempotency_key ="
                   " p.product_id LEFT JOIN stock_movement m ON"
                   " m.movement_id = k.movement_id WHERE m.movement_id"
                   " IS NULL LIMIT %d", AS_LEDGER_PAGE);
    status = as_db_run(db, &sql, as_ledger_row, &page);
    as_text_free(&sql);

    if (status == AS_DB_OK && page.n > 0) {
        status = as_ledger_gaps(db, &page);
    }

    for (i = 0; status == AS_DB_OK && i < page.n; i++) {
        status = as_ledger_open_one(db, &page.products[i], gen, &done);
        *opened += done;
    }

    return status;
}


/* Finds the last key of the chunk after the cursor, by its movement. */
static as_db_status_e
as_ledger_chunk(as_db_t *db, const uint8_t *cursor, const uint8_t *end,
    as_ledger_page_t *page)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    page->n = 0;
    as_text_put(&sql, "SELECT MAX(c.movement_id) FROM (SELECT movement_id"
                " FROM stock_movement_key WHERE movement_id > ");
    as_text_sql_bytes(&sql, cursor, AS_UUID_LEN);
    as_text_put(&sql, " AND movement_id < ");
    as_text_sql_bytes(&sql, end, AS_UUID_LEN);
    as_text_printf(&sql, " ORDER BY movement_id LIMIT %d) c",
                   AS_LEDGER_CHUNK);

    status = as_db_run(db, &sql, as_ledger_row, page);
    as_text_free(&sql);

    return status;
}


/*
 * Removes the keys of the chunk's sales, in a transaction that stays open:
 * those with a fingerprint, and those of before 0.2.0, whose movement has the
 * key, too.  They are locked first and in order, so that two watchdogs wait for
 * each other and do not deadlock.
 */
static as_db_status_e
as_ledger_clear(as_db_t *db, const uint8_t *cursor, const uint8_t *last,
    uint64_t *forgotten)
{
    as_text_t       sql = AS_TEXT_EMPTY, range = AS_TEXT_EMPTY;
    as_db_status_e  status;

    static const char  old[] = "stock_movement_key k STRAIGHT_JOIN"
        " stock_movement m ON m.movement_id = k.movement_id AND m.product_id"
        " = k.product_id AND m.kind = 'sale'";

    as_text_put(&range, "k.movement_id > ");
    as_text_sql_bytes(&range, cursor, AS_UUID_LEN);
    as_text_put(&range, " AND k.movement_id <= ");
    as_text_sql_bytes(&range, last, AS_UUID_LEN);
    as_text_put(&range, " AND k.fingerprint IS ");

    as_text_printf(&sql, "START TRANSACTION;SELECT COUNT(*) FROM"
                   " stock_movement_key k WHERE %sNOT NULL FOR UPDATE;SELECT"
                   " COUNT(*) FROM %s WHERE %sNULL FOR UPDATE;UPDATE %s SET"
                   " m.idempotency_key = NULL, m.fingerprint = NULL WHERE"
                   " %sNULL;DELETE k FROM %s WHERE %sNULL;DELETE k FROM"
                   " stock_movement_key k WHERE %sNOT NULL",
                   as_text_get(&range), old, as_text_get(&range), old,
                   as_text_get(&range), old, as_text_get(&range),
                   as_text_get(&range));

    status = as_db_run(db, &sql, NULL, NULL);
    *forgotten = status == AS_DB_OK
                 ? as_db_affected(db, 4) + as_db_affected(db, 5) : 0;
    as_text_free(&sql);
    as_text_free(&range);

    return status;
}


as_db_status_e
as_ledger_forget(as_db_t *db, uint8_t cursor[AS_UUID_LEN], int64_t before_ms,
    bool *more, uint64_t *forgotten)
{
    uint64_t          n;
    uint8_t           end[AS_UUID_LEN];
    as_db_status_e    status;
    as_ledger_page_t  page;

    *more = false;
    *forgotten = 0;

    as_ledger_cursor_id(before_ms, end);
    status = as_ledger_chunk(db, cursor, end, &page);
    if (status != AS_DB_OK || page.n == 0) {
        return status;
    }

    status = as_ledger_clear(db, cursor, page.products[0].id, &n);

    /* sent separately: a Galera node may report OK for a COMMIT within a packet
     * although another node's transaction undid it */
    if (status == AS_DB_OK) {
        status = as_db_exec(db, "COMMIT", NULL, NULL);
    }

    if (status == AS_DB_OK) {
        *forgotten = n;
        *more = true;
        memcpy(cursor, page.products[0].id, AS_UUID_LEN);
    }

    return status;
}
