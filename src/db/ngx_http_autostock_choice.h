
/*
 * Which one of several servers is used, by what was seen of them.  It neither
 * connects nor reads a clock: the caller reports what it saw, and when.
 *
 * A server that failed or became unfit is not used again before it was seen
 * well for its fail_timeout.  That time doubles with every time that the server
 * did not stay well after it, up to 32 times fail_timeout.  So servers that
 * come and go cause a bounded number of changes.  If no other server is fit,
 * the server is used as soon as it is well.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_CHOICE_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_CHOICE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* no server */
#define NGX_HTTP_AUTOSTOCK_CHOICE_NONE  NGX_CONF_UNSET_UINT


/* in the order of preference */
typedef enum {
    NGX_HTTP_AUTOSTOCK_CHOICE_FIT = 0,
    NGX_HTTP_AUTOSTOCK_CHOICE_UNKNOWN,       /* nothing was seen yet */
    NGX_HTTP_AUTOSTOCK_CHOICE_TRIAL,         /* well again, but not for long
                                                enough */
    NGX_HTTP_AUTOSTOCK_CHOICE_UNFIT,         /* reachable, but not for what is
                                                asked of it: read-only, lag */
    NGX_HTTP_AUTOSTOCK_CHOICE_FAILED
} ngx_http_autostock_choice_state_e;


/* one server; zeroed, then init */
typedef struct {
    ngx_uint_t                         max_fails;     /* 0: never failed */
    ngx_msec_t                         fail_timeout;

    ngx_http_autostock_choice_state_e  state;
    ngx_msec_t                         since;    /* of the state; FAILED: the
                                                    last failure */
    ngx_msec_t                         fit;      /* when it became fit */
    ngx_uint_t                         fails;    /* since first_fail */
    ngx_msec_t                         first_fail;
    ngx_uint_t                         relapses;
} ngx_http_autostock_choice_t;


void ngx_http_autostock_choice_init(ngx_http_autostock_choice_t *server,
    ngx_uint_t max_fails, ngx_msec_t fail_timeout);

/*
 * An attempt to reach the server failed.  1: it counts as failed now, after
 * max_fails attempts within fail_timeout.
 */
ngx_uint_t ngx_http_autostock_choice_failed(
    ngx_http_autostock_choice_t *server, ngx_msec_t now);

/* The server was reached, but it cannot do what is asked of it. */
void ngx_http_autostock_choice_unfit(ngx_http_autostock_choice_t *server,
    ngx_msec_t now);

/* The server was reached and is fit.  alone: no other server is. */
void ngx_http_autostock_choice_well(ngx_http_autostock_choice_t *server,
    ngx_msec_t now, ngx_uint_t alone);

/*
 * 1 if none of the n servers but this one is fit or unknown.  server may be
 * NONE.
 */
ngx_uint_t ngx_http_autostock_choice_is_alone(
    ngx_http_autostock_choice_t *servers, ngx_uint_t n, ngx_uint_t server);

/*
 * The first server of the best state; of those that failed, the one whose
 * failure was first.  n is 1 or more.
 */
ngx_uint_t ngx_http_autostock_choice_first(
    ngx_http_autostock_choice_t *servers, ngx_uint_t n);

/* The first fit server from start on, in a circle; or NONE. */
ngx_uint_t ngx_http_autostock_choice_fit(
    ngx_http_autostock_choice_t *servers, ngx_uint_t n, ngx_uint_t start);

/*
 * The time until the server is to be looked at again, in ms.  urgent: no server
 * is fit.
 */
ngx_msec_t ngx_http_autostock_choice_pause(
    ngx_http_autostock_choice_t *server, ngx_msec_t now, ngx_uint_t urgent);


#endif /* _NGX_HTTP_AUTOSTOCK_CHOICE_H_INCLUDED_ */
