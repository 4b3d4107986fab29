
#include "ngx_http_autostock_client.h"
#include "ngx_http_autostock_key.h"
#include "ngx_http_autostock_sku.h"

#include "as_digest.h"


static ngx_int_t ngx_http_autostock_client_gather(ngx_http_request_t *r,
    ngx_chain_t *in, u_char *p);
static ngx_int_t ngx_http_autostock_client_decode(ngx_http_request_t *r,
    ngx_str_t *sku);


ngx_int_t
ngx_http_autostock_client_read(ngx_http_request_t *r,
    ngx_http_client_body_handler_pt handler)
{
    ngx_int_t                       rc;
    ngx_http_autostock_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_autostock_module);

    if (r->headers_in.content_length_n > (off_t) lcf->max_body_size) {
        return ngx_http_autostock_client_refuse(r,
                                        NGX_HTTP_AUTOSTOCK_PROBLEM_TOO_LARGE);
    }

    r->request_body_in_single_buf = 1;

    rc = ngx_http_read_client_request_body(r, handler);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


ngx_int_t
ngx_http_autostock_client_body(ngx_http_request_t *r, ngx_str_t *body)
{
    off_t                           len;
    ngx_chain_t                    *cl;
    ngx_http_autostock_loc_conf_t  *lcf;

    body->data = NULL;
    body->len = 0;

    if (r->request_body == NULL) {

        /*
         * the body was discarded before an internal redirect to this location;
         * with an empty body it would be another request
         */

        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "autostock: the request body was discarded before");
        return NGX_ERROR;
    }

    len = 0;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        len += ngx_buf_size(cl->buf);
    }

    if (len == 0) {
        return NGX_OK;
    }

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_autostock_module);

    if ((size_t) len > lcf->max_body_size) {
        return NGX_DECLINED;
    }

    body->len = len;

    cl = r->request_body->bufs;

    if (cl->next == NULL && !cl->buf->in_file) {
        body->data = cl->buf->pos;
        return NGX_OK;
    }

    body->data = ngx_pnalloc(r->pool, len);
    if (body->data == NULL) {
        return NGX_ERROR;
    }

    return ngx_http_autostock_client_gather(r, cl, body->data);
}


static ngx_int_t
ngx_http_autostock_client_gather(ngx_http_request_t *r, ngx_chain_t *in,
    u_char *p)
{
    size_t      size;
    ssize_t     n;
    ngx_buf_t  *b;

    for ( /* void */ ; in; in = in->next) {
        b = in->buf;
        size = ngx_buf_size(b);

        if (!b->in_file) {
            p = ngx_cpymem(p, b->pos, size);
            continue;
        }

        /* ngx_read_file() logs an error, but not a file that is too short */

        n = ngx_read_file(b->file, p, size, b->file_pos);

        if (n != (ssize_t) size) {
            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                          "autostock: the request body's file \"%V\" returned "
                          "%z bytes instead of %uz",
                          &b->file->name, n, size);
            return NGX_ERROR;
        }

        p += n;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_autostock_client_refuse(ngx_http_request_t *r,
    ngx_http_autostock_problem_e problem)
{
    ngx_int_t  rc;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_autostock_response_problem(r, problem, NULL, NULL, NULL);
}


ngx_int_t
ngx_http_autostock_client_header(ngx_http_request_t *r, const char *name,
    size_t len, ngx_str_t *value)
{
    ngx_int_t         rc;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h, *last;

    rc = NGX_DECLINED;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (last = h + part->nelts; h != last; h++) {

            if (h->key.len != len
                || ngx_memcmp(h->lowcase_key, name, len) != 0)
            {
                continue;
            }

            if (rc == NGX_OK) {
                return NGX_ABORT;
            }

            *value = h->value;
            rc = NGX_OK;
        }
    }

    return rc;
}


ngx_int_t
ngx_http_autostock_client_key(ngx_http_request_t *r, u_char *key,
    ngx_uint_t *keyed)
{
    u_char                          buf[NGX_HTTP_AUTOSTOCK_KEY_MAX];
    ngx_int_t                       rc;
    ngx_str_t                       header, text, scope;
    ngx_http_autostock_loc_conf_t  *lcf;

    *keyed = 0;

    rc = ngx_http_autostock_client_header(r, "idempotency-key",
                                          sizeof("idempotency-key") - 1,
                                          &header);
    if (rc == NGX_DECLINED) {
        return NGX_DECLINED;
    }

    if (rc != NGX_OK
        || ngx_http_autostock_key_parse(&header, &text, buf) != NGX_OK)
    {
        return ngx_http_autostock_response_problem(r,
                            NGX_HTTP_AUTOSTOCK_PROBLEM_KEY, NULL, NULL, NULL);
    }

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_autostock_module);

    ngx_str_set(&scope, "");

    if (lcf->idempotency_scope != NULL
        && ngx_http_complex_value(r, lcf->idempotency_scope, &scope)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (as_digest_idempotency_key(scope.data, scope.len, text.data, text.len,
                                  key)
        != 0)
    {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "autostock: SHA-256 of the idempotency key failed");
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    *keyed = 1;

    return NGX_DECLINED;
}


ngx_int_t
ngx_http_autostock_client_sku(ngx_http_request_t *r, ngx_str_t *sku)
{
    ngx_http_autostock_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_autostock_module);

    ngx_str_null(sku);

    if (lcf->sku == NULL) {
        return NGX_OK;
    }

    if (ngx_http_complex_value(r, lcf->sku, sku) != NGX_OK) {
        return NGX_ERROR;
    }

    if (!lcf->sku_encoded) {
        return NGX_OK;
    }

    return ngx_http_autostock_client_decode(r, sku);
}


static ngx_int_t
ngx_http_autostock_client_decode(ngx_http_request_t *r, ngx_str_t *sku)
{
    u_char  *p, *last;

    p = ngx_pnalloc(r->pool, ngx_max(sku->len, 1));
    if (p == NULL) {
        return NGX_ERROR;
    }

    last = ngx_http_autostock_sku_decode(p, sku->data, sku->len);

    if (last == NULL) {
        return NGX_DECLINED;
    }

    sku->data = p;
    sku->len = last - p;

    return NGX_OK;
}
