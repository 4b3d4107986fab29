/*
 * Rows of a settlement's packets, column by column, over settle_fixture.h; with
 * the sources that take them.
 */

#ifndef SETTLE_ROWS_FIXTURE_H
#define SETTLE_ROWS_FIXTURE_H

#define FIXTURE_COLUMNS                /* the real ones */

#include "settle_fixture.h"

#include "../../src/sell/ngx_http_autostock_settle_column.c"
#include "../../src/sell/ngx_http_autostock_settle_product.c"
#include "../../src/sell/ngx_http_autostock_settle_rows.c"
#include "../../src/sell/ngx_http_autostock_settle_rows_return.c"


/* of the rows with most columns: of holds */
#define COLUMNS  (6 + NGX_HTTP_AUTOSTOCK_SETTLE_PRODUCT_COLUMNS)

#define SALE_COLUMNS  (5 + NGX_HTTP_AUTOSTOCK_SETTLE_PRODUCT_COLUMNS)

static ngx_str_t  columns[COLUMNS];


void *
ngx_pnalloc(ngx_pool_t *pool, size_t size)
{
    return ngx_palloc(pool, size);
}


u_char *
ngx_pstrdup(ngx_pool_t *pool, ngx_str_t *src)
{
    u_char  *p;

    p = ngx_palloc(pool, src->len);

    return p ? memcpy(p, src->data, src->len) : NULL;
}


ngx_int_t
ngx_http_autostock_sql_integer(ngx_str_t *column, int64_t *value)
{
    char  text[32], *end;

    assert_true(column->len < sizeof(text));
    memcpy(text, column->data, column->len);
    text[column->len] = '\0';
    *value = strtoll(text, &end, 10);

    return column->len && *end == '\0' ? NGX_OK : NGX_ERROR;
}


/* An id is fresh if its first byte says so. */

ngx_uint_t
ngx_http_autostock_id_is_fresh(u_char id[NGX_HTTP_AUTOSTOCK_UUID_LEN])
{
    return id[0] == 0xff;
}


static inline int
setup(void **state)
{
    (void) fixture_setup(state);
    ngx_http_autostock_settle_table_none(&fixture.s);
    memset(columns, 0, sizeof(columns));

    return 0;
}


static inline int
again(void **state)
{
    (void) fixture_teardown(state);

    return setup(state);
}


/* a column of these bytes; NULL: SQL's NULL */

static inline void
column(ngx_uint_t i, const char *text)
{
    columns[i].data = (u_char *) text;
    columns[i].len = text ? strlen(text) : 0;
}


/* a column of 16 bytes, the last two of them given */

static inline void
id(ngx_uint_t i, u_char byte, u_char last, u_char least)
{
    static u_char  ids[COLUMNS][16];

    memset(ids[i], byte, 14);
    ids[i][14] = last;
    ids[i][15] = least;
    columns[i].data = ids[i];
    columns[i].len = 16;
}


/* the columns of a product from this one on */

static inline void
product_columns(ngx_uint_t i)
{
    id(i, 5, 5, 5);
    column(i + 1, "a\"b");
    column(i + 2, "10");
    column(i + 3, "2");
    column(i + 4, "-1");
    column(i + 5, "20");
    column(i + 6, "1");
    column(i + 7, "0");
}


/* a hold that is held, without a line */

static inline void
hold_columns(void)
{
    id(0, 1, 1, 1);
    column(1, "held");
    column(2, "0");
    column(4, "0");
}


static inline ngx_int_t
row(ngx_uint_t statement, ngx_uint_t n)
{
    return ngx_http_autostock_settle_rows(&fixture.s, statement, columns, n);
}


static inline ngx_http_autostock_settle_subject_t *
subjects(void)
{
    return fixture.s.subjects.elts;
}


#define TEST(name)                                                            \
    cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)


#endif /* SETTLE_ROWS_FIXTURE_H */
