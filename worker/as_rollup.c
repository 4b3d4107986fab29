/*
 * The ledger rolled up.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "as_rollup.h"


typedef struct {
    uint8_t  product_id[AS_UUID_LEN];
    int64_t  sum;
} as_rollup_sum_t;


/* The least version 7 id of a time (RFC 9562, section 5.7). */
static void
as_rollup_id(uint8_t id[AS_UUID_LEN], int64_t ms)
{
    int  i;

    memset(id, 0, AS_UUID_LEN);
    for (i = 0; i < 6; i++) {
        id[i] = (uint8_t) (ms >> (40 - 8 * i));
    }
}


void
as_rollup_begin(as_rollup_t *rollup, int64_t before_ms,
    int64_t keys_before_ms)
{
    memset(rollup, 0, sizeof(*rollup));
    as_rollup_id(rollup->end, before_ms);
    as_rollup_id(rollup->keys_end, keys_before_ms);
}


/* Two columns: where the chunk ends, and its rows.  Three: a product's sum. */
static void
as_rollup_row(void *data, unsigned statement, const char *const *columns,
    const unsigned long *lengths, unsigned n)
{
    as_rollup_t      *rollup = data;
    as_rollup_sum_t  *sums;

    (void) statement;

    if (n == 2 && columns[0] != NULL && lengths[0] == AS_UUID_LEN) {
        memcpy(rollup->last, columns[0], AS_UUID_LEN);
        rollup->read = strtoull(columns[1], NULL, 10);

    } else if (n == 3 && rollup->sums != NULL
               && rollup->nsums < AS_ROLLUP_CHUNK)
    {
        sums = rollup->sums;
        memcpy(sums[rollup->nsums].product_id, columns[0], AS_UUID_LEN);
        sums[rollup->nsums++].sum = strtoll(columns[1], NULL, 10);
    }
}


static as_db_status_e
as_rollup_bound(as_db_t *db, as_rollup_t *rollup)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    rollup->read = 0;
    as_text_put(&sql, "SELECT MAX(c.movement_id), COUNT(*) FROM (SELECT"
                " movement_id FROM stock_movement WHERE movement_id > ");
    as_text_sql_bytes(&sql, rollup->cursor, AS_UUID_LEN);
    as_text_put(&sql, " AND movement_id < ");
    as_text_sql_bytes(&sql, rollup->end, AS_UUID_LEN);
    as_text_printf(&sql, " ORDER BY movement_id LIMIT %d) c",
                   AS_ROLLUP_CHUNK);

    status = as_db_run(db, &sql, as_rollup_row, rollup);
    as_text_free(&sql);

    return status;
}


/*
 * What can be rolled up in the chunk.  Sums and DELETE see the same rows:
 * both lock them, and no sale touches old movements.
 */
static void
as_rollup_where(const as_rollup_t *rollup, as_text_t *sql)
{
    as_text_put(sql, " m.movement_id > ");
    as_text_sql_bytes(sql, rollup->cursor, AS_UUID_LEN);
    as_text_put(sql, " AND m.movement_id <= ");
    as_text_sql_bytes(sql, rollup->last, AS_UUID_LEN);
    as_text_put(sql, " AND m.kind IN ('sale', 'adjustment')"
                " AND (m.idempotency_key IS NULL OR m.movement_id < ");
    as_text_sql_bytes(sql, rollup->keys_end, AS_UUID_LEN);
    as_text_put(sql, ")");
}


static as_db_status_e
as_rollup_sums(as_db_t *db, as_rollup_t *rollup)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    rollup->nsums = 0;
    as_text_put(&sql, "START TRANSACTION;SELECT m.product_id,"
                " SUM(m.quantity), 0 FROM stock_movement m JOIN"
                " stock_movement o ON o.idempotency_key = m.product_id"
                " AND o.kind = 'opening' WHERE");
    as_rollup_where(rollup, &sql);
    as_text_put(&sql, " GROUP BY m.product_id ORDER BY m.product_id"
                " FOR UPDATE");

    status = as_db_run(db, &sql, as_rollup_row, rollup);
    as_text_free(&sql);

    return status;
}


static as_db_status_e
as_rollup_write(as_db_t *db, as_rollup_t *rollup)
{
    size_t            i;
    as_text_t         sql = AS_TEXT_EMPTY;
    as_db_status_e    status;
    as_rollup_sum_t  *sums = rollup->sums;

    as_text_put(&sql, "DELETE m FROM stock_movement m WHERE");
    as_rollup_where(rollup, &sql);
    as_text_put(&sql, " AND m.product_id IN (NULL");
    for (i = 0; i < rollup->nsums; i++) {
        as_text_put(&sql, ",");
        as_text_sql_bytes(&sql, sums[i].product_id, AS_UUID_LEN);
    }
    as_text_put(&sql, ")");

    for (i = 0; i < rollup->nsums; i++) {
        as_text_printf(&sql, ";UPDATE stock_movement SET quantity ="
                       " quantity + %" PRId64 " WHERE kind = 'opening' AND"
                       " idempotency_key = ", sums[i].sum);
        as_text_sql_bytes(&sql, sums[i].product_id, AS_UUID_LEN);
    }

    as_text_put(&sql, ";COMMIT");
    status = as_db_run(db, &sql, NULL, NULL);
    as_text_free(&sql);

    rollup->rolled = status == AS_DB_OK ? as_db_affected(db, 0) : 0;

    return status;
}


as_db_status_e
as_rollup_chunk(as_db_t *db, as_rollup_t *rollup)
{
    as_db_status_e  status;

    rollup->rolled = 0;
    rollup->kept = 0;

    status = as_rollup_bound(db, rollup);
    rollup->done = rollup->read == 0;
    if (status != AS_DB_OK || rollup->done) {
        return status;
    }

    rollup->sums = calloc(AS_ROLLUP_CHUNK, sizeof(as_rollup_sum_t));
    if (rollup->sums == NULL) {
        return AS_DB_ERROR;
    }

    status = as_rollup_sums(db, rollup);

    if (status == AS_DB_OK) {
        status = rollup->nsums > 0 ? as_rollup_write(db, rollup)
                 : as_db_exec(db, "COMMIT", NULL, NULL);
    }

    if (status == AS_DB_OK) {
        rollup->kept = rollup->read - rollup->rolled;
        memcpy(rollup->cursor, rollup->last, AS_UUID_LEN);
    }

    free(rollup->sums);
    rollup->sums = NULL;

    return status;
}
