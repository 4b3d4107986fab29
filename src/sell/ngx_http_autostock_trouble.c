
/*
 * What becomes of a transaction that did not end well: run again, in doubt,
 * or given up.
 */


#include "ngx_http_autostock_transaction.h"
#include "ngx_http_autostock_status.h"

#include "as_sqlerror.h"


static void ngx_http_autostock_transaction_refused(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_transaction_elsewhere(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_transaction_rolled_back(void *data,
    ngx_int_t rc);
static void ngx_http_autostock_transaction_given_up(void *data, ngx_int_t rc);


void
ngx_http_autostock_transaction_trouble(ngx_http_autostock_transaction_t *t,
    ngx_int_t rc)
{
    ngx_uint_t                      i;
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

        for (i = 0; t->items[i].state != NGX_HTTP_AUTOSTOCK_ITEM_SOLD; i++) {
            if (i == t->nitems - 1) {
                break;
            }
        }

        t->doubt = 1;
        t->anchor = i;
    }

    ngx_http_autostock_flight_again(&t->flight, 1,
                                    "it was lost in a transaction");
}


/* The server said no: nothing of it is committed. */

static void
ngx_http_autostock_transaction_refused(ngx_http_autostock_transaction_t *t)
{
    const char                     *note;
    as_sqlerror_t                   what;
    ngx_http_autostock_database_t  *db;

    db = ngx_http_autostock_batch_database(t->flight.batch);
    what = as_sqlerror(t->flight.query.error);
    t->dirty = 1;

    if (t->flight.query.statements == t->commit_at
        && what != AS_SQLERROR_CONFLICT && what != AS_SQLERROR_LOCKED)
    {
        /* a COMMIT that fails for another reason may have been done */
        ngx_http_autostock_transaction_trouble(t, NGX_ERROR);
        return;
    }

    if (!t->doubt) {
        t->sent = 0;
    }

    switch (what) {

    case AS_SQLERROR_CONFLICT:
    case AS_SQLERROR_LOCKED:
    case AS_SQLERROR_ENDED:
        ngx_http_autostock_transaction_rollback(t,
                                 ngx_http_autostock_transaction_rolled_back);
        return;

    case AS_SQLERROR_READ_ONLY:
        ngx_http_autostock_transaction_elsewhere(t);
        return;

    case AS_SQLERROR_DUPLICATE:
        t->look = t->nkeyed > 0;

        if (!t->look && !t->doubt) {
            t->careful = 1;
        }

        break;

    case AS_SQLERROR_RANGE:                        /* the guards', or CHECK */
        t->careful = 1;
        break;

    default:
        note = ngx_http_autostock_repeat(
                               &db->repeats[NGX_HTTP_AUTOSTOCK_REPEAT_SALE]);

        if (note) {
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "autostock: database \"%V\" refused a transaction "
                          "of %ui sales, error %ui: %s%s", &db->name,
                          t->nitems, t->flight.query.error,
                          t->flight.query.text, note);
        }

        ngx_http_autostock_transaction_rollback(t,
                                    ngx_http_autostock_transaction_given_up);
        return;
    }

    if (t->flight.retries++ > 20) {
        ngx_http_autostock_transaction_rollback(t,
                                    ngx_http_autostock_transaction_given_up);
        return;
    }

    ngx_http_autostock_count(db, NGX_HTTP_AUTOSTOCK_BATCH_RETRIES, 1);
    ngx_http_autostock_transaction_rollback(t,
                                       ngx_http_autostock_transaction_anew);
}


/*
 * A fail-over or switch-over: whatever is there next may be the new primary.
 * The session's end is the transaction's too.
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


/* The waiters are refused, unless they are in doubt. */

static void
ngx_http_autostock_transaction_given_up(void *data, ngx_int_t rc)
{
    ngx_http_autostock_transaction_t *t = data;

    if (rc != NGX_OK) {
        ngx_http_autostock_transaction_trouble(t, NGX_ERROR);
        return;
    }

    if (t->doubt) {
        /* only their deadlines end what is in doubt */
        ngx_http_autostock_flight_elsewhere(&t->flight,
                                            "it cannot tell what is in doubt");
        return;
    }

    ngx_http_autostock_flight_fail(&t->flight, NGX_HTTP_AUTOSTOCK_FAILED);
}
