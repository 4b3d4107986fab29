#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "../../src/db/ngx_http_autostock_rights.c"


/* nginx's, for "%s" alone */

u_char *
ngx_slprintf(u_char *p, u_char *last, const char *fmt, ...)
{
    va_list      args;
    const char  *s;

    va_start(args, fmt);

    while (*fmt && p < last) {
        if (strncmp(fmt, "%s", 2) == 0) {
            for (s = va_arg(args, char *); *s && p < last; s++) {
                *p++ = (u_char) *s;
            }

            fmt += 2;
            continue;
        }

        *p++ = (u_char) *fmt++;
    }

    va_end(args);

    return p;
}


ngx_int_t
ngx_strncasecmp(u_char *s1, u_char *s2, size_t n)
{
    return strncasecmp((char *) s1, (char *) s2, n);
}


static void
row(ngx_http_autostock_rights_t *rights, const char *table,
    const char *column, const char *privileges)
{
    ngx_str_t  t = { strlen(table), (u_char *) table };
    ngx_str_t  c = { strlen(column), (u_char *) column };
    ngx_str_t  p = { strlen(privileges), (u_char *) privileges };

    ngx_http_autostock_rights_row(rights, &t, &c, &p);
}


static const char *
text_of(ngx_http_autostock_rights_t *rights, ngx_uint_t which)
{
    static u_char  buf[NGX_HTTP_AUTOSTOCK_RIGHTS_TEXT];

    *ngx_http_autostock_rights_text(rights, which, buf,
                                    buf + sizeof(buf) - 1) = '\0';

    return (char *) buf;
}


static const char *
text(ngx_http_autostock_rights_t *rights)
{
    return text_of(rights, (ngx_uint_t) -1);
}


/* the rows that a user with sql/grants.sql sees, but without one right */

static void
all_but(ngx_http_autostock_rights_t *rights, ngx_uint_t right,
    const char *column)
{
    ngx_uint_t                  i, k;
    ngx_http_autostock_need_t  *need;

    ngx_http_autostock_rights_begin(rights);

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_RIGHTS; i++) {
        need = &ngx_http_autostock_needs[i];

        for (k = 0; need->columns[k]; k++) {
            if (i != right || (column && strcmp(column, need->columns[k]))) {
                row(rights, need->table, need->columns[k], need->privilege);
            }
        }
    }
}


static void
test_none(void **state)
{
    ngx_http_autostock_rights_t  rights;

    (void) state;

    ngx_http_autostock_rights_begin(&rights);
    row(&rights, "factory", "name", "select,insert,update");
    row(&rights, "product", "colour", "select,insert,update");

    assert_int_equal(ngx_http_autostock_rights_missing(&rights),
                     (1 << NGX_HTTP_AUTOSTOCK_RIGHTS) - 1);
    assert_string_equal(text(&rights),
        "select on product, update on product, select on stock_movement, "
        "insert on stock_movement, select on stock_movement_key, "
        "insert on stock_movement_key, select on restock_order, "
        "insert on restock_order, update on restock_order, "
        "select on stock_hold, insert on stock_hold, update on stock_hold, "
        "select on stock_hold_line, insert on stock_hold_line, "
        "select on stock_return, insert on stock_return, "
        "select on restock_order_trace, insert on restock_order_trace");

    assert_string_equal(text_of(&rights, NGX_HTTP_AUTOSTOCK_RIGHTS_OPTIONAL),
        "select on restock_order_trace, insert on restock_order_trace");
    assert_null(strstr(text_of(&rights, ~NGX_HTTP_AUTOSTOCK_RIGHTS_OPTIONAL),
                       "trace"));
}


static void
test_all(void **state)
{
    ngx_http_autostock_rights_t  rights;

    (void) state;

    all_but(&rights, NGX_HTTP_AUTOSTOCK_RIGHTS, NULL);

    assert_int_equal(ngx_http_autostock_rights_missing(&rights), 0);
    assert_string_equal(text(&rights), "");
}


static void
test_one(void **state)
{
    ngx_uint_t                   i;
    ngx_http_autostock_rights_t  rights;

    (void) state;

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_RIGHTS; i++) {
        all_but(&rights, i, NULL);
        assert_int_equal(ngx_http_autostock_rights_missing(&rights), 1 << i);
    }

    assert_string_equal(text(&rights), "insert on restock_order_trace");
}


static void
test_column(void **state)
{
    ngx_http_autostock_rights_t  rights;

    (void) state;

    all_but(&rights, NGX_HTTP_AUTOSTOCK_RIGHT_ORDER_UPDATE, "last_error");

    assert_int_equal(ngx_http_autostock_rights_missing(&rights),
                     1 << NGX_HTTP_AUTOSTOCK_RIGHT_ORDER_UPDATE);
    assert_string_equal(text(&rights),
                        "update (last_error) on restock_order");
}


static void
test_privileges(void **state)
{
    static const char  *some[] = { "", ",", "update", "selects", "sel",
                                   "references,update,", "preselect" };
    static const char  *has[] = { "select", "Select,insert",
                                  "insert,SELECT,references", "update,select" };

    size_t                       i;
    ngx_http_autostock_rights_t  rights;

    (void) state;

    all_but(&rights, NGX_HTTP_AUTOSTOCK_RIGHT_KEY_SELECT, "movement_id");

    for (i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
        row(&rights, "stock_movement_key", "movement_id", some[i]);
        assert_int_not_equal(ngx_http_autostock_rights_missing(&rights), 0);
    }

    for (i = 0; i < sizeof(has) / sizeof(has[0]); i++) {
        all_but(&rights, NGX_HTTP_AUTOSTOCK_RIGHT_KEY_SELECT, "movement_id");
        row(&rights, "Stock_Movement_Key", "MOVEMENT_ID", has[i]);
        assert_int_equal(ngx_http_autostock_rights_missing(&rights), 0);
    }
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_one),
        cmocka_unit_test(test_column),
        cmocka_unit_test(test_privileges)
    };

    return cmocka_run_group_tests_name("rights", tests, NULL, NULL);
}
