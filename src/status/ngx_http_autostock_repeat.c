
#include "ngx_http_autostock_repeat.h"


#define NGX_HTTP_AUTOSTOCK_REPEAT_LINES   3           /* in a period */
#define NGX_HTTP_AUTOSTOCK_REPEAT_PERIOD  10000       /* ms */


static const char *ngx_http_autostock_repeat_note(
    ngx_http_autostock_repeat_t *repeat);


const char *
ngx_http_autostock_repeat(ngx_http_autostock_repeat_t *repeat)
{
    if (repeat->lines == 0
        || ngx_current_msec - repeat->since
           >= NGX_HTTP_AUTOSTOCK_REPEAT_PERIOD)
    {
        repeat->since = ngx_current_msec;
        repeat->lines = 0;
    }

    if (repeat->lines == NGX_HTTP_AUTOSTOCK_REPEAT_LINES) {
        repeat->missed++;
        return NULL;
    }

    repeat->lines++;

    return ngx_http_autostock_repeat_note(repeat);
}


const char *
ngx_http_autostock_repeat_over(ngx_http_autostock_repeat_t *repeat)
{
    repeat->lines = 0;

    return ngx_http_autostock_repeat_note(repeat);
}


static const char *
ngx_http_autostock_repeat_note(ngx_http_autostock_repeat_t *repeat)
{
    u_char  *p;

    p = repeat->note;

    if (repeat->missed) {
        p = ngx_snprintf(p, sizeof(repeat->note) - 1,
                         " (%ui similar lines before it were omitted)",
                         repeat->missed);
        repeat->missed = 0;
    }

    *p = '\0';

    return (const char *) repeat->note;
}
