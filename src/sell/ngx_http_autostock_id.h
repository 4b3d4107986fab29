
/*
 * The ids that this worker process gives to sales, movements and orders: UUIDs
 * of version 7, each greater than the one before.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_ID_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_ID_H_INCLUDED_


#include "ngx_http_autostock.h"

#include "as_trace.h"


/* a younger row may not be on disk yet, ms */
#define NGX_HTTP_AUTOSTOCK_FRESH  60000


/* Call it once per process, after fork().  Errors are logged. */
ngx_int_t ngx_http_autostock_id_init(ngx_log_t *log);

void ngx_http_autostock_id_next(u_char id[NGX_HTTP_AUTOSTOCK_UUID_LEN]);

/* The id of a transaction of sales: its last two bytes are zero. */
void ngx_http_autostock_id_transaction(
    u_char id[NGX_HTTP_AUTOSTOCK_UUID_LEN]);

/* The id of the transaction's sale with this number, from 0 to 65535. */
void ngx_http_autostock_id_sale(u_char id[NGX_HTTP_AUTOSTOCK_UUID_LEN],
    u_char transaction[NGX_HTTP_AUTOSTOCK_UUID_LEN], ngx_uint_t number);

/* A new trace. */
void ngx_http_autostock_id_trace(as_trace_t *trace);

/*
 * Writes ", trace_id: " and the trace's id to note, for the end of a log line;
 * "" if there is no trace.  Returns note, which has this size.
 */
#define NGX_HTTP_AUTOSTOCK_TRACE_NOTE                                         \
    (sizeof(", trace_id: ") + AS_TRACE_ID_TEXT_LEN)

u_char *ngx_http_autostock_id_trace_note(u_char *note, as_trace_t *trace);

/* 1 if the id was made less than FRESH ms ago by this host's clock. */
ngx_uint_t ngx_http_autostock_id_is_fresh(
    u_char id[NGX_HTTP_AUTOSTOCK_UUID_LEN]);


#endif /* _NGX_HTTP_AUTOSTOCK_ID_H_INCLUDED_ */
