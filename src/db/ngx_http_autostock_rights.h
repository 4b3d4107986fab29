
/*
 * What the database's user must be allowed to do (sql/grants.sql), and what
 * the server says of it.  A server lists the columns that a user may use, each
 * with what the user may do to it, whatever grant or role that comes from.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_RIGHTS_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_RIGHTS_H_INCLUDED_


#include "ngx_http_autostock_status.h"


/* of each right, a bit for each of its columns that is missing */
typedef struct {
    uint32_t     missing[NGX_HTTP_AUTOSTOCK_RIGHTS];
} ngx_http_autostock_rights_t;


/* One SELECT a table: by name and schema, MariaDB opens that table alone. */
#define NGX_HTTP_AUTOSTOCK_RIGHTS_OF(table)                                  \
    "SELECT TABLE_NAME,COLUMN_NAME,PRIVILEGES"                               \
    " FROM information_schema.COLUMNS WHERE TABLE_SCHEMA=DATABASE()"         \
    " AND TABLE_NAME='" table "'"

/* its rows have these three columns; no row: the user has none */
#define NGX_HTTP_AUTOSTOCK_RIGHTS_SELECT                                     \
    NGX_HTTP_AUTOSTOCK_RIGHTS_OF("product") " UNION ALL "                    \
    NGX_HTTP_AUTOSTOCK_RIGHTS_OF("stock_movement") " UNION ALL "             \
    NGX_HTTP_AUTOSTOCK_RIGHTS_OF("stock_movement_key") " UNION ALL "         \
    NGX_HTTP_AUTOSTOCK_RIGHTS_OF("restock_order") " UNION ALL "              \
    NGX_HTTP_AUTOSTOCK_RIGHTS_OF("stock_hold") " UNION ALL "                 \
    NGX_HTTP_AUTOSTOCK_RIGHTS_OF("stock_hold_line") " UNION ALL "            \
    NGX_HTTP_AUTOSTOCK_RIGHTS_OF("stock_return") " UNION ALL "               \
    NGX_HTTP_AUTOSTOCK_RIGHTS_OF("restock_order_trace")

/* without these orders have no traces; no request fails */
#define NGX_HTTP_AUTOSTOCK_RIGHTS_OPTIONAL                                   \
    (((ngx_uint_t) 1 << NGX_HTTP_AUTOSTOCK_RIGHT_TRACE_SELECT)               \
     | ((ngx_uint_t) 1 << NGX_HTTP_AUTOSTOCK_RIGHT_TRACE_INSERT))

/* ms between two looks while a right is missing; only an optional one */
#define NGX_HTTP_AUTOSTOCK_RIGHTS_AGAIN     5000
#define NGX_HTTP_AUTOSTOCK_RIGHTS_SELDOM   60000

/* what ngx_http_autostock_rights_text() writes at the most */
#define NGX_HTTP_AUTOSTOCK_RIGHTS_TEXT  2048


/* Before the first row: all is missing. */
void ngx_http_autostock_rights_begin(ngx_http_autostock_rights_t *rights);

void ngx_http_autostock_rights_row(ngx_http_autostock_rights_t *rights,
    ngx_str_t *table, ngx_str_t *column, ngx_str_t *privileges);

/* A bit for each of ngx_http_autostock_right_e that is missing, also if only
 * for one of its columns. */
ngx_uint_t ngx_http_autostock_rights_missing(
    ngx_http_autostock_rights_t *rights);

/*
 * What is missing of these rights, for the log; columns are named where others
 * are there.
 */
u_char *ngx_http_autostock_rights_text(ngx_http_autostock_rights_t *rights,
    ngx_uint_t which, u_char *buf, u_char *last);


#endif /* _NGX_HTTP_AUTOSTOCK_RIGHTS_H_INCLUDED_ */
