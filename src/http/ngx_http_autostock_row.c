
#include "ngx_http_autostock_row.h"
#include "ngx_http_autostock_response.h"

#include "as_json_text.h"
#include "as_uuid.h"


static ngx_int_t ngx_http_autostock_row_number(ngx_str_t *text);
static u_char *ngx_http_autostock_row_id(u_char *p, ngx_str_t *id);


ngx_int_t
ngx_http_autostock_row_check(ngx_http_request_t *r,
    ngx_http_autostock_product_row_t *row)
{
    if (ngx_http_autostock_row_number(&row->price) == NGX_OK
        && ngx_http_autostock_row_number(&row->held) == NGX_OK
        && ngx_http_autostock_row_number(&row->stock) == NGX_OK)
    {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "autostock: the database returned a product's row whose "
                  "price, stock or held is not a number");

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_autostock_row_number(ngx_str_t *text)
{
    size_t  i, first;

    first = text->len != 0 && text->data[0] == '-';

    if (text->len == first || text->len > NGX_INT64_LEN) {
        return NGX_ERROR;
    }

    for (i = first; i < text->len; i++) {
        if (text->data[i] < '0' || text->data[i] > '9') {
            return NGX_ERROR;
        }
    }

    /* removes the zeros of a ZEROFILL column, which JSON does not allow */
    while (text->len > 1 && text->data[0] == '0') {
        text->data++;
        text->len--;
    }

    return NGX_OK;
}


size_t
ngx_http_autostock_row_len(ngx_http_autostock_product_row_t *row)
{
    return sizeof("{\"product_id\":\"\",\"sku\":\"\",\"name\":\"\","
                  "\"price\":,\"stock\":,\"held\":,\"factory_id\":\"\","
                  "\"ad_id\":\"\"}")
           + 3 * AS_UUID_TEXT_LEN
           + as_json_text_escaped_len(row->sku.data, row->sku.len)
           + as_json_text_escaped_len(row->name.data, row->name.len)
           + row->price.len + row->stock.len + row->held.len;
}


u_char *
ngx_http_autostock_row_json(u_char *p, ngx_http_autostock_product_row_t *row,
    ngx_uint_t compat)
{
    p = ngx_http_autostock_response_put(p, "{\"product_id\":");
    p = ngx_http_autostock_row_id(p, &row->product_id);
    p = ngx_http_autostock_response_put(p, ",\"sku\":\"");
    p = as_json_text_escape(p, row->sku.data, row->sku.len);
    p = ngx_http_autostock_response_put(p, "\",\"name\":\"");
    p = as_json_text_escape(p, row->name.data, row->name.len);
    p = ngx_http_autostock_response_put(p, "\",\"price\":");
    p = ngx_cpymem(p, row->price.data, row->price.len);
    p = ngx_http_autostock_response_put(p, ",\"stock\":");
    p = ngx_cpymem(p, row->stock.data, row->stock.len);

    if (!compat) {
        p = ngx_http_autostock_response_put(p, ",\"held\":");
        p = ngx_cpymem(p, row->held.data, row->held.len);
    }

    p = ngx_http_autostock_response_put(p, ",\"factory_id\":");
    p = ngx_http_autostock_row_id(p, &row->factory_id);
    p = ngx_http_autostock_response_put(p, ",\"ad_id\":");
    p = ngx_http_autostock_row_id(p, &row->ad_id);
    *p++ = '}';

    return p;
}


static u_char *
ngx_http_autostock_row_id(u_char *p, ngx_str_t *id)
{
    if (id->len != AS_UUID_LEN) {
        return ngx_http_autostock_response_put(p, "null");
    }

    *p++ = '"';
    p = (u_char *) as_uuid_text(id->data, (char *) p);
    *p++ = '"';

    return p;
}
