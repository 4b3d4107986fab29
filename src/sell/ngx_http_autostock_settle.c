
#include "ngx_http_autostock_settle.h"


ngx_int_t
ngx_http_autostock_settle_submit(ngx_http_autostock_database_t *db,
    ngx_http_autostock_settle_t *settle)
{
    (void) db;
    (void) settle;

    return NGX_ERROR;
}


void
ngx_http_autostock_settle_cancel(ngx_http_autostock_settle_t *settle)
{
    ngx_http_autostock_waiter_cancel(&settle->waiter);
}
