
#include "ngx_http_autostock_barrier.h"
#include "ngx_http_autostock_id.h"


void
ngx_http_autostock_barrier_write(ngx_http_autostock_sql_t *sql,
    u_char product_id[NGX_HTTP_AUTOSTOCK_UUID_LEN])
{
    u_char  id[NGX_HTTP_AUTOSTOCK_UUID_LEN];

    ngx_http_autostock_id_next(id);

    ngx_http_autostock_sql_text(sql,
        "INSERT INTO stock_movement(movement_id,product_id,kind,quantity,"
        "sales)VALUES(");
    ngx_http_autostock_sql_binary(sql, id, 16);
    ngx_http_autostock_sql_text(sql, ",");
    ngx_http_autostock_sql_binary(sql, product_id, 16);
    ngx_http_autostock_sql_text(sql, ",'sale',0,0)");
}
