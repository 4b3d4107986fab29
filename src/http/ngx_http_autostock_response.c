
#include "ngx_http_autostock_outcome.h"
#include "ngx_http_autostock_response.h"
#include "ngx_http_autostock_status.h"

#include "as_decimal.h"
#include "as_json_text.h"
#include "as_uuid.h"


/*
 * The types are stable names for programs to compare; titles and details may
 * change.
 */
typedef struct {
    ngx_uint_t                    status;
    ngx_http_autostock_counter_e  counter;
    ngx_uint_t                    retry;     /* with Retry-After */
    ngx_str_t                     head;      /* the JSON before the detail */
    ngx_str_t                     detail;
    ngx_str_t                     message;
} ngx_http_autostock_problem_t;


static u_char *ngx_http_autostock_response_fill(u_char *p,
    ngx_http_autostock_problem_t *problem, ngx_str_t *detail,
    ngx_str_t *message, ngx_str_t *members);
static ngx_int_t ngx_http_autostock_response_retry(ngx_http_request_t *r,
    ngx_http_autostock_loc_conf_t *lcf);
static ngx_int_t ngx_http_autostock_response_output(ngx_http_request_t *r,
    ngx_uint_t status, ngx_str_t *type, ngx_buf_t *b);
static ngx_int_t ngx_http_autostock_response_headers(ngx_http_request_t *r,
    ngx_uint_t status);


#if (nginx_version >= 1023000)

#define ngx_http_autostock_response_has_cache_control(r)                      \
    ((r)->headers_out.cache_control != NULL)

#else

#define ngx_http_autostock_response_has_cache_control(r)                      \
    ((r)->headers_out.cache_control.elts != NULL)

#endif


static ngx_str_t  ngx_http_autostock_json = ngx_string("application/json");
static ngx_str_t  ngx_http_autostock_problem_json =
    ngx_string("application/problem+json");


#define ngx_http_autostock_problem_head(name, title, status)                  \
    ngx_string("{\"type\":\"urn:autostock:problem:" name "\",\"title\":\""    \
               title "\",\"status\":" status ",\"detail\":\"")


/* in the order of ngx_http_autostock_problem_e */

static ngx_http_autostock_problem_t  ngx_http_autostock_problems[] = {

    { NGX_HTTP_BAD_REQUEST, NGX_HTTP_AUTOSTOCK_BAD_REQUESTS, 0,
      ngx_http_autostock_problem_head("invalid-request",
                                      "Invalid request", "400"),
      ngx_string("the request is not what this location expects"),
      ngx_string("잘못된 요청입니다") },

    { NGX_HTTP_BAD_REQUEST, NGX_HTTP_AUTOSTOCK_BAD_REQUESTS, 0,
      ngx_http_autostock_problem_head("invalid-idempotency-key",
                                      "Invalid Idempotency-Key", "400"),
      ngx_string("Idempotency-Key must occur once, with 1 to 255 visible ASCII "
                 "characters, bare or as a quoted string"),
      ngx_string("Idempotency-Key가 잘못되었습니다") },

    { NGX_HTTP_UNAUTHORIZED, NGX_HTTP_AUTOSTOCK_UNAUTHORIZED, 0,
      ngx_http_autostock_problem_head("invalid-signature",
                                      "Invalid signature", "401"),
      ngx_string("the arguments order and signature must be the order's id and "
                 "its signature, as in the callback URL"),
      ngx_string("서명이 올바르지 않습니다") },

    { NGX_HTTP_NOT_FOUND, NGX_HTTP_AUTOSTOCK_NOT_FOUND, 0,
      ngx_http_autostock_problem_head("no-product", "No such product", "404"),
      ngx_string("no product has this SKU"),
      ngx_string("상품 없음") },

    { NGX_HTTP_NOT_FOUND, NGX_HTTP_AUTOSTOCK_RECEIPT_REFUSALS, 0,
      ngx_http_autostock_problem_head("no-order", "No such order", "404"),
      ngx_string("no restock order has this id"),
      ngx_string("주문 없음") },

    { NGX_HTTP_NOT_ALLOWED, NGX_HTTP_AUTOSTOCK_BAD_REQUESTS, 0,
      ngx_http_autostock_problem_head("method-not-allowed",
                                      "Method not allowed", "405"),
      ngx_string("this location allows only the methods in the header Allow"),
      ngx_string("허용되지 않는 메서드입니다") },

    { NGX_HTTP_CONFLICT, NGX_HTTP_AUTOSTOCK_REFUSALS, 0,
      ngx_http_autostock_problem_head("not-enough-stock",
                                      "Not enough stock", "409"),
      ngx_string("the stock is less than the requested quantity"),
      ngx_string("구매 실패!") },

    { NGX_HTTP_PRECONDITION_FAILED, NGX_HTTP_AUTOSTOCK_LOOKUPS, 0,
      ngx_http_autostock_problem_head("precondition-failed",
                                      "Precondition failed", "412"),
      ngx_string("the product or the stock has changed: its ETag is none of "
                 "those in If-Match"),
      ngx_string("상품 정보가 변경되었습니다") },

    { NGX_HTTP_REQUEST_ENTITY_TOO_LARGE, NGX_HTTP_AUTOSTOCK_BAD_REQUESTS, 0,
      ngx_http_autostock_problem_head("body-too-large",
                                      "Body too large", "413"),
      ngx_string("the body is longer than this location accepts"),
      ngx_string("요청 본문이 너무 큽니다") },

    { 422, NGX_HTTP_AUTOSTOCK_KEY_CONFLICTS, 0,
      ngx_http_autostock_problem_head("idempotency-key-reused",
                                      "Idempotency-Key reused", "422"),
      ngx_string("this Idempotency-Key was used for another request"),
      ngx_string("이미 다른 요청에 쓰인 Idempotency-Key입니다") },

    { 422, NGX_HTTP_AUTOSTOCK_RECEIPT_REFUSALS, 0,
      ngx_http_autostock_problem_head("wrong-count", "Wrong count", "422"),
      ngx_string("the count must be from 1 to the number ordered"),
      ngx_string("입고 실패! 수량이 주문과 맞지 않습니다") },

    { 422, NGX_HTTP_AUTOSTOCK_RECEIPT_REFUSALS, 0,
      ngx_http_autostock_problem_head("wrong-product",
                                      "Wrong product", "422"),
      ngx_string("the order is for another product"),
      ngx_string("입고 실패! 주문한 상품이 아닙니다") },

    { NGX_HTTP_NOT_FOUND, NGX_HTTP_AUTOSTOCK_RECEIPT_REFUSALS, 0,
      ngx_http_autostock_problem_head("no-product", "No such product", "404"),
      ngx_string("the order's product was deleted; nothing was booked, and"
                 " the order has failed"),
      ngx_string("상품 없음") },

    { 422, NGX_HTTP_AUTOSTOCK_RECEIPT_REFUSALS, 0,
      ngx_http_autostock_problem_head("stock-overflow",
                                      "Stock out of range", "422"),
      ngx_string("the stock would be more than 2147483647; nothing was"
                 " booked, and the order has failed"),
      ngx_string("입고 실패! 재고가 너무 많습니다") },

    { NGX_HTTP_NOT_FOUND, NGX_HTTP_AUTOSTOCK_NOT_FOUND, 0,
      ngx_http_autostock_problem_head("no-hold", "No such hold", "404"),
      ngx_string("no hold has this id"),
      ngx_string("예약 없음") },

    { NGX_HTTP_NOT_FOUND, NGX_HTTP_AUTOSTOCK_NOT_FOUND, 0,
      ngx_http_autostock_problem_head("no-sale", "No such sale", "404"),
      ngx_string("no sale has this id"),
      ngx_string("판매 없음") },

    { NGX_HTTP_CONFLICT, NGX_HTTP_AUTOSTOCK_REFUSALS, 0,
      ngx_http_autostock_problem_head("hold-released",
                                      "Hold released", "409"),
      ngx_string("the hold was released before, its goods were not sold"),
      ngx_string("구매 실패! 취소된 예약입니다") },

    { NGX_HTTP_CONFLICT, NGX_HTTP_AUTOSTOCK_REFUSALS, 0,
      ngx_http_autostock_problem_head("hold-expired", "Hold expired", "409"),
      ngx_string("the hold has expired, its goods were not sold"),
      ngx_string("구매 실패! 만료된 예약입니다") },

    { NGX_HTTP_CONFLICT, NGX_HTTP_AUTOSTOCK_REFUSALS, 0,
      ngx_http_autostock_problem_head("hold-confirmed",
                                      "Hold confirmed", "409"),
      ngx_string("the hold was confirmed before, its goods are sold"),
      ngx_string("취소 실패! 이미 구매한 예약입니다") },

    { NGX_HTTP_CONFLICT, NGX_HTTP_AUTOSTOCK_REFUSALS, 0,
      ngx_http_autostock_problem_head("already-returned",
                                      "Already returned", "409"),
      ngx_string("fewer pieces of the sale are left than were to be returned,"
                 " nothing was returned"),
      ngx_string("반품 실패! 이미 반품되었습니다") },

    { 422, NGX_HTTP_AUTOSTOCK_REFUSALS, 0,
      ngx_http_autostock_problem_head("stock-overflow",
                                      "Stock out of range", "422"),
      ngx_string("the stock would be more than 2147483647; nothing was"
                 " done"),
      ngx_string("재고가 너무 많습니다") },

    { NGX_HTTP_INTERNAL_SERVER_ERROR, NGX_HTTP_AUTOSTOCK_RECEIPT_REFUSALS, 0,
      ngx_http_autostock_problem_head("not-booked",
                                      "Refused by the database", "500"),
      ngx_string("the database refuses to book the goods; nothing was booked, "
                 "and the order has failed"),
      ngx_string("입고 실패! 데이터베이스가 거부했습니다") },

    { NGX_HTTP_SERVICE_UNAVAILABLE, NGX_HTTP_AUTOSTOCK_OVERLOADS, 1,
      ngx_http_autostock_problem_head("overload", "Overload", "503"),
      ngx_string("too many requests wait for the database; nothing was done,"
                 " try again later"),
      ngx_string("지금은 처리할 수 없습니다. 잠시 후 다시 시도해 주세요") },

    { NGX_HTTP_SERVICE_UNAVAILABLE, NGX_HTTP_AUTOSTOCK_UNAVAILABLE, 1,
      ngx_http_autostock_problem_head("unavailable",
                                      "Database unreachable", "503"),
      ngx_string("the database was unreachable or did not answer in time; "
                 "nothing was done, try again later"),
      ngx_string("지금은 처리할 수 없습니다. 잠시 후 다시 시도해 주세요") },

    { NGX_HTTP_SERVICE_UNAVAILABLE, NGX_HTTP_AUTOSTOCK_UNAVAILABLE, 1,
      ngx_http_autostock_problem_head("unavailable",
                                      "Refused by the database", "503"),
      ngx_string("the database refused the request; nothing was done, the "
                 "error log contains the reason, try again later"),
      ngx_string("지금은 처리할 수 없습니다. 잠시 후 다시 시도해 주세요") },

    { NGX_HTTP_SERVICE_UNAVAILABLE, NGX_HTTP_AUTOSTOCK_UNKNOWN, 1,
      ngx_http_autostock_problem_head("outcome-unknown",
                                      "Outcome unknown", "503"),
      ngx_string("the request may have been done or not; repeat it with the "
                 "same Idempotency-Key to find out"),
      ngx_string("결과를 확인하지 못했습니다. 같은 Idempotency-Key로 다시"
                 " 시도해 주세요") }
};


ngx_buf_t *
ngx_http_autostock_response_buf(ngx_http_request_t *r, size_t size)
{
    ngx_buf_t  *b;

    /* one allocation for the buffer and its text */

    b = ngx_palloc(r->pool, sizeof(ngx_buf_t) + size);
    if (b == NULL) {
        return NULL;
    }

    ngx_memzero(b, sizeof(ngx_buf_t));

    b->start = (u_char *) b + sizeof(ngx_buf_t);
    b->pos = b->start;
    b->last = b->start;
    b->end = b->start + size;
    b->temporary = 1;

    return b;
}


ngx_int_t
ngx_http_autostock_response_send(ngx_http_request_t *r, ngx_uint_t status,
    ngx_buf_t *b)
{
    return ngx_http_autostock_response_output(r, status,
                                              &ngx_http_autostock_json, b);
}


ngx_int_t
ngx_http_autostock_response_problem(ngx_http_request_t *r,
    ngx_http_autostock_problem_e id, ngx_str_t *detail, ngx_str_t *message,
    ngx_str_t *members)
{
    size_t                          size;
    ngx_buf_t                      *b;
    ngx_http_autostock_problem_t   *problem;
    ngx_http_autostock_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_autostock_module);

    problem = &ngx_http_autostock_problems[id];

    if (lcf->database != NULL) {
        ngx_http_autostock_status_count(lcf->database, problem->counter, 1);
    }

    ngx_http_autostock_outcome_problem(r, problem->counter);

    if (problem->retry
        && ngx_http_autostock_response_retry(r, lcf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (message == NULL) {
        message = &problem->message;
    }

    if (lcf->compat) {
        b = ngx_http_autostock_response_buf(r,
                              sizeof("{\"message\":\"\"}") + message->len);
        if (b == NULL) {
            return NGX_ERROR;
        }

        b->last = ngx_http_autostock_response_put(b->last, "{\"message\":\"");
        b->last = ngx_cpymem(b->last, message->data, message->len);
        b->last = ngx_http_autostock_response_put(b->last, "\"}");

        return ngx_http_autostock_response_send(r,
                       id == NGX_HTTP_AUTOSTOCK_PROBLEM_STOCK
                           ? NGX_HTTP_OK
                       : id == NGX_HTTP_AUTOSTOCK_PROBLEM_NO_PRODUCT
                         || id == NGX_HTTP_AUTOSTOCK_PROBLEM_GONE
                           ? NGX_HTTP_BAD_REQUEST
                           : problem->status, b);
    }

    size = problem->head.len + sizeof("\",\"message\":\"\"}") + message->len
           + (detail != NULL
              ? as_json_text_escaped_len(detail->data, detail->len)
              : problem->detail.len)
           + (members != NULL ? members->len : 0);

    b = ngx_http_autostock_response_buf(r, size);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->last = ngx_http_autostock_response_fill(b->last, problem, detail,
                                               message, members);

    return ngx_http_autostock_response_output(r, problem->status,
                                          &ngx_http_autostock_problem_json, b);
}


static u_char *
ngx_http_autostock_response_fill(u_char *p,
    ngx_http_autostock_problem_t *problem, ngx_str_t *detail,
    ngx_str_t *message, ngx_str_t *members)
{
    p = ngx_cpymem(p, problem->head.data, problem->head.len);

    if (detail != NULL) {
        p = as_json_text_escape(p, detail->data, detail->len);

    } else {
        p = ngx_cpymem(p, problem->detail.data, problem->detail.len);
    }

    p = ngx_http_autostock_response_put(p, "\",\"message\":\"");
    p = ngx_cpymem(p, message->data, message->len);
    *p++ = '"';

    if (members != NULL) {
        p = ngx_cpymem(p, members->data, members->len);
    }

    *p++ = '}';

    return p;
}


static ngx_int_t
ngx_http_autostock_response_retry(ngx_http_request_t *r,
    ngx_http_autostock_loc_conf_t *lcf)
{
    u_char  *p, *last;

    p = ngx_pnalloc(r->pool, AS_DECIMAL_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    last = as_decimal(p, lcf->retry_after);

    if (ngx_http_autostock_response_header(r, "Retry-After",
                                           sizeof("Retry-After") - 1,
                                           p, last - p)
        == NULL)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_autostock_response_output(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *type, ngx_buf_t *b)
{
    ngx_int_t    rc;
    ngx_chain_t  out;

    r->headers_out.content_type = *type;
    r->headers_out.content_type_len = type->len;
    r->headers_out.content_type_lowcase = NULL;
    r->headers_out.content_length_n = b->last - b->pos;

    rc = ngx_http_autostock_response_headers(r, status);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b->last_buf = (r == r->main) ? 1 : 0;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


ngx_int_t
ngx_http_autostock_response_not_modified(ngx_http_request_t *r)
{
    r->headers_out.content_type.len = 0;
    ngx_http_clear_content_length(r);

    return ngx_http_autostock_response_headers(r, NGX_HTTP_NOT_MODIFIED);
}


static ngx_int_t
ngx_http_autostock_response_headers(ngx_http_request_t *r, ngx_uint_t status)
{
    static ngx_str_t  no_store = ngx_string("no-store");

    /*
     * The status is final: the sale may be committed.  nginx would change it to
     * 304 or 412 for a conditional request, and to the error page's status for
     * a request that an error_page without "=" redirected here.
     */

    r->disable_not_modified = 1;
    r->err_status = 0;

    r->headers_out.status = status;

    if (status == 422) {

        /* nginx has no reason phrase for it */

        ngx_str_set(&r->headers_out.status_line, "422 Unprocessable Content");
    }

    /* unless configured otherwise, a response must not be stored */

    if (!ngx_http_autostock_response_has_cache_control(r)
        && ngx_http_autostock_response_cache_control(r, &no_store) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_send_header(r);
}


/*
 * The header is set in the field that nginx uses, so that "expires" replaces it
 * and does not add a second one.
 */

ngx_int_t
ngx_http_autostock_response_cache_control(ngx_http_request_t *r,
    ngx_str_t *value)
{
    ngx_table_elt_t   *h;
#if (nginx_version < 1023000)
    ngx_table_elt_t  **cache_control;
#endif

    h = ngx_http_autostock_response_header(r, "Cache-Control",
                                           sizeof("Cache-Control") - 1,
                                           value->data, value->len);
    if (h == NULL) {
        return NGX_ERROR;
    }

#if (nginx_version >= 1023000)

    h->next = r->headers_out.cache_control;
    r->headers_out.cache_control = h;

#else

    if (r->headers_out.cache_control.elts == NULL
        && ngx_array_init(&r->headers_out.cache_control, r->pool, 1,
                          sizeof(ngx_table_elt_t *))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    cache_control = ngx_array_push(&r->headers_out.cache_control);
    if (cache_control == NULL) {
        return NGX_ERROR;
    }

    *cache_control = h;

#endif

    return NGX_OK;
}


ngx_table_elt_t *
ngx_http_autostock_response_header(ngx_http_request_t *r, const char *name,
    size_t name_len, u_char *value, size_t value_len)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NULL;
    }

    h->hash = 1;
#if (nginx_version >= 1023000)
    h->next = NULL;
#endif
    h->key.data = (u_char *) name;
    h->key.len = name_len;
    h->value.data = value;
    h->value.len = value_len;
    h->lowcase_key = NULL;

    return h;
}


ngx_int_t
ngx_http_autostock_response_replayed(ngx_http_request_t *r)
{
    if (ngx_http_autostock_response_header(r, "Idempotency-Replayed",
                                           sizeof("Idempotency-Replayed") - 1,
                                           (u_char *) "true",
                                           sizeof("true") - 1)
        == NULL)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


u_char *
ngx_http_autostock_response_message(u_char *p, const ngx_str_t *text,
    int64_t stock, ngx_str_t *number)
{
    p = ngx_cpymem(p, text->data, text->len);

    if (stock < 0) {
        ngx_str_set(number, "null");
        return p;
    }

    p = ngx_http_autostock_response_put(p, NGX_HTTP_AUTOSTOCK_LEFT);

    number->data = p;
    p = as_decimal(p, stock);
    number->len = p - number->data;

    return p;
}


u_char *
ngx_http_autostock_response_id(u_char *p, const char *name, const u_char *id)
{
    p = ngx_sprintf(p, ",\"%s\":\"", name);
    p = (u_char *) as_uuid_text(id, (char *) p);
    *p++ = '"';

    return p;
}
