
#include "ngx_http_autostock_body_field.h"
#include "ngx_http_autostock_sku.h"

#include "as_decimal.h"
#include "as_uuid.h"


static ngx_uint_t ngx_http_autostock_body_field_broken(
    ngx_http_autostock_body_t *body, as_json_t *json);
static void ngx_http_autostock_body_field_describe_name(
    ngx_http_autostock_body_t *body,
    const ngx_http_autostock_body_field_t *field);


const char  *ngx_http_autostock_body_field_counts[] = {
    NULL,
    "is a number with a fraction or an exponent",
    "is less than 1",
    "is more than "
};


ngx_uint_t
ngx_http_autostock_body_field_read(ngx_http_autostock_body_t *body,
    ngx_http_autostock_body_field_t *fields, ngx_uint_t n,
    const u_char *text, size_t len)
{
    as_json_t        json;
    as_json_type_e   type;
    as_json_token_t  key, value;

    as_json_init(&json, text, len);

    type = as_json_next(&json, &key);

    if (type != AS_JSON_OBJECT) {

        if (type == AS_JSON_ERROR || as_json_skip(&json, &key) != 0
            || as_json_next(&json, &value) != AS_JSON_END)
        {
            return ngx_http_autostock_body_field_broken(body, &json);
        }

        return ngx_http_autostock_body_field_refuse(body,
                   NGX_HTTP_BAD_REQUEST,
                   "the body must be a JSON object, but ",
                   ngx_http_autostock_body_field_found(&key));
    }

    type = ngx_http_autostock_body_field_members(&json, fields, n);

    if (type == AS_JSON_ERROR || as_json_next(&json, &value) != AS_JSON_END) {
        return ngx_http_autostock_body_field_broken(body, &json);
    }

    return 0;
}


as_json_type_e
ngx_http_autostock_body_field_members(as_json_t *json,
    ngx_http_autostock_body_field_t *fields, ngx_uint_t n)
{
    ngx_uint_t       i;
    as_json_type_e   type;
    as_json_token_t  key, value;

    while ((type = as_json_member(json, &key, &value)) == AS_JSON_KEY) {

        for (i = 0; i < n; i++) {

            if (as_json_equals(&key, fields[i].name, fields[i].len)) {
                fields[i].value = value;
                break;
            }
        }
    }

    return type;
}


ngx_uint_t
ngx_http_autostock_body_field_sku(ngx_http_autostock_body_t *body,
    const ngx_http_autostock_body_field_t *field, ngx_str_t *sku, u_char *buf,
    size_t size)
{
    ptrdiff_t               n;
    const char             *found;
    const as_json_token_t  *token;

    token = &field->value;

    if (token->type != AS_JSON_STRING) {
        found = ngx_http_autostock_body_field_found(token);
        goto refused;
    }

    if (token->escaped) {
        n = as_json_decode(token, buf, size);

        if (n < 0) {
            found = "is longer than 200 characters";
            goto refused;
        }

        sku->data = buf;
        sku->len = n;

    } else {
        sku->data = (u_char *) token->text;
        sku->len = token->len;
    }

    found = ngx_http_autostock_sku_check(sku->data, sku->len);

    if (found == NULL) {
        return 0;
    }

refused:

    ngx_http_autostock_body_field_describe_name(body, field);

    return ngx_http_autostock_body_field_refuse(body, NGX_HTTP_BAD_REQUEST,
               " must be a string of 1 to 200 characters, but ", found);
}


ngx_uint_t
ngx_http_autostock_body_field_number(ngx_http_autostock_body_t *body,
    const ngx_http_autostock_body_field_t *field, uint32_t max,
    uint32_t *number)
{
    const char                  *found;
    ngx_http_autostock_count_e   count;

    count = NGX_HTTP_AUTOSTOCK_COUNT_NONE;

    if (field->value.type != AS_JSON_NUMBER) {
        found = ngx_http_autostock_body_field_found(&field->value);

    } else {
        count = ngx_http_autostock_body_field_count(field->value.text,
                                                    field->value.len, max,
                                                    number);
        if (count == NGX_HTTP_AUTOSTOCK_COUNT_OK) {
            return 0;
        }

        found = ngx_http_autostock_body_field_counts[count];
    }

    ngx_http_autostock_body_field_describe_name(body, field);
    ngx_http_autostock_body_field_describe(body,
                                           " must be an integer from 1 to ");
    ngx_http_autostock_body_field_describe_number(body, max);
    ngx_http_autostock_body_field_refuse(body, NGX_HTTP_BAD_REQUEST,
                                         ", but ", found);

    if (count == NGX_HTTP_AUTOSTOCK_COUNT_MORE) {
        ngx_http_autostock_body_field_describe_number(body, max);
    }

    return NGX_HTTP_BAD_REQUEST;
}


ngx_uint_t
ngx_http_autostock_body_field_uuid(ngx_http_autostock_body_t *body,
    const ngx_http_autostock_body_field_t *field)
{
    u_char                  text[AS_UUID_TEXT_LEN];
    ptrdiff_t               n;
    const char             *found;
    const as_json_token_t  *token;

    token = &field->value;

    if (token->type != AS_JSON_STRING) {
        found = ngx_http_autostock_body_field_found(token);

    } else {
        n = as_json_decode(token, text, sizeof(text));

        if (n > 0 && as_uuid_parse((char *) text, n, body->id) == 0) {
            return 0;
        }

        found = "is a string that contains none";
    }

    ngx_http_autostock_body_field_describe_name(body, field);

    return ngx_http_autostock_body_field_refuse(body, NGX_HTTP_BAD_REQUEST,
               " must be a UUID of 36 characters, but ", found);
}


ngx_http_autostock_count_e
ngx_http_autostock_body_field_count(const u_char *p, size_t len, uint32_t max,
    uint32_t *count)
{
    uint64_t       n;
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

        /* n remains too large, whatever digits follow: no overflow */

        if (n <= max) {
            n = n * 10 + (*p - '0');
        }
    }

    if (minus || n < 1) {
        return NGX_HTTP_AUTOSTOCK_COUNT_LESS;
    }

    if (n > max) {
        return NGX_HTTP_AUTOSTOCK_COUNT_MORE;
    }

    *count = (uint32_t) n;

    return NGX_HTTP_AUTOSTOCK_COUNT_OK;
}


const char *
ngx_http_autostock_body_field_found(const as_json_token_t *token)
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
ngx_http_autostock_body_field_broken(ngx_http_autostock_body_t *body,
    as_json_t *json)
{
    ngx_http_autostock_body_field_describe(body,
                                           "the body is not JSON: at byte ");
    ngx_http_autostock_body_field_describe_number(body,
                                                  json->pos - json->start);

    return ngx_http_autostock_body_field_refuse(body, NGX_HTTP_BAD_REQUEST,
                                                " the parser expected ",
                                                json->error);
}


ngx_uint_t
ngx_http_autostock_body_field_refuse(ngx_http_autostock_body_t *body,
    ngx_uint_t status, const char *expected, const char *found)
{
    ngx_http_autostock_body_field_describe(body, expected);
    ngx_http_autostock_body_field_describe(body, found);

    return status;
}


/* "quantity", or "lines[2].quantity" */

static void
ngx_http_autostock_body_field_describe_name(ngx_http_autostock_body_t *body,
    const ngx_http_autostock_body_field_t *field)
{
    if (body->line != 0) {
        ngx_http_autostock_body_field_describe(body, "lines[");
        ngx_http_autostock_body_field_describe_number(body, body->line - 1);
        ngx_http_autostock_body_field_describe(body, "].");
    }

    ngx_http_autostock_body_field_describe(body, field->name);
}


void
ngx_http_autostock_body_field_describe_number(
    ngx_http_autostock_body_t *body, ngx_uint_t number)
{
    u_char  digits[AS_DECIMAL_LEN + 1];

    *as_decimal(digits, number) = '\0';

    ngx_http_autostock_body_field_describe(body, (const char *) digits);
}


void
ngx_http_autostock_body_field_describe(ngx_http_autostock_body_t *body,
    const char *text)
{
    body->detail.data = body->buf;

    while (*text != '\0' && body->detail.len != sizeof(body->buf)) {
        body->buf[body->detail.len++] = *text++;
    }
}
