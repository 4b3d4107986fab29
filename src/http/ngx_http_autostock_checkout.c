
#include "ngx_http_autostock_checkout.h"
#include "ngx_http_autostock_client.h"
#include "ngx_http_autostock_goods.h"
#include "ngx_http_autostock_hold.h"
#include "ngx_http_autostock_outcome.h"
#include "ngx_http_autostock_status.h"
#include "ngx_http_autostock_trace.h"

#include "as_decimal.h"
#include "as_digest.h"
#include "as_json_text.h"


typedef struct {
    ngx_http_autostock_outcome_t   outcome;
    ngx_http_autostock_sale_t      sale;
    ngx_http_request_t            *request;
    ngx_http_cleanup_t            *cleanup;
} ngx_http_autostock_checkout_t;


static void ngx_http_autostock_checkout_body_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_autostock_checkout_start(ngx_http_request_t *r);
static ngx_int_t ngx_http_autostock_checkout_key(ngx_http_request_t *r,
    ngx_http_autostock_sale_t *sale, uint32_t seconds);
static ngx_int_t ngx_http_autostock_checkout_fingerprint(
    ngx_http_request_t *r, ngx_http_autostock_sale_t *sale, uint32_t seconds);
static ngx_int_t ngx_http_autostock_checkout_submit(ngx_http_request_t *r,
    ngx_http_autostock_checkout_t *checkout);
static void ngx_http_autostock_checkout_cancel(void *data);
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
static ngx_int_t ngx_http_autostock_checkout_json_sku(ngx_http_request_t *r,
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
    ngx_int_t  rc;

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "autostock checkout body handler");

    rc = ngx_http_autostock_checkout_start(r);

    if (rc != NGX_DONE) {
        ngx_http_finalize_request(r, rc);
    }
}


/* NGX_DONE if the sale is under way, else for ngx_http_finalize_request() */

static ngx_int_t
ngx_http_autostock_checkout_start(ngx_http_request_t *r)
{
    ngx_int_t                       rc;
    ngx_str_t                       text;
    ngx_uint_t                      status;
    ngx_http_autostock_body_t       body;
    ngx_http_autostock_loc_conf_t  *lcf;
    ngx_http_autostock_checkout_t  *checkout;

    rc = ngx_http_autostock_client_body(r, &text);

    if (rc == NGX_DECLINED) {
        return ngx_http_autostock_response_problem(r,
                     NGX_HTTP_AUTOSTOCK_PROBLEM_TOO_LARGE, NULL, NULL, NULL);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_autostock_module);

    status = (lcf->serves & NGX_HTTP_AUTOSTOCK_HOLD)
             ? ngx_http_autostock_body_hold(&body, lcf->hold_max, text.data,
                                            text.len)
             : ngx_http_autostock_body_checkout(&body, text.data, text.len);

    if (status != 0) {
        return ngx_http_autostock_response_problem(r,
               NGX_HTTP_AUTOSTOCK_PROBLEM_INVALID, &body.detail, NULL, NULL);
    }

    checkout = ngx_pcalloc(r->pool, sizeof(ngx_http_autostock_checkout_t));
    if (checkout == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    checkout->request = r;
    checkout->sale.quantity = body.quantity;

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
    ngx_int_t  rc;

    rc = ngx_http_autostock_client_key(r, sale->key);

    if (rc == NGX_DECLINED) {
        return NGX_DECLINED;
    }

    if (rc == NGX_ABORT) {
        return ngx_http_autostock_response_problem(r,
                            NGX_HTTP_AUTOSTOCK_PROBLEM_KEY, NULL, NULL, NULL);
    }

    if (rc != NGX_OK
        || ngx_http_autostock_checkout_fingerprint(r, sale, seconds)
           != NGX_OK)
    {
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

    if (sale->lines) {
        return ngx_http_autostock_cart_fingerprint(r, &none, sale->lines,
                                                   sale->nlines,
                                                   sale->fingerprint);
    }

    if (as_digest_fingerprint(sale->sku.data, sale->sku.len, sale->quantity,
                              sale->fingerprint)
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
    ngx_int_t                       rc;
    ngx_http_autostock_sale_t      *sale;
    ngx_http_autostock_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_autostock_module);

    checkout->cleanup = ngx_http_cleanup_add(r, 0);
    if (checkout->cleanup == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    sale = &checkout->sale;

    checkout->outcome.sku = sale->lines ? NULL : &sale->sku;
    checkout->outcome.sale_id = sale->id;
    checkout->outcome.quantity = sale->lines ? 0 : sale->quantity;
    checkout->outcome.waiter = &sale->waiter;
    checkout->outcome.trace = ngx_http_autostock_trace_start(r);
    ngx_http_set_ctx(r, &checkout->outcome, ngx_http_autostock_module);

    sale->trace = checkout->outcome.trace;
    sale->timeout = lcf->timeout;
    sale->handler = ngx_http_autostock_checkout_sale_handler;
    sale->data = checkout;
    sale->pool = r->pool;
    sale->log = r->connection->log;

    rc = ngx_http_autostock_sale_submit(lcf->database, sale);

    if (rc != NGX_OK) {
        return ngx_http_autostock_response_problem(r, rc == NGX_DECLINED
                                    ? NGX_HTTP_AUTOSTOCK_PROBLEM_REFUSED
                                    : NGX_HTTP_AUTOSTOCK_PROBLEM_OVERLOAD,
                                                   NULL, NULL, NULL);
    }

    ngx_http_autostock_client_wait(r, checkout->cleanup,
                                   ngx_http_autostock_checkout_cancel,
                                   checkout);

    return NGX_DONE;
}


static void
ngx_http_autostock_checkout_cancel(void *data)
{
    ngx_http_autostock_checkout_t  *checkout = data;

    ngx_http_autostock_sale_cancel(&checkout->sale);

    ngx_http_autostock_outcome_set(checkout->request,
                                   NGX_HTTP_AUTOSTOCK_RESULT_ABANDONED, -1);
}


static void
ngx_http_autostock_checkout_sale_handler(ngx_http_autostock_sale_t *sale)
{
    ngx_int_t                       rc;
    ngx_http_request_t             *r;
    ngx_http_autostock_checkout_t  *checkout;

    checkout = sale->data;
    r = checkout->request;

    ngx_http_autostock_client_resume(r, checkout->cleanup);

    rc = ngx_http_autostock_checkout_answer(r, sale);

    ngx_http_autostock_client_finish(r, rc);
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
                                       sale->stock);
        return ngx_http_autostock_checkout_done(r, sale, lcf->compat);

    case NGX_HTTP_AUTOSTOCK_SALE_REPLAYED:
        ngx_http_autostock_status_count(lcf->database,
                                        NGX_HTTP_AUTOSTOCK_REPLAYS, 1);
        ngx_http_autostock_outcome_set(r, NGX_HTTP_AUTOSTOCK_RESULT_REPLAYED,
                                       sale->stock);

        if (ngx_http_autostock_response_replayed(r) != NGX_OK) {
            return NGX_ERROR;
        }

        return ngx_http_autostock_checkout_done(r, sale, lcf->compat);

    case NGX_HTTP_AUTOSTOCK_SALE_REFUSED:
        ngx_http_autostock_outcome_set(r, NGX_HTTP_AUTOSTOCK_RESULT_REFUSED,
                                       sale->stock);
        return sale->hold ? ngx_http_autostock_hold_not_held(r, sale)
               : sale->lines ? ngx_http_autostock_cart_not_sold(r, sale)
               : ngx_http_autostock_checkout_not_sold(r, sale);

    case NGX_HTTP_AUTOSTOCK_SALE_NO_PRODUCT:
        if (sale->hold || sale->lines) {
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

    if (sale->lines) {
        return ngx_http_autostock_cart_sold(r, sale);
    }

    return ngx_http_autostock_checkout_sold(r, sale, compat);
}


static ngx_int_t
ngx_http_autostock_checkout_sold(ngx_http_request_t *r,
    ngx_http_autostock_sale_t *sale, ngx_uint_t compat)
{
    size_t      size;
    u_char     *p;
    ngx_buf_t  *b;
    ngx_str_t   number;

    if (ngx_http_autostock_checkout_json_sku(r, sale) != NGX_OK) {
        return NGX_ERROR;
    }

    size = sizeof("{\"message\":\"\",\"sale_id\":\"\",\"sku\":\"\","
                  "\"quantity\":,\"stock\":}")
           + ngx_http_autostock_checkout_text.len
           + NGX_HTTP_AUTOSTOCK_LEFT_LEN + AS_UUID_TEXT_LEN
           + sale->json_sku.len
           + NGX_INT32_LEN + NGX_INT64_LEN;

    b = ngx_http_autostock_response_buf(r, size);
    if (b == NULL) {
        return NGX_ERROR;
    }

    p = ngx_http_autostock_response_put(b->last, "{\"message\":\"");
    p = ngx_http_autostock_response_message(p,
                                            &ngx_http_autostock_checkout_text,
                                            sale->stock, &number);

    if (!compat) {
        p = ngx_http_autostock_response_put(p, "\",\"sale_id\":\"");
        p = ngx_http_autostock_checkout_put_id(p, sale->id);
        p = ngx_http_autostock_response_put(p, "\",\"sku\":\"");
        p = ngx_cpymem(p, sale->json_sku.data, sale->json_sku.len);
        p = ngx_http_autostock_response_put(p, "\",\"quantity\":");
        p = as_decimal(p, sale->quantity);
        p = ngx_http_autostock_response_put(p, ",\"stock\":");
        p = ngx_cpymem(p, number.data, number.len);

    } else {
        *p++ = '"';
    }

    *p++ = '}';

    b->last = p;

    return ngx_http_autostock_response_send(r, NGX_HTTP_OK, b);
}


/* the ids of one transaction's sales differ in the last two bytes only */

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
    u_char     *p;
    u_char      text[32 + NGX_HTTP_AUTOSTOCK_LEFT_LEN];
    ngx_str_t   number, message, members;

    p = ngx_http_autostock_response_message(text,
                                          &ngx_http_autostock_checkout_failed,
                                          sale->stock, &number);
    message.data = text;
    message.len = p - text;

    if (ngx_http_autostock_checkout_json_sku(r, sale) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    members.data = ngx_pnalloc(r->pool, sizeof(",\"sku\":\"\",\"stock\":")
                                        + sale->json_sku.len
                                        + NGX_INT64_LEN);
    if (members.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_http_autostock_response_put(members.data, ",\"sku\":\"");
    p = ngx_cpymem(p, sale->json_sku.data, sale->json_sku.len);
    p = ngx_http_autostock_response_put(p, "\",\"stock\":");
    p = ngx_cpymem(p, number.data, number.len);

    members.len = p - members.data;

    return ngx_http_autostock_response_problem(r,
              NGX_HTTP_AUTOSTOCK_PROBLEM_STOCK, NULL, &message, &members);
}


/* without a row, the SKU is the requested one */

static ngx_int_t
ngx_http_autostock_checkout_json_sku(ngx_http_request_t *r,
    ngx_http_autostock_sale_t *sale)
{
    ngx_str_t  *json;

    json = &sale->json_sku;

    if (json->len) {
        return NGX_OK;
    }

    json->len = as_json_text_escaped_len(sale->sku.data, sale->sku.len);
    json->data = ngx_pnalloc(r->pool, json->len);

    if (json->data == NULL) {
        return NGX_ERROR;
    }

    as_json_text_escape(json->data, sale->sku.data, sale->sku.len);

    return NGX_OK;
}


static ngx_int_t
ngx_http_autostock_checkout_unknown(ngx_http_request_t *r,
    ngx_http_autostock_sale_t *sale)
{
    u_char     *p;
    u_char      rest[sizeof(",\"sale_id\":\"\"") + AS_UUID_TEXT_LEN];
    ngx_str_t   members;

    p = sale->hold
        ? ngx_http_autostock_response_put(rest, ",\"hold_id\":\"")
        : ngx_http_autostock_response_put(rest, ",\"sale_id\":\"");
    p = (u_char *) as_uuid_text(sale->id, (char *) p);
    *p++ = '"';

    members.data = rest;
    members.len = p - rest;

    return ngx_http_autostock_response_problem(r,
                 NGX_HTTP_AUTOSTOCK_PROBLEM_UNKNOWN, NULL, NULL, &members);
}
