
#include "ngx_http_autostock_pools_private.h"
#include "ngx_http_autostock_session.h"
#include "ngx_http_autostock_status.h"

#include "as_sqlerror.h"


/* the time to the first probe, and between two probes of a replica, ms */
#define NGX_HTTP_AUTOSTOCK_POOLS_FIRST  1000
#define NGX_HTTP_AUTOSTOCK_POOLS_LAG    1000


static ngx_int_t ngx_http_autostock_pools_add(
    ngx_http_autostock_pools_t *pools, ngx_uint_t i);
static void ngx_http_autostock_pools_reached(
    ngx_http_autostock_pools_member_t *member,
    ngx_http_autostock_connection_t *conn);
static void ngx_http_autostock_pools_set_role(
    ngx_http_autostock_pools_member_t *member, ngx_uint_t read_only);
static ngx_int_t ngx_http_autostock_pools_failed(
    ngx_http_autostock_pools_member_t *member,
    ngx_http_autostock_connection_t *conn);
static ngx_uint_t ngx_http_autostock_pools_is_open(
    ngx_http_autostock_connection_t *conn, ngx_uint_t established);
static void ngx_http_autostock_pools_refused(
    ngx_http_autostock_pools_member_t *member,
    ngx_http_autostock_connection_t *conn);
static void ngx_http_autostock_pools_look(ngx_event_t *ev);
static void ngx_http_autostock_pools_looked(
    ngx_http_autostock_pools_member_t *member, ngx_int_t rc);
static ngx_int_t ngx_http_autostock_pools_judge(
    ngx_http_autostock_pools_member_t *member, ngx_int_t rc);


ngx_http_autostock_pools_t *
ngx_http_autostock_pools_create(ngx_http_autostock_database_t *db)
{
    ngx_uint_t                   i;
    ngx_http_autostock_pools_t  *pools;

    pools = ngx_calloc(sizeof(ngx_http_autostock_pools_t), ngx_cycle->log);
    if (pools == NULL) {
        return NULL;
    }

    pools->db = db;
    pools->n = db->servers.nelts;
    pools->nprimaries = db->nprimaries;
    pools->used = NGX_HTTP_AUTOSTOCK_CHOICE_NONE;
    pools->reads = NGX_HTTP_AUTOSTOCK_CHOICE_NONE;

    pools->members = ngx_calloc(pools->n
                                * sizeof(ngx_http_autostock_pools_member_t),
                                ngx_cycle->log);
    pools->choices = ngx_calloc(pools->n * sizeof(ngx_http_autostock_choice_t),
                                ngx_cycle->log);

    if (pools->members == NULL || pools->choices == NULL) {
        return NULL;
    }

    for (i = 0; i < pools->n; i++) {
        if (ngx_http_autostock_pools_add(pools, i) != NGX_OK) {
            return NULL;
        }
    }

    return pools;
}


static ngx_int_t
ngx_http_autostock_pools_add(ngx_http_autostock_pools_t *pools, ngx_uint_t i)
{
    ngx_http_autostock_server_t        *server;
    ngx_http_autostock_pools_member_t  *member;

    server = pools->db->servers.elts;
    server += i;

    member = &pools->members[i];
    member->pools = pools;
    member->server = server;
    member->choice = &pools->choices[i];
    member->reason = "nothing is known of it";

    ngx_http_autostock_choice_init(member->choice, server->max_fails,
                                   server->fail_timeout);

    member->watch.reached = ngx_http_autostock_pools_reached;
    member->watch.failed = ngx_http_autostock_pools_failed;
    member->watch.refused = ngx_http_autostock_pools_refused;
    member->watch.member = member;

    member->probe.db = pools->db;
    member->probe.server = server;
    member->probe.done = ngx_http_autostock_pools_looked;
    member->probe.member = member;

    member->look.handler = ngx_http_autostock_pools_look;
    member->look.data = member;
    member->look.log = ngx_cycle->log;
    member->look.cancelable = 1;

    member->pool = ngx_http_autostock_pool_create(pools->db, server,
                                          pools->n > 1 ? &member->watch : NULL);

    return member->pool ? NGX_OK : NGX_ERROR;
}


void
ngx_http_autostock_pools_warm(ngx_http_autostock_pools_t *pools)
{
    ngx_uint_t                          i;
    ngx_http_autostock_pools_member_t  *member;

    ngx_http_autostock_pool_warm(pools->members[pools->sales].pool);

    for (i = 0; i < pools->n && pools->n > 1; i++) {
        member = &pools->members[i];

        if (i != pools->sales) {
            ngx_http_autostock_pool_retire(member->pool, 1);
        }

        ngx_http_autostock_pools_look_in(member, member->server->replica
                                         ? 1 : NGX_HTTP_AUTOSTOCK_POOLS_FIRST);
    }
}


void
ngx_http_autostock_pools_get(ngx_http_autostock_pools_t *pools,
    ngx_http_autostock_taker_t *taker)
{
    ngx_uint_t  i;

    if (taker->bound) {
        i = taker->bound
            - (ngx_http_autostock_server_t *) pools->db->servers.elts;

    } else if (taker->reads
               && pools->reads != NGX_HTTP_AUTOSTOCK_CHOICE_NONE)
    {
        i = pools->reads;

    } else {
        i = pools->sales;
    }

    ngx_http_autostock_pool_get(pools->members[i].pool, taker);
}


void
ngx_http_autostock_pools_bind(ngx_http_autostock_taker_t *taker,
    ngx_http_autostock_connection_t *conn)
{
    taker->bound = conn->db->synchronous ? NULL : conn->server;
}


ngx_uint_t
ngx_http_autostock_pools_elsewhere(ngx_http_autostock_pools_t *pools,
    ngx_http_autostock_taker_t *taker)
{
    return taker->bound
           && taker->bound != pools->members[pools->sales].server;
}


static void
ngx_http_autostock_pools_reached(ngx_http_autostock_pools_member_t *member,
    ngx_http_autostock_connection_t *conn)
{
    const char  *reason;

    ngx_http_autostock_pools_set_role(member, conn->read_only);

    if (member->server->replica) {
        /* only a probe reads its lag */
        return;
    }

    reason = ngx_http_autostock_session_report_unfit(conn);

    (void) ngx_http_autostock_pools_choose(member,
                                           reason ? NGX_DECLINED : NGX_OK,
                                           reason);
}


static void
ngx_http_autostock_pools_set_role(ngx_http_autostock_pools_member_t *member,
    ngx_uint_t read_only)
{
    ngx_http_autostock_status_server(member->server,
                        NGX_HTTP_AUTOSTOCK_SERVER_ROLE, read_only ? 1 : 2);
}


static ngx_int_t
ngx_http_autostock_pools_failed(ngx_http_autostock_pools_member_t *member,
    ngx_http_autostock_connection_t *conn)
{
    ngx_uint_t  others;

    /* conn counts as established, even if it has just failed to connect */
    others = ngx_http_autostock_pool_established(member->pool) - 1;

    if (ngx_http_autostock_pools_is_open(conn, others)) {
        return NGX_OK;
    }

    return ngx_http_autostock_pools_choose(member, NGX_ERROR, conn->timed_out
                                           ? "it does not answer in time"
                                           : "it cannot be reached");
}


/*
 * 1 if the server may be reachable although conn has failed.  A server that
 * refuses a connection, for example at its limit of connections, is reachable.
 * So may be a server whose name cannot be resolved at the moment.  Its
 * established connections remain in use.
 */

static ngx_uint_t
ngx_http_autostock_pools_is_open(ngx_http_autostock_connection_t *conn,
    ngx_uint_t established)
{
    ngx_uint_t  error;

    error = conn->error ? conn->error : conn->setup.error;

    return established && !conn->timed_out && !as_sqlerror_is_library(error);
}


static void
ngx_http_autostock_pools_refused(ngx_http_autostock_pools_member_t *member,
    ngx_http_autostock_connection_t *conn)
{
    if (!member->server->replica) {
        ngx_http_autostock_pools_set_role(member, 1);
    }

    (void) ngx_http_autostock_pools_choose(member, NGX_DECLINED,
                                           member->server->replica
                                           ? "it accepts no queries"
                                           : "it accepts no writes");
}


static void
ngx_http_autostock_pools_look(ngx_event_t *ev)
{
    ngx_http_autostock_pools_member_t *member = ev->data;

    ngx_msec_int_t  left;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, ev->log, 0,
                   "autostock pools look at %V", &member->server->name);

    if (ngx_exiting || ngx_terminate) {
        return;
    }

    left = (ngx_msec_int_t) (member->due - ngx_current_msec);

    if (left > 0 && !ngx_http_autostock_pool_late_any(member->pool,
                                             NGX_HTTP_AUTOSTOCK_POOLS_SLOW))
    {
        ngx_http_autostock_pools_look_in(member, (ngx_msec_t) left);
        return;
    }

    ngx_http_autostock_probe_start(&member->probe);
}


static void
ngx_http_autostock_pools_looked(ngx_http_autostock_pools_member_t *member,
    ngx_int_t rc)
{
    if (rc != NGX_ERROR) {
        ngx_http_autostock_pools_set_role(member,
                                          member->probe.conn->read_only);
    }

    ngx_http_autostock_status_server(member->server,
                                     NGX_HTTP_AUTOSTOCK_SERVER_LAG,
                                     member->probe.lag + 1);

    rc = ngx_http_autostock_pools_judge(member, rc);

    if (rc != NGX_ABORT) {
        (void) ngx_http_autostock_pools_choose(member, rc,
                                               member->probe.unfit);
    }

    if (rc == NGX_OK && member->server->replica) {
        ngx_http_autostock_pools_look_in(member, NGX_HTTP_AUTOSTOCK_POOLS_LAG);
        return;
    }

    ngx_http_autostock_pools_look_in(member,
                       ngx_http_autostock_choice_pause(member->choice,
                                    ngx_current_msec, member->pools->urgent));
}


/* the result of the probe for the choice of servers; NGX_ABORT: none */

static ngx_int_t
ngx_http_autostock_pools_judge(ngx_http_autostock_pools_member_t *member,
    ngx_int_t rc)
{
    ngx_http_autostock_probe_t  *probe;

    probe = &member->probe;

    if (rc == NGX_ERROR) {
        return probe->conn
               && ngx_http_autostock_pools_is_open(probe->conn,
                             ngx_http_autostock_pool_established(member->pool))
               ? NGX_ABORT : NGX_ERROR;
    }

    if (rc == NGX_OK && !member->server->replica) {
        probe->unfit = ngx_http_autostock_session_report_unfit(probe->conn);
    }

    if (rc == NGX_OK && member->server->replica
        && probe->lag > member->server->max_lag)
    {
        probe->unfit = "its lag is above max_lag";
    }

    return probe->unfit ? NGX_DECLINED : rc;
}


void
ngx_http_autostock_pools_destroy(ngx_http_autostock_pools_t *pools)
{
    ngx_uint_t                          i;
    ngx_http_autostock_pools_member_t  *member;

    for (i = 0; i < pools->n; i++) {
        member = &pools->members[i];

        if (member->look.timer_set) {
            ngx_del_timer(&member->look);
        }

        ngx_http_autostock_probe_close(&member->probe);
        ngx_http_autostock_pool_destroy(member->pool);
    }

    ngx_free(pools->choices);
    ngx_free(pools->members);
    ngx_free(pools);
}
