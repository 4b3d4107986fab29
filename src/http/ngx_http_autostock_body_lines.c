
#include "ngx_http_autostock_body_field.h"


static ngx_uint_t ngx_http_autostock_body_lines_read(
    ngx_http_autostock_body_t *body, as_json_t *json,
    ngx_http_autostock_sale_line_t *line, u_char *buf);
static ngx_uint_t ngx_http_autostock_body_lines_add(
    ngx_http_autostock_body_t *body, ngx_http_autostock_sale_line_t *lines,
    ngx_uint_t *nlines, const ngx_http_autostock_sale_line_t *line);
static ngx_uint_t ngx_http_autostock_body_lines_refuse(
    ngx_http_autostock_body_t *body, ngx_uint_t max, const char *found);


ngx_uint_t
ngx_http_autostock_body_lines(ngx_http_autostock_body_t *body, ngx_uint_t max,
    ngx_http_autostock_sale_line_t *lines, ngx_uint_t *nlines, u_char *buf)
{
    as_json_t                        json;
    ngx_uint_t                       status;
    as_json_type_e                   type;
    as_json_token_t                  token;
    ngx_http_autostock_sale_line_t   line;

    *nlines = 0;

    if (body->lines.type != AS_JSON_ARRAY) {
        return ngx_http_autostock_body_lines_refuse(body, max,
                           ngx_http_autostock_body_field_found(&body->lines));
    }

    /* reads again from the start of the array; the text is known to be JSON */

    as_json_init(&json, body->lines.text, body->end - body->lines.text);
    (void) as_json_next(&json, &token);

    while ((type = as_json_next(&json, &token)) != AS_JSON_ARRAY_END) {

        if (body->line++ == max) {
            return ngx_http_autostock_body_lines_refuse(body, max, "has more");
        }

        if (type != AS_JSON_OBJECT) {
            ngx_http_autostock_body_field_describe(body, "lines[");
            ngx_http_autostock_body_field_describe_number(body,
                                                          body->line - 1);
            return ngx_http_autostock_body_field_refuse(body,
                       NGX_HTTP_BAD_REQUEST, "] must be an object, but ",
                       ngx_http_autostock_body_field_found(&token));
        }

        status = ngx_http_autostock_body_lines_read(body, &json, &line, buf);

        if (status == 0) {
            status = ngx_http_autostock_body_lines_add(body, lines, nlines,
                                                       &line);
        }

        if (status != 0) {
            return status;
        }

        if (line.sku.data == buf) {
            buf += line.sku.len;
        }
    }

    if (*nlines == 0) {
        return ngx_http_autostock_body_lines_refuse(body, max, "is empty");
    }

    return 0;
}


static ngx_uint_t
ngx_http_autostock_body_lines_read(ngx_http_autostock_body_t *body,
    as_json_t *json, ngx_http_autostock_sale_line_t *line, u_char *buf)
{
    ngx_uint_t                        status;
    ngx_http_autostock_body_field_t  *sku, *quantity;

    ngx_http_autostock_body_field_t   fields[] = {
        ngx_http_autostock_body_field("quantity"),
        ngx_http_autostock_body_field("sku")
    };

    quantity = &fields[0];
    sku = &fields[1];

    (void) ngx_http_autostock_body_field_members(json, fields, 2);

    ngx_memzero(line, sizeof(ngx_http_autostock_sale_line_t));

    status = ngx_http_autostock_body_field_sku(body, sku, &line->sku, buf,
                                              NGX_HTTP_AUTOSTOCK_SKU_BYTES);
    if (status != 0) {
        return status;
    }

    line->quantity = 1;

    if (quantity->value.type == AS_JSON_END) {
        return 0;
    }

    return ngx_http_autostock_body_field_number(body, quantity,
                                            NGX_HTTP_AUTOSTOCK_QUANTITY_MAX,
                                            &line->quantity);
}


static ngx_uint_t
ngx_http_autostock_body_lines_add(ngx_http_autostock_body_t *body,
    ngx_http_autostock_sale_line_t *lines, ngx_uint_t *nlines,
    const ngx_http_autostock_sale_line_t *line)
{
    ngx_uint_t  i;

    for (i = 0; i < *nlines; i++) {

        if (lines[i].sku.len != line->sku.len
            || ngx_memcmp(lines[i].sku.data, line->sku.data, line->sku.len)
               != 0)
        {
            continue;
        }

        lines[i].quantity += line->quantity;

        if (lines[i].quantity <= NGX_HTTP_AUTOSTOCK_QUANTITY_MAX) {
            return 0;
        }

        ngx_http_autostock_body_field_describe(body, "the quantities of one "
                                               "SKU in lines must add up to "
                                               "at most 1000000, but lines[");
        ngx_http_autostock_body_field_describe_number(body, body->line - 1);

        return ngx_http_autostock_body_field_refuse(body,
                   NGX_HTTP_BAD_REQUEST, "] raises", " them above");
    }

    lines[(*nlines)++] = *line;

    return 0;
}


static ngx_uint_t
ngx_http_autostock_body_lines_refuse(ngx_http_autostock_body_t *body,
    ngx_uint_t max, const char *found)
{
    ngx_http_autostock_body_field_describe(body,
                                           "lines must be an array of 1 to ");
    ngx_http_autostock_body_field_describe_number(body, max);

    return ngx_http_autostock_body_field_refuse(body, NGX_HTTP_BAD_REQUEST,
                                                " objects, but ", found);
}
