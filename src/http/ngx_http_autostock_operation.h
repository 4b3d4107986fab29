
/*
 * The code that all operations share: the body is read, a sale, settlement,
 * receipt or look-up is submitted, and the request waits for its result, unless
 * the client closes the connection before.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_OPERATION_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_OPERATION_H_INCLUDED_


#include "ngx_http_autostock_outcome.h"


typedef struct ngx_http_autostock_operation_s  ngx_http_autostock_operation_t;

/* returns NGX_DONE: the request waits; any other result ends the request */
typedef ngx_int_t (*ngx_http_autostock_operation_start_pt)(
    ngx_http_request_t *r, ngx_str_t *text);

typedef void (*ngx_http_autostock_operation_cancel_pt)(
    ngx_http_autostock_operation_t *operation);


/* the first member of an operation's structure, which the caller zeroes */
struct ngx_http_autostock_operation_s {
    ngx_http_autostock_outcome_t            outcome;  /* the first member: the
                                                         request's context */
    ngx_http_request_t                     *request;
    ngx_http_cleanup_t                      cleanup;
    ngx_http_autostock_operation_cancel_pt  cancel;
};


/*
 * Called when the body was read: calls start with its text, which is empty if
 * there is none.  Refuses a body longer than autostock_max_body_size.
 */
void ngx_http_autostock_operation_start(ngx_http_request_t *r,
    ngx_http_autostock_operation_start_pt start);

/*
 * Called before the submit.  cancel withdraws what was submitted.  waiter is
 * for the outcome's times; it may be NULL.
 */
void ngx_http_autostock_operation_prepare(ngx_http_request_t *r,
    ngx_http_autostock_operation_t *operation,
    ngx_http_autostock_waiter_t *waiter,
    ngx_http_autostock_operation_cancel_pt cancel);

/*
 * Called after the submit, with its result.  NGX_OK: the request waits, and if
 * the client closes the connection before
 * ngx_http_autostock_operation_resume(), cancel is called; returns NGX_DONE.
 * Otherwise responds: NGX_DECLINED, that the server has just refused the same
 * request; any other result, overload.
 */
ngx_int_t ngx_http_autostock_operation_submitted(
    ngx_http_autostock_operation_t *operation, ngx_int_t rc);

/*
 * resume: the result is known, and its handler, which was not called by an
 * event of the client, begins to respond.  finish: ends the request with the
 * result of sending the response; r is invalid afterwards.
 */
ngx_http_request_t *ngx_http_autostock_operation_resume(
    ngx_http_autostock_operation_t *operation);
void ngx_http_autostock_operation_finish(ngx_http_request_t *r, ngx_int_t rc);


#endif /* _NGX_HTTP_AUTOSTOCK_OPERATION_H_INCLUDED_ */
