
/*
 * SQL text, written into a buffer that grows and is reused.  All external input
 * is written as a hexadecimal literal, so that it cannot be taken for SQL.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_SQL_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_SQL_H_INCLUDED_


#include "ngx_http_autostock.h"


typedef struct {
    u_char      *start;
    u_char      *pos;
    u_char      *end;
    ngx_uint_t   statements;      /* number written, to match the results */
    unsigned     failed:1;        /* no memory: do not send */
} ngx_http_autostock_sql_t;


void ngx_http_autostock_sql_reset(ngx_http_autostock_sql_t *sql);
void ngx_http_autostock_sql_free(ngx_http_autostock_sql_t *sql);

/* writes len bytes of SQL */
void ngx_http_autostock_sql_write(ngx_http_autostock_sql_t *sql,
    const char *text, size_t len);

/* writes a string literal of the source code */
#define ngx_http_autostock_sql_text(sql, text)                               \
    ngx_http_autostock_sql_write(sql, text, sizeof(text) - 1)

/* ends a statement; its number is sql->statements before the call */
void ngx_http_autostock_sql_next(ngx_http_autostock_sql_t *sql);

/* x'...', a binary string */
void ngx_http_autostock_sql_binary(ngx_http_autostock_sql_t *sql,
    const u_char *data, size_t len);

/* a number as this many bytes in hexadecimal, big-endian, without quotes */
void ngx_http_autostock_sql_hex(ngx_http_autostock_sql_t *sql,
    uint32_t value, ngx_uint_t bytes);

/* _utf8mb4 x'...', a character string */
void ngx_http_autostock_sql_string(ngx_http_autostock_sql_t *sql,
    ngx_str_t *value);

void ngx_http_autostock_sql_number(ngx_http_autostock_sql_t *sql,
    int64_t value);

/*
 * Reads a number from a column of a row.  Returns NGX_ERROR if the column is
 * NULL or not a whole number.
 */
ngx_int_t ngx_http_autostock_sql_integer(ngx_str_t *column, int64_t *value);

/*
 * The guard: "SET @autostock=IF(ROW_COUNT()=" n OR_FAIL fails, in any SQL mode,
 * with BIGINT UNSIGNED out of range, unless the previous statement changed n
 * rows.  Its result is one OK packet.  The result set of a SELECT would make
 * the transaction of a single sale 20 % slower.
 */
#define NGX_HTTP_AUTOSTOCK_SQL_IF_ROWS  "SET @autostock=IF(ROW_COUNT()="
#define NGX_HTTP_AUTOSTOCK_SQL_OR_FAIL  ",1,~0+ROW_COUNT()+2)"


#endif /* _NGX_HTTP_AUTOSTOCK_SQL_H_INCLUDED_ */
