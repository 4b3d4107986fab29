
/*
 * Decides what follows a packet that failed, and if the batch is in doubt.
 */


#include "ngx_http_autostock_transaction.h"
#include "ngx_http_autostock_quarantine.h"
#include "ngx_http_autostock_id.h"
#include "ngx_http_autostock_repeat.h"
#include "ngx_http_autostock_status.h"

#include "as_sqlerror.h"


/* maximum number of retries that read the keys, after a key was used */
#define NGX_HTTP_AUTOSTOCK_TRANSACTION_LOOKS     3

/* maximum number of retries without a pause */
#define NGX_HTTP_AUTOSTOCK_TRANSACTION_RETRIES   20

/* a batch fails after so many single waiters were refused and none was sold */
#define NGX_HTTP_AUTOSTOCK_TRANSACTION_REFUSALS  8


static ngx_uint_t ngx_http_autostock_transaction_failure_in_commit(
    ngx_http_autostock_transaction_t *t, as_sqlerror_t what);
static ngx_uint_t ngx_http_autostock_transaction_failure_uncallable(
    ngx_http_autostock_transaction_t *t, as_sqlerror_t what);
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
        /* its rows are searched for again */
        t->commit = NGX_HTTP_AUTOSTOCK_COMMIT_DOUBT;
    }

    if (rc == NGX_DECLINED) {
        what = as_sqlerror(t->flight.query.error);

        if (!ngx_http_autostock_transaction_failure_in_commit(t, what)) {
            return ngx_http_autostock_transaction_failure_refused(t);
        }
    }

    if (t->commit == NGX_HTTP_AUTOSTOCK_COMMIT_SENT) {
        ngx_http_autostock_transaction_failure_doubt(t);
    }

    return NGX_HTTP_AUTOSTOCK_AFTER_LOST;
}


/*
 * 1 if a COMMIT may have failed that may have taken effect nevertheless.  The
 * procedure gives each error of its COMMIT one number.  An operator or a time
 * limit may also end the call just after it.  A procedure that sends anything
 * before its error is not the known one.
 */

static ngx_uint_t
ngx_http_autostock_transaction_failure_in_commit(
    ngx_http_autostock_transaction_t *t, as_sqlerror_t what)
{
    if (t->flight.query.statements != t->commit_at) {
        return t->called;
    }

    if (what == AS_SQLERROR_CONFLICT || what == AS_SQLERROR_LOCKED) {
        return 0;
    }

    return !t->called || what == AS_SQLERROR_ENDED || what == AS_SQLERROR_LOST
           || t->flight.query.error == AS_ER_ERROR_DURING_COMMIT;
}


static void
ngx_http_autostock_transaction_failure_doubt(
    ngx_http_autostock_transaction_t *t)
{
    ngx_http_autostock_database_t  *db;

    db = t->flight.batch->db;
    ngx_http_autostock_status_count(db, NGX_HTTP_AUTOSTOCK_IN_DOUBT, 1);

    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "autostock: database \"%V\": a transaction of %ui sales is "
                  "in doubt: COMMIT was sent, and it is not known whether it "
                  "took effect (error %ui); this is being determined",
                  &db->name, t->nsales, t->flight.query.error);

    t->commit = NGX_HTTP_AUTOSTOCK_COMMIT_DOUBT;
    ngx_http_autostock_pools_bind(&t->flight.taker, t->flight.conn);
    t->anchor = t->sorted[0];
    t->anchor_hold = t->anchor->sold == t->anchor->holding;

    /* so that the other sales do not remain in doubt because of a locked row */
    t->way = NGX_HTTP_AUTOSTOCK_WAY_LOCK_FREE;
}


/* the server refused a statement: nothing is committed */

static ngx_http_autostock_transaction_after_e
ngx_http_autostock_transaction_failure_refused(
    ngx_http_autostock_transaction_t *t)
{
    as_sqlerror_t  what;

    what = as_sqlerror(t->flight.query.error);

    if (t->commit == NGX_HTTP_AUTOSTOCK_COMMIT_SENT) {
        t->commit = NGX_HTTP_AUTOSTOCK_COMMIT_NONE;
    }

    if (t->called
        && ngx_http_autostock_transaction_failure_uncallable(t, what))
    {
        return ngx_http_autostock_transaction_failure_retry(t);
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

    case AS_SQLERROR_RANGE:                        /* of a guard or a CHECK */
        if (t->way < NGX_HTTP_AUTOSTOCK_WAY_LOCK) {
            t->way = NGX_HTTP_AUTOSTOCK_WAY_LOCK;
            return ngx_http_autostock_transaction_failure_retry(t);
        }

        return ngx_http_autostock_transaction_failure_keep_error(t);

    default:
        return ngx_http_autostock_transaction_failure_keep_error(t);
    }
}


/*
 * 1: the statements are sent instead.  If the procedure was dropped, replaced
 * by one with other parameters, or the right to execute it was revoked, this
 * session sends them from now on.  After an error that may be the call's or a
 * statement's, only this transaction does: a statement will get it again.
 */

static ngx_uint_t
ngx_http_autostock_transaction_failure_uncallable(
    ngx_http_autostock_transaction_t *t, as_sqlerror_t what)
{
    ngx_http_autostock_query_t  *query;

    query = &t->flight.query;

    if (what == AS_SQLERROR_ITEM) {
        t->uncalled = 1;
    }

    switch (query->error) {

    case AS_ER_SP_DOES_NOT_EXIST:
    case AS_ER_SP_WRONG_NO_OF_ARGS:
    case AS_ER_PROCACCESS_DENIED_ERROR:
        break;

    default:
        return t->uncalled;
    }

    t->flight.conn->calls = 0;

    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                  "autostock: database \"%V\": a session no longer calls "
                  "autostock_sell, error %ui: %s", &t->flight.batch->db->name,
                  query->error, query->text);

    return 1;
}


/*
 * another transaction has used a key; or, in doubt, an attempt of this one has
 * used the transaction's id
 */

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
 * A lock wait timed out, perhaps while rows were already locked.  The batch
 * does not wait again: the items of locked rows are set aside.  If no product's
 * or key's row was locked, the batch is split in halves to find the item.
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

    ngx_http_autostock_status_count(t->flight.batch->db,
                                    NGX_HTTP_AUTOSTOCK_BATCH_RETRIES, 1);

    return NGX_HTTP_AUTOSTOCK_AFTER_RESTART;
}


/* after a fail-over the next connection may reach the new primary */

static ngx_http_autostock_transaction_after_e
ngx_http_autostock_transaction_failure_read_only(
    ngx_http_autostock_transaction_t *t)
{
    ngx_http_autostock_database_t  *db;

    db = t->flight.batch->db;

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

    ngx_http_autostock_status_count(t->flight.batch->db,
                                    NGX_HTTP_AUTOSTOCK_BATCH_RETRIES, 1);

    return NGX_HTTP_AUTOSTOCK_AFTER_RESTART;
}


/* copies the server's error, which the ROLLBACK overwrites */

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

    if (as_sqlerror(t->error) != AS_SQLERROR_ALL
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

    /* refusals of one product in many carts do not mean that all are refused */
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


/* the server does not say which product of the cart it has refused */

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
