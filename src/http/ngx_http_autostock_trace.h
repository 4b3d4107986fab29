
/*
 * The trace of a request: what its header "traceparent" says (W3C Trace
 * Context), or a new one, as autostock_trace says.  An order that the request
 * opens keeps it.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_TRACE_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_TRACE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "as_trace.h"


/*
 * The trace, in the request's pool; the request's lines in the error log get
 * its id, once the request's outcome refers to it.  NULL: there is none.
 */
as_trace_t *ngx_http_autostock_trace_start(ngx_http_request_t *r);

/*
 * NGX_OK; NGX_DECLINED: the request has no valid traceparent, or it is not to
 * be used.
 */
ngx_int_t ngx_http_autostock_trace_header(ngx_http_request_t *r,
    as_trace_t *trace);


#endif /* _NGX_HTTP_AUTOSTOCK_TRACE_H_INCLUDED_ */
