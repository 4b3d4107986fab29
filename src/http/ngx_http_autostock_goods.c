
#include "ngx_http_autostock_goods.h"
#include "ngx_http_autostock_client.h"
#include "ngx_http_autostock_sku.h"


static ngx_int_t ngx_http_autostock_goods_lines(ngx_http_request_t *r,
    ngx_http_autostock_body_t *body, ngx_http_autostock_sale_t *sale);
static ngx_int_t ngx_http_autostock_goods_sku(ngx_http_request_t *r,
    ngx_http_autostock_body_t *body, ngx_str_t *sku);
static ngx_int_t ngx_http_autostock_goods_body_sku(ngx_http_request_t *r,
    ngx_http_autostock_body_t *body, ngx_str_t *sku);
static ngx_int_t ngx_http_autostock_goods_refuse(ngx_http_request_t *r,
    const char *detail);


ngx_int_t
ngx_http_autostock_goods_read(ngx_http_request_t *r,
    ngx_http_autostock_body_t *body, ngx_http_autostock_sale_t *sale)
{
    if (body->lines.type != AS_JSON_END) {
        return ngx_http_autostock_goods_lines(r, body, sale);
    }

    sale->single.quantity = body->quantity;

    return ngx_http_autostock_goods_sku(r, body, &sale->single.sku);
}


static ngx_int_t
ngx_http_autostock_goods_lines(ngx_http_request_t *r,
    ngx_http_autostock_body_t *body, ngx_http_autostock_sale_t *sale)
{
    ngx_int_t                       rc;
    ngx_uint_t                      n;
    ngx_http_autostock_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_autostock_module);

    if (lcf->sku_pinned) {
        return ngx_http_autostock_goods_refuse(r, "lines must be omitted, "
                                      "since this location sells one product");
    }

    rc = ngx_http_autostock_cart_read(r, body, lcf->cart_lines, &sale->lines,
                                      &n);
    sale->nlines = n;
    sale->cart = 1;

    return rc;
}


static ngx_int_t
ngx_http_autostock_goods_sku(ngx_http_request_t *r,
    ngx_http_autostock_body_t *body, ngx_str_t *sku)
{
    ngx_int_t                       rc;
    ngx_str_t                       location;
    ngx_http_autostock_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_autostock_module);

    if (body->product.len != 0 && !lcf->sku_pinned) {
        return ngx_http_autostock_goods_body_sku(r, body, sku);
    }

    rc = ngx_http_autostock_client_sku(r, &location);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (body->product.len == 0) {

        if (rc == NGX_OK && location.len == 0) {
            return ngx_http_autostock_goods_refuse(r, "sku is missing, and"
                                       " this location names no product");
        }

        if (rc == NGX_DECLINED
            || ngx_http_autostock_sku_check(location.data, location.len)
               != NULL)
        {
            return ngx_http_autostock_goods_refuse(r, "the SKU in the "
                                "request's URL must be 1 to 200 printable "
                                "characters in UTF-8");
        }

        *sku = location;

        return NGX_DECLINED;
    }

    if (body->product.len != location.len
        || ngx_memcmp(body->product.data, location.data, location.len) != 0)
    {
        return ngx_http_autostock_goods_refuse(r, "sku must be omitted or "
                             "name the product that this location sells");
    }

    return ngx_http_autostock_goods_body_sku(r, body, sku);
}


static ngx_int_t
ngx_http_autostock_goods_body_sku(ngx_http_request_t *r,
    ngx_http_autostock_body_t *body, ngx_str_t *sku)
{
    *sku = body->product;

    if (sku->data == body->buf) {
        sku->data = ngx_pstrdup(r->pool, &body->product);

        if (sku->data == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_autostock_goods_refuse(ngx_http_request_t *r, const char *detail)
{
    ngx_str_t  text;

    text.data = (u_char *) detail;
    text.len = ngx_strlen(detail);

    return ngx_http_autostock_response_problem(r,
                     NGX_HTTP_AUTOSTOCK_PROBLEM_INVALID, &text, NULL, NULL);
}
