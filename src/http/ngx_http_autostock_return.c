
#include "ngx_http_autostock_return.h"
#include "ngx_http_autostock_client.h"

#include "as_uuid.h"


static ngx_int_t ngx_http_autostock_return_key(ngx_http_request_t *r,
    ngx_http_autostock_settle_t *settle);
static ngx_int_t ngx_http_autostock_return_fingerprint(ngx_http_request_t *r,
    ngx_http_autostock_settle_t *settle);


static ngx_str_t  ngx_http_autostock_return_text = ngx_string("반품 완료!");


ngx_int_t
ngx_http_autostock_return_read(ngx_http_request_t *r, ngx_str_t *text,
    ngx_http_autostock_settle_t *settle)
{
    ngx_int_t                  rc;
    ngx_http_autostock_body_t  body;

    if (ngx_http_autostock_body_return(&body, text->data, text->len) != 0) {
        return ngx_http_autostock_response_problem(r,
               NGX_HTTP_AUTOSTOCK_PROBLEM_INVALID, &body.detail, NULL, NULL);
    }

    settle->action = NGX_HTTP_AUTOSTOCK_SETTLE_RETURN;
    settle->quantity = body.quantity;
    settle->restock = body.restock;
    ngx_memcpy(settle->id, body.id, AS_UUID_LEN);

    if (body.lines.type != AS_JSON_END) {

        /* the sale's location may allow more lines in a cart */

        rc = ngx_http_autostock_cart_read(r, &body,
                                          NGX_HTTP_AUTOSTOCK_LINES_MAX,
                                          &settle->lines, &settle->nlines);
        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    return ngx_http_autostock_return_key(r, settle);
}


static ngx_int_t
ngx_http_autostock_return_key(ngx_http_request_t *r,
    ngx_http_autostock_settle_t *settle)
{
    ngx_int_t   rc;
    ngx_uint_t  keyed;

    rc = ngx_http_autostock_client_key(r, settle->key, &keyed);

    if (rc != NGX_DECLINED || !keyed) {
        return rc;
    }

    if (ngx_http_autostock_return_fingerprint(r, settle) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    settle->keyed = 1;

    return NGX_DECLINED;
}


/*
 * The prefix begins with a NUL, and no SKU does: no return has the fingerprint
 * of a checkout.  A quantity without lines is a line whose SKU is empty.
 */

static ngx_int_t
ngx_http_autostock_return_fingerprint(ngx_http_request_t *r,
    ngx_http_autostock_settle_t *settle)
{
    u_char                          *p;
    u_char                           buf[sizeof("\0return\0") + 3
                                         + AS_UUID_TEXT_LEN];
    ngx_str_t                        prefix;
    ngx_uint_t                       n;
    ngx_http_autostock_sale_line_t   one, *lines;

    p = ngx_http_autostock_response_put(buf, "\0return\0");
    p = (u_char *) as_uuid_text(settle->id, (char *) p);
    *p++ = '\0';
    *p++ = settle->restock ? '1' : '0';
    *p++ = '\0';

    prefix.data = buf;
    prefix.len = p - buf;

    lines = settle->lines;
    n = settle->nlines;

    if (settle->quantity) {
        ngx_str_set(&one.sku, "");
        one.quantity = settle->quantity;

        lines = &one;
        n = 1;
    }

    return ngx_http_autostock_cart_fingerprint(r, &prefix, lines, n,
                                               settle->fingerprint);
}


ngx_int_t
ngx_http_autostock_return_done(ngx_http_request_t *r,
    ngx_http_autostock_settle_t *settle)
{
    u_char                     *p;
    u_char                      buf[sizeof(",\"return_id\":\"\","
                                           "\"sale_id\":\"\","
                                           "\"restock\":false")
                                    + 2 * AS_UUID_TEXT_LEN];
    ngx_str_t                   members;
    ngx_http_autostock_lines_t  lines;

    p = ngx_http_autostock_response_id(buf, "return_id", settle->return_id);
    p = ngx_http_autostock_response_id(p, "sale_id", settle->id);
    p = ngx_http_autostock_response_put(p, ",\"restock\":");
    p = settle->restock ? ngx_http_autostock_response_put(p, "true")
                        : ngx_http_autostock_response_put(p, "false");

    members.data = buf;
    members.len = p - buf;

    lines.elts = settle->settled;
    lines.nelts = settle->nsettled;

    return ngx_http_autostock_lines_done(r, &ngx_http_autostock_return_text, 1,
                                         &members, &lines);
}


ngx_int_t
ngx_http_autostock_return_refused(ngx_http_request_t *r,
    ngx_http_autostock_settle_t *settle)
{
    ngx_str_t                   detail;
    ngx_http_autostock_lines_t  lines;

    lines.elts = settle->settled;
    lines.nelts = settle->nsettled;

    switch (settle->outcome) {

    case NGX_HTTP_AUTOSTOCK_SETTLE_RETURNED:
        return ngx_http_autostock_lines_problem(r,
                       NGX_HTTP_AUTOSTOCK_PROBLEM_RETURNED, NULL, 0, &lines);

    case NGX_HTTP_AUTOSTOCK_SETTLE_NO_LINE:
        ngx_str_set(&detail, "the sale has no line with this SKU");
        return ngx_http_autostock_lines_absent(r, &detail, &lines);

    case NGX_HTTP_AUTOSTOCK_SETTLE_NO_PRODUCT:
        ngx_str_set(&detail, "the sale's product was deleted; nothing was "
                    "returned");
        return ngx_http_autostock_lines_absent(r, &detail, &lines);

    default: /* NGX_HTTP_AUTOSTOCK_SETTLE_MANY_LINES */
        ngx_str_set(&detail, "quantity is for a sale of one product; this sale "
                    "has several, use lines");
        return ngx_http_autostock_response_problem(r,
                   NGX_HTTP_AUTOSTOCK_PROBLEM_INVALID, &detail, NULL, NULL);
    }
}


ngx_int_t
ngx_http_autostock_return_unknown(ngx_http_request_t *r,
    ngx_http_autostock_settle_t *settle)
{
    u_char      buf[sizeof(",\"return_id\":\"\"") + AS_UUID_TEXT_LEN];
    ngx_str_t   members;

    /* zeros: this return is not in the packet whose COMMIT is in doubt */
    if (settle->return_id[0] == 0 && settle->return_id[1] == 0) {
        return ngx_http_autostock_response_problem(r,
                    NGX_HTTP_AUTOSTOCK_PROBLEM_UNKNOWN, NULL, NULL, NULL);
    }

    members.data = buf;
    members.len = ngx_http_autostock_response_id(buf, "return_id",
                                                 settle->return_id)
                  - buf;

    return ngx_http_autostock_response_problem(r,
                 NGX_HTTP_AUTOSTOCK_PROBLEM_UNKNOWN, NULL, NULL, &members);
}
