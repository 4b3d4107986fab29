
#include "ngx_http_autostock_column.h"


static ngx_int_t ngx_http_autostock_column_name(ngx_str_t *to, u_char *text,
    ngx_str_t *name);
static void ngx_http_autostock_column_convert(ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_column_t *column, ngx_str_t *sku);


ngx_int_t
ngx_http_autostock_column_learn(ngx_http_autostock_column_t *column,
    ngx_str_t *charset, ngx_str_t *collation)
{
    if (ngx_http_autostock_column_name(&column->charset, column->text,
                                       charset)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_autostock_column_name(&column->collation,
                            column->text + NGX_HTTP_AUTOSTOCK_COLUMN_NAME,
                            collation);
}


/* the name is written into SQL without quotes, so it may contain only these */

static ngx_int_t
ngx_http_autostock_column_name(ngx_str_t *to, u_char *text, ngx_str_t *name)
{
    u_char  ch;
    size_t  i;

    if (name->len > NGX_HTTP_AUTOSTOCK_COLUMN_NAME) {
        return NGX_ERROR;
    }

    for (i = 0; i < name->len; i++) {
        ch = name->data[i];

        if ((ch < 'a' || ch > 'z') && (ch < 'A' || ch > 'Z')
            && (ch < '0' || ch > '9') && ch != '_')
        {
            return NGX_ERROR;
        }

        text[i] = ch;
    }

    to->data = text;
    to->len = name->len;

    return NGX_OK;
}


ngx_uint_t
ngx_http_autostock_column_is_foreign(ngx_http_autostock_column_t *column)
{
    return column->charset.len
           && (column->charset.len != sizeof("utf8mb4") - 1
               || ngx_strncmp(column->charset.data, "utf8mb4",
                              sizeof("utf8mb4") - 1)
                  != 0);
}


/*
 * The server compares a literal in the column's character set if it can convert
 * the literal, and refuses the whole statement (errors 1267, 1270) otherwise.
 * So if the column is not utf8mb4, the SQL converts the literal itself.  A
 * literal that the conversion changes equals no SKU.
 */

void
ngx_http_autostock_column_sku(ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_column_t *column, ngx_str_t *sku)
{
    if (!ngx_http_autostock_column_is_foreign(column)) {
        ngx_http_autostock_sql_string(sql, sku);
        return;
    }

    ngx_http_autostock_sql_text(sql, "IF(CONVERT(");
    ngx_http_autostock_column_convert(sql, column, sku);
    ngx_http_autostock_sql_text(sql, " USING utf8mb4)=");
    ngx_http_autostock_sql_string(sql, sku);
    ngx_http_autostock_sql_text(sql, " COLLATE utf8mb4_bin,");
    ngx_http_autostock_column_convert(sql, column, sku);
    ngx_http_autostock_sql_text(sql, ",NULL)COLLATE ");
    ngx_http_autostock_sql_write(sql, (char *) column->collation.data,
                                 column->collation.len);
}


static void
ngx_http_autostock_column_convert(ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_column_t *column, ngx_str_t *sku)
{
    ngx_http_autostock_sql_text(sql, "CONVERT(");
    ngx_http_autostock_sql_string(sql, sku);
    ngx_http_autostock_sql_text(sql, " USING ");
    ngx_http_autostock_sql_write(sql, (char *) column->charset.data,
                                 column->charset.len);
    ngx_http_autostock_sql_text(sql, ")");
}


/* "cafe" and "café"; two emoji, which become "?" in a column without emoji */

u_char *
ngx_http_autostock_column_probe(ngx_http_autostock_column_t *column,
    u_char *buf, size_t size)
{
    ngx_str_t  *charset, *collation;

    charset = &column->charset;
    collation = &column->collation;

    if (charset->len == 0 || collation->len < sizeof("_bin")
        || ngx_strncmp(collation->data + collation->len
                       - (sizeof("_bin") - 1), "_bin", sizeof("_bin") - 1)
           == 0)
    {
        return NULL;
    }

    return ngx_snprintf(buf, size,
            "SELECT CONVERT(_utf8mb4 x'63616665' USING %V)COLLATE %V"
            "=CONVERT(_utf8mb4 x'636166c3a9' USING %V),"
            "CONVERT(_utf8mb4 x'f09f8d95' USING %V)COLLATE %V"
            "=CONVERT(_utf8mb4 x'f09f8da9' USING %V)"
            " AND CONVERT(_utf8mb4 x'f09f8d95' USING %V)<>'?'",
            charset, collation, charset, charset, collation, charset,
            charset);
}
