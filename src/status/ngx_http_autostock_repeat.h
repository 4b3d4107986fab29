
/*
 * Log lines that would come again and again: the first ones of a period are
 * written, the others are counted, and the next line tells how many.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_REPEAT_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_REPEAT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* of one kind of line, in one worker process; zeroed before */
typedef struct {
    ngx_msec_t  since;                /* the period's beginning */
    ngx_uint_t  told;                 /* lines in it */
    ngx_uint_t  missed;               /* lines left out since the last one */
    u_char      note[64];
} ngx_http_autostock_repeat_t;


/*
 * NULL: leave the line out.  Otherwise what to end it with, "" or the number
 * of those that were left out; valid until the next call.
 */
const char *ngx_http_autostock_repeat(ngx_http_autostock_repeat_t *repeat);

/* The trouble is over: what to end that line with; the next period begins. */
const char *ngx_http_autostock_repeat_over(
    ngx_http_autostock_repeat_t *repeat);


#endif /* _NGX_HTTP_AUTOSTOCK_REPEAT_H_INCLUDED_ */
