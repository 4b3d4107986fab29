
/*
 * Shared by the files of pools only.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_POOLS_PRIVATE_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_POOLS_PRIVATE_H_INCLUDED_


#include "ngx_http_autostock_pools.h"
#include "ngx_http_autostock_choice.h"
#include "ngx_http_autostock_probe.h"


/* ms after which an answer is late, so that its server is looked at */
#define NGX_HTTP_AUTOSTOCK_POOLS_SLOW  1000


typedef struct {
    ngx_http_autostock_pools_t       *pools;
    ngx_http_autostock_server_t      *server;
    ngx_http_autostock_pool_t        *pool;
    ngx_http_autostock_choice_t      *choice;
    ngx_http_autostock_pool_watch_t   watch;
    ngx_http_autostock_probe_t        probe;
    ngx_event_t                       look;      /* at due, or earlier */
    ngx_msec_t                        due;       /* the next probe */
    ngx_http_autostock_repeat_t       repeat;
    const char                       *reason;    /* why it is not used */
} ngx_http_autostock_pools_member_t;


struct ngx_http_autostock_pools_s {
    ngx_http_autostock_database_t      *db;
    ngx_http_autostock_pools_member_t  *members;    /* as in db->servers */
    ngx_http_autostock_choice_t        *choices;    /* theirs */
    ngx_uint_t                          n;
    ngx_uint_t                          nprimaries;

    ngx_uint_t                          sales;   /* the member that requests
                                                    go to */
    ngx_uint_t                          used;    /* the last one that was
                                                    reached and fit; or NONE */
    ngx_uint_t                          reads;   /* a replica, or NONE */
    ngx_uint_t                          urgent;  /* no primary is fit */
};


/*
 * What was seen of a server: NGX_OK: it is fit; NGX_DECLINED: it is reachable,
 * but not fit; NGX_ERROR: an attempt failed.  reason tells why, for the log.
 * Chooses again.  NGX_AGAIN: the failure does not count yet.
 */
ngx_int_t ngx_http_autostock_pools_choose(
    ngx_http_autostock_pools_member_t *member, ngx_int_t rc,
    const char *reason);

/* The next look is in so many ms. */
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
