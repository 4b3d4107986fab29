
/*
 * Handles a transaction that failed: it is run again, in doubt, or given up.
 */


#include "ngx_http_autostock_transaction.h"
#include "ngx_http_autostock_quarantine.h"
#include "ngx_http_autostock_status.h"

#include "as_sqlerror.h"


/* searches for keys after a key was used in the meantime */
#define NGX_HTTP_AUTOSTOCK_TRANSACTION_LOOKS   3

/* waiters refused alone before the batch gives up, with no sale in between */
#define NGX_HTTP_AUTOSTOCK_TRANSACTION_REFUSALS  8


static void ngx_http_autostock_transaction_refused(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_transaction_waited(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_transaction_stuck(void *data, ngx_int_t rc);
static void ngx_http_autostock_transaction_refuse(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_transaction_note_refusal(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_transaction_elsewhere(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_transaction_rolled_back(void *data,
    ngx_int_t rc);
static void ngx_http_autostock_transaction_given_up(void *data, ngx_int_t rc);


void
ngx_http_autostock_transaction_failed(ngx_http_autostock_transaction_t *t,
    ngx_int_t rc)
{
    ngx_http_autostock_database_t  *db;

    if (rc == NGX_DECLINED) {
        ngx_http_autostock_transaction_refused(t);
        return;
    }

    if (t->sent && !t->doubt) {
        db = ngx_http_autostock_batch_database(t->flight.batch);
        ngx_http_autostock_count(db, NGX_HTTP_AUTOSTOCK_IN_DOUBT, 1);

        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "autostock: database \"%V\": a transaction of %ui "
                      "sales is in doubt: COMMIT was sent, the answer is "
                      "lost; it is being found out", &db->name, t->nitems);

        t->doubt = 1;
        t->anchor = t->sorted[0];

        /* one locked row must not keep the other sales in doubt */
        t->skip = 1;
    }

    ngx_http_autostock_flight_again(&t->flight, 1,
                                    "it was lost in a transaction");
}


/* The server refused: nothing is committed. */

static void
ngx_http_autostock_transaction_refused(ngx_http_autostock_transaction_t *t)
{
    as_sqlerror_t                   what;
    ngx_http_autostock_database_t  *db;

    db = ngx_http_autostock_batch_database(t->flight.batch);
    what = as_sqlerror(t->flight.query.error);
    t->dirty = 1;

    if (t->flight.query.statements == t->commit_at
        && what != AS_SQLERROR_CONFLICT && what != AS_SQLERROR_LOCKED)
    {
        /* a COMMIT that fails for another reason may have taken effect */
        ngx_http_autostock_transaction_failed(t, NGX_ERROR);
        return;
    }

    if (!t->doubt) {
        t->sent = 0;
    }

    switch (what) {

    case AS_SQLERROR_CONFLICT:
        ngx_http_autostock_transaction_rollback(t,
                                 ngx_http_autostock_transaction_rolled_back);
        return;

    case AS_SQLERROR_LOCKED:
    case AS_SQLERROR_ENDED:
        ngx_http_autostock_transaction_waited(t);
        return;

    case AS_SQLERROR_READ_ONLY:
        ngx_http_autostock_transaction_elsewhere(t);
        return;

    case AS_SQLERROR_DUPLICATE:
        if (t->nkeyed && t->looks++ < NGX_HTTP_AUTOSTOCK_TRANSACTION_LOOKS) {
            t->look = 1;
            break;
        }

        if (t->doubt) {
            t->look = t->nkeyed > 0;
            break;
        }

        if (!t->careful) {
            t->careful = 1;
            break;
        }

        ngx_http_autostock_transaction_refuse(t);
        return;

    case AS_SQLERROR_RANGE:                        /* a guard's, or CHECK */
        if (!t->careful) {
            t->careful = 1;
            break;
        }

        /* fall through */

    default:
        ngx_http_autostock_transaction_refuse(t);
        return;
    }

    if (t->flight.retries++ > 20) {
        ngx_http_autostock_transaction_refuse(t);
        return;
    }

    ngx_http_autostock_count(db, NGX_HTTP_AUTOSTOCK_BATCH_RETRIES, 1);
    ngx_http_autostock_transaction_rollback(t,
                                       ngx_http_autostock_transaction_restart);
}


/*
 * A lock wait timed out, perhaps while other rows were locked.  There is no
 * second wait: what is locked is set aside.  If neither a product row nor a key
 * was locked, halving the batch finds the item.
 */

static void
ngx_http_autostock_transaction_waited(ngx_http_autostock_transaction_t *t)
{
    if (t->skip && !t->doubt && as_sqlerror(t->flight.query.error)
                                == AS_SQLERROR_LOCKED)
    {
        ngx_http_autostock_transaction_rollback(t,
                                     ngx_http_autostock_transaction_stuck);
        return;
    }

    t->skip = 1;
    t->careful = 1;

    if (t->doubt || as_sqlerror(t->flight.query.error) != AS_SQLERROR_LOCKED) {
        ngx_http_autostock_transaction_rollback(t,
                                 ngx_http_autostock_transaction_rolled_back);
        return;
    }

    ngx_http_autostock_count(ngx_http_autostock_batch_database(
                                                        t->flight.batch),
                             NGX_HTTP_AUTOSTOCK_BATCH_RETRIES, 1);
    ngx_http_autostock_transaction_rollback(t,
                                       ngx_http_autostock_transaction_restart);
}


static void
ngx_http_autostock_transaction_stuck(void *data, ngx_int_t rc)
{
    ngx_http_autostock_transaction_t *t = data;

    if (rc != NGX_OK) {
        ngx_http_autostock_transaction_failed(t, NGX_ERROR);
        return;
    }

    if (ngx_http_autostock_flight_split(&t->flight) == NGX_OK) {
        return;
    }

    ngx_http_autostock_quarantine_note_locked(t->lines[0].product);
    ngx_http_autostock_flight_all_aside(&t->flight);
}


/* The next query overwrites the server's error, so it is kept. */

static void
ngx_http_autostock_transaction_refuse(ngx_http_autostock_transaction_t *t)
{
    t->error = t->flight.query.error;
    ngx_memcpy(t->text, t->flight.query.text, NGX_HTTP_AUTOSTOCK_ERROR_TEXT);

    ngx_http_autostock_transaction_rollback(t,
                                    ngx_http_autostock_transaction_given_up);
}


/*
 * A fail-over or switch-over: the next connection may reach the new primary.
 * The end of the session also ends the transaction.
 */

static void
ngx_http_autostock_transaction_elsewhere(ngx_http_autostock_transaction_t *t)
{
    ngx_http_autostock_database_t  *db;

    db = ngx_http_autostock_batch_database(t->flight.batch);

    if (t->error != t->flight.query.error) {
        t->error = t->flight.query.error;

        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "autostock: database \"%V\" takes no writes, error %ui; "
                      "%ui sales are tried again on other connections until "
                      "their deadlines", &db->name, t->error, t->nitems);
    }

    ngx_http_autostock_flight_elsewhere(&t->flight,
                                        "its server takes no writes");
}


void
ngx_http_autostock_transaction_rollback(ngx_http_autostock_transaction_t *t,
    ngx_http_autostock_done_pt done)
{
    ngx_http_autostock_sql_t  *sql;

    sql = &t->flight.sql;
    ngx_http_autostock_sql_reset(sql);
    ngx_http_autostock_packet_unlimit(t);
    ngx_http_autostock_sql_text(sql, "ROLLBACK");
    t->dirty = 0;

    ngx_http_autostock_flight_query(&t->flight, NULL, done);
}


static void
ngx_http_autostock_transaction_rolled_back(void *data, ngx_int_t rc)
{
    ngx_http_autostock_transaction_t *t = data;

    ngx_http_autostock_flight_again(&t->flight, rc != NGX_OK,
                                    "its transaction could not be ended");
}


/*
 * Unless the batch is in doubt, it is split until the refused item is alone,
 * and only that item is refused.  An error that concerns every request is not
 * searched for.
 */

static void
ngx_http_autostock_transaction_given_up(void *data, ngx_int_t rc)
{
    const char                        *note;
    ngx_http_autostock_batch_t        *batch;
    ngx_http_autostock_transaction_t  *t = data;

    if (rc != NGX_OK) {
        ngx_http_autostock_transaction_failed(t, NGX_ERROR);
        return;
    }

    if (t->doubt) {
        /* only the deadlines end a batch in doubt */
        ngx_http_autostock_flight_elsewhere(&t->flight,
                                            "it cannot tell what is in doubt");
        return;
    }

    batch = t->flight.batch;

    if (as_sqlerror(t->error) == AS_SQLERROR_EVERYBODY
        || (batch->refused >= NGX_HTTP_AUTOSTOCK_TRANSACTION_REFUSALS
            && t->flight.n > 1))
    {
        note = ngx_http_autostock_repeat(
                        &batch->db->repeats[NGX_HTTP_AUTOSTOCK_REPEAT_SALE]);

        if (note) {
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "autostock: database \"%V\" refused a transaction "
                          "of %ui sales, error %ui: %s%s", &batch->db->name,
                          t->nitems, t->error, t->text, note);
        }

    } else {
        if (ngx_http_autostock_flight_split(&t->flight) == NGX_OK) {
            return;
        }

        batch->refused++;
        ngx_http_autostock_transaction_note_refusal(t);
    }

    ngx_http_autostock_flight_fail(&t->flight, NGX_HTTP_AUTOSTOCK_FAILED);
}


/* It was the only item. */

static void
ngx_http_autostock_transaction_note_refusal(ngx_http_autostock_transaction_t *t)
{
    ngx_uint_t                     log;
    ngx_http_autostock_batch_t    *batch;
    ngx_http_autostock_product_t  *product;

    batch = t->flight.batch;
    product = t->lines[0].product;

    if (t->nkeyed && as_sqlerror(t->error) == AS_SQLERROR_DUPLICATE) {
        ngx_http_autostock_refusals_add(&batch->refusals, t->items[0].key);
        log = 1;

    } else {
        log = ngx_http_autostock_quarantine_note_refused(product, t->error);
    }

    if (log) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "autostock: database \"%V\" refused a sale of \"%V\" "
                      "that was alone in its transaction, error %ui: %s",
                      &batch->db->name, &product->sku, t->error, t->text);
    }
}
