
/*
 * The row of an order to the factory, written by the transaction that brings a
 * stock to its reorder point.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_ORDER_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_ORDER_H_INCLUDED_


#include "ngx_http_autostock_sql.h"

#include "as_trace.h"


typedef struct {
    u_char        id[NGX_HTTP_AUTOSTOCK_UUID_LEN];
    as_trace_t    trace;                /* of the request that opens it */
} ngx_http_autostock_order_t;


/* Sets a new id, and the trace; NULL: none. */
void ngx_http_autostock_order_open(ngx_http_autostock_order_t *order,
    as_trace_t *trace);

/* Appends the order's row to the INSERT, which has n rows so far. */
void ngx_http_autostock_order_insert(ngx_http_autostock_order_t *order,
    ngx_http_autostock_sql_t *sql, ngx_uint_t n, u_char *product_id,
    int64_t quantity);

/*
 * The same for the row of its trace, in another INSERT.  Returns the number of
 * rows in that INSERT: n if the order has no trace.
 */
ngx_uint_t ngx_http_autostock_order_insert_trace(
    ngx_http_autostock_order_t *order, ngx_http_autostock_sql_t *sql,
    ngx_uint_t n, u_char *product_id);


#endif /* _NGX_HTTP_AUTOSTOCK_ORDER_H_INCLUDED_ */
