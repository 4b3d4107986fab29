
#include "ngx_http_autostock_request.h"
#include "ngx_http_autostock_checkout.h"
#include "ngx_http_autostock_client.h"
#include "ngx_http_autostock_product.h"
#include "ngx_http_autostock_restock.h"
#include "ngx_http_autostock_settlement.h"


static ngx_int_t ngx_http_autostock_request_post(ngx_http_request_t *r,
    ngx_uint_t serves);
static ngx_int_t ngx_http_autostock_request_allow(ngx_http_request_t *r);
static ngx_int_t ngx_http_autostock_request_not_allowed(ngx_http_request_t *r,
    ngx_uint_t serves);


ngx_int_t
ngx_http_autostock_request_handler(ngx_http_request_t *r)
{
    ngx_http_autostock_loc_conf_t  *lcf;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "autostock request: \"%V\"", &r->method_name);

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_autostock_module);

    switch (r->method) {

    case NGX_HTTP_POST:
        return ngx_http_autostock_request_post(r, lcf->serves);

    case NGX_HTTP_GET:
    case NGX_HTTP_HEAD:
        if (lcf->serves & NGX_HTTP_AUTOSTOCK_GET) {
            return ngx_http_autostock_product_handler(r);
        }

        break;

    default:
        break;
    }

    return ngx_http_autostock_request_not_allowed(r, lcf->serves);
}


static ngx_int_t
ngx_http_autostock_request_post(ngx_http_request_t *r, ngx_uint_t serves)
{
    if (!(serves & NGX_HTTP_AUTOSTOCK_POST)) {
        return ngx_http_autostock_request_not_allowed(r, serves);
    }

    if (r != r->main && ngx_http_autostock_request_allow(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (serves & (NGX_HTTP_AUTOSTOCK_CHECKOUT|NGX_HTTP_AUTOSTOCK_HOLD)) {
        return ngx_http_autostock_checkout_handler(r);
    }

    if (serves & NGX_HTTP_AUTOSTOCK_RESTOCK) {
        return ngx_http_autostock_restock_handler(r);
    }

    return ngx_http_autostock_settlement_handler(r);
}


/*
 * A mirrored or included copy of a request would sell again, and no client
 * would get its response.  A module that sells on purpose sets a handler for
 * the end of its subrequest, which receives the response.
 */

static ngx_int_t
ngx_http_autostock_request_allow(ngx_http_request_t *r)
{
    const char                     *reason;
    ngx_http_autostock_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_autostock_module);

    if (!lcf->subrequest) {
        reason = ": \"autostock_subrequest\" is off";

    } else if (r->post_subrequest == NULL) {
        reason = " whose caller does not see the answer";

    } else if (r->request_body && r->request_body->temp_file) {
        reason = " whose body is in a file: make \"client_body_buffer_size\" "
                 "larger";

    } else {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "autostock: a subrequest may be a look-up, but not a "
                  "checkout, hold, return or callback%s", reason);

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_autostock_request_not_allowed(ngx_http_request_t *r,
    ngx_uint_t serves)
{
    static ngx_str_t  all = ngx_string("GET, HEAD, POST");

    size_t   len;
    u_char  *allow;

    allow = all.data;
    len = all.len;

    if (!(serves & NGX_HTTP_AUTOSTOCK_GET)) {
        allow += sizeof("GET, HEAD, ") - 1;
        len = sizeof("POST") - 1;

    } else if (!(serves & NGX_HTTP_AUTOSTOCK_POST)) {
        len = sizeof("GET, HEAD") - 1;
    }

    if (ngx_http_autostock_response_header(r, "Allow", sizeof("Allow") - 1,
                                           allow, len)
        == NULL)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_autostock_client_refuse(r,
                                            NGX_HTTP_AUTOSTOCK_PROBLEM_METHOD);
}
