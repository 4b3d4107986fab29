/*
 * Holds: releases those that are due.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/hold.h"
#include "as_sqlerror.h"


/* A lock of a product's row that takes longer delays no other product's
 * holds. */
#define AS_HOLD_BEGIN  "SET SESSION innodb_lock_wait_timeout = 1;"            \
                       "START TRANSACTION;"

/* statements of the first packet */
#define AS_HOLD_DUE   2
#define AS_HOLD_NEXT  3


typedef struct {
    as_hold_expire_t  *expire;
    bool               changed;        /* a product's row, meanwhile */
    size_t             n;
    uint8_t            ids[AS_HOLD_BATCH][AS_UUID_LEN];        /* of holds, or
                                                                  products */
    bool               free[AS_HOLD_BATCH];
} as_hold_batch_t;


static void
as_hold_expire_row(void *data, unsigned statement, const char *const *columns,
    const unsigned long *lengths, unsigned n)
{
    as_hold_batch_t  *batch = data;

    (void) n;

    if (statement == AS_HOLD_DUE && lengths[0] == AS_UUID_LEN
        && batch->n < AS_HOLD_BATCH)
    {
        memcpy(batch->ids[batch->n++], columns[0], AS_UUID_LEN);

    } else if (statement == AS_HOLD_NEXT && columns[0] != NULL) {
        batch->expire->next_ms = strtoll(columns[0], NULL, 10) / 1000 + 1;
    }
}


/* Locks the holds that are due. */
static as_db_status_e
as_hold_expire_lock(as_db_t *db, as_hold_batch_t *batch)
{
    as_text_t               sql = AS_TEXT_EMPTY;
    as_db_status_e          status;
    const as_hold_aside_t  *aside = &batch->expire->aside;

    as_text_put(&sql, AS_HOLD_BEGIN "SELECT h.hold_id FROM stock_hold h WHERE"
                " h.state = 'held' AND h.expires_at <= UTC_TIMESTAMP(6)");

    if (aside->nholds > 0) {
        as_text_put(&sql, " AND h.hold_id NOT IN (");
        as_hold_ids(&sql, aside->holds, aside->nholds);
        as_text_put(&sql, ")");
    }

    /* by the key of the hold's lines: of NOT EXISTS a server may make a join
     * that reads all lines */
    if (aside->nproducts > 0) {
        as_text_put(&sql, " AND (SELECT COUNT(*) FROM stock_hold_line l WHERE"
                    " l.hold_id = h.hold_id AND l.product_id IN (");
        as_hold_ids(&sql, aside->products, aside->nproducts);
        as_text_put(&sql, ")) = 0");
    }

    as_text_printf(&sql, " ORDER BY h.expires_at LIMIT %u FOR UPDATE SKIP"
                   " LOCKED;SELECT TIMESTAMPDIFF(MICROSECOND,"
                   " UTC_TIMESTAMP(6), MIN(expires_at)) FROM stock_hold WHERE"
                   " state = 'held' AND expires_at > UTC_TIMESTAMP(6)",
                   batch->expire->limit);

    status = as_db_run(db, &sql, as_hold_expire_row, batch);
    as_text_free(&sql);

    return status;
}


/* Where the server refused a hold, and not every change. */
static bool
as_hold_expire_is_item(as_db_t *db, as_db_status_e status)
{
    as_sqlerror_t  what = as_sqlerror(as_db_errno(db));

    return status == AS_DB_ERROR && as_db_errno(db) != 0
           && (what == AS_SQLERROR_ITEM || what == AS_SQLERROR_RANGE);
}


static void
as_hold_expire_product_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    size_t            i;
    as_hold_batch_t  *batch = data;

    (void) statement;

    if (lengths[0] != AS_UUID_LEN) {
        return;
    }

    if (n == 2) {
        if (batch->n < AS_HOLD_BATCH) {
            memcpy(batch->ids[batch->n++], columns[0], AS_UUID_LEN);
        }
        return;
    }

    for (i = 0; i < batch->n; i++) {
        if (memcmp(batch->ids[i], columns[0], AS_UUID_LEN) == 0) {
            batch->free[i] = true;
        }
    }
}


/* The products of the batch replace its holds. */
static as_db_status_e
as_hold_expire_products(as_db_t *db, as_hold_batch_t *batch)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_text_put(&sql, "SELECT p.product_id, COUNT(*) FROM stock_hold_line l"
                " JOIN product p ON p.product_id = l.product_id WHERE"
                " l.hold_id IN (");
    as_hold_ids(&sql, batch->ids, batch->n);
    as_text_put(&sql, ") GROUP BY p.product_id");

    batch->n = 0;
    memset(batch->free, 0, sizeof(batch->free));
    status = as_db_run(db, &sql, as_hold_expire_product_row, batch);
    as_text_free(&sql);

    return status;
}


/* Finds which products' rows are not locked by others. */
static as_db_status_e
as_hold_expire_probe(as_db_t *db, as_hold_batch_t *batch)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_text_put(&sql, "START TRANSACTION;SELECT product_id FROM product WHERE"
                " product_id IN (");
    as_hold_ids(&sql, batch->ids, batch->n);
    as_text_put(&sql, ") FOR UPDATE SKIP LOCKED;ROLLBACK");

    status = as_db_run(db, &sql, as_hold_expire_product_row, batch);
    as_text_free(&sql);

    return status;
}


/* After a failure: finds the hold, or the products whose holds, cannot be
 * released now. */
static as_db_status_e
as_hold_expire_blame(as_db_t *db, as_hold_batch_t *batch, bool locked)
{
    size_t             i;
    as_db_status_e     status;
    as_hold_expire_t  *expire = batch->expire;
    as_hold_aside_t   *bad = &expire->bad;

    expire->stuck = true;
    snprintf(expire->why, sizeof(expire->why), "%s", as_db_error(db));

    if (!locked && batch->n > 1) {
        return AS_DB_OK;               /* the caller lowers the limit */
    }

    if (!locked && batch->n == 1 && expire->aside.nholds < AS_HOLD_ASIDE) {
        memcpy(bad->holds[bad->nholds++], batch->ids[0], AS_UUID_LEN);
        return AS_DB_OK;
    }

    status = as_hold_expire_products(db, batch);

    if (status == AS_DB_OK && locked && batch->n > 0) {
        status = as_hold_expire_probe(db, batch);
    }

    for (i = 0; i < batch->n && bad->nproducts < AS_HOLD_ASIDE; i++) {
        if (!batch->free[i]) {
            memcpy(bad->products[bad->nproducts++], batch->ids[i],
                   AS_UUID_LEN);
        }
    }

    return status;
}


static as_db_status_e
as_hold_expire_write(as_db_t *db, as_hold_batch_t *batch)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_hold_settle(&sql, batch->ids, batch->n, "expired",
                   batch->expire->movement_id);
    status = as_db_run(db, &sql, NULL, NULL);
    as_text_free(&sql);

    if (status != AS_DB_OK) {
        return status;
    }

    /* a product was deleted or inserted meanwhile */
    if (as_db_affected(db, 0) != batch->n
        || as_db_affected(db, 1) != as_db_affected(db, 2))
    {
        batch->changed = true;
        status = as_db_exec(db, "ROLLBACK", NULL, NULL);
        return status == AS_DB_OK ? AS_DB_RETRY : status;
    }

    /* sent separately, as every COMMIT is (db/stock.c) */
    return as_db_exec(db, "COMMIT", NULL, NULL);
}


as_db_status_e
as_hold_expire(as_db_t *db, as_hold_expire_t *expire)
{
    size_t            n;
    as_db_status_e    status;
    as_hold_batch_t  *batch;

    expire->n = 0;
    expire->bad.nholds = 0;
    expire->bad.nproducts = 0;
    expire->stuck = false;
    expire->next_ms = -1;

    batch = calloc(1, sizeof(*batch));
    if (batch == NULL) {
        return AS_DB_ERROR;
    }

    batch->expire = expire;
    status = as_hold_expire_lock(db, batch);
    n = batch->n;

    if (status == AS_DB_OK && n == 0) {
        status = as_db_exec(db, "ROLLBACK", NULL, NULL);

    } else if (status == AS_DB_OK) {
        status = as_hold_expire_write(db, batch);

        if (status == AS_DB_OK) {
            expire->n = n;

        } else if (status == AS_DB_RETRY && !batch->changed
                   && as_db_errno(db) == AS_ER_LOCK_WAIT_TIMEOUT)
        {
            status = as_hold_expire_blame(db, batch, true);

        } else if (as_hold_expire_is_item(db, status)) {
            status = as_hold_expire_blame(db, batch, false);
        }
    }

    free(batch);

    return status;
}
