
/*
 * The column product.sku, as the server describes it.  The shop's column may
 * have any character set and collation; a request's SKU is UTF-8.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_COLUMN_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_COLUMN_H_INCLUDED_


#include "ngx_http_autostock_sql.h"


/* of a name; both servers give identifiers 64 */
#define NGX_HTTP_AUTOSTOCK_COLUMN_NAME  64


/* Both empty where nothing is known: no such column, or it holds bytes. */
typedef struct {
    ngx_str_t    charset;
    ngx_str_t    collation;
    u_char       text[2 * NGX_HTTP_AUTOSTOCK_COLUMN_NAME];
} ngx_http_autostock_column_t;


/* its row has these two columns */
#define NGX_HTTP_AUTOSTOCK_COLUMN_SELECT                                     \
    "SELECT CHARACTER_SET_NAME,COLLATION_NAME"                               \
    " FROM information_schema.COLUMNS WHERE TABLE_SCHEMA=DATABASE()"         \
    " AND TABLE_NAME='product' AND COLUMN_NAME='sku'"

/* NGX_ERROR where these are no names */
ngx_int_t ngx_http_autostock_column_learn(ngx_http_autostock_column_t *column,
    ngx_str_t *charset, ngx_str_t *collation);

/*
 * A SKU to be compared with the column, whose key is used.  NULL, so that
 * nothing is equal to it, where the column cannot hold it.
 */
void ngx_http_autostock_column_sku(ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_column_t *column, ngx_str_t *sku);

/*
 * A SELECT of one row and two columns: whether the collation folds accents,
 * and whether it folds emoji.  NULL where there is nothing to be asked: the
 * column is compared by its code points, or nothing is known of it.
 */
u_char *ngx_http_autostock_column_probe(ngx_http_autostock_column_t *column,
    u_char *buf, size_t size);


#endif /* _NGX_HTTP_AUTOSTOCK_COLUMN_H_INCLUDED_ */
