
#include "ngx_http_autostock_outcome.h"


static void ngx_http_autostock_outcome_observe(
    ngx_http_autostock_database_t *db, ngx_http_autostock_outcome_t *outcome,
    ngx_http_autostock_result_e result);


void
ngx_http_autostock_outcome_set(ngx_http_request_t *r,
    ngx_http_autostock_result_e result, int64_t stock)
{
    ngx_http_autostock_outcome_t   *outcome;
    ngx_http_autostock_loc_conf_t  *lcf;

    outcome = ngx_http_get_module_ctx(r, ngx_http_autostock_module);

    if (outcome == NULL) {

        /* the request was refused before its operation began */

        outcome = ngx_pcalloc(r->pool, sizeof(ngx_http_autostock_outcome_t));
        if (outcome == NULL) {
            return;
        }

        ngx_http_set_ctx(r, outcome, ngx_http_autostock_module);
    }

    if (outcome->answered) {
        return;
    }

    outcome->result = result;
    outcome->stock = stock;
    outcome->answered = 1;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_autostock_module);

    if (result >= NGX_HTTP_AUTOSTOCK_RESULT_HELD) {
        result = NGX_HTTP_AUTOSTOCK_RESULT_DONE;
    }

    if (lcf->database != NULL && r->method == NGX_HTTP_POST
        && result < NGX_HTTP_AUTOSTOCK_CHECKOUT_RESULTS
        && (lcf->serves & NGX_HTTP_AUTOSTOCK_POST)
        && !(lcf->serves & NGX_HTTP_AUTOSTOCK_RESTOCK))
    {
        ngx_http_autostock_outcome_observe(lcf->database, outcome, result);
    }
}


static void
ngx_http_autostock_outcome_observe(ngx_http_autostock_database_t *db,
    ngx_http_autostock_outcome_t *outcome, ngx_http_autostock_result_e result)
{
    uint32_t  took;

    /* a request without a waiter was refused at once */

    took = outcome->waiter == NULL ? 0
           : ngx_http_autostock_clock_recent() - outcome->waiter->arrived;

    ngx_http_autostock_status_checkout(db, result, took,
                              ngx_http_autostock_outcome_queued(outcome),
                              ngx_http_autostock_outcome_in_flight(outcome));
}


void
ngx_http_autostock_outcome_problem(ngx_http_request_t *r,
    ngx_http_autostock_counter_e counter)
{
    ngx_http_autostock_result_e     result;
    ngx_http_autostock_loc_conf_t  *lcf;

    switch (counter) {

    case NGX_HTTP_AUTOSTOCK_REFUSALS:
        lcf = ngx_http_get_module_loc_conf(r, ngx_http_autostock_module);

        /* for a settlement, the reason is its hold or sale, not the stock */

        result = (lcf->serves
                  & (NGX_HTTP_AUTOSTOCK_CHECKOUT|NGX_HTTP_AUTOSTOCK_HOLD))
                 ? NGX_HTTP_AUTOSTOCK_RESULT_REFUSED
                 : NGX_HTTP_AUTOSTOCK_RESULT_REJECTED;
        break;

    case NGX_HTTP_AUTOSTOCK_OVERLOADS:
    case NGX_HTTP_AUTOSTOCK_UNAVAILABLE:
        result = NGX_HTTP_AUTOSTOCK_RESULT_UNAVAILABLE;
        break;

    case NGX_HTTP_AUTOSTOCK_UNKNOWN:
        result = NGX_HTTP_AUTOSTOCK_RESULT_UNKNOWN;
        break;

    default:
        result = NGX_HTTP_AUTOSTOCK_RESULT_REJECTED;
    }

    ngx_http_autostock_outcome_set(r, result, -1);
}
