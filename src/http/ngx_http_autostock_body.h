
/*
 * Parses and checks the bodies that clients and the factory send.  If a name
 * occurs twice, the last value counts, as in JavaScript's JSON.parse().
 * Unknown names are skipped, but the whole body must be JSON.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_BODY_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_BODY_H_INCLUDED_


#include "ngx_http_autostock_sale.h"

#include "as_json.h"


/*
 * The strings point into the parsed text, into buf or to static text, so that
 * the structure can be on the stack, but must not be copied.
 */
typedef struct {
    ngx_str_t                     product;   /* a SKU, in a receipt also a
                                                UUID; empty: not given */
    uint32_t                      quantity;  /* 1 to 1,000,000; in a return 0:
                                                not given */
    uint32_t                      seconds;   /* of a hold; 0: not given */
    unsigned                      restock:1; /* of a return */
    u_char                        id[NGX_HTTP_AUTOSTOCK_UUID_LEN];
                                             /* of a hold or sale */
    as_json_token_t               lines;     /* not checked; type AS_JSON_END:
                                                not given */
    const u_char                 *end;       /* of the text */
    ngx_uint_t                    line;      /* the line that is checked, from
                                                1; 0: none */
    ngx_str_t                     detail;    /* why it was refused; not
                                                escaped for JSON */
    u_char                        buf[NGX_HTTP_AUTOSTOCK_SKU_BYTES];
} ngx_http_autostock_body_t;


/*
 * The functions below return 0, or the HTTP status of the refusal and detail:
 * 400, of a receipt also 422.
 */

/*
 * {"sku","quantity"}, both optional, or {"lines"}; an empty text means a
 * quantity of 1.
 */
ngx_uint_t ngx_http_autostock_body_checkout(ngx_http_autostock_body_t *body,
    const u_char *text, size_t len);

/* The same and "seconds", optional, from 1 to max. */
ngx_uint_t ngx_http_autostock_body_hold(ngx_http_autostock_body_t *body,
    uint32_t max, const u_char *text, size_t len);

/* {"hold_id"} */
ngx_uint_t ngx_http_autostock_body_settlement(ngx_http_autostock_body_t *body,
    const u_char *text, size_t len);

/* {"sale_id"} and, all optional, "restock", and "quantity" or "lines" */
ngx_uint_t ngx_http_autostock_body_return(ngx_http_autostock_body_t *body,
    const u_char *text, size_t len);

/*
 * The factory's callback: {"MessageAttributeProductId",
 * "MessageAttributeProductCnt"}; the count is a number or a string.
 */
ngx_uint_t ngx_http_autostock_body_receipt(ngx_http_autostock_body_t *body,
    const u_char *text, size_t len);

/*
 * Parses the lines of a body that was parsed: an array of 1 to max
 * {"sku","quantity"}, with a quantity of 1 by default.  The quantity of a SKU
 * that occurs again is added to its first line.  lines has room for max.  buf
 * receives decoded SKUs: it has as many bytes as there are from
 * body->lines.text to body->end, or is NULL if there is no backslash in these.
 */
ngx_uint_t ngx_http_autostock_body_lines(ngx_http_autostock_body_t *body,
    ngx_uint_t max, ngx_http_autostock_sale_line_t *lines, ngx_uint_t *nlines,
    u_char *buf);


#endif /* _NGX_HTTP_AUTOSTOCK_BODY_H_INCLUDED_ */
