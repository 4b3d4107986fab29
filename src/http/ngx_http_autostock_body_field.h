
/*
 * The fields of a body: finds their values, checks them, and describes errors.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_BODY_FIELD_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_BODY_FIELD_H_INCLUDED_


#include "ngx_http_autostock_body.h"


typedef struct {
    const char                   *name;
    size_t                        len;
    as_json_token_t               value;     /* type AS_JSON_END: missing */
} ngx_http_autostock_body_field_t;


#define ngx_http_autostock_body_field(name)                                   \
    { name, sizeof(name) - 1, { AS_JSON_END, 0, NULL, 0 } }


typedef enum {
    NGX_HTTP_AUTOSTOCK_COUNT_OK = 0,
    NGX_HTTP_AUTOSTOCK_COUNT_NONE,           /* not an integer */
    NGX_HTTP_AUTOSTOCK_COUNT_LESS,           /* less than 1 */
    NGX_HTTP_AUTOSTOCK_COUNT_MORE            /* more than the maximum */
} ngx_http_autostock_count_e;


/* Texts for the errors of a count; after that of _MORE, the maximum follows. */
extern const char  *ngx_http_autostock_body_field_counts[];


/*
 * Reads the whole text, which must be one object, and sets the values of the
 * fields, which it does not check.  Returns 0 or 400.
 */
ngx_uint_t ngx_http_autostock_body_field_read(ngx_http_autostock_body_t *body,
    ngx_http_autostock_body_field_t *fields, ngx_uint_t n,
    const u_char *text, size_t len);

/* Reads the rest of an object; returns AS_JSON_OBJECT_END or AS_JSON_ERROR. */
as_json_type_e ngx_http_autostock_body_field_members(as_json_t *json,
    ngx_http_autostock_body_field_t *fields, ngx_uint_t n);

/*
 * Each checks one value, and returns 0 or 400.  sku points into the text or, if
 * it was decoded, to buf of size bytes.  number is from 1 to max.  uuid sets
 * body->id.
 */
ngx_uint_t ngx_http_autostock_body_field_sku(ngx_http_autostock_body_t *body,
    const ngx_http_autostock_body_field_t *field, ngx_str_t *sku, u_char *buf,
    size_t size);
ngx_uint_t ngx_http_autostock_body_field_number(
    ngx_http_autostock_body_t *body,
    const ngx_http_autostock_body_field_t *field, uint32_t max,
    uint32_t *number);
ngx_uint_t ngx_http_autostock_body_field_uuid(ngx_http_autostock_body_t *body,
    const ngx_http_autostock_body_field_t *field);

/* Parses an integer from 1 to max. */
ngx_http_autostock_count_e ngx_http_autostock_body_field_count(
    const u_char *p, size_t len, uint32_t max, uint32_t *count);

/* The type of a value, for a detail, such as "is a string". */
const char *ngx_http_autostock_body_field_found(const as_json_token_t *token);

/*
 * Append text, or a number, to the detail, which is in body->buf: this
 * overwrites a decoded SKU, which a refused body does not need.
 */
void ngx_http_autostock_body_field_describe(ngx_http_autostock_body_t *body,
    const char *text);
void ngx_http_autostock_body_field_describe_number(
    ngx_http_autostock_body_t *body, ngx_uint_t number);

/* Appends expected and found to the detail; returns status. */
ngx_uint_t ngx_http_autostock_body_field_refuse(
    ngx_http_autostock_body_t *body, ngx_uint_t status, const char *expected,
    const char *found);


#endif /* _NGX_HTTP_AUTOSTOCK_BODY_FIELD_H_INCLUDED_ */
