
/*
 * Responses: one buffer of JSON, and the common headers.  An error is a problem
 * (RFC 9457) with a "message" member for existing clients; with
 * "autostock_compat on" it is only the message.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_RESPONSE_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_RESPONSE_H_INCLUDED_


#include "ngx_http_autostock.h"


typedef enum {
    NGX_HTTP_AUTOSTOCK_PROBLEM_INVALID = 0,           /* 400 */
    NGX_HTTP_AUTOSTOCK_PROBLEM_KEY,                   /* 400 */
    NGX_HTTP_AUTOSTOCK_PROBLEM_SIGNATURE,             /* 401 */
    NGX_HTTP_AUTOSTOCK_PROBLEM_NO_PRODUCT,            /* 404 */
    NGX_HTTP_AUTOSTOCK_PROBLEM_NO_ORDER,              /* 404 */
    NGX_HTTP_AUTOSTOCK_PROBLEM_METHOD,                /* 405 */
    NGX_HTTP_AUTOSTOCK_PROBLEM_STOCK,                 /* 409 */
    NGX_HTTP_AUTOSTOCK_PROBLEM_PRECONDITION,          /* 412 */
    NGX_HTTP_AUTOSTOCK_PROBLEM_TOO_LARGE,             /* 413 */
    NGX_HTTP_AUTOSTOCK_PROBLEM_KEY_REUSED,            /* 422 */
    NGX_HTTP_AUTOSTOCK_PROBLEM_COUNT,                 /* 422 */
    NGX_HTTP_AUTOSTOCK_PROBLEM_PRODUCT,               /* 422 */
    NGX_HTTP_AUTOSTOCK_PROBLEM_GONE,                  /* 404 */
    NGX_HTTP_AUTOSTOCK_PROBLEM_OVERFLOW,              /* 422 */
    NGX_HTTP_AUTOSTOCK_PROBLEM_NO_HOLD,               /* 404 */
    NGX_HTTP_AUTOSTOCK_PROBLEM_NO_SALE,               /* 404 */
    NGX_HTTP_AUTOSTOCK_PROBLEM_HOLD_RELEASED,         /* 409 */
    NGX_HTTP_AUTOSTOCK_PROBLEM_HOLD_EXPIRED,          /* 409 */
    NGX_HTTP_AUTOSTOCK_PROBLEM_HOLD_CONFIRMED,        /* 409 */
    NGX_HTTP_AUTOSTOCK_PROBLEM_RETURNED,              /* 409 */
    NGX_HTTP_AUTOSTOCK_PROBLEM_RETURN_OVERFLOW,       /* 422 */
    NGX_HTTP_AUTOSTOCK_PROBLEM_NOT_BOOKED,            /* 500 */
    NGX_HTTP_AUTOSTOCK_PROBLEM_OVERLOAD,              /* 503 */
    NGX_HTTP_AUTOSTOCK_PROBLEM_UNAVAILABLE,           /* 503 */
    NGX_HTTP_AUTOSTOCK_PROBLEM_REFUSED,               /* 503 */
    NGX_HTTP_AUTOSTOCK_PROBLEM_UNKNOWN                /* 503 */
} ngx_http_autostock_problem_e;


/*
 * Returns a buffer in the request's pool with room for size bytes, which is the
 * last one of the response.  NULL: no memory.
 */
ngx_buf_t *ngx_http_autostock_response_buf(ngx_http_request_t *r,
    size_t size);

/*
 * Sends status, headers and the buffer.  Neither a conditional request nor an
 * error_page that redirected here changes the status.  Returns the result of
 * ngx_http_output_filter() or ngx_http_send_header(), for
 * ngx_http_finalize_request().  NGX_ERROR: no memory; nginx then closes the
 * connection: an error page would contradict a committed sale.
 */
ngx_int_t ngx_http_autostock_response_send(ngx_http_request_t *r,
    ngx_uint_t status, ngx_buf_t *b);

/*
 * Sends the answer of a look-up, 200, with its ETag and the location's
 * Cache-Control, and counts it.  A conditional request gets 304 or 412 instead,
 * but not a subrequest: the conditions are those of the whole answer.  stock:
 * of one product; -1 for several.
 */
ngx_int_t ngx_http_autostock_response_view(ngx_http_request_t *r,
    int64_t stock, ngx_buf_t *b);

/* Sends 304, headers only; the result is that of response_send(). */
ngx_int_t ngx_http_autostock_response_not_modified(ngx_http_request_t *r);

/*
 * Sets Cache-Control; an answer for which this is not called has "no-store".
 * Returns NGX_OK; NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_autostock_response_cache_control(ngx_http_request_t *r,
    ngx_str_t *value);

/*
 * Sends a problem and counts it.  detail (any text) and message (JSON text)
 * default to the problem's own if NULL.  members is JSON text that begins with
 * a comma, or NULL.
 */
ngx_int_t ngx_http_autostock_response_problem(ngx_http_request_t *r,
    ngx_http_autostock_problem_e problem, ngx_str_t *detail,
    ngx_str_t *message, ngx_str_t *members);

/*
 * Adds a response header.  Name and value must exist as long as the request.
 * Returns NULL: no memory.
 */
ngx_table_elt_t *ngx_http_autostock_response_header(ngx_http_request_t *r,
    const char *name, size_t name_len, u_char *value, size_t value_len);

/* Adds "Idempotency-Replayed: true".  Returns NGX_OK; NGX_ERROR: no memory. */
ngx_int_t ngx_http_autostock_response_replayed(ngx_http_request_t *r);


/*
 * Writes the text and, unless it is -1 (unknown), the remaining stock: up to
 * text->len + NGX_HTTP_AUTOSTOCK_LEFT_LEN bytes.  Returns their end.  number
 * becomes the stock as JSON: its digits in the written bytes, or null.
 */
#define NGX_HTTP_AUTOSTOCK_LEFT      " 남은 재고: "
#define NGX_HTTP_AUTOSTOCK_LEFT_LEN                                           \
    (sizeof(NGX_HTTP_AUTOSTOCK_LEFT) - 1 + NGX_INT64_LEN)

u_char *ngx_http_autostock_response_message(u_char *p,
    const ngx_str_t *text, int64_t stock, ngx_str_t *number);

/* Writes the member with the id, after a comma; returns its end. */
u_char *ngx_http_autostock_response_id(u_char *p, const char *name,
    const u_char *id);


#define ngx_http_autostock_response_put(p, text)                              \
    ngx_cpymem(p, text, sizeof(text) - 1)


#endif /* _NGX_HTTP_AUTOSTOCK_RESPONSE_H_INCLUDED_ */
