
#include "ngx_http_autostock_sql.h"

#include "as_decimal.h"
#include "as_hex.h"


#define NGX_HTTP_AUTOSTOCK_SQL_MIN  4096              /* bytes */


static u_char *ngx_http_autostock_sql_room(ngx_http_autostock_sql_t *sql,
    size_t size);


void
ngx_http_autostock_sql_reset(ngx_http_autostock_sql_t *sql)
{
    sql->pos = sql->start;
    sql->statements = 0;
    sql->failed = 0;
}


void
ngx_http_autostock_sql_free(ngx_http_autostock_sql_t *sql)
{
    if (sql->start) {
        ngx_free(sql->start);
    }

    ngx_memzero(sql, sizeof(ngx_http_autostock_sql_t));
}


/* returns NULL if there is no memory, now or before: the text is not written */

static u_char *
ngx_http_autostock_sql_room(ngx_http_autostock_sql_t *sql, size_t size)
{
    size_t   used, total;
    u_char  *p;

    if (sql->failed) {
        return NULL;
    }

    if ((size_t) (sql->end - sql->pos) >= size) {
        return sql->pos;
    }

    used = sql->pos - sql->start;
    total = ngx_max((size_t) (sql->end - sql->start) * 2,
                    NGX_HTTP_AUTOSTOCK_SQL_MIN);

    while (total < used + size) {
        total *= 2;
    }

    p = ngx_alloc(total, ngx_cycle->log);
    if (p == NULL) {
        sql->failed = 1;
        return NULL;
    }

    if (sql->start) {
        ngx_memcpy(p, sql->start, used);
        ngx_free(sql->start);
    }

    sql->start = p;
    sql->pos = p + used;
    sql->end = p + total;

    return sql->pos;
}


void
ngx_http_autostock_sql_write(ngx_http_autostock_sql_t *sql, const char *text,
    size_t len)
{
    u_char  *p;

    p = ngx_http_autostock_sql_room(sql, len);

    if (p) {
        sql->pos = ngx_cpymem(p, text, len);
    }
}


void
ngx_http_autostock_sql_next(ngx_http_autostock_sql_t *sql)
{
    ngx_http_autostock_sql_text(sql, ";");
    sql->statements++;
}


void
ngx_http_autostock_sql_binary(ngx_http_autostock_sql_t *sql,
    const u_char *data, size_t len)
{
    u_char  *p;

    p = ngx_http_autostock_sql_room(sql, len * 2 + sizeof("x''") - 1);

    if (p) {
        *p++ = 'x';
        *p++ = '\'';
        p = as_hex(p, data, len);
        *p++ = '\'';
        sql->pos = p;
    }
}


void
ngx_http_autostock_sql_hex(ngx_http_autostock_sql_t *sql, uint32_t value,
    ngx_uint_t bytes)
{
    u_char      *p, data[sizeof(uint32_t)];
    ngx_uint_t   i;

    p = ngx_http_autostock_sql_room(sql, bytes * 2);

    if (p) {
        for (i = 0; i < bytes; i++) {
            data[i] = (u_char) (value >> 8 * (bytes - 1 - i));
        }

        sql->pos = as_hex(p, data, bytes);
    }
}


void
ngx_http_autostock_sql_string(ngx_http_autostock_sql_t *sql, ngx_str_t *value)
{
    ngx_http_autostock_sql_text(sql, "_utf8mb4 ");
    ngx_http_autostock_sql_binary(sql, value->data, value->len);
}


void
ngx_http_autostock_sql_number(ngx_http_autostock_sql_t *sql, int64_t value)
{
    u_char  *p;

    p = ngx_http_autostock_sql_room(sql, 1 + AS_DECIMAL_LEN);

    if (p) {
        if (value < 0) {
            *p++ = '-';
            value = -value;
        }

        sql->pos = as_decimal(p, (uint64_t) value);
    }
}


ngx_int_t
ngx_http_autostock_sql_integer(ngx_str_t *column, int64_t *value)
{
    off_t       n;
    ngx_uint_t  negative;

    if (column->len == 0) {
        return NGX_ERROR;
    }

    negative = column->data[0] == '-';
    n = ngx_atoof(column->data + negative, column->len - negative);

    if (n == NGX_ERROR) {
        return NGX_ERROR;
    }

    *value = negative ? - (int64_t) n : (int64_t) n;

    return NGX_OK;
}
