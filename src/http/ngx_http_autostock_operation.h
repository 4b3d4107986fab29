
/*
 * What all operations have in common: the body is read, a sale, settlement,
 * receipt or look-up is submitted, and the request waits for its result, unless
 * the client leaves before.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_OPERATION_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_OPERATION_H_INCLUDED_


#include "ngx_http_autostock_outcome.h"


typedef struct ngx_http_autostock_operation_s  ngx_http_autostock_operation_t;

/* NGX_DONE: under way; any other result ends the request */
typedef ngx_int_t (*ngx_http_autostock_operation_start_pt)(
    ngx_http_request_t *r, ngx_str_t *text);

typedef void (*ngx_http_autostock_operation_cancel_pt)(
    ngx_http_autostock_operation_t *operation);


/* The first member of an operation's structure, zeroed. */
struct ngx_http_autostock_operation_s {
    ngx_http_autostock_outcome_t            outcome;  /* first: the request's
                                                         context */
    ngx_http_request_t                     *request;
    ngx_http_cleanup_t                      cleanup;
    ngx_http_autostock_operation_cancel_pt  cancel;
};


/*
 * The body was read: starts with its text, which is empty if there is none.
 * Refuses a body longer than autostock_max_body_size.
 */
void ngx_http_autostock_operation_start(ngx_http_request_t *r,
    ngx_http_autostock_operation_start_pt start);

/*
 * Called before anything is submitted.  cancel withdraws what was submitted;
 * waiter may be NULL.
 */
void ngx_http_autostock_operation_prepare(ngx_http_request_t *r,
    ngx_http_autostock_operation_t *operation,
    ngx_http_autostock_waiter_t *waiter,
    ngx_http_autostock_operation_cancel_pt cancel);

/*
 * rc is the result of the submit.  NGX_OK: the request waits, and if the client
 * leaves before ngx_http_autostock_operation_resume(), cancel is called;
 * returns NGX_DONE.  Otherwise refuses: NGX_DECLINED, the server refused the
 * same a moment ago; or overload.
 */
ngx_int_t ngx_http_autostock_operation_submitted(
    ngx_http_autostock_operation_t *operation, ngx_int_t rc);

/*
 * resume: the result is known, and its handler, which was not called from an
 * event of the client, is about to respond.  finish: ends the request with the
 * result of sending the response; r is invalid afterwards.
 */
ngx_http_request_t *ngx_http_autostock_operation_resume(
    ngx_http_autostock_operation_t *operation);
void ngx_http_autostock_operation_finish(ngx_http_request_t *r, ngx_int_t rc);


#endif /* _NGX_HTTP_AUTOSTOCK_OPERATION_H_INCLUDED_ */
