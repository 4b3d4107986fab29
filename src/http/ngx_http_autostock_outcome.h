
/*
 * What became of a request: kept as the request's context of this module, for
 * the histograms and for the variables.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_OUTCOME_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_OUTCOME_H_INCLUDED_


#include "ngx_http_autostock_batch.h"
#include "ngx_http_autostock_status.h"

#include "as_trace.h"


/*
 * The first member of an operation's structure in the request's pool, so that
 * the request's context is both.  All zero: nothing is known.
 */
typedef struct {
    ngx_str_t                     *sku;        /* as it was requested; NULL,
                                                  here and below: none */
    u_char                        *sale_id;    /* 16 bytes, once there is one */
    u_char                        *order_id;
    ngx_http_autostock_waiter_t   *waiter;
    as_trace_t                    *trace;
    int64_t                        stock;      /* negative: not known */
    uint32_t                       quantity;   /* 0: none */
    unsigned                       result:8;   /* ngx_http_autostock_result_e */
    unsigned                       answered:1; /* result and stock are set */
} ngx_http_autostock_outcome_t;


/*
 * The result is known and is about to be sent; the first call counts.  Without
 * memory for a context, the request has no outcome.
 */
void ngx_http_autostock_outcome_set(ngx_http_request_t *r,
    ngx_http_autostock_result_e result, int64_t stock);

/* The same by the counter of a problem. */
void ngx_http_autostock_outcome_problem(ngx_http_request_t *r,
    ngx_http_autostock_counter_e counter);

/*
 * How long the request waited for its flight, and how long that took, in
 * microseconds.  -1: there was none.
 */
static ngx_inline int64_t
ngx_http_autostock_outcome_queued(ngx_http_autostock_outcome_t *outcome)
{
    ngx_http_autostock_waiter_t  *waiter;

    waiter = outcome->waiter;

    if (waiter == NULL || !waiter->landed) {
        return -1;
    }

    return (uint32_t) ((waiter->flown ? waiter->departed : waiter->ended)
                       - waiter->arrived);
}


static ngx_inline int64_t
ngx_http_autostock_outcome_flown(ngx_http_autostock_outcome_t *outcome)
{
    ngx_http_autostock_waiter_t  *waiter;

    waiter = outcome->waiter;

    if (waiter == NULL || !waiter->flown) {
        return -1;
    }

    return (uint32_t) (waiter->ended - waiter->departed);
}


#endif /* _NGX_HTTP_AUTOSTOCK_OUTCOME_H_INCLUDED_ */
