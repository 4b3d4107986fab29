
/*
 * Answers with lines: one for each product of a cart, hold or return.  With
 * "autostock_compat on", a 200 has only the message.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_LINES_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_LINES_H_INCLUDED_


#include "ngx_http_autostock_response.h"
#include "ngx_http_autostock_settle.h"


typedef struct {
    ngx_http_autostock_settled_line_t  *elts;
    ngx_uint_t                          nelts;
} ngx_http_autostock_lines_t;


/*
 * Responds 200 with the message text, members and lines.  left: if there is
 * one line, the message also has its stock.  members is JSON text that begins
 * with a comma.
 */
ngx_int_t ngx_http_autostock_lines_done(ngx_http_request_t *r,
    const ngx_str_t *text, ngx_uint_t left, const ngx_str_t *members,
    const ngx_http_autostock_lines_t *lines);

/*
 * Responds with a problem and the lines that are the reason.  The message is
 * text; NULL: the default message of the problem.  left as above.
 */
ngx_int_t ngx_http_autostock_lines_problem(ngx_http_request_t *r,
    ngx_http_autostock_problem_e problem, const ngx_str_t *text,
    ngx_uint_t left, const ngx_http_autostock_lines_t *lines);

/*
 * Responds with NGX_HTTP_AUTOSTOCK_PROBLEM_NO_PRODUCT and the SKU of the first
 * absent line.  detail as in ngx_http_autostock_response_problem().
 */
ngx_int_t ngx_http_autostock_lines_absent(ngx_http_request_t *r,
    ngx_str_t *detail, const ngx_http_autostock_lines_t *lines);

/*
 * Each writes JSON text and returns its end: "sku":"...", or "sku":null if the
 * SKU is empty, since its product was deleted; a number, or null if the number
 * is negative.
 */
u_char *ngx_http_autostock_lines_put_sku(u_char *p, const ngx_str_t *sku);
u_char *ngx_http_autostock_lines_put_number(u_char *p, int64_t number);


#endif /* _NGX_HTTP_AUTOSTOCK_LINES_H_INCLUDED_ */
