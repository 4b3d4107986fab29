
#include "ngx_http_autostock_body_field.h"


/* maximum length of a text that is remembered, bytes */
#define NGX_HTTP_AUTOSTOCK_BODY_LAST  128


/* the last checkout of one product that was parsed */
typedef struct {
    size_t                        len;         /* 0: none */
    size_t                        sku;         /* its offset in the text */
    size_t                        sku_len;     /* 0: not given */
    uint32_t                      quantity;
    u_char                        text[NGX_HTTP_AUTOSTOCK_BODY_LAST];
} ngx_http_autostock_body_last_t;


static ngx_uint_t ngx_http_autostock_body_is_last(
    ngx_http_autostock_body_t *body, const u_char *text, size_t len);
static void ngx_http_autostock_body_remember(ngx_http_autostock_body_t *body,
    const u_char *text, size_t len);
static ngx_uint_t ngx_http_autostock_body_sale(ngx_http_autostock_body_t *body,
    uint32_t max, const u_char *text, size_t len);
static ngx_uint_t ngx_http_autostock_body_sale_fields(
    ngx_http_autostock_body_t *body, uint32_t max, const u_char *text,
    size_t len);
static void ngx_http_autostock_body_init(ngx_http_autostock_body_t *body,
    const u_char *text, size_t len);
static ngx_uint_t ngx_http_autostock_body_both(
    ngx_http_autostock_body_t *body, const char *others);


static ngx_http_autostock_body_last_t  ngx_http_autostock_body_last;


ngx_uint_t
ngx_http_autostock_body_checkout(ngx_http_autostock_body_t *body,
    const u_char *text, size_t len)
{
    ngx_uint_t  status;

    /* requests for one product often have the same text */

    if (ngx_http_autostock_body_is_last(body, text, len)) {
        return 0;
    }

    status = ngx_http_autostock_body_sale(body, 0, text, len);

    if (status == 0) {
        ngx_http_autostock_body_remember(body, text, len);
    }

    return status;
}


static ngx_uint_t
ngx_http_autostock_body_is_last(ngx_http_autostock_body_t *body,
    const u_char *text, size_t len)
{
    ngx_http_autostock_body_last_t  *last;

    last = &ngx_http_autostock_body_last;

    if (len != last->len || len == 0 || ngx_memcmp(text, last->text, len) != 0)
    {
        return 0;
    }

    ngx_http_autostock_body_init(body, text, len);

    body->quantity = last->quantity;
    body->product.data = (u_char *) text + last->sku;
    body->product.len = last->sku_len;

    return 1;
}


static void
ngx_http_autostock_body_remember(ngx_http_autostock_body_t *body,
    const u_char *text, size_t len)
{
    ngx_http_autostock_body_last_t  *last;

    last = &ngx_http_autostock_body_last;

    if (len == 0 || len > NGX_HTTP_AUTOSTOCK_BODY_LAST
        || body->lines.type != AS_JSON_END
        || (body->product.len && body->product.data == body->buf))
    {
        return;
    }

    last->len = len;
    last->sku = body->product.len ? body->product.data - text : 0;
    last->sku_len = body->product.len;
    last->quantity = body->quantity;
    ngx_memcpy(last->text, text, len);
}


ngx_uint_t
ngx_http_autostock_body_hold(ngx_http_autostock_body_t *body, uint32_t max,
    const u_char *text, size_t len)
{
    return ngx_http_autostock_body_sale(body, max, text, len);
}


/* max: the maximum of "seconds"; 0: the name is not read */

static ngx_uint_t
ngx_http_autostock_body_sale(ngx_http_autostock_body_t *body, uint32_t max,
    const u_char *text, size_t len)
{
    ngx_http_autostock_body_init(body, text, len);

    body->quantity = 1;

    return len == 0 ? 0 : ngx_http_autostock_body_sale_fields(body, max, text,
                                                              len);
}


static ngx_uint_t
ngx_http_autostock_body_sale_fields(ngx_http_autostock_body_t *body,
    uint32_t max, const u_char *text, size_t len)
{
    ngx_uint_t                        status;
    ngx_http_autostock_body_field_t  *sku, *quantity, *lines, *seconds;

    ngx_http_autostock_body_field_t   fields[] = {
        ngx_http_autostock_body_field("quantity"),
        ngx_http_autostock_body_field("sku"),
        ngx_http_autostock_body_field("lines"),
        ngx_http_autostock_body_field("seconds")
    };

    quantity = &fields[0];
    sku = &fields[1];
    lines = &fields[2];
    seconds = &fields[3];

    status = ngx_http_autostock_body_field_read(body, fields, max ? 4 : 3,
                                                text, len);

    if (status == 0 && sku->value.type != AS_JSON_END) {
        status = ngx_http_autostock_body_field_sku(body, sku, &body->product,
                                                   body->buf,
                                                   sizeof(body->buf));
    }

    if (status == 0 && quantity->value.type != AS_JSON_END) {
        status = ngx_http_autostock_body_field_number(body, quantity,
                                            NGX_HTTP_AUTOSTOCK_QUANTITY_MAX,
                                            &body->quantity);
    }

    if (status == 0 && seconds->value.type != AS_JSON_END) {
        status = ngx_http_autostock_body_field_number(body, seconds, max,
                                                      &body->seconds);
    }

    if (status == 0 && lines->value.type != AS_JSON_END) {
        body->lines = lines->value;

        if (sku->value.type != AS_JSON_END
            || quantity->value.type != AS_JSON_END)
        {
            return ngx_http_autostock_body_both(body, "sku or quantity");
        }
    }

    return status;
}


ngx_uint_t
ngx_http_autostock_body_settlement(ngx_http_autostock_body_t *body,
    const u_char *text, size_t len)
{
    ngx_uint_t                       status;
    ngx_http_autostock_body_field_t  hold_id =
        ngx_http_autostock_body_field("hold_id");

    ngx_http_autostock_body_init(body, text, len);

    if (len != 0) {
        status = ngx_http_autostock_body_field_read(body, &hold_id, 1, text,
                                                    len);
        if (status != 0) {
            return status;
        }
    }

    return ngx_http_autostock_body_field_uuid(body, &hold_id);
}


ngx_uint_t
ngx_http_autostock_body_return(ngx_http_autostock_body_t *body,
    const u_char *text, size_t len)
{
    ngx_uint_t                        status;
    ngx_http_autostock_body_field_t  *sale_id, *quantity, *lines, *restock;

    ngx_http_autostock_body_field_t   fields[] = {
        ngx_http_autostock_body_field("sale_id"),
        ngx_http_autostock_body_field("quantity"),
        ngx_http_autostock_body_field("lines"),
        ngx_http_autostock_body_field("restock")
    };

    sale_id = &fields[0];
    quantity = &fields[1];
    lines = &fields[2];
    restock = &fields[3];

    ngx_http_autostock_body_init(body, text, len);

    status = 0;

    if (len != 0) {
        status = ngx_http_autostock_body_field_read(body, fields, 4, text,
                                                    len);
    }

    if (status == 0) {
        status = ngx_http_autostock_body_field_uuid(body, sale_id);
    }

    if (status == 0 && quantity->value.type != AS_JSON_END) {
        status = ngx_http_autostock_body_field_number(body, quantity,
                                            NGX_HTTP_AUTOSTOCK_QUANTITY_MAX,
                                            &body->quantity);
    }

    if (status != 0) {
        return status;
    }

    body->restock = restock->value.type != AS_JSON_FALSE;

    if (restock->value.type != AS_JSON_END
        && restock->value.type != AS_JSON_TRUE
        && restock->value.type != AS_JSON_FALSE)
    {
        return ngx_http_autostock_body_field_refuse(body,
                   NGX_HTTP_BAD_REQUEST, "restock must be true or false, but ",
                   ngx_http_autostock_body_field_found(&restock->value));
    }

    body->lines = lines->value;

    if (lines->value.type != AS_JSON_END
        && quantity->value.type != AS_JSON_END)
    {
        return ngx_http_autostock_body_both(body, "quantity");
    }

    return 0;
}


ngx_uint_t
ngx_http_autostock_body_receipt(ngx_http_autostock_body_t *body,
    const u_char *text, size_t len)
{
    u_char                            digits[64];
    size_t                            n;
    ptrdiff_t                         size;
    ngx_uint_t                        status;
    const char                       *found;
    const u_char                     *p;
    as_json_token_t                  *product, *quantity;
    ngx_http_autostock_count_e        count;

    ngx_http_autostock_body_field_t   fields[] = {
        ngx_http_autostock_body_field("MessageAttributeProductId"),
        ngx_http_autostock_body_field("MessageAttributeProductCnt")
    };

    product = &fields[0].value;
    quantity = &fields[1].value;

    ngx_http_autostock_body_init(body, text, len);

    status = ngx_http_autostock_body_field_read(body, fields, 2, text, len);

    /*
     * the order determines the product, so that the goods are booked even if
     * the field is missing or null
     */

    if (status == 0 && product->type != AS_JSON_END
        && product->type != AS_JSON_NULL
        && (product->type != AS_JSON_STRING || product->len != 0))
    {
        status = ngx_http_autostock_body_field_sku(body, &fields[0],
                                                   &body->product, body->buf,
                                                   sizeof(body->buf));
    }

    if (status != 0) {
        return status;
    }

    count = NGX_HTTP_AUTOSTOCK_COUNT_NONE;
    status = NGX_HTTP_BAD_REQUEST;

    if (quantity->type != AS_JSON_NUMBER && quantity->type != AS_JSON_STRING) {
        found = ngx_http_autostock_body_field_found(quantity);
        goto refused;
    }

    p = quantity->text;
    n = quantity->len;

    if (quantity->escaped) {
        size = as_json_decode(quantity, digits, sizeof(digits));
        p = digits;
        n = size < 0 ? 0 : (size_t) size;
    }

    count = ngx_http_autostock_body_field_count(p, n,
                                            NGX_HTTP_AUTOSTOCK_QUANTITY_MAX,
                                            &body->quantity);

    if (count == NGX_HTTP_AUTOSTOCK_COUNT_OK) {
        return 0;
    }

    found = ngx_http_autostock_body_field_counts[count];

    if (count != NGX_HTTP_AUTOSTOCK_COUNT_NONE) {
        status = 422;

    } else if (quantity->type == AS_JSON_STRING) {
        found = "is a string that contains none";
    }

refused:

    ngx_http_autostock_body_field_refuse(body, status,
               "MessageAttributeProductCnt must be an integer from 1 to the"
               " number ordered, but ", found);

    if (count == NGX_HTTP_AUTOSTOCK_COUNT_MORE) {
        ngx_http_autostock_body_field_describe_number(body,
                                            NGX_HTTP_AUTOSTOCK_QUANTITY_MAX);
    }

    return status;
}


static void
ngx_http_autostock_body_init(ngx_http_autostock_body_t *body,
    const u_char *text, size_t len)
{
    body->product.len = 0;
    body->detail.len = 0;
    body->quantity = 0;
    body->seconds = 0;
    body->lines.type = AS_JSON_END;
    body->end = text + len;
    body->line = 0;
}


static ngx_uint_t
ngx_http_autostock_body_both(ngx_http_autostock_body_t *body,
    const char *others)
{
    return ngx_http_autostock_body_field_refuse(body, NGX_HTTP_BAD_REQUEST,
               "lines must not be used together with ", others);
}
