
#include "ngx_http_autostock_cart.h"

#include "as_digest.h"
#include "as_json_text.h"
#include "as_uuid.h"


static ngx_int_t ngx_http_autostock_cart_line(ngx_http_request_t *r,
    ngx_http_autostock_sale_line_t *from,
    ngx_http_autostock_settled_line_t *line);


static ngx_str_t  ngx_http_autostock_cart_done = ngx_string("구매 완료!");


ngx_int_t
ngx_http_autostock_cart_read(ngx_http_request_t *r,
    ngx_http_autostock_body_t *body, ngx_uint_t max,
    ngx_http_autostock_sale_line_t **lines, ngx_uint_t *nlines)
{
    u_char                          *buf;
    size_t                           len;
    ngx_http_autostock_sale_line_t   all[NGX_HTTP_AUTOSTOCK_LINES_MAX];

    buf = NULL;
    len = body->end - body->lines.text;

    if (memchr(body->lines.text, '\\', len) != NULL) {
        buf = ngx_pnalloc(r->pool, len);
        if (buf == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (ngx_http_autostock_body_lines(body, max, all, nlines, buf) != 0) {
        return ngx_http_autostock_response_problem(r,
               NGX_HTTP_AUTOSTOCK_PROBLEM_INVALID, &body->detail, NULL, NULL);
    }

    len = *nlines * sizeof(ngx_http_autostock_sale_line_t);

    *lines = ngx_palloc(r->pool, len);
    if (*lines == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memcpy(*lines, all, len);

    return NGX_DECLINED;
}


ngx_int_t
ngx_http_autostock_cart_fingerprint(ngx_http_request_t *r,
    const ngx_str_t *prefix, const ngx_http_autostock_sale_line_t *lines,
    ngx_uint_t nlines, u_char *fingerprint)
{
    ngx_uint_t        i;
    as_digest_line_t  all[NGX_HTTP_AUTOSTOCK_LINES_MAX];

    for (i = 0; i < nlines; i++) {
        all[i].sku = lines[i].sku.data;
        all[i].len = lines[i].sku.len;
        all[i].quantity = lines[i].quantity;
    }

    if (as_digest_lines(prefix->data, prefix->len, all, nlines, fingerprint)
        != 0)
    {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "autostock: SHA-256 of the request's lines failed");
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_autostock_cart_lines(ngx_http_request_t *r,
    ngx_http_autostock_sale_t *sale, ngx_uint_t refused,
    ngx_http_autostock_lines_t *lines)
{
    ngx_uint_t                       i, n;
    ngx_http_autostock_sale_line_t  *from;

    from = sale->lines;
    n = sale->nlines;

    lines->nelts = 0;
    lines->elts = ngx_palloc(r->pool,
                             n * sizeof(ngx_http_autostock_settled_line_t));
    if (lines->elts == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {

        /* the only line is always the reason */

        if (n == 1) {
            from->refused = 1;
            from->absent = 1;
        }

        if (refused && !from[i].refused) {
            continue;
        }

        if (ngx_http_autostock_cart_line(r, &from[i],
                                         &lines->elts[lines->nelts++])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_autostock_cart_line(ngx_http_request_t *r,
    ngx_http_autostock_sale_line_t *from,
    ngx_http_autostock_settled_line_t *line)
{
    if (ngx_http_autostock_cart_json_sku(r, from) != NGX_OK) {
        return NGX_ERROR;
    }

    line->json_sku = from->json_sku;
    line->quantity = from->quantity;
    line->stock = from->stock;
    line->left = -1;
    line->absent = from->absent;

    return NGX_OK;
}


ngx_int_t
ngx_http_autostock_cart_json_sku(ngx_http_request_t *r,
    ngx_http_autostock_sale_line_t *line)
{
    ngx_str_t  *json;

    json = &line->json_sku;

    if (json->len) {
        return NGX_OK;
    }

    json->len = as_json_text_escaped_len(line->sku.data, line->sku.len);
    json->data = ngx_pnalloc(r->pool, json->len);

    if (json->data == NULL) {
        return NGX_ERROR;
    }

    as_json_text_escape(json->data, line->sku.data, line->sku.len);

    return NGX_OK;
}


ngx_int_t
ngx_http_autostock_cart_sold(ngx_http_request_t *r,
    ngx_http_autostock_sale_t *sale)
{
    u_char                      buf[sizeof(",\"sale_id\":\"\"")
                                    + AS_UUID_TEXT_LEN];
    ngx_str_t                   members;
    ngx_http_autostock_lines_t  lines;

    if (ngx_http_autostock_cart_lines(r, sale, 0, &lines) != NGX_OK) {
        return NGX_ERROR;
    }

    members.data = buf;
    members.len = ngx_http_autostock_response_id(buf, "sale_id", sale->id)
                  - buf;

    return ngx_http_autostock_lines_done(r, &ngx_http_autostock_cart_done, 0,
                                         &members, &lines);
}


ngx_int_t
ngx_http_autostock_cart_not_sold(ngx_http_request_t *r,
    ngx_http_autostock_sale_t *sale)
{
    ngx_http_autostock_lines_t  lines;

    if (ngx_http_autostock_cart_lines(r, sale, 1, &lines) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_autostock_lines_problem(r,
                          NGX_HTTP_AUTOSTOCK_PROBLEM_STOCK, NULL, 0, &lines);
}


ngx_int_t
ngx_http_autostock_cart_no_product(ngx_http_request_t *r,
    ngx_http_autostock_sale_t *sale)
{
    ngx_http_autostock_lines_t  lines;

    if (ngx_http_autostock_cart_lines(r, sale, 0, &lines) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_autostock_lines_absent(r, NULL, &lines);
}
