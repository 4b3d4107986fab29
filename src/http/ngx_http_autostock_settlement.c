
#include "ngx_http_autostock_settlement.h"
#include "ngx_http_autostock_client.h"
#include "ngx_http_autostock_confirm.h"
#include "ngx_http_autostock_operation.h"
#include "ngx_http_autostock_release.h"
#include "ngx_http_autostock_return.h"
#include "ngx_http_autostock_status.h"
#include "ngx_http_autostock_trace.h"

#include "as_uuid.h"


typedef struct {
    ngx_http_autostock_operation_t  operation;
    ngx_http_autostock_settle_t     settle;
} ngx_http_autostock_settlement_t;


static void ngx_http_autostock_settlement_body_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_autostock_settlement_start(ngx_http_request_t *r,
    ngx_str_t *text);
static ngx_int_t ngx_http_autostock_settlement_hold(ngx_http_request_t *r,
    ngx_str_t *text, ngx_http_autostock_settle_t *settle);
static ngx_int_t ngx_http_autostock_settlement_hold_id(ngx_http_request_t *r,
    ngx_http_autostock_settle_t *settle);
static ngx_int_t ngx_http_autostock_settlement_submit(ngx_http_request_t *r,
    ngx_http_autostock_settlement_t *settlement);
static void ngx_http_autostock_settlement_cancel(
    ngx_http_autostock_operation_t *operation);
static void ngx_http_autostock_settlement_settle_handler(
    ngx_http_autostock_settle_t *settle);
static ngx_int_t ngx_http_autostock_settlement_answer(ngx_http_request_t *r,
    ngx_http_autostock_settle_t *settle);
static ngx_int_t ngx_http_autostock_settlement_done(ngx_http_request_t *r,
    ngx_http_autostock_settle_t *settle);
static ngx_int_t ngx_http_autostock_settlement_unknown(ngx_http_request_t *r,
    ngx_http_autostock_settle_t *settle);


ngx_int_t
ngx_http_autostock_settlement_handler(ngx_http_request_t *r)
{
    return ngx_http_autostock_client_read(r,
                                  ngx_http_autostock_settlement_body_handler);
}


static void
ngx_http_autostock_settlement_body_handler(ngx_http_request_t *r)
{
    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "autostock settlement body handler");

    ngx_http_autostock_operation_start(r, ngx_http_autostock_settlement_start);
}


static ngx_int_t
ngx_http_autostock_settlement_start(ngx_http_request_t *r, ngx_str_t *text)
{
    ngx_int_t                         rc;
    ngx_http_autostock_loc_conf_t    *lcf;
    ngx_http_autostock_settlement_t  *settlement;

    settlement = ngx_pcalloc(r->pool, sizeof(ngx_http_autostock_settlement_t));
    if (settlement == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_autostock_module);

    if (lcf->serves & NGX_HTTP_AUTOSTOCK_RETURN) {
        rc = ngx_http_autostock_return_read(r, text, &settlement->settle);

    } else {
        rc = ngx_http_autostock_settlement_hold(r, text, &settlement->settle);
    }

    if (rc != NGX_DECLINED) {
        return rc;
    }

    return ngx_http_autostock_settlement_submit(r, settlement);
}


/* returns NGX_DECLINED to continue; any other result ends the request */

static ngx_int_t
ngx_http_autostock_settlement_hold(ngx_http_request_t *r, ngx_str_t *text,
    ngx_http_autostock_settle_t *settle)
{
    ngx_http_autostock_body_t       body;
    ngx_http_autostock_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_autostock_module);

    settle->action = (lcf->serves & NGX_HTTP_AUTOSTOCK_CONFIRM)
                     ? NGX_HTTP_AUTOSTOCK_SETTLE_CONFIRM
                     : NGX_HTTP_AUTOSTOCK_SETTLE_RELEASE;
    settle->grace = lcf->hold_grace;

    if (lcf->hold_id) {
        return ngx_http_autostock_settlement_hold_id(r, settle);
    }

    if (ngx_http_autostock_body_settlement(&body, text->data, text->len)
        != 0)
    {
        return ngx_http_autostock_response_problem(r,
               NGX_HTTP_AUTOSTOCK_PROBLEM_INVALID, &body.detail, NULL, NULL);
    }

    ngx_memcpy(settle->id, body.id, AS_UUID_LEN);

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_autostock_settlement_hold_id(ngx_http_request_t *r,
    ngx_http_autostock_settle_t *settle)
{
    ngx_str_t                       value, detail;
    ngx_http_autostock_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_autostock_module);

    if (ngx_http_complex_value(r, lcf->hold_id, &value) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (as_uuid_parse((char *) value.data, value.len, settle->id) == 0) {
        return NGX_DECLINED;
    }

    ngx_str_set(&detail, "the hold's id in the request, outside of its body, "
                "must be a UUID of 36 characters");

    return ngx_http_autostock_response_problem(r,
                   NGX_HTTP_AUTOSTOCK_PROBLEM_INVALID, &detail, NULL, NULL);
}


static ngx_int_t
ngx_http_autostock_settlement_submit(ngx_http_request_t *r,
    ngx_http_autostock_settlement_t *settlement)
{
    ngx_http_autostock_settle_t     *settle;
    ngx_http_autostock_loc_conf_t   *lcf;
    ngx_http_autostock_operation_t  *operation;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_autostock_module);

    settle = &settlement->settle;
    operation = &settlement->operation;

    ngx_http_autostock_operation_prepare(r, operation, &settle->waiter,
                                         ngx_http_autostock_settlement_cancel);

    operation->outcome.sale_id = settle->id;
    operation->outcome.quantity = settle->quantity;
    operation->outcome.trace = ngx_http_autostock_trace_start(r);

    settle->trace = operation->outcome.trace;
    settle->timeout = lcf->timeout;
    settle->handler = ngx_http_autostock_settlement_settle_handler;
    settle->pool = r->pool;
    settle->log = r->connection->log;

    return ngx_http_autostock_operation_submitted(operation,
               ngx_http_autostock_settle_submit(lcf->database, settle));
}


static void
ngx_http_autostock_settlement_cancel(ngx_http_autostock_operation_t *operation)
{
    ngx_http_autostock_settlement_t  *settlement;

    settlement = (ngx_http_autostock_settlement_t *) operation;

    ngx_http_autostock_settle_cancel(&settlement->settle);
}


static void
ngx_http_autostock_settlement_settle_handler(
    ngx_http_autostock_settle_t *settle)
{
    ngx_http_request_t               *r;
    ngx_http_autostock_settlement_t  *settlement;

    settlement = ngx_queue_data(settle, ngx_http_autostock_settlement_t,
                                settle);

    r = ngx_http_autostock_operation_resume(&settlement->operation);

    ngx_http_autostock_operation_finish(r,
                            ngx_http_autostock_settlement_answer(r, settle));
}


static ngx_int_t
ngx_http_autostock_settlement_answer(ngx_http_request_t *r,
    ngx_http_autostock_settle_t *settle)
{
    ngx_http_autostock_problem_e    problem;
    ngx_http_autostock_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_autostock_module);

    switch (settle->outcome) {

    case NGX_HTTP_AUTOSTOCK_SETTLE_DONE:
        ngx_http_autostock_outcome_set(r, NGX_HTTP_AUTOSTOCK_RESULT_CONFIRMED
                                          + settle->action, -1);
        return ngx_http_autostock_settlement_done(r, settle);

    case NGX_HTTP_AUTOSTOCK_SETTLE_REPLAYED:
        ngx_http_autostock_status_count(lcf->database,
                                        NGX_HTTP_AUTOSTOCK_REPLAYS, 1);
        ngx_http_autostock_outcome_set(r, NGX_HTTP_AUTOSTOCK_RESULT_REPLAYED,
                                       -1);

        if (ngx_http_autostock_response_replayed(r) != NGX_OK) {
            return NGX_ERROR;
        }

        return ngx_http_autostock_settlement_done(r, settle);

    case NGX_HTTP_AUTOSTOCK_SETTLE_RETURNED:
    case NGX_HTTP_AUTOSTOCK_SETTLE_NO_LINE:
    case NGX_HTTP_AUTOSTOCK_SETTLE_NO_PRODUCT:
    case NGX_HTTP_AUTOSTOCK_SETTLE_MANY_LINES:
        return ngx_http_autostock_return_refused(r, settle);

    case NGX_HTTP_AUTOSTOCK_SETTLE_UNKNOWN_ID:
        problem = settle->action == NGX_HTTP_AUTOSTOCK_SETTLE_RETURN
                  ? NGX_HTTP_AUTOSTOCK_PROBLEM_NO_SALE
                  : NGX_HTTP_AUTOSTOCK_PROBLEM_NO_HOLD;
        break;

    case NGX_HTTP_AUTOSTOCK_SETTLE_OVERFLOW:
        problem = NGX_HTTP_AUTOSTOCK_PROBLEM_RETURN_OVERFLOW;
        break;

    case NGX_HTTP_AUTOSTOCK_SETTLE_RELEASED:
        problem = NGX_HTTP_AUTOSTOCK_PROBLEM_HOLD_RELEASED;
        break;

    case NGX_HTTP_AUTOSTOCK_SETTLE_EXPIRED:
        problem = NGX_HTTP_AUTOSTOCK_PROBLEM_HOLD_EXPIRED;
        break;

    case NGX_HTTP_AUTOSTOCK_SETTLE_CONFIRMED:
        problem = NGX_HTTP_AUTOSTOCK_PROBLEM_HOLD_CONFIRMED;
        break;

    case NGX_HTTP_AUTOSTOCK_SETTLE_KEY_CONFLICT:
        problem = NGX_HTTP_AUTOSTOCK_PROBLEM_KEY_REUSED;
        break;

    case NGX_HTTP_AUTOSTOCK_SETTLE_UNAVAILABLE:
        problem = settle->refused ? NGX_HTTP_AUTOSTOCK_PROBLEM_REFUSED
                                  : NGX_HTTP_AUTOSTOCK_PROBLEM_UNAVAILABLE;
        break;

    default: /* NGX_HTTP_AUTOSTOCK_SETTLE_UNKNOWN */
        return ngx_http_autostock_settlement_unknown(r, settle);
    }

    return ngx_http_autostock_response_problem(r, problem, NULL, NULL, NULL);
}


static ngx_int_t
ngx_http_autostock_settlement_done(ngx_http_request_t *r,
    ngx_http_autostock_settle_t *settle)
{
    switch (settle->action) {

    case NGX_HTTP_AUTOSTOCK_SETTLE_CONFIRM:
        return ngx_http_autostock_confirm_done(r, settle);

    case NGX_HTTP_AUTOSTOCK_SETTLE_RELEASE:
        return ngx_http_autostock_release_done(r, settle);

    default: /* NGX_HTTP_AUTOSTOCK_SETTLE_RETURN */
        return ngx_http_autostock_return_done(r, settle);
    }
}


static ngx_int_t
ngx_http_autostock_settlement_unknown(ngx_http_request_t *r,
    ngx_http_autostock_settle_t *settle)
{
    u_char      rest[sizeof(",\"hold_id\":\"\"") + AS_UUID_TEXT_LEN];
    ngx_str_t   detail, message, members;

    if (settle->action == NGX_HTTP_AUTOSTOCK_SETTLE_RETURN) {
        return ngx_http_autostock_return_unknown(r, settle);
    }

    ngx_str_set(&detail, "the request may have been done or not; repeat it to "
                "find out, it is done once");
    ngx_str_set(&message, "결과를 확인하지 못했습니다. 다시 시도해 주세요");

    members.data = rest;
    members.len = ngx_http_autostock_response_id(rest, "hold_id", settle->id)
                  - rest;

    return ngx_http_autostock_response_problem(r,
            NGX_HTTP_AUTOSTOCK_PROBLEM_UNKNOWN, &detail, &message, &members);
}
