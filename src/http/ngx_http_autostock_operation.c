
#include "ngx_http_autostock_operation.h"
#include "ngx_http_autostock_client.h"


static ngx_int_t ngx_http_autostock_operation_begin(ngx_http_request_t *r,
    ngx_http_autostock_operation_start_pt start);
static void ngx_http_autostock_operation_reading(ngx_http_request_t *r);
static void ngx_http_autostock_operation_cancel(void *data);


void
ngx_http_autostock_operation_start(ngx_http_request_t *r,
    ngx_http_autostock_operation_start_pt start)
{
    ngx_int_t  rc;

    rc = ngx_http_autostock_operation_begin(r, start);

    if (rc != NGX_DONE) {
        ngx_http_finalize_request(r, rc);
    }
}


static ngx_int_t
ngx_http_autostock_operation_begin(ngx_http_request_t *r,
    ngx_http_autostock_operation_start_pt start)
{
    ngx_int_t  rc;
    ngx_str_t  text;

    rc = ngx_http_autostock_client_body(r, &text);

    if (rc == NGX_DECLINED) {
        return ngx_http_autostock_response_problem(r,
                     NGX_HTTP_AUTOSTOCK_PROBLEM_TOO_LARGE, NULL, NULL, NULL);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return start(r, &text);
}


void
ngx_http_autostock_operation_prepare(ngx_http_request_t *r,
    ngx_http_autostock_operation_t *operation,
    ngx_http_autostock_waiter_t *waiter,
    ngx_http_autostock_operation_cancel_pt cancel)
{
    operation->request = r;
    operation->cancel = cancel;
    operation->outcome.waiter = waiter;

    /* as ngx_http_cleanup_add(), but without an allocation */

    operation->cleanup.next = r->main->cleanup;
    r->main->cleanup = &operation->cleanup;

    ngx_http_set_ctx(r, &operation->outcome, ngx_http_autostock_module);
}


ngx_int_t
ngx_http_autostock_operation_submitted(
    ngx_http_autostock_operation_t *operation, ngx_int_t rc)
{
    ngx_http_request_t  *r;

    r = operation->request;

    if (rc != NGX_OK) {
        return ngx_http_autostock_response_problem(r, rc == NGX_DECLINED
                                    ? NGX_HTTP_AUTOSTOCK_PROBLEM_REFUSED
                                    : NGX_HTTP_AUTOSTOCK_PROBLEM_OVERLOAD,
                                                   NULL, NULL, NULL);
    }

    operation->cleanup.handler = ngx_http_autostock_operation_cancel;
    operation->cleanup.data = operation;

    r->read_event_handler = ngx_http_autostock_operation_reading;

    return NGX_DONE;
}


static void
ngx_http_autostock_operation_reading(ngx_http_request_t *r)
{
    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "autostock operation reading");

    /* if the client has closed, ends the request, and so calls cancel */

    ngx_http_test_reading(r);
}


static void
ngx_http_autostock_operation_cancel(void *data)
{
    ngx_http_autostock_operation_t  *operation = data;

    operation->cancel(operation);

    ngx_http_autostock_outcome_set(operation->request,
                                   NGX_HTTP_AUTOSTOCK_RESULT_ABANDONED, -1);
}


ngx_http_request_t *
ngx_http_autostock_operation_resume(ngx_http_autostock_operation_t *operation)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = operation->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, c->log, 0,
                   "autostock operation resume");

    operation->cleanup.handler = NULL;

    r->read_event_handler = ngx_http_block_reading;

    return r;
}


void
ngx_http_autostock_operation_finish(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_connection_t  *c;

    c = r->connection;

    ngx_http_finalize_request(r, rc);
    ngx_http_run_posted_requests(c);
}
