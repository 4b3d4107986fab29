
#include "ngx_http_autostock_body.h"
#include "ngx_http_autostock_client.h"
#include "ngx_http_autostock_operation.h"
#include "ngx_http_autostock_receipt.h"
#include "ngx_http_autostock_repeat.h"
#include "ngx_http_autostock_restock.h"
#include "ngx_http_autostock_status.h"
#include "ngx_http_autostock_trace.h"

#include "as_decimal.h"
#include "as_digest.h"


typedef struct {
    ngx_http_autostock_operation_t  operation;
    ngx_http_autostock_receipt_t    receipt;
} ngx_http_autostock_restock_t;


static ngx_int_t ngx_http_autostock_restock_verify(ngx_http_request_t *r,
    u_char order_id[AS_UUID_LEN]);
static void ngx_http_autostock_restock_log(ngx_http_request_t *r);
static void ngx_http_autostock_restock_body_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_autostock_restock_start(ngx_http_request_t *r,
    ngx_str_t *text);
static ngx_int_t ngx_http_autostock_restock_submit(ngx_http_request_t *r,
    ngx_http_autostock_restock_t *restock);
static void ngx_http_autostock_restock_cancel(
    ngx_http_autostock_operation_t *operation);
static void ngx_http_autostock_restock_receipt_handler(
    ngx_http_autostock_receipt_t *receipt);
static ngx_int_t ngx_http_autostock_restock_answer(ngx_http_request_t *r,
    ngx_http_autostock_receipt_t *receipt);
static void ngx_http_autostock_restock_outcome(ngx_http_request_t *r,
    ngx_http_autostock_result_e result,
    ngx_http_autostock_receipt_t *receipt);
static ngx_int_t ngx_http_autostock_restock_booked(ngx_http_request_t *r,
    ngx_http_autostock_receipt_t *receipt, ngx_uint_t compat);
static ngx_int_t ngx_http_autostock_restock_too_many(ngx_http_request_t *r,
    ngx_http_autostock_receipt_t *receipt);
static ngx_int_t ngx_http_autostock_restock_not_booked(ngx_http_request_t *r,
    ngx_http_autostock_receipt_t *receipt);
static ngx_int_t ngx_http_autostock_restock_unknown(ngx_http_request_t *r);


static ngx_str_t  ngx_http_autostock_restock_done =
    ngx_string("입고 완료!");


ngx_int_t
ngx_http_autostock_restock_handler(ngx_http_request_t *r)
{
    ngx_int_t                      rc;
    ngx_http_autostock_restock_t  *restock;

    restock = ngx_pcalloc(r->pool, sizeof(ngx_http_autostock_restock_t));
    if (restock == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_autostock_restock_verify(r, restock->receipt.order_id);

    if (rc == NGX_DECLINED) {
        ngx_http_autostock_restock_log(r);

        /* RFC 9110, 15.5.2: a 401 response names a scheme */

        if (ngx_http_autostock_response_header(r, "WWW-Authenticate",
                                              sizeof("WWW-Authenticate") - 1,
                                              (u_char *) "Callback-Signature",
                                              sizeof("Callback-Signature") - 1)
            == NULL)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_autostock_client_refuse(r,
                                        NGX_HTTP_AUTOSTOCK_PROBLEM_SIGNATURE);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    restock->operation.outcome.order_id = restock->receipt.order_id;
    restock->operation.outcome.trace = ngx_http_autostock_trace_start(r);

    ngx_http_set_ctx(r, restock, ngx_http_autostock_module);

    return ngx_http_autostock_client_read(r,
                                     ngx_http_autostock_restock_body_handler);
}


/* NGX_DECLINED: the signature is wrong; NGX_ERROR, logged: OpenSSL failed */

static ngx_int_t
ngx_http_autostock_restock_verify(ngx_http_request_t *r,
    u_char order_id[AS_UUID_LEN])
{
    int                             rc, verified;
    ngx_str_t                       order, signature, *secret;
    ngx_uint_t                      i;
    ngx_http_autostock_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_autostock_module);

    if (lcf->callback_secrets == NULL
        || ngx_http_arg(r, (u_char *) "order", sizeof("order") - 1, &order)
           != NGX_OK
        || ngx_http_arg(r, (u_char *) "signature", sizeof("signature") - 1,
                        &signature)
           != NGX_OK
        || as_uuid_parse((char *) order.data, order.len, order_id) != 0)
    {
        return NGX_DECLINED;
    }

    secret = lcf->callback_secrets->elts;
    verified = 0;

    /* checks all secrets: the time must not reveal which one matched */

    for (i = 0; i < lcf->callback_secrets->nelts; i++) {

        rc = as_digest_signature_verify(secret[i].data, secret[i].len, order_id,
                                        signature.data, signature.len);
        if (rc < 0) {
            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                          "autostock: HMAC-SHA256 of a callback failed");
            return NGX_ERROR;
        }

        verified |= rc;
    }

    return verified ? NGX_OK : NGX_DECLINED;
}


/* the cycle's log: to the request's, nginx would add the signature */

static void
ngx_http_autostock_restock_log(ngx_http_request_t *r)
{
    u_char                          id[AS_UUID_LEN];
    u_char                          text[sizeof("of order ")
                                         + AS_UUID_TEXT_LEN];
    ngx_str_t                       order;
    const char                     *note;
    ngx_http_autostock_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_autostock_module);

    note = ngx_http_autostock_repeat(
                &lcf->database->repeats[NGX_HTTP_AUTOSTOCK_REPEAT_SIGNATURE]);
    if (note == NULL) {
        return;
    }

    (void) ngx_sprintf(text, "without an order's id%Z");

    if (ngx_http_arg(r, (u_char *) "order", sizeof("order") - 1, &order)
        == NGX_OK
        && as_uuid_parse((char *) order.data, order.len, id) == 0)
    {
        *(u_char *) as_uuid_text(id, (char *) ngx_sprintf(text, "of order "))
            = '\0';
    }

    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "autostock: database \"%V\": a callback %s was refused: "
                  "no valid signature, client: %V%s", &lcf->database->name,
                  text, &r->connection->addr_text, note);
}


static void
ngx_http_autostock_restock_body_handler(ngx_http_request_t *r)
{
    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "autostock restock body handler");

    ngx_http_autostock_operation_start(r, ngx_http_autostock_restock_start);
}


static ngx_int_t
ngx_http_autostock_restock_start(ngx_http_request_t *r, ngx_str_t *text)
{
    ngx_uint_t                     status;
    ngx_http_autostock_body_t      body;
    ngx_http_autostock_problem_e   problem;
    ngx_http_autostock_restock_t  *restock;

    status = ngx_http_autostock_body_receipt(&body, text->data, text->len);

    if (status != 0) {
        problem = status == NGX_HTTP_BAD_REQUEST
                      ? NGX_HTTP_AUTOSTOCK_PROBLEM_INVALID
                      : NGX_HTTP_AUTOSTOCK_PROBLEM_COUNT;

        return ngx_http_autostock_response_problem(r, problem, &body.detail,
                                                   NULL, NULL);
    }

    restock = ngx_http_get_module_ctx(r, ngx_http_autostock_module);

    restock->receipt.product = body.product;
    restock->receipt.quantity = body.quantity;

    return ngx_http_autostock_restock_submit(r, restock);
}


static ngx_int_t
ngx_http_autostock_restock_submit(ngx_http_request_t *r,
    ngx_http_autostock_restock_t *restock)
{
    ngx_http_autostock_receipt_t    *receipt;
    ngx_http_autostock_loc_conf_t   *lcf;
    ngx_http_autostock_operation_t  *operation;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_autostock_module);

    receipt = &restock->receipt;
    operation = &restock->operation;

    ngx_http_autostock_operation_prepare(r, operation, NULL,
                                         ngx_http_autostock_restock_cancel);

    receipt->client = r->connection->addr_text;
    receipt->trace = operation->outcome.trace;
    receipt->timeout = lcf->restock_timeout;
    receipt->handler = ngx_http_autostock_restock_receipt_handler;
    receipt->data = restock;

    /* the booking may last longer than the connection and its log */

    receipt->log = ngx_cycle->log;

    return ngx_http_autostock_operation_submitted(operation,
               ngx_http_autostock_receipt_submit(lcf->database, receipt));
}


static void
ngx_http_autostock_restock_cancel(ngx_http_autostock_operation_t *operation)
{
    ngx_http_autostock_restock_t  *restock;

    restock = (ngx_http_autostock_restock_t *) operation;

    ngx_http_autostock_receipt_cancel(&restock->receipt);
}


static void
ngx_http_autostock_restock_receipt_handler(
    ngx_http_autostock_receipt_t *receipt)
{
    ngx_http_request_t            *r;
    ngx_http_autostock_restock_t  *restock;

    restock = receipt->data;

    r = ngx_http_autostock_operation_resume(&restock->operation);

    ngx_http_autostock_operation_finish(r,
                              ngx_http_autostock_restock_answer(r, receipt));
}


static ngx_int_t
ngx_http_autostock_restock_answer(ngx_http_request_t *r,
    ngx_http_autostock_receipt_t *receipt)
{
    ngx_http_autostock_problem_e    problem;
    ngx_http_autostock_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_autostock_module);

    switch (receipt->outcome) {

    case NGX_HTTP_AUTOSTOCK_RECEIPT_BOOKED:
        ngx_http_autostock_restock_outcome(r,
                                           NGX_HTTP_AUTOSTOCK_RESULT_BOOKED,
                                           receipt);
        return ngx_http_autostock_restock_booked(r, receipt, lcf->compat);

    case NGX_HTTP_AUTOSTOCK_RECEIPT_REPLAYED:
        ngx_http_autostock_restock_outcome(r,
                                           NGX_HTTP_AUTOSTOCK_RESULT_REPLAYED,
                                           receipt);

        if (ngx_http_autostock_response_replayed(r) != NGX_OK) {
            return NGX_ERROR;
        }

        return ngx_http_autostock_restock_booked(r, receipt, lcf->compat);

    case NGX_HTTP_AUTOSTOCK_RECEIPT_NO_ORDER:
        problem = NGX_HTTP_AUTOSTOCK_PROBLEM_NO_ORDER;
        break;

    case NGX_HTTP_AUTOSTOCK_RECEIPT_WRONG_PRODUCT:
        problem = NGX_HTTP_AUTOSTOCK_PROBLEM_PRODUCT;
        break;

    case NGX_HTTP_AUTOSTOCK_RECEIPT_TOO_MANY:
        return ngx_http_autostock_restock_too_many(r, receipt);

    case NGX_HTTP_AUTOSTOCK_RECEIPT_GONE:
        problem = NGX_HTTP_AUTOSTOCK_PROBLEM_GONE;
        break;

    case NGX_HTTP_AUTOSTOCK_RECEIPT_OVERFLOW:
        problem = NGX_HTTP_AUTOSTOCK_PROBLEM_OVERFLOW;
        break;

    case NGX_HTTP_AUTOSTOCK_RECEIPT_REFUSED:
        return ngx_http_autostock_restock_not_booked(r, receipt);

    case NGX_HTTP_AUTOSTOCK_RECEIPT_UNAVAILABLE:
        problem = receipt->error ? NGX_HTTP_AUTOSTOCK_PROBLEM_REFUSED
                                 : NGX_HTTP_AUTOSTOCK_PROBLEM_UNAVAILABLE;
        break;

    default: /* NGX_HTTP_AUTOSTOCK_RECEIPT_UNKNOWN */
        return ngx_http_autostock_restock_unknown(r);
    }

    return ngx_http_autostock_response_problem(r, problem, NULL, NULL, NULL);
}


static void
ngx_http_autostock_restock_outcome(ngx_http_request_t *r,
    ngx_http_autostock_result_e result, ngx_http_autostock_receipt_t *receipt)
{
    ngx_http_autostock_restock_t  *restock;

    restock = receipt->data;
    restock->operation.outcome.quantity = receipt->received;

    ngx_http_autostock_outcome_set(r, result, receipt->stock);
}


static ngx_int_t
ngx_http_autostock_restock_booked(ngx_http_request_t *r,
    ngx_http_autostock_receipt_t *receipt, ngx_uint_t compat)
{
    size_t      size;
    u_char     *p;
    ngx_buf_t  *b;
    ngx_str_t   number;

    size = sizeof("{\"message\":\"\",\"order_id\":\"\",\"received\":,"
                  "\"stock\":}")
           + ngx_http_autostock_restock_done.len
           + NGX_HTTP_AUTOSTOCK_LEFT_LEN + AS_UUID_TEXT_LEN
           + NGX_INT32_LEN + NGX_INT64_LEN;

    b = ngx_http_autostock_response_buf(r, size);
    if (b == NULL) {
        return NGX_ERROR;
    }

    p = ngx_http_autostock_response_put(b->last, "{\"message\":\"");
    p = ngx_http_autostock_response_message(p,
                                            &ngx_http_autostock_restock_done,
                                            receipt->stock, &number);

    if (!compat) {
        p = ngx_http_autostock_response_put(p, "\",\"order_id\":\"");
        p = (u_char *) as_uuid_text(receipt->order_id, (char *) p);
        p = ngx_http_autostock_response_put(p, "\",\"received\":");
        p = as_decimal(p, receipt->received);
        p = ngx_http_autostock_response_put(p, ",\"stock\":");
        p = ngx_cpymem(p, number.data, number.len);

    } else {
        *p++ = '"';
    }

    *p++ = '}';

    b->last = p;

    return ngx_http_autostock_response_send(r, NGX_HTTP_OK, b);
}


static ngx_int_t
ngx_http_autostock_restock_too_many(ngx_http_request_t *r,
    ngx_http_autostock_receipt_t *receipt)
{
    u_char     *p;
    u_char      text[64 + 2 * AS_DECIMAL_LEN];
    ngx_str_t   detail;

    p = ngx_http_autostock_response_put(text, "the count is ");
    p = as_decimal(p, receipt->quantity);
    p = ngx_http_autostock_response_put(p, ", but only ");
    p = as_decimal(p, receipt->ordered);
    p = ngx_http_autostock_response_put(p, " were ordered");

    detail.data = text;
    detail.len = p - text;

    return ngx_http_autostock_response_problem(r,
                     NGX_HTTP_AUTOSTOCK_PROBLEM_COUNT, &detail, NULL, NULL);
}


/* the answer has only the error's number; the log has its text */

static ngx_int_t
ngx_http_autostock_restock_not_booked(ngx_http_request_t *r,
    ngx_http_autostock_receipt_t *receipt)
{
    u_char     *p;
    u_char      text[128 + NGX_INT_T_LEN];
    ngx_str_t   detail;

    if (receipt->error == 0) {
        return ngx_http_autostock_response_problem(r,
                     NGX_HTTP_AUTOSTOCK_PROBLEM_NOT_BOOKED, NULL, NULL, NULL);
    }

    p = ngx_snprintf(text, sizeof(text), "the database refused to book the "
                     "goods, error %ui; nothing was booked, and the order "
                     "has failed", receipt->error);
    detail.data = text;
    detail.len = p - text;

    return ngx_http_autostock_response_problem(r,
                  NGX_HTTP_AUTOSTOCK_PROBLEM_NOT_BOOKED, &detail, NULL, NULL);
}


static ngx_int_t
ngx_http_autostock_restock_unknown(ngx_http_request_t *r)
{
    ngx_str_t  detail, message;

    ngx_str_set(&detail, "the goods may have been booked or not; send the same "
                "callback again, the goods are booked once");
    ngx_str_set(&message, "결과를 확인하지 못했습니다. 다시 시도해 주세요");

    return ngx_http_autostock_response_problem(r,
                NGX_HTTP_AUTOSTOCK_PROBLEM_UNKNOWN, &detail, &message, NULL);
}
