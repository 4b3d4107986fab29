
/*
 * The trace of a request: that of its header "traceparent" (W3C Trace Context),
 * or a new one, depending on autostock_trace.  An order that the request opens
 * stores it.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_TRACE_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_TRACE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "as_trace.h"


/*
 * Returns the trace, in the request's pool; NULL: there is none.  As soon as
 * the request's outcome refers to it, the request's lines in the error log have
 * its id.
 */
as_trace_t *ngx_http_autostock_trace_start(ngx_http_request_t *r);

/*
 * Returns NGX_OK; NGX_DECLINED: the request has no valid traceparent, or
 * autostock_trace is off.
 */
ngx_int_t ngx_http_autostock_trace_header(ngx_http_request_t *r,
    as_trace_t *trace);


#endif /* _NGX_HTTP_AUTOSTOCK_TRACE_H_INCLUDED_ */
