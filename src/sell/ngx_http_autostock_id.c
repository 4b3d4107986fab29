
#include "ngx_http_autostock_id.h"


static as_uuid_gen_t  ngx_http_autostock_ids;


ngx_int_t
ngx_http_autostock_id_init(ngx_log_t *log)
{
    if (as_uuid_init(&ngx_http_autostock_ids) != 0) {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                      "autostock: getrandom() failed");
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_http_autostock_id_next(u_char id[NGX_HTTP_AUTOSTOCK_UUID_LEN])
{
    ngx_time_t  *now;

    now = ngx_timeofday();

    as_uuid_v7(&ngx_http_autostock_ids,
               (uint64_t) now->sec * 1000 + now->msec, id);
}


void
ngx_http_autostock_id_transaction(u_char id[NGX_HTTP_AUTOSTOCK_UUID_LEN])
{
    ngx_http_autostock_id_next(id);

    id[14] = 0;
    id[15] = 0;
}


void
ngx_http_autostock_id_sale(u_char id[NGX_HTTP_AUTOSTOCK_UUID_LEN],
    u_char transaction[NGX_HTTP_AUTOSTOCK_UUID_LEN], ngx_uint_t number)
{
    ngx_memcpy(id, transaction, 14);

    id[14] = (u_char) (number >> 8);
    id[15] = (u_char) number;
}


void
ngx_http_autostock_id_trace(as_trace_t *trace)
{
    as_trace_make(trace, &ngx_http_autostock_ids);
}


u_char *
ngx_http_autostock_id_trace_note(u_char *note, as_trace_t *trace)
{
    u_char  *p;

    p = note;

    if (as_trace_is_set(trace)) {
        p = ngx_cpymem(p, ", trace_id: ", sizeof(", trace_id: ") - 1);
        p = (u_char *) as_trace_id_text(trace, (char *) p);
    }

    *p = '\0';

    return note;
}


/*
 * InnoDB writes its log to disk at least once a second, and a server whose disk
 * does not respond for a minute completes no COMMIT.  If the clock that made
 * the id was ahead of this host's, the row counts as fresh.  For a clock that
 * was behind, the caller compares the server's clock, too.
 */

ngx_uint_t
ngx_http_autostock_id_is_fresh(u_char id[NGX_HTTP_AUTOSTOCK_UUID_LEN])
{
    uint64_t     ms;
    ngx_uint_t   i;
    ngx_time_t  *now;

    ms = 0;

    for (i = 0; i < 6; i++) {
        ms = ms << 8 | id[i];
    }

    now = ngx_timeofday();

    return ms + NGX_HTTP_AUTOSTOCK_FRESH
           > (uint64_t) now->sec * 1000 + now->msec;
}
