
#include "ngx_http_autostock_lines.h"

#include "as_decimal.h"


/* maximum size of a line without its SKU, bytes */
#define NGX_HTTP_AUTOSTOCK_LINE_LEN                                           \
    (sizeof("{\"sku\":null,\"quantity\":,\"stock\":},") - 1                   \
     + NGX_INT32_LEN + NGX_INT64_LEN)


static size_t ngx_http_autostock_lines_len(
    const ngx_http_autostock_lines_t *lines);
static u_char *ngx_http_autostock_lines_put(u_char *p,
    const ngx_http_autostock_lines_t *lines, ngx_uint_t returned);
static u_char *ngx_http_autostock_lines_message(u_char *p,
    const ngx_str_t *text, ngx_uint_t left,
    const ngx_http_autostock_lines_t *lines);


ngx_int_t
ngx_http_autostock_lines_done(ngx_http_request_t *r, const ngx_str_t *text,
    ngx_uint_t left, const ngx_str_t *members,
    const ngx_http_autostock_lines_t *lines)
{
    size_t                          size;
    u_char                         *p;
    ngx_buf_t                      *b;
    ngx_http_autostock_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_autostock_module);

    size = sizeof("{\"message\":\"\"}") + text->len
           + NGX_HTTP_AUTOSTOCK_LEFT_LEN + members->len
           + ngx_http_autostock_lines_len(lines);

    b = ngx_http_autostock_response_buf(r, size);
    if (b == NULL) {
        return NGX_ERROR;
    }

    p = ngx_http_autostock_response_put(b->last, "{\"message\":\"");
    p = ngx_http_autostock_lines_message(p, text, left, lines);
    *p++ = '"';

    if (!lcf->compat) {
        p = ngx_cpymem(p, members->data, members->len);
        p = ngx_http_autostock_lines_put(p, lines, 0);
    }

    *p++ = '}';

    b->last = p;

    return ngx_http_autostock_response_send(r, NGX_HTTP_OK, b);
}


ngx_int_t
ngx_http_autostock_lines_problem(ngx_http_request_t *r,
    ngx_http_autostock_problem_e problem, const ngx_str_t *text,
    ngx_uint_t left, const ngx_http_autostock_lines_t *lines)
{
    u_char     *p;
    u_char      buf[64 + NGX_HTTP_AUTOSTOCK_LEFT_LEN];
    ngx_str_t   message, members;

    members.data = ngx_pnalloc(r->pool, ngx_http_autostock_lines_len(lines));
    if (members.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_http_autostock_lines_put(members.data, lines, problem
                                     == NGX_HTTP_AUTOSTOCK_PROBLEM_RETURNED);
    members.len = p - members.data;

    if (text == NULL) {
        return ngx_http_autostock_response_problem(r, problem, NULL, NULL,
                                                   &members);
    }

    message.data = buf;
    message.len = ngx_http_autostock_lines_message(buf, text, left, lines)
                  - buf;

    return ngx_http_autostock_response_problem(r, problem, NULL, &message,
                                               &members);
}


ngx_int_t
ngx_http_autostock_lines_absent(ngx_http_request_t *r, ngx_str_t *detail,
    const ngx_http_autostock_lines_t *lines)
{
    u_char      *p;
    ngx_str_t    members, *sku;
    ngx_uint_t   i;

    for (i = 0; i < lines->nelts; i++) {
        if (lines->elts[i].absent) {
            break;
        }
    }

    if (i == lines->nelts) {
        return ngx_http_autostock_response_problem(r,
                   NGX_HTTP_AUTOSTOCK_PROBLEM_NO_PRODUCT, detail, NULL, NULL);
    }

    sku = &lines->elts[i].json_sku;

    members.data = ngx_pnalloc(r->pool, sizeof(",\"sku\":null") + sku->len);
    if (members.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = members.data;
    *p++ = ',';
    p = ngx_http_autostock_lines_put_sku(p, sku);
    members.len = p - members.data;

    return ngx_http_autostock_response_problem(r,
               NGX_HTTP_AUTOSTOCK_PROBLEM_NO_PRODUCT, detail, NULL, &members);
}


static size_t
ngx_http_autostock_lines_len(const ngx_http_autostock_lines_t *lines)
{
    size_t      len;
    ngx_uint_t  i;

    len = sizeof(",\"lines\":[]") + lines->nelts * NGX_HTTP_AUTOSTOCK_LINE_LEN;

    for (i = 0; i < lines->nelts; i++) {
        len += lines->elts[i].json_sku.len;
    }

    return len;
}


static u_char *
ngx_http_autostock_lines_put(u_char *p,
    const ngx_http_autostock_lines_t *lines, ngx_uint_t returned)
{
    ngx_uint_t                          i;
    ngx_http_autostock_settled_line_t  *line;

    p = ngx_http_autostock_response_put(p, ",\"lines\":[");

    for (i = 0; i < lines->nelts; i++) {
        line = &lines->elts[i];

        if (i != 0) {
            *p++ = ',';
        }

        *p++ = '{';
        p = ngx_http_autostock_lines_put_sku(p, &line->json_sku);
        p = ngx_http_autostock_response_put(p, ",\"quantity\":");
        p = as_decimal(p, line->quantity);

        if (returned) {
            p = ngx_http_autostock_response_put(p, ",\"left\":");
            p = ngx_http_autostock_lines_put_number(p, line->left);

        } else {
            p = ngx_http_autostock_response_put(p, ",\"stock\":");
            p = ngx_http_autostock_lines_put_number(p, line->stock);
        }

        *p++ = '}';
    }

    *p++ = ']';

    return p;
}


u_char *
ngx_http_autostock_lines_put_sku(u_char *p, const ngx_str_t *sku)
{
    if (sku->len == 0) {
        return ngx_http_autostock_response_put(p, "\"sku\":null");
    }

    p = ngx_http_autostock_response_put(p, "\"sku\":\"");
    p = ngx_cpymem(p, sku->data, sku->len);
    *p++ = '"';

    return p;
}


u_char *
ngx_http_autostock_lines_put_number(u_char *p, int64_t number)
{
    if (number < 0) {
        return ngx_http_autostock_response_put(p, "null");
    }

    return as_decimal(p, number);
}


static u_char *
ngx_http_autostock_lines_message(u_char *p, const ngx_str_t *text,
    ngx_uint_t left, const ngx_http_autostock_lines_t *lines)
{
    int64_t    stock;
    ngx_str_t  number;

    stock = left && lines->nelts == 1 ? lines->elts[0].stock : -1;

    return ngx_http_autostock_response_message(p, text, stock, &number);
}
