
/*
 * The rights that the database's user needs (sql/grants.sql), and which of them
 * the server reports.  A server lists the columns that a user may use, each
 * with the user's privileges on it, whichever grants or roles they come from.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_RIGHTS_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_RIGHTS_H_INCLUDED_


#include "ngx_http_autostock_status.h"


/* for each right, a bit for each of its columns on which it is missing */
typedef struct {
    uint32_t     missing[NGX_HTTP_AUTOSTOCK_RIGHTS];
} ngx_http_autostock_rights_t;


/*
 * One SELECT per table: if name and schema are given, MariaDB opens only that
 * table.
 */
#define NGX_HTTP_AUTOSTOCK_RIGHTS_OF(table)                                  \
    "SELECT TABLE_NAME,COLUMN_NAME,PRIVILEGES"                               \
    " FROM information_schema.COLUMNS WHERE TABLE_SCHEMA=DATABASE()"         \
    " AND TABLE_NAME='" table "'"

/* its rows have these three columns; no row: the user has no right at all */
#define NGX_HTTP_AUTOSTOCK_RIGHTS_SELECT                                     \
    NGX_HTTP_AUTOSTOCK_RIGHTS_OF("product") " UNION ALL "                    \
    NGX_HTTP_AUTOSTOCK_RIGHTS_OF("stock_movement") " UNION ALL "             \
    NGX_HTTP_AUTOSTOCK_RIGHTS_OF("stock_movement_key") " UNION ALL "         \
    NGX_HTTP_AUTOSTOCK_RIGHTS_OF("restock_order") " UNION ALL "              \
    NGX_HTTP_AUTOSTOCK_RIGHTS_OF("stock_hold") " UNION ALL "                 \
    NGX_HTTP_AUTOSTOCK_RIGHTS_OF("stock_hold_line") " UNION ALL "            \
    NGX_HTTP_AUTOSTOCK_RIGHTS_OF("stock_return") " UNION ALL "               \
    NGX_HTTP_AUTOSTOCK_RIGHTS_OF("restock_order_trace")

/* if one of these is missing, orders have no traces, but no request fails */
#define NGX_HTTP_AUTOSTOCK_RIGHTS_OPTIONAL                                   \
    (((ngx_uint_t) 1 << NGX_HTTP_AUTOSTOCK_RIGHT_TRACE_SELECT)               \
     | ((ngx_uint_t) 1 << NGX_HTTP_AUTOSTOCK_RIGHT_TRACE_INSERT))

/*
 * the time between two checks while a required right is missing, and while only
 * an optional one is missing, ms
 */
#define NGX_HTTP_AUTOSTOCK_RIGHTS_AGAIN     5000
#define NGX_HTTP_AUTOSTOCK_RIGHTS_SELDOM   60000

/* size of a buffer for ngx_http_autostock_rights_text(), bytes */
#define NGX_HTTP_AUTOSTOCK_RIGHTS_TEXT  2048


/* Call it before the first row: all rights are missing. */
void ngx_http_autostock_rights_begin(ngx_http_autostock_rights_t *rights);

/* Adds a row of ..._RIGHTS_SELECT. */
void ngx_http_autostock_rights_row(ngx_http_autostock_rights_t *rights,
    ngx_str_t *table, ngx_str_t *column, ngx_str_t *privileges);

/*
 * A bit for each of ngx_http_autostock_right_e that is missing on one of its
 * columns or more.
 */
ngx_uint_t ngx_http_autostock_rights_missing(
    ngx_http_autostock_rights_t *rights);

/*
 * Writes which of these rights are missing, for the log, and returns the end of
 * the text.  It names the columns of a right that is missing only on some.
 */
u_char *ngx_http_autostock_rights_text(ngx_http_autostock_rights_t *rights,
    ngx_uint_t which, u_char *buf, u_char *last);


#endif /* _NGX_HTTP_AUTOSTOCK_RIGHTS_H_INCLUDED_ */
