
/*
 * Declarations that only the files of pools share.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_POOLS_PRIVATE_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_POOLS_PRIVATE_H_INCLUDED_


#include "ngx_http_autostock_pools.h"
#include "ngx_http_autostock_choice.h"
#include "ngx_http_autostock_probe.h"


/* a server is probed if one of its queries has waited for so long, ms */
#define NGX_HTTP_AUTOSTOCK_POOLS_SLOW  1000


struct ngx_http_autostock_pools_member_s {
    ngx_http_autostock_pools_t       *pools;
    ngx_http_autostock_server_t      *server;
    ngx_http_autostock_pool_t        *pool;
    ngx_http_autostock_choice_t      *choice;
    ngx_http_autostock_pool_watch_t   watch;
    ngx_http_autostock_probe_t        probe;
    ngx_event_t                       look;      /* checks if a probe is due */
    ngx_msec_t                        due;       /* time of the next probe */
    ngx_http_autostock_repeat_t       repeat;
    const char                       *reason;    /* why it is not used */
};


struct ngx_http_autostock_pools_s {
    ngx_http_autostock_database_t      *db;
    ngx_http_autostock_pools_member_t  *members;    /* as in db->servers */
    ngx_http_autostock_choice_t        *choices;    /* of the members */
    ngx_uint_t                          n;
    ngx_uint_t                          nprimaries;

    /* indexes of members */
    ngx_uint_t                          sales;   /* the one that sales use */
    ngx_uint_t                          used;    /* the last one of these that
                                                    was fit; or NONE */
    ngx_uint_t                          reads;   /* the replica that look-ups
                                                    use; or NONE */

    ngx_uint_t                          urgent;  /* no server is fit for sales
                                                    or unknown */
};


/*
 * Updates the state of a server after an attempt, and chooses again.  rc is
 * NGX_OK: it is fit; NGX_DECLINED: it is reachable, but not fit; or NGX_ERROR:
 * the attempt failed.  reason is for the log; NULL: fit.  Returns NGX_AGAIN if
 * the server has not failed often enough to be FAILED, else NGX_OK.
 */
ngx_int_t ngx_http_autostock_pools_choose(
    ngx_http_autostock_pools_member_t *member, ngx_int_t rc,
    const char *reason);

/* Sets the time to the next probe, ms. */
static ngx_inline void
ngx_http_autostock_pools_look_in(ngx_http_autostock_pools_member_t *member,
    ngx_msec_t pause)
{
    if (member->look.timer_set) {
        ngx_del_timer(&member->look);
    }

    member->due = ngx_current_msec + pause;
    ngx_add_timer(&member->look,
                  ngx_min(pause, NGX_HTTP_AUTOSTOCK_POOLS_SLOW));
}


#endif /* _NGX_HTTP_AUTOSTOCK_POOLS_PRIVATE_H_INCLUDED_ */
