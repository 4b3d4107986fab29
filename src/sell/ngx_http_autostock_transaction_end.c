
/*
 * Ends a transaction, or starts it again.
 */


#include "ngx_http_autostock_transaction.h"
#include "ngx_http_autostock_quarantine.h"


void
ngx_http_autostock_transaction_end_committed(
    ngx_http_autostock_transaction_t *t)
{
    t->commit = NGX_HTTP_AUTOSTOCK_COMMIT_NONE;

    ngx_http_autostock_transaction_result_count(t);
    ngx_http_autostock_transaction_end(t);
}


void
ngx_http_autostock_transaction_end(ngx_http_autostock_transaction_t *t)
{
    ngx_http_autostock_transaction_state_enter(t,
                                            NGX_HTTP_AUTOSTOCK_TRANSACTION_END);
    ngx_http_autostock_flight_finish(&t->flight);
}


/* a row is locked that is neither a product's nor a key's */

void
ngx_http_autostock_transaction_end_stuck(ngx_http_autostock_transaction_t *t)
{
    if (ngx_http_autostock_flight_split(&t->flight) == NGX_OK) {
        return;
    }

    ngx_http_autostock_quarantine_note_locked(t->lines[0].product);

    ngx_http_autostock_transaction_state_enter(t,
                                            NGX_HTTP_AUTOSTOCK_TRANSACTION_END);
    ngx_http_autostock_flight_all_aside(&t->flight);
}


/*
 * Splits the batch until the refused item is alone, and refuses only that item.
 * After an error that concerns every request, all items are refused.  A batch
 * in doubt is not split.
 */

void
ngx_http_autostock_transaction_end_refused(ngx_http_autostock_transaction_t *t)
{
    if (t->commit == NGX_HTTP_AUTOSTOCK_COMMIT_DOUBT) {
        /* only the deadlines end a batch in doubt */
        ngx_http_autostock_transaction_end_elsewhere(t,
                                              "it cannot resolve the doubt");
        return;
    }

    if (!ngx_http_autostock_transaction_failure_is_common(t)) {
        if (ngx_http_autostock_flight_split(&t->flight) == NGX_OK) {
            return;
        }

        ngx_http_autostock_transaction_failure_note_refusal(t);
    }

    ngx_http_autostock_transaction_state_enter(t,
                                            NGX_HTTP_AUTOSTOCK_TRANSACTION_END);
    ngx_http_autostock_flight_fail(&t->flight, NGX_HTTP_AUTOSTOCK_FAILED);
}


void
ngx_http_autostock_transaction_end_pause(ngx_http_autostock_transaction_t *t,
    ngx_uint_t lost, const char *reason)
{
    ngx_http_autostock_transaction_state_enter(t,
                                          NGX_HTTP_AUTOSTOCK_TRANSACTION_PAUSE);
    ngx_http_autostock_flight_again(&t->flight, lost, reason);
}


/* no ROLLBACK is needed: the end of the session ends the transaction */

void
ngx_http_autostock_transaction_end_elsewhere(
    ngx_http_autostock_transaction_t *t, const char *reason)
{
    ngx_http_autostock_transaction_state_enter(t,
                                          NGX_HTTP_AUTOSTOCK_TRANSACTION_PAUSE);
    ngx_http_autostock_flight_elsewhere(&t->flight, reason);
}
