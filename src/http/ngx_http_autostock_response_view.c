
/*
 * The answers of look-ups, which may be cached and revalidated (RFC 9110, 13).
 * nginx's own filter is not used: it also compares dates, which these answers
 * do not have.
 */


#include "ngx_http_autostock_etag.h"
#include "ngx_http_autostock_outcome.h"
#include "ngx_http_autostock_response.h"
#include "ngx_http_autostock_status.h"


static ngx_uint_t ngx_http_autostock_response_view_failed(
    ngx_http_request_t *r, const u_char *tag);
static ngx_uint_t ngx_http_autostock_response_view_known(
    ngx_http_request_t *r, const u_char *tag);
static ngx_int_t ngx_http_autostock_response_view_tag(ngx_http_request_t *r,
    u_char *tag);
static ngx_int_t ngx_http_autostock_response_view_cache(
    ngx_http_request_t *r, ngx_http_autostock_loc_conf_t *lcf);


ngx_int_t
ngx_http_autostock_response_view(ngx_http_request_t *r, int64_t stock,
    ngx_buf_t *b)
{
    u_char                         *tag;
    ngx_http_core_loc_conf_t       *clcf;
    ngx_http_autostock_loc_conf_t  *lcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    tag = NULL;

    if (clcf->etag) {
        tag = ngx_pnalloc(r->pool, NGX_HTTP_AUTOSTOCK_ETAG_LEN);
        if (tag == NULL) {
            return NGX_ERROR;
        }

        ngx_http_autostock_etag_make(tag, b->pos, b->last - b->pos);

        if (ngx_http_autostock_response_view_failed(r, tag)) {
            return ngx_http_autostock_response_problem(r,
                   NGX_HTTP_AUTOSTOCK_PROBLEM_PRECONDITION, NULL, NULL, NULL);
        }

        if (ngx_http_autostock_response_view_tag(r, tag) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_autostock_module);

    if (ngx_http_autostock_response_view_cache(r, lcf) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_autostock_status_count(lcf->database, NGX_HTTP_AUTOSTOCK_LOOKUPS,
                                    1);
    ngx_http_autostock_outcome_set(r, NGX_HTTP_AUTOSTOCK_RESULT_FOUND, stock);

    if (tag && ngx_http_autostock_response_view_known(r, tag)) {
        return ngx_http_autostock_response_not_modified(r);
    }

    return ngx_http_autostock_response_send(r, NGX_HTTP_OK, b);
}


static ngx_uint_t
ngx_http_autostock_response_view_failed(ngx_http_request_t *r,
    const u_char *tag)
{
    return r == r->main && r->headers_in.if_match
           && !ngx_http_autostock_etag_matches(
                                    &r->headers_in.if_match->value, tag, 0);
}


static ngx_uint_t
ngx_http_autostock_response_view_known(ngx_http_request_t *r,
    const u_char *tag)
{
    return r == r->main && r->headers_in.if_none_match
           && ngx_http_autostock_etag_matches(
                                &r->headers_in.if_none_match->value, tag, 1);
}


/*
 * Sets the field of headers_out, so that nginx's filters can make the tag weak
 * or remove it.
 */

static ngx_int_t
ngx_http_autostock_response_view_tag(ngx_http_request_t *r, u_char *tag)
{
    r->headers_out.etag = ngx_http_autostock_response_header(r, "ETag",
                                               sizeof("ETag") - 1, tag,
                                               NGX_HTTP_AUTOSTOCK_ETAG_LEN);

    return r->headers_out.etag ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_autostock_response_view_cache(ngx_http_request_t *r,
    ngx_http_autostock_loc_conf_t *lcf)
{
    ngx_str_t  value;

    if (lcf->cache_control == NULL) {
        return NGX_OK;
    }

    if (ngx_http_complex_value(r, lcf->cache_control, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    if (value.len == 0) {
        return NGX_OK;
    }

    return ngx_http_autostock_response_cache_control(r, &value);
}
