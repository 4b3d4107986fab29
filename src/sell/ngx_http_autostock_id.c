
#include "ngx_http_autostock_id.h"

#include "as_uuid.h"


static as_uuid_gen_t  ngx_http_autostock_ids;


ngx_int_t
ngx_http_autostock_id_init(ngx_log_t *log)
{
    if (as_uuid_init(&ngx_http_autostock_ids) != 0) {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                      "autostock: getrandom() failed");
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_http_autostock_id_next(u_char id[NGX_HTTP_AUTOSTOCK_UUID_LEN])
{
    ngx_time_t  *now;

    now = ngx_timeofday();

    as_uuid_v7(&ngx_http_autostock_ids,
               (uint64_t) now->sec * 1000 + now->msec, id);
}
