
/*
 * Chooses the servers for sales and look-ups, after the state of one changed.
 */


#include "ngx_http_autostock_pools_private.h"
#include "ngx_http_autostock_repeat.h"
#include "ngx_http_autostock_status.h"


static void ngx_http_autostock_pools_choose_log(
    ngx_http_autostock_pools_member_t *member, ngx_uint_t before);
static void ngx_http_autostock_pools_choose_again(
    ngx_http_autostock_pools_t *pools);
static void ngx_http_autostock_pools_choose_sales(
    ngx_http_autostock_pools_t *pools);
static void ngx_http_autostock_pools_choose_soon(
    ngx_http_autostock_pools_t *pools);
static void ngx_http_autostock_pools_choose_reads(
    ngx_http_autostock_pools_t *pools);
static void ngx_http_autostock_pools_choose_end(
    ngx_http_autostock_pools_t *pools);
static void ngx_http_autostock_pools_choose_status(
    ngx_http_autostock_pools_t *pools);


ngx_int_t
ngx_http_autostock_pools_choose(ngx_http_autostock_pools_member_t *member,
    ngx_int_t rc, const char *reason)
{
    ngx_int_t                     result;
    ngx_uint_t                    before, alone;
    ngx_http_autostock_pools_t   *pools;
    ngx_http_autostock_choice_t  *choice;

    pools = member->pools;
    choice = member->choice;
    before = choice->state;
    result = NGX_OK;

    if (rc == NGX_OK) {
        alone = !member->server->replica
                && ngx_http_autostock_choice_is_alone(pools->choices,
                                    pools->nprimaries,
                                    choice - pools->choices);
        ngx_http_autostock_choice_well(choice, ngx_current_msec, alone);

    } else if (rc == NGX_DECLINED) {
        ngx_http_autostock_choice_unfit(choice, ngx_current_msec);

    } else if (!ngx_http_autostock_choice_failed(choice, ngx_current_msec)) {
        result = choice->max_fails ? NGX_AGAIN : NGX_OK;
    }

    if (choice->state != before) {
        if (reason) {
            member->reason = reason;
        }

        if (choice->state == NGX_HTTP_AUTOSTOCK_CHOICE_FAILED) {
            ngx_http_autostock_pool_late_end(member->pool);
        }

        ngx_http_autostock_pools_choose_log(member, before);

        if (member->look.timer_set && choice->state > before) {
            ngx_http_autostock_pools_look_in(member,
                       ngx_http_autostock_choice_pause(choice,
                                            ngx_current_msec, pools->urgent));
        }
    }

    ngx_http_autostock_pools_choose_again(pools);

    return result;
}


/* a standby server is expected to be read-only from the start: no error */

static void
ngx_http_autostock_pools_choose_log(ngx_http_autostock_pools_member_t *member,
    ngx_uint_t before)
{
    ngx_str_t   *db, *server;
    ngx_uint_t   level;
    const char  *note;

    db = &member->pools->db->name;
    server = &member->server->name;

    if (member->choice->state == NGX_HTTP_AUTOSTOCK_CHOICE_TRIAL
        || (member->choice->state == NGX_HTTP_AUTOSTOCK_CHOICE_FIT
            && before == NGX_HTTP_AUTOSTOCK_CHOICE_UNKNOWN))
    {
        ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                      "autostock: database \"%V\": server %V can be used",
                      db, server);
        return;
    }

    note = ngx_http_autostock_repeat(&member->repeat);
    if (note == NULL) {
        return;
    }

    if (member->choice->state == NGX_HTTP_AUTOSTOCK_CHOICE_FIT) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "autostock: database \"%V\": server %V can be used "
                      "again%s", db, server, note);
        return;
    }

    level = (before == NGX_HTTP_AUTOSTOCK_CHOICE_UNKNOWN
             && member->choice->state == NGX_HTTP_AUTOSTOCK_CHOICE_UNFIT
             && !member->server->replica) ? NGX_LOG_NOTICE : NGX_LOG_ERR;

    ngx_log_error(level, ngx_cycle->log, 0,
                  "autostock: database \"%V\": server %V is not used for %s: "
                  "%s%s", db, server,
                  member->server->replica ? "look-ups" : "sales",
                  member->reason, note);
}


static void
ngx_http_autostock_pools_choose_again(ngx_http_autostock_pools_t *pools)
{
    ngx_http_autostock_pools_choose_sales(pools);

    if (pools->n > pools->nprimaries) {
        ngx_http_autostock_pools_choose_reads(pools);
    }

    ngx_http_autostock_pools_choose_end(pools);
    ngx_http_autostock_pools_choose_status(pools);
}


static void
ngx_http_autostock_pools_choose_sales(ngx_http_autostock_pools_t *pools)
{
    ngx_uint_t                          best, urgent;
    ngx_http_autostock_pools_member_t  *from, *to;

    urgent = ngx_http_autostock_choice_is_alone(pools->choices,
                         pools->nprimaries, NGX_HTTP_AUTOSTOCK_CHOICE_NONE);

    if (urgent && !pools->urgent) {
        pools->urgent = 1;
        ngx_http_autostock_pools_choose_soon(pools);
    }

    pools->urgent = urgent;

    best = ngx_http_autostock_choice_first(pools->choices, pools->nprimaries);

    if (best == pools->sales) {
        return;
    }

    from = &pools->members[pools->sales];
    to = &pools->members[best];
    pools->sales = best;

    ngx_http_autostock_pool_retire(to->pool, 0);
    ngx_http_autostock_pool_move(from->pool, to->pool);
    ngx_http_autostock_pool_retire(from->pool, 1);

    if (to->choice->state < NGX_HTTP_AUTOSTOCK_CHOICE_UNFIT) {
        ngx_http_autostock_pool_warm(to->pool);
    }
}


/* no server is fit for sales: probes them more often */

static void
ngx_http_autostock_pools_choose_soon(ngx_http_autostock_pools_t *pools)
{
    ngx_uint_t                          i;
    ngx_http_autostock_pools_member_t  *member;

    for (i = 0; i < pools->nprimaries; i++) {
        member = &pools->members[i];

        if (member->look.timer_set) {
            ngx_http_autostock_pools_look_in(member,
                                ngx_http_autostock_choice_pause(member->choice,
                                                        ngx_current_msec, 1));
        }
    }
}


/* the worker processes start the search at different replicas */

static void
ngx_http_autostock_pools_choose_reads(ngx_http_autostock_pools_t *pools)
{
    ngx_uint_t                  n, from, to;
    ngx_http_autostock_pool_t  *rest;

    n = pools->n - pools->nprimaries;
    from = pools->reads;

    to = ngx_http_autostock_choice_fit(&pools->choices[pools->nprimaries], n,
                                       ngx_worker % n);

    if (to != NGX_HTTP_AUTOSTOCK_CHOICE_NONE) {
        to += pools->nprimaries;
    }

    if (to == from) {
        return;
    }

    pools->reads = to;
    rest = pools->members[pools->sales].pool;

    if (to != NGX_HTTP_AUTOSTOCK_CHOICE_NONE) {
        rest = pools->members[to].pool;
        ngx_http_autostock_pool_retire(rest, 0);
    }

    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                  "autostock: database \"%V\": look-ups use server %V",
                  &pools->db->name, to == NGX_HTTP_AUTOSTOCK_CHOICE_NONE
                                    ? &pools->members[pools->sales].server->name
                                    : &pools->members[to].server->name);

    if (from != NGX_HTTP_AUTOSTOCK_CHOICE_NONE) {
        ngx_http_autostock_pool_move(pools->members[from].pool, rest);
        ngx_http_autostock_pool_retire(pools->members[from].pool, 1);
    }
}


/* a change of the server for sales is complete when the new one is fit */

static void
ngx_http_autostock_pools_choose_end(ngx_http_autostock_pools_t *pools)
{
    ngx_str_t                          *name;
    ngx_http_autostock_pools_member_t  *from, *to;

    to = &pools->members[pools->sales];

    if (pools->used == pools->sales
        || to->choice->state != NGX_HTTP_AUTOSTOCK_CHOICE_FIT)
    {
        return;
    }

    from = pools->used == NGX_HTTP_AUTOSTOCK_CHOICE_NONE
           ? &pools->members[0] : &pools->members[pools->used];
    pools->used = pools->sales;

    if (from == to) {
        return;
    }

    ngx_http_autostock_status_server_add(to->server,
                                     NGX_HTTP_AUTOSTOCK_SERVER_FAILOVERS, 1);

    name = &to->server->name;

    if (from->choice->state <= NGX_HTTP_AUTOSTOCK_CHOICE_UNKNOWN) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "autostock: database \"%V\": sales use server %V again, "
                      "not %V: it was usable for long enough",
                      &pools->db->name, name, &from->server->name);
        return;
    }

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "autostock: database \"%V\": sales use server %V, not %V: %s",
                  &pools->db->name, name, &from->server->name, from->reason);
}


static void
ngx_http_autostock_pools_choose_status(ngx_http_autostock_pools_t *pools)
{
    ngx_uint_t                    i, reads, state;
    ngx_http_autostock_server_t  *server;

    reads = pools->reads == NGX_HTTP_AUTOSTOCK_CHOICE_NONE ? pools->used
                                                           : pools->reads;

    for (i = 0; i < pools->n; i++) {
        server = pools->members[i].server;
        state = pools->choices[i].state;

        ngx_http_autostock_status_server(server,
                         NGX_HTTP_AUTOSTOCK_SERVER_STATE,
                         state == NGX_HTTP_AUTOSTOCK_CHOICE_UNKNOWN ? 0
                         : state == NGX_HTTP_AUTOSTOCK_CHOICE_FAILED ? 1 : 2);
        ngx_http_autostock_status_server(server,
                         NGX_HTTP_AUTOSTOCK_SERVER_SALES, i == pools->used);
        ngx_http_autostock_status_server(server,
                         NGX_HTTP_AUTOSTOCK_SERVER_LOOKUPS, i == reads);
    }
}
