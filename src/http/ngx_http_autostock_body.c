
#include "ngx_http_autostock_body.h"
#include "ngx_http_autostock_sku.h"

#include "as_decimal.h"
#include "as_json.h"


/* the values of the two names of a body */
typedef struct {
    const char      *product_name;
    const char      *quantity_name;
    size_t           product_len;
    size_t           quantity_len;
    as_json_token_t  product;                /* type AS_JSON_END: missing */
    as_json_token_t  quantity;
} ngx_http_autostock_body_fields_t;

typedef enum {
    NGX_HTTP_AUTOSTOCK_COUNT_OK = 0,
    NGX_HTTP_AUTOSTOCK_COUNT_NONE,           /* not an integer */
    NGX_HTTP_AUTOSTOCK_COUNT_LESS,           /* less than 1 */
    NGX_HTTP_AUTOSTOCK_COUNT_MORE            /* more than 1,000,000 */
} ngx_http_autostock_count_e;


static ngx_uint_t ngx_http_autostock_body_read(
    ngx_http_autostock_body_t *body, ngx_http_autostock_body_fields_t *fields,
    const u_char *text, size_t len);
static ngx_uint_t ngx_http_autostock_body_product(
    ngx_http_autostock_body_t *body, const as_json_token_t *token,
    const char *name);
static ngx_http_autostock_count_e ngx_http_autostock_body_count(
    const u_char *p, size_t len, uint32_t *count);
static const char *ngx_http_autostock_body_found(
    const as_json_token_t *token);
static ngx_uint_t ngx_http_autostock_body_broken(
    ngx_http_autostock_body_t *body, as_json_t *json);
static ngx_uint_t ngx_http_autostock_body_refuse(
    ngx_http_autostock_body_t *body, ngx_uint_t status, const char *expected,
    const char *found);
static void ngx_http_autostock_body_describe(ngx_http_autostock_body_t *body,
    const char *text);


static const char  *ngx_http_autostock_body_counts[] = {
    NULL,
    "is a number with a fraction or an exponent",
    "is less than 1",
    "is more than 1000000"
};


ngx_uint_t
ngx_http_autostock_body_checkout(ngx_http_autostock_body_t *body,
    const u_char *text, size_t len)
{
    ngx_uint_t                        status;
    const char                       *found;
    ngx_http_autostock_count_e        count;
    ngx_http_autostock_body_fields_t  fields;

    body->product.len = 0;
    body->detail.len = 0;
    body->quantity = 1;

    if (len == 0) {
        return 0;
    }

    fields.product_name = "sku";
    fields.product_len = sizeof("sku") - 1;
    fields.quantity_name = "quantity";
    fields.quantity_len = sizeof("quantity") - 1;

    status = ngx_http_autostock_body_read(body, &fields, text, len);

    if (status != 0) {
        return status;
    }

    if (fields.product.type != AS_JSON_END) {
        status = ngx_http_autostock_body_product(body, &fields.product, "sku");

        if (status != 0) {
            return status;
        }
    }

    if (fields.quantity.type == AS_JSON_END) {
        return 0;
    }

    if (fields.quantity.type != AS_JSON_NUMBER) {
        found = ngx_http_autostock_body_found(&fields.quantity);

    } else {
        count = ngx_http_autostock_body_count(fields.quantity.text,
                                              fields.quantity.len,
                                              &body->quantity);
        if (count == NGX_HTTP_AUTOSTOCK_COUNT_OK) {
            return 0;
        }

        found = ngx_http_autostock_body_counts[count];
    }

    return ngx_http_autostock_body_refuse(body, NGX_HTTP_BAD_REQUEST,
               "quantity must be an integer from 1 to 1000000, but ", found);
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
    ngx_http_autostock_count_e        count;
    ngx_http_autostock_body_fields_t  fields;

    body->product.len = 0;
    body->detail.len = 0;
    body->quantity = 0;

    fields.product_name = "MessageAttributeProductId";
    fields.product_len = sizeof("MessageAttributeProductId") - 1;
    fields.quantity_name = "MessageAttributeProductCnt";
    fields.quantity_len = sizeof("MessageAttributeProductCnt") - 1;

    status = ngx_http_autostock_body_read(body, &fields, text, len);

    if (status != 0) {
        return status;
    }

    /*
     * the order determines the product: a missing or null field is no reason to
     * refuse the goods
     */

    if (fields.product.type != AS_JSON_END
        && fields.product.type != AS_JSON_NULL
        && (fields.product.type != AS_JSON_STRING || fields.product.len != 0))
    {
        status = ngx_http_autostock_body_product(body, &fields.product,
                                                 "MessageAttributeProductId");
        if (status != 0) {
            return status;
        }
    }

    status = NGX_HTTP_BAD_REQUEST;

    if (fields.quantity.type != AS_JSON_NUMBER
        && fields.quantity.type != AS_JSON_STRING)
    {
        found = ngx_http_autostock_body_found(&fields.quantity);
        goto refused;
    }

    p = fields.quantity.text;
    n = fields.quantity.len;

    if (fields.quantity.escaped) {
        size = as_json_decode(&fields.quantity, digits, sizeof(digits));
        p = digits;
        n = size < 0 ? 0 : (size_t) size;
    }

    count = ngx_http_autostock_body_count(p, n, &body->quantity);

    if (count == NGX_HTTP_AUTOSTOCK_COUNT_OK) {
        return 0;
    }

    found = ngx_http_autostock_body_counts[count];

    if (count != NGX_HTTP_AUTOSTOCK_COUNT_NONE) {
        status = 422;

    } else if (fields.quantity.type == AS_JSON_STRING) {
        found = "is a string that contains none";
    }

refused:

    return ngx_http_autostock_body_refuse(body, status,
               "MessageAttributeProductCnt must be an integer from 1 to the"
               " number ordered, but ", found);
}


static ngx_uint_t
ngx_http_autostock_body_read(ngx_http_autostock_body_t *body,
    ngx_http_autostock_body_fields_t *fields, const u_char *text, size_t len)
{
    as_json_t         json;
    as_json_type_e    type;
    as_json_token_t   key, value;

    fields->product.type = AS_JSON_END;
    fields->quantity.type = AS_JSON_END;

    as_json_init(&json, text, len);

    type = as_json_next(&json, &key);

    if (type != AS_JSON_OBJECT) {

        if (type == AS_JSON_ERROR || as_json_skip(&json, &key) != 0
            || as_json_next(&json, &value) != AS_JSON_END)
        {
            return ngx_http_autostock_body_broken(body, &json);
        }

        return ngx_http_autostock_body_refuse(body, NGX_HTTP_BAD_REQUEST,
                   "the body must be a JSON object, but ",
                   ngx_http_autostock_body_found(&key));
    }

    while ((type = as_json_member(&json, &key, &value)) == AS_JSON_KEY) {

        if (as_json_equals(&key, fields->quantity_name, fields->quantity_len))
        {
            fields->quantity = value;

        } else if (as_json_equals(&key, fields->product_name,
                                  fields->product_len))
        {
            fields->product = value;
        }
    }

    if (type == AS_JSON_ERROR || as_json_next(&json, &value) != AS_JSON_END) {
        return ngx_http_autostock_body_broken(body, &json);
    }

    return 0;
}


static ngx_uint_t
ngx_http_autostock_body_product(ngx_http_autostock_body_t *body,
    const as_json_token_t *token, const char *name)
{
    ptrdiff_t    size;
    const char  *found;

    if (token->type != AS_JSON_STRING) {
        found = ngx_http_autostock_body_found(token);
        goto refused;
    }

    if (token->escaped) {
        size = as_json_decode(token, body->buf, sizeof(body->buf));

        if (size < 0) {
            found = "is longer than 200 characters";
            goto refused;
        }

        body->product.data = body->buf;
        body->product.len = size;

    } else {
        body->product.data = (u_char *) token->text;
        body->product.len = token->len;
    }

    found = ngx_http_autostock_sku_check(body->product.data,
                                         body->product.len);
    if (found == NULL) {
        return 0;
    }

refused:

    ngx_http_autostock_body_describe(body, name);

    return ngx_http_autostock_body_refuse(body, NGX_HTTP_BAD_REQUEST,
               " must be a string of 1 to 200 characters, but ", found);
}


static ngx_http_autostock_count_e
ngx_http_autostock_body_count(const u_char *p, size_t len, uint32_t *count)
{
    uint32_t       n;
    ngx_uint_t     minus;
    const u_char  *end;

    end = p + len;
    minus = len != 0 && *p == '-';
    p += minus;

    if (p == end) {
        return NGX_HTTP_AUTOSTOCK_COUNT_NONE;
    }

    for (n = 0; p != end; p++) {

        if (*p < '0' || *p > '9') {
            return NGX_HTTP_AUTOSTOCK_COUNT_NONE;
        }

        /* once too large, it stays too large for any number of digits */

        if (n <= NGX_HTTP_AUTOSTOCK_QUANTITY_MAX) {
            n = n * 10 + (*p - '0');
        }
    }

    if (minus || n < 1) {
        return NGX_HTTP_AUTOSTOCK_COUNT_LESS;
    }

    if (n > NGX_HTTP_AUTOSTOCK_QUANTITY_MAX) {
        return NGX_HTTP_AUTOSTOCK_COUNT_MORE;
    }

    *count = n;

    return NGX_HTTP_AUTOSTOCK_COUNT_OK;
}


static const char *
ngx_http_autostock_body_found(const as_json_token_t *token)
{
    switch (token->type) {
    case AS_JSON_END:
        return "is missing";
    case AS_JSON_OBJECT:
        return "is an object";
    case AS_JSON_ARRAY:
        return "is an array";
    case AS_JSON_STRING:
        return "is a string";
    case AS_JSON_NUMBER:
        return "is a number";
    case AS_JSON_NULL:
        return "is null";
    default: /* AS_JSON_TRUE, AS_JSON_FALSE */
        return "is a boolean";
    }
}


static ngx_uint_t
ngx_http_autostock_body_broken(ngx_http_autostock_body_t *body,
    as_json_t *json)
{
    u_char  digits[AS_DECIMAL_LEN + 1];

    *as_decimal(digits, json->pos - json->start) = '\0';

    ngx_http_autostock_body_describe(body, "the body is not JSON: at byte ");
    ngx_http_autostock_body_describe(body, (const char *) digits);

    return ngx_http_autostock_body_refuse(body, NGX_HTTP_BAD_REQUEST,
                                          " the parser expected ",
                                          json->error);
}


static ngx_uint_t
ngx_http_autostock_body_refuse(ngx_http_autostock_body_t *body,
    ngx_uint_t status, const char *expected, const char *found)
{
    ngx_http_autostock_body_describe(body, expected);
    ngx_http_autostock_body_describe(body, found);

    return status;
}


/* overwrites a decoded SKU in buf, which a refused body does not need */

static void
ngx_http_autostock_body_describe(ngx_http_autostock_body_t *body,
                                 const char *text)
{
    body->detail.data = body->buf;

    while (*text != '\0' && body->detail.len != sizeof(body->buf)) {
        body->buf[body->detail.len++] = *text++;
    }
}
