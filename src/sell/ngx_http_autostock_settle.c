
#include "ngx_http_autostock_settle.h"


ngx_int_t
ngx_http_autostock_settle_submit(ngx_http_autostock_database_t *db,
    ngx_http_autostock_settle_t *settle)
{
    settle->waiter.batch = NULL;
    settle->refused = 0;
    settle->settled = NULL;
    settle->nsettled = 0;

    if (ngx_http_autostock_refusals_has(&db->settlements->refusals,
                                        settle->id))
    {
        return NGX_DECLINED;
    }

    return ngx_http_autostock_batch_submit(db->settlements, &settle->waiter,
                                           ngx_current_msec
                                           + settle->timeout);
}


void
ngx_http_autostock_settle_cancel(ngx_http_autostock_settle_t *settle)
{
    ngx_http_autostock_waiter_cancel(&settle->waiter);
}
