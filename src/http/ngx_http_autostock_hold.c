
#include "ngx_http_autostock_hold.h"

#include "as_decimal.h"
#include "as_uuid.h"


static ngx_str_t  ngx_http_autostock_hold_done = ngx_string("예약 완료!");
static ngx_str_t  ngx_http_autostock_hold_failed = ngx_string("예약 실패!");


/*
 * The prefix begins with a NUL, and no SKU does: no hold has the fingerprint of
 * a checkout.
 */

ngx_int_t
ngx_http_autostock_hold_fingerprint(ngx_http_request_t *r,
    ngx_http_autostock_sale_t *sale, uint32_t seconds)
{
    u_char     *p;
    u_char      buf[sizeof("\0hold\0") + AS_DECIMAL_LEN];
    ngx_str_t   prefix;

    p = ngx_http_autostock_response_put(buf, "\0hold\0");

    if (seconds) {
        p = as_decimal(p, seconds);
    }

    *p++ = '\0';

    prefix.data = buf;
    prefix.len = p - buf;

    return ngx_http_autostock_cart_fingerprint(r, &prefix,
                                    sale->cart ? sale->lines : &sale->single,
                                    sale->cart ? sale->nlines : 1,
                                    sale->fingerprint);
}


ngx_int_t
ngx_http_autostock_hold_held(ngx_http_request_t *r,
    ngx_http_autostock_sale_t *sale)
{
    u_char                     *p;
    u_char                      buf[sizeof(",\"hold_id\":\"\","
                                           "\"expires_at\":\"\"")
                                    + AS_UUID_TEXT_LEN
                                    + NGX_HTTP_AUTOSTOCK_TIME_LEN];
    ngx_str_t                   members;
    ngx_http_autostock_lines_t  lines;

    if (ngx_http_autostock_cart_lines(r, sale, 0, &lines) != NGX_OK) {
        return NGX_ERROR;
    }

    p = ngx_http_autostock_response_id(buf, "hold_id", sale->id);
    p = ngx_http_autostock_response_put(p, ",\"expires_at\":\"");
    p = ngx_cpymem(p, sale->expires_at, NGX_HTTP_AUTOSTOCK_TIME_LEN);
    *p++ = '"';

    members.data = buf;
    members.len = p - buf;

    return ngx_http_autostock_lines_done(r, &ngx_http_autostock_hold_done, 1,
                                         &members, &lines);
}


ngx_int_t
ngx_http_autostock_hold_not_held(ngx_http_request_t *r,
    ngx_http_autostock_sale_t *sale)
{
    ngx_uint_t                  left;
    ngx_http_autostock_lines_t  lines;

    if (ngx_http_autostock_cart_lines(r, sale, 1, &lines) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* the message has the stock only if the hold has one line */

    left = sale->nlines == 1;

    return ngx_http_autostock_lines_problem(r,
                                    NGX_HTTP_AUTOSTOCK_PROBLEM_STOCK,
                                    &ngx_http_autostock_hold_failed, left,
                                    &lines);
}
