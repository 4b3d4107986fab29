
#include "ngx_http_autostock_settle_flight.h"

#include "as_json_text.h"


ngx_int_t
ngx_http_autostock_settle_column_integer(ngx_str_t *column, int64_t *value)
{
    off_t       n;
    ngx_uint_t  negative;

    if (column->len == 0) {
        return NGX_ERROR;
    }

    negative = column->data[0] == '-';
    n = ngx_atoof(column->data + negative, column->len - negative);

    if (n == NGX_ERROR) {
        return NGX_ERROR;
    }

    *value = negative ? - (int64_t) n : (int64_t) n;

    return NGX_OK;
}


ngx_uint_t
ngx_http_autostock_settle_column_true(ngx_str_t *column)
{
    return column->len == 1 && column->data[0] == '1';
}

ngx_int_t
ngx_http_autostock_settle_column_json(ngx_pool_t *pool, ngx_str_t *column,
    ngx_str_t *json)
{
    json->len = as_json_text_escaped_len(column->data, column->len);
    json->data = ngx_pnalloc(pool, json->len);
    if (json->data == NULL) {
        return NGX_ERROR;
    }

    as_json_text_escape(json->data, column->data, column->len);

    return NGX_OK;
}
