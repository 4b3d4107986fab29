
/*
 * Limits log lines that may repeat often: in each period of 10 seconds the
 * first three lines are written, the others are counted, and the next line that
 * is written reports their number.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_REPEAT_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_REPEAT_H_INCLUDED_


#include "ngx_http_autostock.h"


/*
 * Call it before a line is written; the caller has zeroed repeat before the
 * first call.  Returns NULL if the line is to be omitted.  Otherwise returns
 * the text that ends the line: "" or a note of the lines omitted before, valid
 * until the next call.
 */
const char *ngx_http_autostock_repeat(ngx_http_autostock_repeat_t *repeat);

/*
 * The same for the line that reports the end of the problem, which is always
 * written.  The next line starts a new period.
 */
const char *ngx_http_autostock_repeat_over(
    ngx_http_autostock_repeat_t *repeat);


#endif /* _NGX_HTTP_AUTOSTOCK_REPEAT_H_INCLUDED_ */
