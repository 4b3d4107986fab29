
/*
 * Limits log lines that may repeat often: the first ones of a period are
 * written, the others are counted, and the next line reports that count.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_REPEAT_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_REPEAT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* one kind of line in one worker process; zeroed by its owner */
typedef struct {
    ngx_msec_t  since;                /* start of the period */
    ngx_uint_t  lines;                    /* written in it */
    ngx_uint_t  missed;               /* lines omitted since the last one */
    u_char      note[64];
} ngx_http_autostock_repeat_t;


/*
 * NULL: omit the line.  Otherwise the end of the line, "" or the number of
 * omitted lines; valid until the next call.
 */
const char *ngx_http_autostock_repeat(ngx_http_autostock_repeat_t *repeat);

/*
 * The problem is over.  Returns the end of that line, and starts a new period.
 */
const char *ngx_http_autostock_repeat_over(
    ngx_http_autostock_repeat_t *repeat);


#endif /* _NGX_HTTP_AUTOSTOCK_REPEAT_H_INCLUDED_ */
