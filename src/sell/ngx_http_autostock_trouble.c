
/*
 * What becomes of a transaction that did not end well: run again, in doubt,
 * or given up.
 */


#include "ngx_http_autostock_transaction.h"
#include "ngx_http_autostock_status.h"


static void ngx_http_autostock_transaction_refused(
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
    ngx_uint_t                      error, conflict;
    ngx_http_autostock_database_t  *db;

    db = ngx_http_autostock_batch_database(t->flight.batch);
    error = t->flight.query.error;
    t->dirty = 1;

    conflict = ngx_http_autostock_mysql_conflict(error);

    if (!conflict && t->flight.query.statements == t->commit_at) {
        /* a COMMIT that fails for another reason may have been done */
        ngx_http_autostock_transaction_trouble(t, NGX_ERROR);
        return;
    }

    if (!t->doubt) {
        t->sent = 0;
    }

    if (conflict || ngx_http_autostock_mysql_ended(error)) {
        /* or the statement was ended: by somebody, or by its time limit */
        ngx_http_autostock_transaction_rollback(t,
                                 ngx_http_autostock_transaction_rolled_back);
        return;
    }

    switch (error) {

    case NGX_HTTP_AUTOSTOCK_ER_DUP_ENTRY:
        t->look = t->nkeyed > 0;

        if (!t->look && !t->doubt) {
            t->careful = 1;
        }

        break;

    case NGX_HTTP_AUTOSTOCK_ER_DATA_RANGE:        /* the guards' */
    case 1264:                                    /* out of range */
    case 4025:                                    /* CHECK, MariaDB */
    case 3819:                                    /* CHECK, MySQL */
        t->careful = 1;
        break;

    default:
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "autostock: database \"%V\" refused a transaction of "
                      "%ui sales, error %ui", &db->name, t->nitems, error);
        t->error = error;
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


/*
 * The waiters are refused, unless they are in doubt; a server that cannot
 * write is left for another.
 */

static void
ngx_http_autostock_transaction_given_up(void *data, ngx_int_t rc)
{
    ngx_http_autostock_transaction_t *t = data;

    if (rc != NGX_OK) {
        ngx_http_autostock_transaction_trouble(t, NGX_ERROR);
        return;
    }

    if (t->doubt || ngx_http_autostock_mysql_cannot_write(t->error)) {
        ngx_http_autostock_flight_drop(&t->flight, t->doubt
                                       ? "it cannot tell what is in doubt"
                                       : "its server cannot write");
    }

    if (t->doubt) {
        /* only their deadlines end what is in doubt */
        ngx_http_autostock_flight_again(&t->flight, 0, "in doubt");
        return;
    }

    ngx_http_autostock_flight_fail(&t->flight, NGX_HTTP_AUTOSTOCK_FAILED);
}
