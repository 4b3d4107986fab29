
#include "ngx_http_autostock_client.h"
#include "ngx_http_autostock_lookup.h"
#include "ngx_http_autostock_outcome.h"
#include "ngx_http_autostock_product.h"
#include "ngx_http_autostock_sku.h"
#include "ngx_http_autostock_status.h"

#include "as_json_text.h"
#include "as_uuid.h"


typedef struct {
    ngx_http_autostock_outcome_t  outcome;
    ngx_http_request_t           *request;
    ngx_http_cleanup_t           *cleanup;
    ngx_http_autostock_lookup_t   lookup;
} ngx_http_autostock_view_t;


static void ngx_http_autostock_product_cancel(void *data);
static void ngx_http_autostock_product_lookup_handler(
    ngx_http_autostock_lookup_t *lookup);
static ngx_int_t ngx_http_autostock_product_found(ngx_http_request_t *r,
    ngx_http_autostock_product_row_t *row);
static ngx_int_t ngx_http_autostock_product_sound(
    ngx_http_autostock_product_row_t *row);
static ngx_int_t ngx_http_autostock_product_number(ngx_str_t *text);
static u_char *ngx_http_autostock_product_id(u_char *p, ngx_str_t *id);


ngx_int_t
ngx_http_autostock_product_handler(ngx_http_request_t *r)
{
    ngx_int_t                       rc;
    ngx_str_t                       detail;
    ngx_http_autostock_view_t      *view;
    ngx_http_autostock_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_autostock_module);

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    view = ngx_pcalloc(r->pool, sizeof(ngx_http_autostock_view_t));
    if (view == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_autostock_client_sku(r, &view->lookup.sku);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == NGX_DECLINED
        || ngx_http_autostock_sku_check(view->lookup.sku.data,
                                        view->lookup.sku.len)
           != NULL)
    {
        ngx_str_set(&detail, "the SKU in the request's URL must be 1 to 200 "
                    "printable characters in UTF-8");

        return ngx_http_autostock_response_problem(r,
                   NGX_HTTP_AUTOSTOCK_PROBLEM_INVALID, &detail, NULL, NULL);
    }

    view->request = r;
    view->cleanup = ngx_http_cleanup_add(r, 0);

    if (view->cleanup == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    view->outcome.sku = &view->lookup.sku;
    view->outcome.waiter = &view->lookup.waiter;
    ngx_http_set_ctx(r, &view->outcome, ngx_http_autostock_module);

    view->lookup.timeout = lcf->timeout;
    view->lookup.handler = ngx_http_autostock_product_lookup_handler;
    view->lookup.data = view;
    view->lookup.log = r->connection->log;

    rc = ngx_http_autostock_lookup_submit(lcf->database, &view->lookup);

    if (rc != NGX_OK) {
        return ngx_http_autostock_response_problem(r, rc == NGX_DECLINED
                                    ? NGX_HTTP_AUTOSTOCK_PROBLEM_REFUSED
                                    : NGX_HTTP_AUTOSTOCK_PROBLEM_OVERLOAD,
                                                   NULL, NULL, NULL);
    }

    r->main->count++;

    ngx_http_autostock_client_wait(r, view->cleanup,
                                   ngx_http_autostock_product_cancel, view);

    return NGX_DONE;
}


static void
ngx_http_autostock_product_cancel(void *data)
{
    ngx_http_autostock_view_t  *view = data;

    ngx_http_autostock_lookup_cancel(&view->lookup);

    ngx_http_autostock_outcome_set(view->request,
                                   NGX_HTTP_AUTOSTOCK_RESULT_ABANDONED, -1);
}


static void
ngx_http_autostock_product_lookup_handler(ngx_http_autostock_lookup_t *lookup)
{
    ngx_int_t                       rc;
    ngx_http_request_t             *r;
    ngx_http_autostock_view_t      *view;
    ngx_http_autostock_loc_conf_t  *lcf;

    view = lookup->data;
    r = view->request;

    ngx_http_autostock_client_resume(r, view->cleanup);

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_autostock_module);

    switch (lookup->outcome) {

    case NGX_HTTP_AUTOSTOCK_LOOKUP_FOUND:
        ngx_http_autostock_status_count(lcf->database,
                                        NGX_HTTP_AUTOSTOCK_LOOKUPS, 1);
        ngx_http_autostock_outcome_set(r, NGX_HTTP_AUTOSTOCK_RESULT_FOUND,
                                       ngx_atoof(lookup->row->stock.data,
                                                 lookup->row->stock.len));
        rc = ngx_http_autostock_product_found(r, lookup->row);
        break;

    case NGX_HTTP_AUTOSTOCK_LOOKUP_NO_PRODUCT:
        rc = ngx_http_autostock_response_problem(r,
                     NGX_HTTP_AUTOSTOCK_PROBLEM_NO_PRODUCT, NULL, NULL, NULL);
        break;

    default: /* NGX_HTTP_AUTOSTOCK_LOOKUP_UNAVAILABLE */
        rc = ngx_http_autostock_response_problem(r, lookup->refused
                                ? NGX_HTTP_AUTOSTOCK_PROBLEM_REFUSED
                                : NGX_HTTP_AUTOSTOCK_PROBLEM_UNAVAILABLE,
                                NULL, NULL, NULL);
        break;
    }

    ngx_http_autostock_client_finish(r, rc);
}


static ngx_int_t
ngx_http_autostock_product_found(ngx_http_request_t *r,
    ngx_http_autostock_product_row_t *row)
{
    size_t                          size;
    u_char                         *p;
    ngx_buf_t                      *b;
    ngx_http_autostock_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_autostock_module);

    if (ngx_http_autostock_product_sound(row) != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "autostock: the database returned a product's row whose "
                      "price, stock or held is not a number");

        return ngx_http_autostock_response_problem(r,
                    NGX_HTTP_AUTOSTOCK_PROBLEM_UNAVAILABLE, NULL, NULL, NULL);
    }

    size = sizeof("{\"product_id\":\"\",\"sku\":\"\",\"name\":\"\","
                  "\"price\":,\"stock\":,\"held\":,\"factory_id\":\"\","
                  "\"ad_id\":\"\"}")
           + 3 * AS_UUID_TEXT_LEN
           + as_json_text_escaped_len(row->sku.data, row->sku.len)
           + as_json_text_escaped_len(row->name.data, row->name.len)
           + row->price.len + row->stock.len + row->held.len;

    b = ngx_http_autostock_response_buf(r, size);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_http_autostock_response_put(b->last, "{\"product_id\":");
    p = ngx_http_autostock_product_id(p, &row->product_id);
    p = ngx_http_autostock_response_put(p, ",\"sku\":\"");
    p = as_json_text_escape(p, row->sku.data, row->sku.len);
    p = ngx_http_autostock_response_put(p, "\",\"name\":\"");
    p = as_json_text_escape(p, row->name.data, row->name.len);
    p = ngx_http_autostock_response_put(p, "\",\"price\":");
    p = ngx_cpymem(p, row->price.data, row->price.len);
    p = ngx_http_autostock_response_put(p, ",\"stock\":");
    p = ngx_cpymem(p, row->stock.data, row->stock.len);

    if (!lcf->compat) {
        p = ngx_http_autostock_response_put(p, ",\"held\":");
        p = ngx_cpymem(p, row->held.data, row->held.len);
    }

    p = ngx_http_autostock_response_put(p, ",\"factory_id\":");
    p = ngx_http_autostock_product_id(p, &row->factory_id);
    p = ngx_http_autostock_response_put(p, ",\"ad_id\":");
    p = ngx_http_autostock_product_id(p, &row->ad_id);
    *p++ = '}';

    b->last = p;

    return ngx_http_autostock_response_send(r, NGX_HTTP_OK, b);
}


/* text that is written without escapes must be of its type */

static ngx_int_t
ngx_http_autostock_product_sound(ngx_http_autostock_product_row_t *row)
{
    if (ngx_http_autostock_product_number(&row->price) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_autostock_product_number(&row->held) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_autostock_product_number(&row->stock);
}


static ngx_int_t
ngx_http_autostock_product_number(ngx_str_t *text)
{
    size_t  i, first;

    first = text->len != 0 && text->data[0] == '-';

    if (text->len == first || text->len > NGX_INT64_LEN) {
        return NGX_ERROR;
    }

    for (i = first; i < text->len; i++) {
        if (text->data[i] < '0' || text->data[i] > '9') {
            return NGX_ERROR;
        }
    }

    /* a ZEROFILL column, which is unsigned: JSON allows no leading zeros */
    while (text->len > 1 && text->data[0] == '0') {
        text->data++;
        text->len--;
    }

    return NGX_OK;
}


static u_char *
ngx_http_autostock_product_id(u_char *p, ngx_str_t *id)
{
    if (id->len != AS_UUID_LEN) {
        return ngx_http_autostock_response_put(p, "null");
    }

    *p++ = '"';
    p = (u_char *) as_uuid_text(id->data, (char *) p);
    *p++ = '"';

    return p;
}
