
#include "ngx_http_autostock_choice.h"


/* maximum number of times that a trial is doubled */
#define NGX_HTTP_AUTOSTOCK_CHOICE_RELAPSES  5

/* a server that was fit for longer than this many trials had no relapse */
#define NGX_HTTP_AUTOSTOCK_CHOICE_STEADY    10

/* minimum number of probes of a server during its trial */
#define NGX_HTTP_AUTOSTOCK_CHOICE_LOOKS     4

/* maximum pause between probes while no server is fit, ms */
#define NGX_HTTP_AUTOSTOCK_CHOICE_URGENT    500


static void ngx_http_autostock_choice_leave(
    ngx_http_autostock_choice_t *server, ngx_msec_t now);
static void ngx_http_autostock_choice_take(
    ngx_http_autostock_choice_t *server, ngx_msec_t now);
static ngx_msec_t ngx_http_autostock_choice_trial(
    ngx_http_autostock_choice_t *server);


void
ngx_http_autostock_choice_init(ngx_http_autostock_choice_t *server,
    ngx_uint_t max_fails, ngx_msec_t fail_timeout)
{
    ngx_memzero(server, sizeof(ngx_http_autostock_choice_t));

    server->max_fails = max_fails;
    server->fail_timeout = fail_timeout;
    server->state = NGX_HTTP_AUTOSTOCK_CHOICE_UNKNOWN;
}


ngx_uint_t
ngx_http_autostock_choice_failed(ngx_http_autostock_choice_t *server,
    ngx_msec_t now)
{
    if (server->state != NGX_HTTP_AUTOSTOCK_CHOICE_FAILED
        && server->state != NGX_HTTP_AUTOSTOCK_CHOICE_TRIAL)
    {
        if (server->fails == 0
            || now - server->first_fail > server->fail_timeout)
        {
            server->fails = 0;
            server->first_fail = now;
        }

        if (++server->fails < server->max_fails || server->max_fails == 0) {
            return 0;
        }
    }

    ngx_http_autostock_choice_leave(server, now);
    server->state = NGX_HTTP_AUTOSTOCK_CHOICE_FAILED;
    server->since = now;

    return 1;
}


void
ngx_http_autostock_choice_unfit(ngx_http_autostock_choice_t *server,
    ngx_msec_t now)
{
    ngx_http_autostock_choice_leave(server, now);
    server->state = NGX_HTTP_AUTOSTOCK_CHOICE_UNFIT;
    server->since = now;
}


/* counts a relapse if the server was fit only for a short time */

static void
ngx_http_autostock_choice_leave(ngx_http_autostock_choice_t *server,
    ngx_msec_t now)
{
    server->fails = 0;

    if (server->state != NGX_HTTP_AUTOSTOCK_CHOICE_FIT) {
        return;
    }

    if (now - server->fit > NGX_HTTP_AUTOSTOCK_CHOICE_STEADY
                            * ngx_http_autostock_choice_trial(server))
    {
        server->relapses = 0;

    } else if (server->relapses < NGX_HTTP_AUTOSTOCK_CHOICE_RELAPSES) {
        server->relapses++;
    }
}


void
ngx_http_autostock_choice_well(ngx_http_autostock_choice_t *server,
    ngx_msec_t now, ngx_uint_t alone)
{
    server->fails = 0;

    switch (server->state) {

    case NGX_HTTP_AUTOSTOCK_CHOICE_FIT:
        return;

    case NGX_HTTP_AUTOSTOCK_CHOICE_UNKNOWN:
        ngx_http_autostock_choice_take(server, now);
        return;

    case NGX_HTTP_AUTOSTOCK_CHOICE_TRIAL:
        if (alone || now - server->since
                     >= ngx_http_autostock_choice_trial(server))
        {
            ngx_http_autostock_choice_take(server, now);
        }

        return;

    default: /* unfit, failed */
        if (alone) {
            ngx_http_autostock_choice_take(server, now);
            return;
        }

        server->state = NGX_HTTP_AUTOSTOCK_CHOICE_TRIAL;
        server->since = now;
    }
}


static void
ngx_http_autostock_choice_take(ngx_http_autostock_choice_t *server,
    ngx_msec_t now)
{
    server->state = NGX_HTTP_AUTOSTOCK_CHOICE_FIT;
    server->since = now;
    server->fit = now;
}


static ngx_msec_t
ngx_http_autostock_choice_trial(ngx_http_autostock_choice_t *server)
{
    return server->fail_timeout << server->relapses;
}


ngx_uint_t
ngx_http_autostock_choice_is_alone(ngx_http_autostock_choice_t *servers,
    ngx_uint_t n, ngx_uint_t server)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {
        if (i != server
            && servers[i].state <= NGX_HTTP_AUTOSTOCK_CHOICE_UNKNOWN)
        {
            return 0;
        }
    }

    return 1;
}


ngx_uint_t
ngx_http_autostock_choice_first(ngx_http_autostock_choice_t *servers,
    ngx_uint_t n)
{
    ngx_uint_t                         i, best;
    ngx_http_autostock_choice_state_e  state, least;

    best = 0;
    least = NGX_HTTP_AUTOSTOCK_CHOICE_FAILED;

    for (i = 0; i < n; i++) {
        state = servers[i].state;

        if (state == NGX_HTTP_AUTOSTOCK_CHOICE_UNKNOWN) {
            /* at the start, the order of the configuration decides */
            state = NGX_HTTP_AUTOSTOCK_CHOICE_FIT;
        }

        if (state < least
            || (state == NGX_HTTP_AUTOSTOCK_CHOICE_FAILED && state == least
                && (ngx_msec_int_t) (servers[i].since - servers[best].since)
                   < 0))
        {
            best = i;
            least = state;
        }
    }

    return best;
}


ngx_uint_t
ngx_http_autostock_choice_fit(ngx_http_autostock_choice_t *servers,
    ngx_uint_t n, ngx_uint_t start)
{
    ngx_uint_t  i, k;

    for (i = 0; i < n; i++) {
        k = (start + i) % n;

        if (servers[k].state == NGX_HTTP_AUTOSTOCK_CHOICE_FIT) {
            return k;
        }
    }

    return NGX_HTTP_AUTOSTOCK_CHOICE_NONE;
}


ngx_msec_t
ngx_http_autostock_choice_pause(ngx_http_autostock_choice_t *server,
    ngx_msec_t now, ngx_uint_t urgent)
{
    ngx_msec_t  trial, left;

    if (server->state == NGX_HTTP_AUTOSTOCK_CHOICE_TRIAL) {
        trial = ngx_http_autostock_choice_trial(server);
        left = now - server->since < trial ? trial - (now - server->since) : 0;

        return ngx_max(ngx_min(left,
                               trial / NGX_HTTP_AUTOSTOCK_CHOICE_LOOKS), 1);
    }

    return urgent ? ngx_min(server->fail_timeout,
                            NGX_HTTP_AUTOSTOCK_CHOICE_URGENT)
                  : server->fail_timeout;
}
