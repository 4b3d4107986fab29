
#include "ngx_http_autostock_confirm.h"

#include "as_decimal.h"
#include "as_uuid.h"


static ngx_int_t ngx_http_autostock_confirm_line(ngx_http_request_t *r,
    const ngx_http_autostock_settled_line_t *line, const ngx_str_t *members);


static ngx_str_t  ngx_http_autostock_confirm_text = ngx_string("구매 완료!");


ngx_int_t
ngx_http_autostock_confirm_done(ngx_http_request_t *r,
    ngx_http_autostock_settle_t *settle)
{
    u_char                          buf[sizeof(",\"sale_id\":\"\"")
                                        + AS_UUID_TEXT_LEN];
    ngx_str_t                       members;
    ngx_http_autostock_lines_t      lines;
    ngx_http_autostock_loc_conf_t  *lcf;

    members.data = buf;
    members.len = ngx_http_autostock_response_id(buf, "sale_id", settle->id)
                  - buf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_autostock_module);

    if (settle->nsettled == 1 && !lcf->compat) {
        return ngx_http_autostock_confirm_line(r, settle->settled, &members);
    }

    lines.elts = settle->settled;
    lines.nelts = settle->nsettled;

    return ngx_http_autostock_lines_done(r, &ngx_http_autostock_confirm_text,
                                         1, &members, &lines);
}


static ngx_int_t
ngx_http_autostock_confirm_line(ngx_http_request_t *r,
    const ngx_http_autostock_settled_line_t *line, const ngx_str_t *members)
{
    size_t      size;
    u_char     *p;
    ngx_buf_t  *b;
    ngx_str_t   number;

    size = sizeof("{\"message\":\"\",\"sku\":null,\"quantity\":,\"stock\":}")
           + ngx_http_autostock_confirm_text.len
           + NGX_HTTP_AUTOSTOCK_LEFT_LEN + members->len
           + line->json_sku.len + NGX_INT32_LEN + NGX_INT64_LEN;

    b = ngx_http_autostock_response_buf(r, size);
    if (b == NULL) {
        return NGX_ERROR;
    }

    p = ngx_http_autostock_response_put(b->last, "{\"message\":\"");
    p = ngx_http_autostock_response_message(p,
                                            &ngx_http_autostock_confirm_text,
                                            line->stock, &number);
    *p++ = '"';
    p = ngx_cpymem(p, members->data, members->len);
    *p++ = ',';
    p = ngx_http_autostock_lines_put_sku(p, &line->json_sku);
    p = ngx_http_autostock_response_put(p, ",\"quantity\":");
    p = as_decimal(p, line->quantity);
    p = ngx_http_autostock_response_put(p, ",\"stock\":");
    p = ngx_http_autostock_lines_put_number(p, line->stock);
    *p++ = '}';

    b->last = p;

    return ngx_http_autostock_response_send(r, NGX_HTTP_OK, b);
}
