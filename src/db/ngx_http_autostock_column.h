
/*
 * The column product.sku, as the server describes it.  The shop's column may
 * have any character set and collation; the SKU of a request is UTF-8.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_COLUMN_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_COLUMN_H_INCLUDED_


#include "ngx_http_autostock_sql.h"


/* bytes of a name; MariaDB and MySQL limit identifiers to 64 characters */
#define NGX_HTTP_AUTOSTOCK_COLUMN_NAME  64


/* Both names are empty if the column is not known, or is binary. */
typedef struct {
    ngx_str_t    charset;
    ngx_str_t    collation;
    u_char       text[2 * NGX_HTTP_AUTOSTOCK_COLUMN_NAME];
} ngx_http_autostock_column_t;


/* returns one row of these two columns */
#define NGX_HTTP_AUTOSTOCK_COLUMN_SELECT                                     \
    "SELECT CHARACTER_SET_NAME,COLLATION_NAME"                               \
    " FROM information_schema.COLUMNS WHERE TABLE_SCHEMA=DATABASE()"         \
    " AND TABLE_NAME='product' AND COLUMN_NAME='sku'"

/* Copies the names.  Returns NGX_ERROR if one is not a valid name. */
ngx_int_t ngx_http_autostock_column_learn(ngx_http_autostock_column_t *column,
    ngx_str_t *charset, ngx_str_t *collation);

/* 1 if the column's character set is known and is not utf8mb4. */
ngx_uint_t ngx_http_autostock_column_is_foreign(
    ngx_http_autostock_column_t *column);

/*
 * Writes a SKU for a comparison with the column, such that the column's index
 * can be used.  Writes NULL, which equals nothing, if the column cannot hold
 * the SKU.
 */
void ngx_http_autostock_column_sku(ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_column_t *column, ngx_str_t *sku);

/*
 * Writes a SELECT of one row and two columns: whether the collation treats
 * letters with and without accents as equal, and whether it treats all emoji as
 * equal.  Returns NULL if there is nothing to find out: the column is compared
 * by code points, or is unknown.
 */
u_char *ngx_http_autostock_column_probe(ngx_http_autostock_column_t *column,
    u_char *buf, size_t size);


#endif /* _NGX_HTTP_AUTOSTOCK_COLUMN_H_INCLUDED_ */
