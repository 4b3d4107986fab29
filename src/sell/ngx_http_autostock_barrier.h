
/*
 * A movement of quantity 0, committed by itself.  Once its COMMIT is answered,
 * all rows that were read before it are on disk.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_BARRIER_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_BARRIER_H_INCLUDED_


#include "ngx_http_autostock_sql.h"


/* Appends the INSERT. */
void ngx_http_autostock_barrier_write(ngx_http_autostock_sql_t *sql,
    u_char product_id[NGX_HTTP_AUTOSTOCK_UUID_LEN]);


#endif /* _NGX_HTTP_AUTOSTOCK_BARRIER_H_INCLUDED_ */
