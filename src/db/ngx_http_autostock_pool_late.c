
/*
 * Queries that have no answer yet.
 */


#include "ngx_http_autostock_pool_private.h"


/* how long queries to a failed server may still take, ms */
#define NGX_HTTP_AUTOSTOCK_POOL_LATE  100


static ngx_uint_t ngx_http_autostock_pool_late_count(
    ngx_http_autostock_pool_t *pool, ngx_msec_t slow, ngx_msec_t more);


void
ngx_http_autostock_pool_late_end(ngx_http_autostock_pool_t *pool)
{
    (void) ngx_http_autostock_pool_late_count(pool, 0,
                                              NGX_HTTP_AUTOSTOCK_POOL_LATE);
}


ngx_uint_t
ngx_http_autostock_pool_late_any(ngx_http_autostock_pool_t *pool,
    ngx_msec_t slow)
{
    return ngx_http_autostock_pool_late_count(pool, slow, 0) != 0;
}


/*
 * counts the queries that have waited for slow ms or longer; more: the time
 * after which these queries end, ms; 0: it is not changed
 */

static ngx_uint_t
ngx_http_autostock_pool_late_count(ngx_http_autostock_pool_t *pool,
    ngx_msec_t slow, ngx_msec_t more)
{
    ngx_uint_t                        n;
    ngx_queue_t                      *q;
    ngx_http_autostock_connection_t  *conn;

    n = 0;

    for (q = ngx_queue_head(&pool->busy);
         q != ngx_queue_sentinel(&pool->busy);
         q = ngx_queue_next(q))
    {
        conn = ngx_queue_data(q, ngx_http_autostock_connection_t, queue);

        if (conn->kind == NGX_HTTP_AUTOSTOCK_KINDS || conn->query == NULL
            || ngx_current_msec - conn->asked < slow)
        {
            continue;
        }

        n++;

        if (more) {
            ngx_add_timer(&conn->timer, more);
        }
    }

    return n;
}
