
/*
 * Judges a packet that failed: whether the batch is in doubt, and what follows.
 */


#include "ngx_http_autostock_transaction.h"
#include "ngx_http_autostock_quarantine.h"
#include "ngx_http_autostock_id.h"
#include "ngx_http_autostock_status.h"

#include "as_sqlerror.h"


/* searches for keys after a key was used in the meantime */
#define NGX_HTTP_AUTOSTOCK_TRANSACTION_LOOKS     3

/* retries at once, without a pause */
#define NGX_HTTP_AUTOSTOCK_TRANSACTION_RETRIES   20

/* waiters refused alone before the batch gives up, with no sale in between */
#define NGX_HTTP_AUTOSTOCK_TRANSACTION_REFUSALS  8


static void ngx_http_autostock_transaction_failure_doubt(
    ngx_http_autostock_transaction_t *t);
static ngx_http_autostock_transaction_after_e
    ngx_http_autostock_transaction_failure_refused(
    ngx_http_autostock_transaction_t *t);
static ngx_http_autostock_transaction_after_e
    ngx_http_autostock_transaction_failure_used(
    ngx_http_autostock_transaction_t *t);
static ngx_http_autostock_transaction_after_e
    ngx_http_autostock_transaction_failure_waited(
    ngx_http_autostock_transaction_t *t, as_sqlerror_t what);
static ngx_http_autostock_transaction_after_e
    ngx_http_autostock_transaction_failure_read_only(
    ngx_http_autostock_transaction_t *t);
static ngx_http_autostock_transaction_after_e
    ngx_http_autostock_transaction_failure_retry(
    ngx_http_autostock_transaction_t *t);
static ngx_http_autostock_transaction_after_e
    ngx_http_autostock_transaction_failure_keep_error(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_transaction_failure_refuse_cart(
    ngx_http_autostock_transaction_t *t);


ngx_http_autostock_transaction_after_e
ngx_http_autostock_transaction_failure_judge(
    ngx_http_autostock_transaction_t *t, ngx_int_t rc)
{
    as_sqlerror_t  what;

    if (t->commit == NGX_HTTP_AUTOSTOCK_COMMIT_FOUND) {
        /* it is looked for again */
        t->commit = NGX_HTTP_AUTOSTOCK_COMMIT_DOUBT;
    }

    if (rc == NGX_DECLINED) {
        what = as_sqlerror(t->flight.query.error);

        /* a COMMIT that fails for another reason may have taken effect */
        if (t->flight.query.statements != t->commit_at
            || what == AS_SQLERROR_CONFLICT || what == AS_SQLERROR_LOCKED)
        {
            return ngx_http_autostock_transaction_failure_refused(t);
        }
    }

    if (t->commit == NGX_HTTP_AUTOSTOCK_COMMIT_SENT) {
        ngx_http_autostock_transaction_failure_doubt(t);
    }

    return NGX_HTTP_AUTOSTOCK_AFTER_LOST;
}


static void
ngx_http_autostock_transaction_failure_doubt(
    ngx_http_autostock_transaction_t *t)
{
    ngx_http_autostock_database_t  *db;

    db = ngx_http_autostock_batch_database(t->flight.batch);
    ngx_http_autostock_status_count(db, NGX_HTTP_AUTOSTOCK_IN_DOUBT, 1);

    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "autostock: database \"%V\": a transaction of %ui sales is "
                  "in doubt: COMMIT was sent, and its answer was lost; the "
                  "outcome is being determined", &db->name, t->nsales);

    t->commit = NGX_HTTP_AUTOSTOCK_COMMIT_DOUBT;
    ngx_http_autostock_pools_bind(&t->flight.taker, t->flight.conn);
    t->anchor = t->sorted[0];
    t->anchor_hold = t->anchor->sold == t->anchor->holding;

    /* one locked row must not keep the other sales in doubt */
    t->way = NGX_HTTP_AUTOSTOCK_WAY_LOCK_FREE;
}


/* The server refused: nothing is committed. */

static ngx_http_autostock_transaction_after_e
ngx_http_autostock_transaction_failure_refused(
    ngx_http_autostock_transaction_t *t)
{
    as_sqlerror_t  what;

    what = as_sqlerror(t->flight.query.error);

    if (t->commit == NGX_HTTP_AUTOSTOCK_COMMIT_SENT) {
        t->commit = NGX_HTTP_AUTOSTOCK_COMMIT_NONE;
    }

    switch (what) {

    case AS_SQLERROR_CONFLICT:
        return NGX_HTTP_AUTOSTOCK_AFTER_PAUSE;

    case AS_SQLERROR_LOCKED:
    case AS_SQLERROR_ENDED:
        return ngx_http_autostock_transaction_failure_waited(t, what);

    case AS_SQLERROR_READ_ONLY:
        return ngx_http_autostock_transaction_failure_read_only(t);

    case AS_SQLERROR_DUPLICATE:
        return ngx_http_autostock_transaction_failure_used(t);

    case AS_SQLERROR_RANGE:                        /* a guard's, or CHECK */
        if (t->way < NGX_HTTP_AUTOSTOCK_WAY_LOCK) {
            t->way = NGX_HTTP_AUTOSTOCK_WAY_LOCK;
            return ngx_http_autostock_transaction_failure_retry(t);
        }

        return ngx_http_autostock_transaction_failure_keep_error(t);

    default:
        return ngx_http_autostock_transaction_failure_keep_error(t);
    }
}


/* A key was used in the meantime; in doubt, or the transaction's own id. */

static ngx_http_autostock_transaction_after_e
ngx_http_autostock_transaction_failure_used(ngx_http_autostock_transaction_t *t)
{
    if (t->nkeyed && t->looks++ < NGX_HTTP_AUTOSTOCK_TRANSACTION_LOOKS) {
        t->look = 1;

    } else if (t->commit == NGX_HTTP_AUTOSTOCK_COMMIT_DOUBT) {
        t->look = t->nkeyed > 0;

    } else if (t->way < NGX_HTTP_AUTOSTOCK_WAY_LOCK) {
        t->way = NGX_HTTP_AUTOSTOCK_WAY_LOCK;

    } else {
        return ngx_http_autostock_transaction_failure_keep_error(t);
    }

    return ngx_http_autostock_transaction_failure_retry(t);
}


/*
 * A lock wait timed out, perhaps while other rows were locked.  There is no
 * second wait: what is locked is set aside.  If neither a product row nor a key
 * was locked, halving the batch finds the item.
 */

static ngx_http_autostock_transaction_after_e
ngx_http_autostock_transaction_failure_waited(
    ngx_http_autostock_transaction_t *t, as_sqlerror_t what)
{
    ngx_uint_t                            doubt;
    ngx_http_autostock_transaction_way_e  way;

    doubt = t->commit == NGX_HTTP_AUTOSTOCK_COMMIT_DOUBT;
    way = t->way;

    t->way = NGX_HTTP_AUTOSTOCK_WAY_LOCK_FREE;

    if (doubt || what != AS_SQLERROR_LOCKED) {
        return NGX_HTTP_AUTOSTOCK_AFTER_PAUSE;
    }

    if (way == NGX_HTTP_AUTOSTOCK_WAY_LOCK_FREE) {
        return NGX_HTTP_AUTOSTOCK_AFTER_STUCK;
    }

    ngx_http_autostock_status_count(ngx_http_autostock_batch_database(
                                                        t->flight.batch),
                                    NGX_HTTP_AUTOSTOCK_BATCH_RETRIES, 1);

    return NGX_HTTP_AUTOSTOCK_AFTER_RESTART;
}


/* A fail-over or switch-over: the next connection may reach the new primary. */

static ngx_http_autostock_transaction_after_e
ngx_http_autostock_transaction_failure_read_only(
    ngx_http_autostock_transaction_t *t)
{
    ngx_http_autostock_database_t  *db;

    db = ngx_http_autostock_batch_database(t->flight.batch);

    if (t->error != t->flight.query.error) {
        t->error = t->flight.query.error;

        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "autostock: database \"%V\" accepts no writes, error "
                      "%ui; %ui sales are retried on other connections until "
                      "their deadlines", &db->name, t->error, t->nsales);
    }

    return NGX_HTTP_AUTOSTOCK_AFTER_ELSEWHERE;
}


static ngx_http_autostock_transaction_after_e
ngx_http_autostock_transaction_failure_retry(
    ngx_http_autostock_transaction_t *t)
{
    if (t->flight.retries++ > NGX_HTTP_AUTOSTOCK_TRANSACTION_RETRIES) {
        return ngx_http_autostock_transaction_failure_keep_error(t);
    }

    ngx_http_autostock_status_count(ngx_http_autostock_batch_database(
                                                        t->flight.batch),
                                    NGX_HTTP_AUTOSTOCK_BATCH_RETRIES, 1);

    return NGX_HTTP_AUTOSTOCK_AFTER_RESTART;
}


/* The ROLLBACK overwrites the server's error, so it is kept. */

static ngx_http_autostock_transaction_after_e
ngx_http_autostock_transaction_failure_keep_error(
    ngx_http_autostock_transaction_t *t)
{
    t->error = t->flight.query.error;
    ngx_memcpy(t->text, t->flight.query.text, NGX_HTTP_AUTOSTOCK_ERROR_TEXT);

    return NGX_HTTP_AUTOSTOCK_AFTER_REFUSE;
}


ngx_uint_t
ngx_http_autostock_transaction_failure_is_common(
    ngx_http_autostock_transaction_t *t)
{
    const char                  *note;
    ngx_http_autostock_batch_t  *batch;

    batch = t->flight.batch;

    if (as_sqlerror(t->error) != AS_SQLERROR_EVERYBODY
        && (batch->refused < NGX_HTTP_AUTOSTOCK_TRANSACTION_REFUSALS
            || t->flight.n <= 1))
    {
        return 0;
    }

    note = ngx_http_autostock_repeat(
                        &batch->db->repeats[NGX_HTTP_AUTOSTOCK_REPEAT_SALE]);

    if (note) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "autostock: database \"%V\" refused a transaction of "
                      "%ui sales, error %ui: %s%s", &batch->db->name,
                      t->nsales, t->error, t->text, note);
    }

    return 1;
}


void
ngx_http_autostock_transaction_failure_note_refusal(
    ngx_http_autostock_transaction_t *t)
{
    u_char                         trace[NGX_HTTP_AUTOSTOCK_TRACE_NOTE];
    ngx_uint_t                     i, log, met;
    ngx_http_autostock_batch_t    *batch;
    ngx_http_autostock_product_t  *product;

    batch = t->flight.batch;
    product = t->lines[0].product;
    log = 1;
    met = 0;

    /* one product that is in many carts does not concern every request */
    for (i = 0; i < t->nlines; i++) {
        met |= ngx_http_autostock_refusals_meet(&batch->blamed,
                                                t->lines[i].product->id);
    }

    batch->refused += !met;

    if (t->nkeyed && as_sqlerror(t->error) == AS_SQLERROR_DUPLICATE) {
        ngx_http_autostock_refusals_add(&batch->refusals, t->items[0].key);

    } else if (t->carts) {
        ngx_http_autostock_transaction_failure_refuse_cart(t);

    } else {
        log = ngx_http_autostock_quarantine_note_refused(product, t->error);
    }

    if (log) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "autostock: database \"%V\" refused a sale of \"%V\"%s "
                      "that was alone in its transaction, error %ui: %s%s",
                      &batch->db->name, &product->sku,
                      t->carts ? " and other products" : "", t->error,
                      t->text, t->traced
                      ? ngx_http_autostock_id_trace_note(trace, t->traces)
                      : (u_char *) "");
    }
}


/* Which of its products was refused is not known. */

static void
ngx_http_autostock_transaction_failure_refuse_cart(
    ngx_http_autostock_transaction_t *t)
{
    u_char                               name[NGX_HTTP_AUTOSTOCK_REFUSALS_NAME];
    ngx_uint_t                           i;
    ngx_http_autostock_batch_t          *batch;
    ngx_http_autostock_suspects_list_t   list;

    batch = t->flight.batch;

    list.n = 0;
    ngx_memzero(name, NGX_HTTP_AUTOSTOCK_REFUSALS_NAME);

    for (i = 0; i < t->nlines; i++) {
        ngx_http_autostock_refusals_name_add(&t->lines[i].product->sku, name);
        ngx_http_autostock_suspects_list_add(&list, t->lines[i].product->id);
    }

    ngx_http_autostock_refusals_add(&batch->refusals, name);
    ngx_http_autostock_suspects_note_refused(batch->suspects, &list);
}
