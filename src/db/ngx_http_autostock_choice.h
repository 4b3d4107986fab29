
/*
 * Decides which of several servers is used.  This code neither connects nor
 * reads a clock: the caller reports the result of each attempt, and its time.
 *
 * After a server failed or became unfit, it is used again only after a trial:
 * it must be fit at every probe for fail_timeout.  The trial is doubled each
 * time that the server did not remain fit after a trial, up to 32 times
 * fail_timeout.  This limits the changes that an unstable server causes.  If no
 * other server is fit, the server is used without a trial.
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
    NGX_HTTP_AUTOSTOCK_CHOICE_UNKNOWN,       /* no attempt has ended yet */
    NGX_HTTP_AUTOSTOCK_CHOICE_TRIAL,         /* fit again, but not for long
                                                enough */
    NGX_HTTP_AUTOSTOCK_CHOICE_UNFIT,         /* reachable, but it cannot be
                                                used: it is read-only or too far
                                                behind, or its settings do not
                                                suffice */
    NGX_HTTP_AUTOSTOCK_CHOICE_FAILED         /* cannot be reached */
} ngx_http_autostock_choice_state_e;


/* one server; ngx_http_autostock_choice_init() sets it up */
typedef struct {
    ngx_uint_t                         max_fails;     /* 0: it never fails */
    ngx_msec_t                         fail_timeout;

    ngx_http_autostock_choice_state_e  state;
    ngx_msec_t                         since;    /* start of the state; FAILED:
                                                    the last failure */
    ngx_msec_t                         fit;      /* when it became fit */
    ngx_uint_t                         fails;    /* since first_fail */
    ngx_msec_t                         first_fail;
    ngx_uint_t                         relapses;
} ngx_http_autostock_choice_t;


void ngx_http_autostock_choice_init(ngx_http_autostock_choice_t *server,
    ngx_uint_t max_fails, ngx_msec_t fail_timeout);

/*
 * An attempt to reach the server failed.  Returns 1 if the server is now
 * FAILED: after max_fails attempts within fail_timeout, or at once during a
 * trial.
 */
ngx_uint_t ngx_http_autostock_choice_failed(
    ngx_http_autostock_choice_t *server, ngx_msec_t now);

/* The server was reached, but is UNFIT. */
void ngx_http_autostock_choice_unfit(ngx_http_autostock_choice_t *server,
    ngx_msec_t now);

/*
 * The server was reached and is fit.  alone: no other server is fit or unknown.
 */
void ngx_http_autostock_choice_well(ngx_http_autostock_choice_t *server,
    ngx_msec_t now, ngx_uint_t alone);

/* 1 if no other of the n servers is fit or unknown.  server may be NONE. */
ngx_uint_t ngx_http_autostock_choice_is_alone(
    ngx_http_autostock_choice_t *servers, ngx_uint_t n, ngx_uint_t server);

/*
 * The first server with the best state, where UNKNOWN counts as FIT.  If all
 * failed, the one whose last failure is the oldest.  n is 1 or more.
 */
ngx_uint_t ngx_http_autostock_choice_first(
    ngx_http_autostock_choice_t *servers, ngx_uint_t n);

/* The first fit server from start on, round to the one before it; or NONE. */
ngx_uint_t ngx_http_autostock_choice_fit(
    ngx_http_autostock_choice_t *servers, ngx_uint_t n, ngx_uint_t start);

/* The time to the next probe of the server, ms.  urgent: no server is fit. */
ngx_msec_t ngx_http_autostock_choice_pause(
    ngx_http_autostock_choice_t *server, ngx_msec_t now, ngx_uint_t urgent);


#endif /* _NGX_HTTP_AUTOSTOCK_CHOICE_H_INCLUDED_ */
