
#include "ngx_http_autostock_trace.h"
#include "ngx_http_autostock_client.h"
#include "ngx_http_autostock_id.h"
#include "ngx_http_autostock_outcome.h"


static u_char *ngx_http_autostock_trace_log(ngx_http_request_t *r,
    ngx_http_request_t *sr, u_char *buf, size_t len);


/* nginx's own handler, the same for all requests */
static ngx_http_log_handler_pt  ngx_http_autostock_trace_log_next;


as_trace_t *
ngx_http_autostock_trace_start(ngx_http_request_t *r)
{
    as_trace_t                      trace, *started;
    ngx_http_autostock_loc_conf_t  *lcf;

    if (ngx_http_autostock_trace_header(r, &trace) != NGX_OK) {

        lcf = ngx_http_get_module_loc_conf(r, ngx_http_autostock_module);

        if (lcf->trace != NGX_HTTP_AUTOSTOCK_TRACE_ALWAYS) {
            return NULL;
        }

        ngx_http_autostock_id_trace(&trace);
    }

    started = ngx_palloc(r->pool, sizeof(as_trace_t));
    if (started == NULL) {
        return NULL;
    }

    *started = trace;

    /* nginx calls the main request's handler, also for subrequests */

    if (r->main->log_handler != ngx_http_autostock_trace_log) {
        ngx_http_autostock_trace_log_next = r->main->log_handler;
        r->main->log_handler = ngx_http_autostock_trace_log;
    }

    return started;
}


ngx_int_t
ngx_http_autostock_trace_header(ngx_http_request_t *r, as_trace_t *trace)
{
    ngx_str_t                       value;
    ngx_http_autostock_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_autostock_module);

    if (lcf->trace == NGX_HTTP_AUTOSTOCK_TRACE_OFF
        || ngx_http_autostock_client_header(r, "traceparent",
                                            sizeof("traceparent") - 1, &value)
           != NGX_OK
        || as_trace_parse((char *) value.data, value.len, trace) != 0)
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static u_char *
ngx_http_autostock_trace_log(ngx_http_request_t *r, ngx_http_request_t *sr,
    u_char *buf, size_t len)
{
    u_char                        *p;
    char                           text[AS_TRACE_ID_TEXT_LEN];
    ngx_http_autostock_outcome_t  *outcome;

    p = ngx_http_autostock_trace_log_next(r, sr, buf, len);

    outcome = ngx_http_get_module_ctx(sr ? sr : r, ngx_http_autostock_module);

    if (outcome == NULL || outcome->trace == NULL) {
        return p;
    }

    as_trace_id_text(outcome->trace, text);

    return ngx_snprintf(p, len - (p - buf), ", trace_id: %*s",
                        (size_t) AS_TRACE_ID_TEXT_LEN, text);
}
