
#include "ngx_http_autostock_checkout.h"
#include "ngx_http_autostock_client.h"
#include "ngx_http_autostock_goods.h"
#include "ngx_http_autostock_hold.h"
#include "ngx_http_autostock_operation.h"
#include "ngx_http_autostock_status.h"
#include "ngx_http_autostock_trace.h"

#include "as_decimal.h"
#include "as_digest.h"


typedef struct {
    ngx_http_autostock_operation_t  operation;
    ngx_http_autostock_sale_t       sale;
} ngx_http_autostock_checkout_t;


static void ngx_http_autostock_checkout_body_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_autostock_checkout_start(ngx_http_request_t *r,
    ngx_str_t *text);
static ngx_int_t ngx_http_autostock_checkout_key(ngx_http_request_t *r,
    ngx_http_autostock_sale_t *sale, uint32_t seconds);
static ngx_int_t ngx_http_autostock_checkout_fingerprint(
    ngx_http_request_t *r, ngx_http_autostock_sale_t *sale, uint32_t seconds);
static ngx_int_t ngx_http_autostock_checkout_submit(ngx_http_request_t *r,
    ngx_http_autostock_checkout_t *checkout);
static void ngx_http_autostock_checkout_cancel(
    ngx_http_autostock_operation_t *operation);
static void ngx_http_autostock_checkout_sale_handler(
    ngx_http_autostock_sale_t *sale);
static ngx_int_t ngx_http_autostock_checkout_answer(ngx_http_request_t *r,
    ngx_http_autostock_sale_t *sale);
static ngx_int_t ngx_http_autostock_checkout_done(ngx_http_request_t *r,
    ngx_http_autostock_sale_t *sale, ngx_uint_t compat);
static ngx_int_t ngx_http_autostock_checkout_sold(ngx_http_request_t *r,
    ngx_http_autostock_sale_t *sale, ngx_uint_t compat);
static u_char *ngx_http_autostock_checkout_put_id(u_char *p,
    const u_char *id);
static ngx_int_t ngx_http_autostock_checkout_not_sold(ngx_http_request_t *r,
    ngx_http_autostock_sale_t *sale);
static ngx_int_t ngx_http_autostock_checkout_unknown(ngx_http_request_t *r,
    ngx_http_autostock_sale_t *sale);


static ngx_str_t  ngx_http_autostock_checkout_text =
    ngx_string("구매 완료!");
static ngx_str_t  ngx_http_autostock_checkout_failed =
    ngx_string("구매 실패!");
static ngx_str_t  ngx_http_autostock_checkout_too_many =
    ngx_string("lines with the SKUs of one product ask for more than 1000000 "
               "pieces");


ngx_int_t
ngx_http_autostock_checkout_handler(ngx_http_request_t *r)
{
    return ngx_http_autostock_client_read(r,
                                    ngx_http_autostock_checkout_body_handler);
}


static void
ngx_http_autostock_checkout_body_handler(ngx_http_request_t *r)
{
    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "autostock checkout body handler");

    ngx_http_autostock_operation_start(r, ngx_http_autostock_checkout_start);
}


static ngx_int_t
ngx_http_autostock_checkout_start(ngx_http_request_t *r, ngx_str_t *text)
{
    ngx_int_t                       rc;
    ngx_uint_t                      status;
    ngx_http_autostock_body_t       body;
    ngx_http_autostock_loc_conf_t  *lcf;
    ngx_http_autostock_checkout_t  *checkout;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_autostock_module);

    status = (lcf->serves & NGX_HTTP_AUTOSTOCK_HOLD)
             ? ngx_http_autostock_body_hold(&body, lcf->hold_max, text->data,
                                            text->len)
             : ngx_http_autostock_body_checkout(&body, text->data, text->len);

    if (status != 0) {
        return ngx_http_autostock_response_problem(r,
               NGX_HTTP_AUTOSTOCK_PROBLEM_INVALID, &body.detail, NULL, NULL);
    }

    checkout = ngx_pcalloc(r->pool, sizeof(ngx_http_autostock_checkout_t));
    if (checkout == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (lcf->serves & NGX_HTTP_AUTOSTOCK_HOLD) {
        checkout->sale.hold = body.seconds ? body.seconds : lcf->hold_default;
    }

    rc = ngx_http_autostock_goods_read(r, &body, &checkout->sale);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    rc = ngx_http_autostock_checkout_key(r, &checkout->sale, body.seconds);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    return ngx_http_autostock_checkout_submit(r, checkout);
}


static ngx_int_t
ngx_http_autostock_checkout_key(ngx_http_request_t *r,
    ngx_http_autostock_sale_t *sale, uint32_t seconds)
{
    ngx_int_t   rc;
    ngx_uint_t  keyed;

    rc = ngx_http_autostock_client_key(r, sale->key, &keyed);

    if (rc != NGX_DECLINED || !keyed) {
        return rc;
    }

    if (ngx_http_autostock_checkout_fingerprint(r, sale, seconds) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    sale->keyed = 1;

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_autostock_checkout_fingerprint(ngx_http_request_t *r,
    ngx_http_autostock_sale_t *sale, uint32_t seconds)
{
    static ngx_str_t  none = ngx_string("");

    if (sale->hold) {
        return ngx_http_autostock_hold_fingerprint(r, sale, seconds);
    }

    if (sale->cart) {
        return ngx_http_autostock_cart_fingerprint(r, &none, sale->lines,
                                                   sale->nlines,
                                                   sale->fingerprint);
    }

    if (as_digest_fingerprint(sale->single.sku.data, sale->single.sku.len,
                              sale->single.quantity, sale->fingerprint)
        != 0)
    {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "autostock: SHA-256 of the request failed");
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_autostock_checkout_submit(ngx_http_request_t *r,
    ngx_http_autostock_checkout_t *checkout)
{
    ngx_http_autostock_sale_t       *sale;
    ngx_http_autostock_outcome_t    *outcome;
    ngx_http_autostock_loc_conf_t   *lcf;
    ngx_http_autostock_operation_t  *operation;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_autostock_module);

    sale = &checkout->sale;
    operation = &checkout->operation;

    ngx_http_autostock_operation_prepare(r, operation, &sale->waiter,
                                         ngx_http_autostock_checkout_cancel);

    outcome = &operation->outcome;
    outcome->sale_id = sale->id;
    outcome->trace = ngx_http_autostock_trace_start(r);

    if (!sale->cart) {
        outcome->sku = &sale->single.sku;
        outcome->quantity = sale->single.quantity;
    }

    sale->trace = outcome->trace;
    sale->handler = ngx_http_autostock_checkout_sale_handler;
    sale->pool = r->pool;

    return ngx_http_autostock_operation_submitted(operation,
               ngx_http_autostock_sale_submit(lcf->database, sale,
                                              lcf->timeout));
}


static void
ngx_http_autostock_checkout_cancel(ngx_http_autostock_operation_t *operation)
{
    ngx_http_autostock_checkout_t  *checkout;

    checkout = (ngx_http_autostock_checkout_t *) operation;

    ngx_http_autostock_sale_cancel(&checkout->sale);
}


static void
ngx_http_autostock_checkout_sale_handler(ngx_http_autostock_sale_t *sale)
{
    ngx_http_request_t             *r;
    ngx_http_autostock_checkout_t  *checkout;

    checkout = ngx_queue_data(sale, ngx_http_autostock_checkout_t, sale);

    r = ngx_http_autostock_operation_resume(&checkout->operation);

    ngx_http_autostock_operation_finish(r,
                              ngx_http_autostock_checkout_answer(r, sale));
}


static ngx_int_t
ngx_http_autostock_checkout_answer(ngx_http_request_t *r,
    ngx_http_autostock_sale_t *sale)
{
    ngx_http_autostock_problem_e    problem;
    ngx_http_autostock_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_autostock_module);

    switch (sale->outcome) {

    case NGX_HTTP_AUTOSTOCK_SALE_SOLD:
        ngx_http_autostock_outcome_set(r, sale->hold
                                         ? NGX_HTTP_AUTOSTOCK_RESULT_HELD
                                         : NGX_HTTP_AUTOSTOCK_RESULT_SOLD,
                                       sale->lines->stock);
        return ngx_http_autostock_checkout_done(r, sale, lcf->compat);

    case NGX_HTTP_AUTOSTOCK_SALE_REPLAYED:
        ngx_http_autostock_status_count(lcf->database,
                                        NGX_HTTP_AUTOSTOCK_REPLAYS, 1);
        ngx_http_autostock_outcome_set(r, NGX_HTTP_AUTOSTOCK_RESULT_REPLAYED,
                                       sale->lines->stock);

        if (ngx_http_autostock_response_replayed(r) != NGX_OK) {
            return NGX_ERROR;
        }

        return ngx_http_autostock_checkout_done(r, sale, lcf->compat);

    case NGX_HTTP_AUTOSTOCK_SALE_REFUSED:
        ngx_http_autostock_outcome_set(r, NGX_HTTP_AUTOSTOCK_RESULT_REFUSED,
                                       sale->lines->stock);
        return sale->hold ? ngx_http_autostock_hold_not_held(r, sale)
               : sale->cart ? ngx_http_autostock_cart_not_sold(r, sale)
               : ngx_http_autostock_checkout_not_sold(r, sale);

    case NGX_HTTP_AUTOSTOCK_SALE_NO_PRODUCT:
        if (sale->hold || sale->cart) {
            return ngx_http_autostock_cart_no_product(r, sale);
        }

        problem = NGX_HTTP_AUTOSTOCK_PROBLEM_NO_PRODUCT;
        break;

    case NGX_HTTP_AUTOSTOCK_SALE_TOO_MANY:
        return ngx_http_autostock_response_problem(r,
                                     NGX_HTTP_AUTOSTOCK_PROBLEM_INVALID,
                                     &ngx_http_autostock_checkout_too_many,
                                     NULL, NULL);

    case NGX_HTTP_AUTOSTOCK_SALE_KEY_CONFLICT:
        problem = NGX_HTTP_AUTOSTOCK_PROBLEM_KEY_REUSED;
        break;

    case NGX_HTTP_AUTOSTOCK_SALE_UNAVAILABLE:
        problem = sale->refused ? NGX_HTTP_AUTOSTOCK_PROBLEM_REFUSED
                                : NGX_HTTP_AUTOSTOCK_PROBLEM_UNAVAILABLE;
        break;

    default: /* NGX_HTTP_AUTOSTOCK_SALE_UNKNOWN */
        return ngx_http_autostock_checkout_unknown(r, sale);
    }

    return ngx_http_autostock_response_problem(r, problem, NULL, NULL, NULL);
}


static ngx_int_t
ngx_http_autostock_checkout_done(ngx_http_request_t *r,
    ngx_http_autostock_sale_t *sale, ngx_uint_t compat)
{
    if (sale->hold) {
        return ngx_http_autostock_hold_held(r, sale);
    }

    if (sale->cart) {
        return ngx_http_autostock_cart_sold(r, sale);
    }

    return ngx_http_autostock_checkout_sold(r, sale, compat);
}


static ngx_int_t
ngx_http_autostock_checkout_sold(ngx_http_request_t *r,
    ngx_http_autostock_sale_t *sale, ngx_uint_t compat)
{
    size_t                           size;
    u_char                          *p;
    ngx_buf_t                       *b;
    ngx_str_t                        number;
    ngx_http_autostock_sale_line_t  *line;

    line = &sale->single;

    if (ngx_http_autostock_cart_json_sku(r, line) != NGX_OK) {
        return NGX_ERROR;
    }

    size = sizeof("{\"message\":\"\",\"sale_id\":\"\",\"sku\":\"\","
                  "\"quantity\":,\"stock\":}")
           + ngx_http_autostock_checkout_text.len
           + NGX_HTTP_AUTOSTOCK_LEFT_LEN + AS_UUID_TEXT_LEN
           + line->json_sku.len
           + NGX_INT32_LEN + NGX_INT64_LEN;

    b = ngx_http_autostock_response_buf(r, size);
    if (b == NULL) {
        return NGX_ERROR;
    }

    p = ngx_http_autostock_response_put(b->last, "{\"message\":\"");
    p = ngx_http_autostock_response_message(p,
                                            &ngx_http_autostock_checkout_text,
                                            line->stock, &number);

    if (!compat) {
        p = ngx_http_autostock_response_put(p, "\",\"sale_id\":\"");
        p = ngx_http_autostock_checkout_put_id(p, sale->id);
        p = ngx_http_autostock_response_put(p, "\",\"sku\":\"");
        p = ngx_cpymem(p, line->json_sku.data, line->json_sku.len);
        p = ngx_http_autostock_response_put(p, "\",\"quantity\":");
        p = as_decimal(p, line->quantity);
        p = ngx_http_autostock_response_put(p, ",\"stock\":");
        p = ngx_cpymem(p, number.data, number.len);

    } else {
        *p++ = '"';
    }

    *p++ = '}';

    b->last = p;

    return ngx_http_autostock_response_send(r, NGX_HTTP_OK, b);
}


/* the ids of one transaction's sales differ only in the last two bytes */

static u_char *
ngx_http_autostock_checkout_put_id(u_char *p, const u_char *id)
{
    static u_char  last[AS_UUID_LEN];
    static char    text[] = "00000000-0000-0000-0000-000000000000";

    if (ngx_memcmp(id, last, AS_UUID_LEN - 2) != 0) {
        ngx_memcpy(last, id, AS_UUID_LEN);
        as_uuid_text(id, text);
    }

    p = ngx_cpymem(p, text, AS_UUID_TEXT_LEN - 4);

    return ngx_hex_dump(p, (u_char *) id + AS_UUID_LEN - 2, 2);
}


static ngx_int_t
ngx_http_autostock_checkout_not_sold(ngx_http_request_t *r,
    ngx_http_autostock_sale_t *sale)
{
    u_char                          *p;
    u_char                           text[32 + NGX_HTTP_AUTOSTOCK_LEFT_LEN];
    ngx_str_t                        number, message, members;
    ngx_http_autostock_sale_line_t  *line;

    line = &sale->single;

    p = ngx_http_autostock_response_message(text,
                                          &ngx_http_autostock_checkout_failed,
                                          line->stock, &number);
    message.data = text;
    message.len = p - text;

    if (ngx_http_autostock_cart_json_sku(r, line) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    members.data = ngx_pnalloc(r->pool, sizeof(",\"sku\":\"\",\"stock\":")
                                        + line->json_sku.len
                                        + NGX_INT64_LEN);
    if (members.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_http_autostock_response_put(members.data, ",\"sku\":\"");
    p = ngx_cpymem(p, line->json_sku.data, line->json_sku.len);
    p = ngx_http_autostock_response_put(p, "\",\"stock\":");
    p = ngx_cpymem(p, number.data, number.len);

    members.len = p - members.data;

    return ngx_http_autostock_response_problem(r,
              NGX_HTTP_AUTOSTOCK_PROBLEM_STOCK, NULL, &message, &members);
}


static ngx_int_t
ngx_http_autostock_checkout_unknown(ngx_http_request_t *r,
    ngx_http_autostock_sale_t *sale)
{
    u_char      rest[sizeof(",\"sale_id\":\"\"") + AS_UUID_TEXT_LEN];
    ngx_str_t   members;

    members.data = rest;
    members.len = ngx_http_autostock_response_id(rest,
                                          sale->hold ? "hold_id" : "sale_id",
                                          sale->id)
                  - rest;

    return ngx_http_autostock_response_problem(r,
                 NGX_HTTP_AUTOSTOCK_PROBLEM_UNKNOWN, NULL, NULL, &members);
}
