/*
 * The module's SQL text: literals of what comes from outside, numbers, a buffer
 * that grows, and memory that ends in the middle of a packet.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "../../src/db/ngx_http_autostock_sql.c"


#define LENGTH(array)  (sizeof(array) / sizeof((array)[0]))


volatile ngx_cycle_t             *ngx_cycle;

static ngx_http_autostock_sql_t   sql;
static int                        allocations;     /* that still succeed */
static int                        allocated;


void *
ngx_alloc(size_t size, ngx_log_t *log)
{
    (void) log;

    if (allocations == 0) {
        return NULL;
    }

    allocations--;
    allocated++;

    return malloc(size);
}


/* digits only, as nginx's */

off_t
ngx_atoof(u_char *line, size_t n)
{
    off_t  value;

    if (n == 0) {
        return NGX_ERROR;
    }

    for (value = 0; n--; line++) {
        if (*line < '0' || *line > '9'
            || value > (NGX_MAX_OFF_T_VALUE - (*line - '0')) / 10)
        {
            return NGX_ERROR;
        }

        value = value * 10 + (*line - '0');
    }

    return value;
}


static int
setup(void **state)
{
    static ngx_cycle_t  cycle;

    (void) state;
    ngx_cycle = &cycle;
    allocations = 100;
    allocated = 0;
    memset(&sql, 0, sizeof(sql));

    return 0;
}


static int
teardown(void **state)
{
    (void) state;
    ngx_http_autostock_sql_free(&sql);
    assert_null(sql.start);
    ngx_http_autostock_sql_free(&sql);

    return 0;
}


/* the text so far is exactly this */

static void
is(const char *expected)
{
    assert_false(sql.failed);
    assert_int_equal(sql.pos - sql.start, strlen(expected));
    assert_memory_equal(sql.start, expected, strlen(expected));
}


/* no byte of a value is written as it came */

static void
literals(void **state)
{
    size_t  i;

    static const struct {
        const char  *value;
        size_t       len;
        const char  *expected;
    } cases[] = {
        { "", 0, "_utf8mb4 x''" },
        { "A", 1, "_utf8mb4 x'41'" },
        { "'; DROP", 7, "_utf8mb4 x'273b2044524f50'" },
        { "\0\xff\\", 3, "_utf8mb4 x'00ff5c'" }
    };

    (void) state;

    for (i = 0; i < LENGTH(cases); i++) {
        ngx_str_t  value = { cases[i].len, (u_char *) cases[i].value };

        ngx_http_autostock_sql_reset(&sql);
        ngx_http_autostock_sql_string(&sql, &value);
        is(cases[i].expected);
    }
}


static void
numbers(void **state)
{
    size_t  i;

    static const struct {
        int64_t      value;
        const char  *expected;
    } cases[] = {
        { 0, "0" }, { 9, "9" }, { 10, "10" }, { -1, "-1" },
        { 1000000, "1000000" }, { INT32_MIN, "-2147483648" },
        { INT64_MAX, "9223372036854775807" },
        { -INT64_MAX, "-9223372036854775807" }
    };

    static const struct {
        uint32_t     value;
        ngx_uint_t   bytes;
        const char  *expected;
    } hex[] = {
        { 0, 1, "00" }, { 0xabc, 2, "0abc" }, { 0x01020304, 4, "01020304" },
        { 0x01020304, 2, "0304" }, { UINT32_MAX, 3, "ffffff" }
    };

    (void) state;

    for (i = 0; i < LENGTH(cases); i++) {
        ngx_http_autostock_sql_reset(&sql);
        ngx_http_autostock_sql_number(&sql, cases[i].value);
        is(cases[i].expected);
    }

    for (i = 0; i < LENGTH(hex); i++) {
        ngx_http_autostock_sql_reset(&sql);
        ngx_http_autostock_sql_hex(&sql, hex[i].value, hex[i].bytes);
        is(hex[i].expected);
    }
}


static void
statements(void **state)
{
    (void) state;

    ngx_http_autostock_sql_text(&sql, "BEGIN");
    assert_int_equal(sql.statements, 0);
    ngx_http_autostock_sql_next(&sql);
    ngx_http_autostock_sql_text(&sql, "COMMIT");
    ngx_http_autostock_sql_next(&sql);
    assert_int_equal(sql.statements, 2);
    is("BEGIN;COMMIT;");

    ngx_http_autostock_sql_reset(&sql);
    assert_int_equal(sql.statements, 0);
    is("");
}


/* what was written stays when the buffer moves; a reset keeps the buffer */

static void
grows(void **state)
{
    size_t   i;
    u_char  *start;

    (void) state;

    for (i = 0; i < 4000; i++) {
        ngx_http_autostock_sql_number(&sql, (int64_t) (i % 10));
    }
    assert_int_equal(allocated, 1);

    for (i = 0; i < 100000; i++) {
        ngx_http_autostock_sql_number(&sql, (int64_t) ((i + 4000) % 10));
    }
    assert_true(allocated < 8);
    assert_int_equal(sql.pos - sql.start, 104000);

    for (i = 0; i < 104000; i++) {
        assert_int_equal(sql.start[i], '0' + i % 10);
    }

    start = sql.start;
    ngx_http_autostock_sql_reset(&sql);
    ngx_http_autostock_sql_text(&sql, "DO 1");
    assert_ptr_equal(sql.start, start);
    is("DO 1");
}


/* a value that is longer than twice the buffer */

static void
at_once(void **state)
{
    u_char     *value;
    ngx_str_t   text;

    (void) state;
    value = malloc(50000);
    memset(value, 0xab, 50000);
    text.data = value;
    text.len = 50000;
    ngx_http_autostock_sql_string(&sql, &text);
    assert_int_equal(allocated, 2);
    assert_int_equal(sql.pos - sql.start, sizeof("_utf8mb4 x''") - 1 + 100000);
    assert_memory_equal(sql.pos - 5, "abab'", 5);
    free(value);
}


/* nothing is written after the failure: no packet with a hole is sent */

static void
no_memory(void **state)
{
    size_t      i, used;
    ngx_str_t   text = ngx_string("value");

    (void) state;

    allocations = 1;
    ngx_http_autostock_sql_text(&sql, "DO 1;");
    for (i = 0; i < 1000 && !sql.failed; i++) {
        ngx_http_autostock_sql_string(&sql, &text);
    }

    used = sql.pos - sql.start;
    allocations = 100;
    ngx_http_autostock_sql_text(&sql, ";");
    ngx_http_autostock_sql_string(&sql, &text);
    ngx_http_autostock_sql_number(&sql, -5);
    ngx_http_autostock_sql_hex(&sql, 5, 4);
    ngx_http_autostock_sql_next(&sql);
    assert_true(sql.failed);
    assert_int_equal(sql.pos - sql.start, used);

    ngx_http_autostock_sql_reset(&sql);
    ngx_http_autostock_sql_text(&sql, "DO 2");
    is("DO 2");

    /* not even the first */
    ngx_http_autostock_sql_free(&sql);
    allocations = 0;
    ngx_http_autostock_sql_text(&sql, "DO 1");
    assert_true(sql.failed);
    assert_null(sql.start);
}


static void
columns(void **state)
{
    size_t   i;
    int64_t  value;

    static const struct {
        const char  *column;
        ngx_int_t    rc;
        int64_t      value;
    } cases[] = {
        { "0", NGX_OK, 0 }, { "-0", NGX_OK, 0 }, { "12", NGX_OK, 12 },
        { "-12", NGX_OK, -12 }, { "007", NGX_OK, 7 },
        { "9223372036854775807", NGX_OK, INT64_MAX },
        { "9223372036854775808", NGX_ERROR, 0 }, { "", NGX_ERROR, 0 },
        { "-", NGX_ERROR, 0 }, { "--1", NGX_ERROR, 0 },
        { "1.0", NGX_ERROR, 0 }, { "+1", NGX_ERROR, 0 },
        { " 1", NGX_ERROR, 0 }, { "x", NGX_ERROR, 0 }
    };

    (void) state;

    for (i = 0; i < LENGTH(cases); i++) {
        ngx_str_t  column = { strlen(cases[i].column),
                              (u_char *) cases[i].column };

        value = 77;
        assert_int_equal(ngx_http_autostock_sql_integer(&column, &value),
                         cases[i].rc);
        assert_int_equal(value, cases[i].rc == NGX_OK ? cases[i].value : 77);
    }
}


#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(literals),
        TEST(numbers),
        TEST(statements),
        TEST(grows),
        TEST(at_once),
        TEST(no_memory),
        TEST(columns)
    };

    return cmocka_run_group_tests_name("sql", tests, NULL, NULL);
}
