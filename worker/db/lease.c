/*
 * The consumer's access to an order.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/lease.h"
#include "db/order.h"


typedef struct {
    as_lease_t *const  *leases;
    size_t              n;
    char                owner[80];
    uint64_t            token;
} as_lease_batch_t;


void
as_lease_free(as_lease_t *lease)
{
    free(lease->sku);
    free(lease->factory);
    free(lease->api);
    lease->sku = NULL;
    lease->factory = NULL;
    lease->api = NULL;
}


/*
 * Writes "(NULL,X'..',..)", the ids of all leases of a kind.  Returns their
 * number.
 */
static size_t
as_lease_ids(const as_lease_batch_t *batch, as_lease_kind_e kind,
    as_text_t *sql)
{
    size_t  i, count;

    as_text_put(sql, "(NULL");

    for (i = 0, count = 0; i < batch->n; i++) {
        if (batch->leases[i]->kind == kind) {
            as_text_put(sql, ",");
            as_text_sql_bytes(sql, batch->leases[i]->id, AS_UUID_LEN);
            count++;
        }
    }

    as_text_put(sql, ")");

    return count;
}


static size_t
as_lease_count(const as_lease_batch_t *batch, as_lease_kind_e kind)
{
    size_t  i, count;

    for (i = 0, count = 0; i < batch->n; i++) {
        count += batch->leases[i]->kind == kind;
    }

    return count;
}


/* Writes "(lease_owner = ..)", of the leases under which the factory was not
 * called: of this batch, which took them before where the result was lost, and
 * of its messages. */
static void
as_lease_own(const as_lease_batch_t *batch, const char *worker,
    as_text_t *sql)
{
    size_t       i;
    char         own[80];
    as_lease_t  *lease;

    as_text_put(sql, "(lease_owner = ");
    as_text_sql_string(sql, batch->owner);

    for (i = 0; i < batch->n; i++) {
        lease = batch->leases[i];

        if (lease->kind == AS_LEASE_TAKE && lease->token != 0) {
            snprintf(own, sizeof(own), "call:%s:%" PRIu64, worker,
                     lease->token);
            as_text_put(sql, " OR order_id = ");
            as_text_sql_bytes(sql, lease->id, AS_UUID_LEN);
            as_text_put(sql, " AND lease_owner = ");
            as_text_sql_string(sql, own);
        }
    }

    as_text_put(sql, ")");
}


/* Locks the orders whose lease expired during a call. */
static void
as_lease_lost(const as_lease_batch_t *batch, const char *worker,
    as_text_t *sql)
{
    as_text_put(sql, ";SELECT order_id FROM restock_order WHERE state ="
                " 'published' AND lease_owner LIKE 'call:%'"
                " AND lease_until <= UTC_TIMESTAMP(6) AND NOT ");
    as_lease_own(batch, worker, sql);
    as_text_put(sql, " AND order_id IN ");
    as_lease_ids(batch, AS_LEASE_TAKE, sql);
    as_text_put(sql, " FOR UPDATE");
}


/* A lease may be taken where none is held, it has expired, it is the relay's
 * (this message proves that the order was published), or it is own. */
static void
as_lease_take(const as_lease_batch_t *batch, const char *worker,
    int64_t lease_ms, as_text_t *sql)
{
    as_text_printf(sql, ";UPDATE restock_order FORCE INDEX (PRIMARY)"
                   " SET lease_until = UTC_TIMESTAMP(6)"
                   " + INTERVAL %" PRId64 " MICROSECOND,"
                   " published_at = COALESCE(published_at,"
                   " UTC_TIMESTAMP(6)), next_attempt_at = NULL,"
                   " state = 'published', lease_owner = ", lease_ms * 1000);
    as_text_sql_string(sql, batch->owner);
    as_text_put(sql, " WHERE state IN ('pending', 'published') AND"
                " (lease_until IS NULL OR lease_until <= UTC_TIMESTAMP(6)"
                " OR lease_owner LIKE 'relay:%' OR ");
    as_lease_own(batch, worker, sql);
    as_text_put(sql, ") AND order_id IN ");
    as_lease_ids(batch, AS_LEASE_TAKE, sql);
}


static void
as_lease_look(const as_lease_batch_t *batch, as_text_t *sql)
{
    as_text_put(sql, ";SELECT o.order_id, o.state, o.quantity,"
                " COALESCE(o.lease_owner = ");
    as_text_sql_string(sql, batch->owner);
    as_text_put(sql, ", 0), GREATEST(0, COALESCE(TIMESTAMPDIFF(MICROSECOND,"
                " UTC_TIMESTAMP(6), o.lease_until), 0)), o.product_id,"
                " p.sku, f.identifier, COALESCE(f.API, ''),"
                " IF(o.requested_at IS NULL,"
                " TIMESTAMPDIFF(MICROSECOND, o.pending_at,"
                " UTC_TIMESTAMP(6)) DIV 1000, -1), COALESCE(TIMESTAMPDIFF("
                "MICROSECOND, '1970-01-01', o.failed_at) DIV 1000, 0),"
                " " AS_ORDER_TRACE
                " FROM restock_order o"
                " LEFT JOIN product p ON p.product_id = o.product_id"
                " LEFT JOIN factory f ON f.factory_id = p.factory_id"
                " WHERE o.order_id IN ");
    as_lease_ids(batch, AS_LEASE_TAKE, sql);
}


static void
as_lease_requested(const as_lease_batch_t *batch, as_text_t *sql)
{
    as_text_put(sql, ";UPDATE restock_order FORCE INDEX (PRIMARY)"
                " SET requested_at = UTC_TIMESTAMP(6),"
                " lease_until = NULL, lease_owner = NULL,"
                " next_attempt_at = NULL, last_error = NULL,"
                " attempts = attempts + 1, state = 'requested'"
                " WHERE state IN ('pending', 'published')"
                " AND order_id IN ");
    as_lease_ids(batch, AS_LEASE_REQUESTED, sql);
}


static void
as_lease_release(const char *worker, const as_lease_t *lease, as_text_t *sql)
{
    char  own[80];

    snprintf(own, sizeof(own), "call:%s:%" PRIu64, worker, lease->token);

    as_text_printf(sql, ";UPDATE restock_order FORCE INDEX (PRIMARY)"
                   " SET lease_until = NULL,"
                   " lease_owner = NULL, next_attempt_at = UTC_TIMESTAMP(6)"
                   " + INTERVAL %" PRId64 " MICROSECOND%s, last_error = ",
                   lease->again_ms * 1000, lease->kind == AS_LEASE_PUT_OFF
                   ? ", state = 'pending'" : "");
    as_text_sql_string(sql, lease->error);
    as_text_put(sql, " WHERE state = 'published' AND lease_owner = ");
    as_text_sql_string(sql, own);
    as_text_put(sql, " AND order_id = ");
    as_text_sql_bytes(sql, lease->id, AS_UUID_LEN);
}


static void
as_lease_fail(const as_lease_t *lease, as_text_t *sql)
{
    as_text_put(sql, ";UPDATE restock_order FORCE INDEX (PRIMARY)"
                " SET failed_at = UTC_TIMESTAMP(6),"
                " lease_until = NULL, lease_owner = NULL,"
                " next_attempt_at = NULL, state = 'failed', last_error = ");
    as_text_sql_string(sql, lease->error);
    as_text_put(sql, " WHERE state IN ('pending', 'published')"
                " AND order_id = ");
    as_text_sql_bytes(sql, lease->id, AS_UUID_LEN);
}


static void
as_lease_row_fill(as_lease_t *lease, bool mine, const char *const *columns)
{
    as_lease_free(lease);

    lease->quantity = atoi(columns[2]);
    lease->left_ms = strtoll(columns[4], NULL, 10) / 1000;
    memcpy(lease->product_id, columns[5], AS_UUID_LEN);
    lease->age_ms = columns[9] == NULL ? -1 : atoll(columns[9]);
    lease->failed_ms = atoll(columns[10]);
    as_trace_read(&lease->trace, columns[11]);

    if (columns[6] != NULL && columns[7] != NULL) {
        lease->sku = strdup(columns[6]);
        lease->factory = strdup(columns[7]);
        lease->api = strdup(columns[8]);
    }

    if (strcmp(columns[1], "requested") == 0) {
        lease->answer = AS_LEASE_ASKED;

    } else if (strcmp(columns[1], "fulfilled") == 0) {
        lease->answer = AS_LEASE_FULFILLED;

    } else if (strcmp(columns[1], "cancelled") == 0) {
        lease->answer = AS_LEASE_CANCELLED;

    } else if (strcmp(columns[1], "failed") == 0) {
        lease->answer = AS_LEASE_FAILED;

    } else {
        lease->answer = mine ? AS_LEASE_MINE : AS_LEASE_OTHERS;
    }
}


/*
 * One column: an order whose lease expired during a call.  More: the state of
 * an order.  Where a batch has two messages of one order, the first gets the
 * lease.
 */
static void
as_lease_row(void *data, unsigned statement, const char *const *columns,
    const unsigned long *lengths, unsigned n)
{
    bool               mine;
    size_t             i;
    as_lease_t        *lease;
    as_lease_batch_t  *batch = data;

    (void) statement;

    if (lengths[0] != AS_UUID_LEN || (n != 1 && n != 12)) {
        return;
    }

    mine = n == 12 && columns[3][0] == '1';

    for (i = 0; i < batch->n; i++) {
        lease = batch->leases[i];

        if (lease->kind != AS_LEASE_TAKE
            || memcmp(lease->id, columns[0], AS_UUID_LEN) != 0)
        {
            continue;
        }

        if (n == 1) {
            lease->answer = AS_LEASE_LOST;

        } else if (lease->answer != AS_LEASE_LOST) {
            as_lease_row_fill(lease, mine, columns);
            lease->token = mine ? batch->token : 0;
            mine = false;
        }
    }
}


static void
as_lease_sql(as_lease_batch_t *batch, const char *worker, int64_t lease_ms,
    bool stop_on_lost, as_text_t *sql)
{
    bool         take;
    size_t       i;
    as_lease_t  *lease;

    take = as_lease_count(batch, AS_LEASE_TAKE) > 0;
    as_text_put(sql, "START TRANSACTION");

    if (take && stop_on_lost) {
        as_lease_lost(batch, worker, sql);
    }

    if (take) {
        as_lease_take(batch, worker, lease_ms, sql);
    }

    if (as_lease_count(batch, AS_LEASE_REQUESTED) > 0) {
        as_lease_requested(batch, sql);
    }

    for (i = 0; i < batch->n; i++) {
        lease = batch->leases[i];

        if (lease->kind == AS_LEASE_RELEASE
            || lease->kind == AS_LEASE_PUT_OFF)
        {
            as_lease_release(worker, lease, sql);

        } else if (lease->kind == AS_LEASE_FAIL) {
            as_lease_fail(lease, sql);
        }
    }

    as_text_put(sql, ";COMMIT");

    if (take) {
        as_lease_look(batch, sql);
    }
}


as_db_status_e
as_lease_run(as_db_t *db, const char *worker, uint64_t token,
    int64_t lease_ms, bool stop_on_lost, as_lease_t *const *leases, size_t n)
{
    size_t            i;
    as_text_t         sql = AS_TEXT_EMPTY;
    as_db_status_e    status;
    as_lease_batch_t  batch;

    batch.leases = leases;
    batch.n = n;
    batch.token = token;
    snprintf(batch.owner, sizeof(batch.owner), "call:%s:%" PRIu64, worker,
             token);

    for (i = 0; i < n; i++) {
        leases[i]->answer = AS_LEASE_NO_ORDER;
    }

    as_lease_sql(&batch, worker, lease_ms, stop_on_lost, &sql);
    status = as_db_run(db, &sql, as_lease_row, &batch);
    as_text_free(&sql);

    return status;
}
