
/*
 * The outcome of a request: the module's context of the request, for the
 * histograms and for the variables.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_OUTCOME_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_OUTCOME_H_INCLUDED_


#include "ngx_http_autostock_batch.h"
#include "ngx_http_autostock_status.h"

#include "as_trace.h"


/*
 * The first member of an operation's structure in the request's pool, so that
 * the context points to both.  All members are zero as long as they are not
 * known.
 */
typedef struct {
    ngx_str_t                     *sku;        /* as requested; NULL: none, as
                                                  of the next four */
    u_char                        *sale_id;    /* 16 bytes, valid if SOLD,
                                                  REPLAYED or UNKNOWN */
    u_char                        *order_id;   /* 16 bytes */
    ngx_http_autostock_waiter_t   *waiter;
    as_trace_t                    *trace;
    int64_t                        stock;      /* negative: not known */
    uint32_t                       quantity;   /* 0: none */
    unsigned                       result:8;   /* ngx_http_autostock_result_e */
    unsigned                       answered:1; /* result and stock are set */
} ngx_http_autostock_outcome_t;


/*
 * Sets the result, before it is sent, and counts it; further calls do nothing.
 * If there is no memory for a context, the request has no outcome.
 */
void ngx_http_autostock_outcome_set(ngx_http_request_t *r,
    ngx_http_autostock_result_e result, int64_t stock);

/* The same for a problem, by its counter. */
void ngx_http_autostock_outcome_problem(ngx_http_request_t *r,
    ngx_http_autostock_counter_e counter);

/*
 * How long the request waited for its flight, and how long its flight took,
 * microseconds; -1: it had no result, or no flight.
 */
static ngx_inline int64_t
ngx_http_autostock_outcome_queued(ngx_http_autostock_outcome_t *outcome)
{
    ngx_http_autostock_waiter_t  *waiter;

    waiter = outcome->waiter;

    if (waiter == NULL || !waiter->has_ended) {
        return -1;
    }

    return (uint32_t) ((waiter->has_departed ? waiter->departed : waiter->ended)
                       - waiter->arrived);
}


static ngx_inline int64_t
ngx_http_autostock_outcome_in_flight(ngx_http_autostock_outcome_t *outcome)
{
    ngx_http_autostock_waiter_t  *waiter;

    waiter = outcome->waiter;

    if (waiter == NULL || !waiter->has_departed) {
        return -1;
    }

    return (uint32_t) (waiter->ended - waiter->departed);
}


#endif /* _NGX_HTTP_AUTOSTOCK_OUTCOME_H_INCLUDED_ */
