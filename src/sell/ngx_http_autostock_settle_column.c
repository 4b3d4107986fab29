
#include "ngx_http_autostock_settle_flight.h"

#include "as_json_text.h"


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
