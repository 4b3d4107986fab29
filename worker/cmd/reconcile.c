/*
 * The checks of reconcile: the ledger.
 */

#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/reconcile.h"


#define AS_RECONCILE_CHUNK  "20000"
#define AS_RECONCILE_PAGE   "1000"


typedef struct {
    uint8_t  product_id[AS_UUID_LEN];
    int64_t  sum;
    int      opening;
    int      known;                    /* the product exists */
} as_reconcile_sum_t;


static int
as_reconcile_compare(const void *a, const void *b)
{
    return memcmp(((const as_reconcile_sum_t *) a)->product_id,
                  ((const as_reconcile_sum_t *) b)->product_id, AS_UUID_LEN);
}


/*
 * The product's sum so far, created where there is none.  NULL: memory is out.
 */
static as_reconcile_sum_t *
as_reconcile_sum(as_reconcile_t *reconcile, const char *product_id)
{
    as_reconcile_sum_t  *sum, **found;

    sum = calloc(1, sizeof(*sum));
    if (sum == NULL) {
        reconcile->failed = 1;
        return NULL;
    }

    memcpy(sum->product_id, product_id, AS_UUID_LEN);
    found = tsearch(sum, &reconcile->sums, as_reconcile_compare);

    if (found == NULL || *found != sum) {
        free(sum);
    }

    reconcile->failed |= found == NULL;

    return found == NULL ? NULL : *found;
}


/*
 * Reports a value that differs between stock_movement and stock_movement_key.
 */
static void
as_reconcile_key(as_reconcile_t *reconcile, const char *movement_id,
    const char *what)
{
    char  id[AS_UUID_TEXT_LEN + 1];

    *as_uuid_text((const uint8_t *) movement_id, id) = '\0';
    as_findings_say(reconcile->findings, AS_DOCTOR_WRONG, "key",
                    "find the client that writes these tables; sql/schema.sql "
                    "adds missing keys to stock_movement_key; delete keys "
                    "without a movement; set the key of a movement to NULL if "
                    "the key belongs to another movement",
                    "movement %s %s", id, what);
}


/* Three columns: a product's sum within the chunk, and whether its opening is
 * in it.  Two: the end of the chunk.  Five: a receipt without its order.  One:
 * a movement without its key. */
static void
as_reconcile_chunk_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    char                 order[AS_UUID_TEXT_LEN + 1];
    as_reconcile_t      *reconcile = data;
    as_reconcile_sum_t  *sum;

    (void) statement;

    if (n == 1 && lengths[0] == AS_UUID_LEN) {
        as_reconcile_key(reconcile, columns[0],
                         "has a key that is not in stock_movement_key: it "
                         "could be booked twice");

    } else if (n == 2 && columns[0] != NULL && lengths[0] == AS_UUID_LEN) {
        reconcile->more = 1;
        reconcile->movements += strtoull(columns[1], NULL, 10);
        memcpy(reconcile->cursor, columns[0], AS_UUID_LEN);

    } else if (n == 3 && lengths[0] == AS_UUID_LEN) {
        sum = as_reconcile_sum(reconcile, columns[0]);
        if (sum != NULL) {
            sum->sum += strtoll(columns[1], NULL, 10);
            sum->opening |= columns[2][0] != '0';
        }

    } else if (n == 5) {
        strcpy(order, "without id");
        if (columns[0] != NULL && lengths[0] == AS_UUID_LEN) {
            *as_uuid_text((const uint8_t *) columns[0], order) = '\0';
        }

        as_findings_say(reconcile->findings, AS_DOCTOR_WRONG, "receipt",
            columns[3] == NULL
            ? "the order was deleted, or the receipt was written by hand: if "
              "the goods arrived, keep it; otherwise count, and stock set SKU N"
            : "compare both with orders show ORDER; if the goods arrived, set "
              "the order to fulfilled, with received; otherwise count, and "
              "stock set SKU N",
            "%s pieces were booked for order %s, which is %s%s%s",
            columns[1], order, columns[3] == NULL ? "missing" : columns[3],
            columns[4] == NULL ? "" : " with a received count of ",
            columns[4] == NULL ? "" : columns[4]);
    }
}


/* All statements use the same snapshot and the range after the cursor. */
static as_db_status_e
as_reconcile_chunk(as_db_t *db, as_reconcile_t *reconcile)
{
    as_text_t       sql = AS_TEXT_EMPTY, range = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_text_put(&range, "(SELECT movement_id, product_id, kind, quantity,"
                " idempotency_key, order_id FROM stock_movement WHERE"
                " movement_id > ");
    as_text_sql_bytes(&range, reconcile->cursor, AS_UUID_LEN);
    as_text_put(&range,
                " ORDER BY movement_id LIMIT " AS_RECONCILE_CHUNK ") m");

    as_text_printf(&sql, "SELECT m.product_id, SUM(m.quantity), SUM(m.kind ="
                   " 'opening' AND m.idempotency_key = m.product_id) FROM %s"
                   " GROUP BY m.product_id;SELECT m.order_id, m.quantity,"
                   " NULL, o.state, IF(o.state = 'fulfilled', o.received,"
                   " NULL) FROM %s LEFT JOIN restock_order o ON o.order_id ="
                   " m.order_id WHERE m.kind = 'restock' AND (o.order_id IS"
                   " NULL OR o.state <> 'fulfilled' OR m.idempotency_key IS"
                   " NULL OR m.idempotency_key <> m.order_id);"
                   "SELECT m.movement_id FROM %s LEFT JOIN"
                   " stock_movement_key k ON k.idempotency_key ="
                   " m.idempotency_key AND k.movement_id = m.movement_id"
                   " WHERE m.idempotency_key IS NOT NULL AND k.movement_id"
                   " IS NULL;"
                   "SELECT MAX(m.movement_id), COUNT(*) FROM %s",
                   as_text_get(&range), as_text_get(&range),
                   as_text_get(&range), as_text_get(&range));

    reconcile->more = 0;
    status = as_db_run(db, &sql, as_reconcile_chunk_row, reconcile);
    as_text_free(&sql);
    as_text_free(&range);

    return status;
}


/* One column: a key without its movement.  Two: the end of the chunk. */
static void
as_reconcile_keys_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    as_reconcile_t  *reconcile = data;

    (void) statement;

    if (n == 1 && lengths[0] == AS_UUID_LEN) {
        as_reconcile_key(reconcile, columns[0],
                         "is missing or has another key, but "
                         "stock_movement_key has its key");

    } else if (n == 2 && columns[0] != NULL && lengths[0] == AS_UUID_LEN) {
        reconcile->more = 1;
        memcpy(reconcile->cursor, columns[0], AS_UUID_LEN);
    }
}


static as_db_status_e
as_reconcile_keys(as_db_t *db, as_reconcile_t *reconcile)
{
    as_text_t       sql = AS_TEXT_EMPTY, range = AS_TEXT_EMPTY;
    as_db_status_e  status;

    memset(reconcile->cursor, 0, AS_UUID_LEN);

    do {
        as_text_clear(&sql);
        as_text_clear(&range);
        as_text_put(&range, "(SELECT idempotency_key, movement_id FROM"
                    " stock_movement_key WHERE idempotency_key > ");
        as_text_sql_bytes(&range, reconcile->cursor, AS_UUID_LEN);
        as_text_put(&range, " ORDER BY idempotency_key LIMIT "
                    AS_RECONCILE_CHUNK ") k");

        as_text_printf(&sql, "SELECT k.movement_id FROM %s LEFT JOIN"
                       " stock_movement m ON m.movement_id = k.movement_id"
                       " AND m.idempotency_key = k.idempotency_key"
                       " WHERE m.movement_id IS NULL;SELECT"
                       " MAX(k.idempotency_key), COUNT(*) FROM %s",
                       as_text_get(&range), as_text_get(&range));
        reconcile->more = 0;
        status = as_db_run(db, &sql, as_reconcile_keys_row, reconcile);
    } while (status == AS_DB_OK && reconcile->more);

    as_text_free(&sql);
    as_text_free(&range);

    return status;
}


static int
as_reconcile_gap(as_reconcile_t *reconcile, const uint8_t *product_id,
    int64_t quantity)
{
    void  *more;

    more = realloc(reconcile->gaps,
                   (reconcile->ngaps + 1) * sizeof(reconcile->gaps[0]));
    if (more == NULL) {
        return -1;
    }

    reconcile->gaps = more;
    reconcile->gaps[reconcile->ngaps].quantity = quantity;
    memcpy(reconcile->gaps[reconcile->ngaps++].product_id, product_id,
           AS_UUID_LEN);

    return 0;
}


/* A product: id, SKU, stock. */
static void
as_reconcile_product_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    int64_t              stock;
    as_reconcile_t      *reconcile = data;
    as_reconcile_sum_t  *sum;

    (void) statement;

    if (n != 3 || lengths[0] != AS_UUID_LEN
        || (sum = as_reconcile_sum(reconcile, columns[0])) == NULL)
    {
        return;
    }

    reconcile->more = 1;
    reconcile->products++;
    memcpy(reconcile->cursor, columns[0], AS_UUID_LEN);

    stock = strtoll(columns[2], NULL, 10);
    sum->known = 1;

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
                                              stock - sum->sum);
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
        as_text_put(&sql, "SELECT product_id, sku, stock FROM product WHERE"
                    " product_id > ");
        as_text_sql_bytes(&sql, reconcile->cursor, AS_UUID_LEN);
        as_text_put(&sql, " ORDER BY product_id LIMIT " AS_RECONCILE_PAGE);
        reconcile->more = 0;
        status = as_db_run(db, &sql, as_reconcile_product_row, reconcile);
    } while (status == AS_DB_OK && reconcile->more);

    as_text_free(&sql);

    return status;
}


static void
as_reconcile_orphan(const void *node, VISIT visit, void *data)
{
    char                       product[AS_UUID_TEXT_LEN + 1];
    as_reconcile_t            *reconcile = data;
    const as_reconcile_sum_t  *sum = *(as_reconcile_sum_t *const *) node;

    if ((visit != postorder && visit != leaf) || sum->known) {
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

    memset(reconcile->cursor, 0, AS_UUID_LEN);
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
        status = as_reconcile_products(db, reconcile);
    }

    if (status == AS_DB_OK) {
        status = as_db_exec(db, "COMMIT", NULL, NULL);
        twalk_r(reconcile->sums, as_reconcile_orphan, reconcile);
    }

    if (status == AS_DB_OK && reconcile->failed) {
        status = AS_DB_ERROR;
    }

    tdestroy(reconcile->sums, free);
    reconcile->sums = NULL;
    as_progress_end(reconcile->progress);

    return status;
}
