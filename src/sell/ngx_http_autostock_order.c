
#include "ngx_http_autostock_order.h"
#include "ngx_http_autostock_id.h"


void
ngx_http_autostock_order_open(ngx_http_autostock_order_t *order,
    as_trace_t *trace)
{
    ngx_http_autostock_id_next(order->id);

    if (trace) {
        order->trace = *trace;
    } else {
        ngx_memzero(&order->trace, sizeof(as_trace_t));
    }
}


void
ngx_http_autostock_order_insert(ngx_http_autostock_order_t *order,
    ngx_http_autostock_sql_t *sql, ngx_uint_t n, u_char *product_id,
    int64_t quantity)
{
    if (n) {
        ngx_http_autostock_sql_text(sql, ",(");
    } else {
        ngx_http_autostock_sql_text(sql,
            "INSERT INTO restock_order(order_id,product_id,quantity)"
            "VALUES(");
    }

    ngx_http_autostock_sql_binary(sql, order->id, 16);
    ngx_http_autostock_sql_text(sql, ",");
    ngx_http_autostock_sql_binary(sql, product_id, 16);
    ngx_http_autostock_sql_text(sql, ",");
    ngx_http_autostock_sql_number(sql, quantity);
    ngx_http_autostock_sql_text(sql, ")");
}


ngx_uint_t
ngx_http_autostock_order_insert_trace(ngx_http_autostock_order_t *order,
    ngx_http_autostock_sql_t *sql, ngx_uint_t n, u_char *product_id)
{
    char  text[AS_TRACE_TEXT_LEN];

    if (!as_trace_is_set(&order->trace)) {
        return n;
    }

    if (n) {
        ngx_http_autostock_sql_text(sql, ",(");
    } else {
        ngx_http_autostock_sql_text(sql,
            "INSERT INTO restock_order_trace(order_id,product_id,traceparent)"
            "VALUES(");
    }

    as_trace_text(&order->trace, text);

    ngx_http_autostock_sql_binary(sql, order->id, 16);
    ngx_http_autostock_sql_text(sql, ",");
    ngx_http_autostock_sql_binary(sql, product_id, 16);
    ngx_http_autostock_sql_text(sql, ",'");
    ngx_http_autostock_sql_write(sql, text, AS_TRACE_TEXT_LEN);
    ngx_http_autostock_sql_text(sql, "')");

    return n + 1;
}
