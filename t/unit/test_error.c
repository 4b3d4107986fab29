#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "../../src/db/ngx_http_autostock_error.c"
#include "../../src/status/ngx_http_autostock_repeat.c"


volatile ngx_msec_t  ngx_current_msec;


/* nginx's, for "%ui" and plain text */

static u_char *
print(u_char *p, u_char *last, const char *fmt, va_list args)
{
    char  text[64];

    if (strstr(fmt, "%ui")) {
        snprintf(text, sizeof(text), " (%lu similar lines before it were "
                 "omitted)", (unsigned long) va_arg(args, ngx_uint_t));
        fmt = text;
    }

    while (*fmt && p < last) {
        *p++ = (u_char) *fmt++;
    }

    return p;
}


u_char *
ngx_slprintf(u_char *p, u_char *last, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    p = print(p, last, fmt, args);
    va_end(args);

    return p;
}


u_char *
ngx_snprintf(u_char *p, size_t max, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    p = print(p, p + max, fmt, args);
    va_end(args);

    return p;
}


static void
check_text(ngx_uint_t error, const char *text, const char *expected)
{
    u_char  to[NGX_HTTP_AUTOSTOCK_ERROR_TEXT];

    ngx_http_autostock_error_text(to, error, text);
    assert_string_equal((char *) to, expected);
}


static void
test_values_are_cut(void **state)
{
    (void) state;

    check_text(1062, "Duplicate entry 'a''b' for key 'PRIMARY'",
               "Duplicate entry '...'");
    check_text(1366, "Incorrect string value: '\\xF0' for column x at row 1",
               "Incorrect string value: '...' for column x at row 1");
    check_text(1644, "no \"secret\" here", "no '...' here");
    check_text(1644, "one ' alone", "one '...' alone");
    check_text(1644, "closed", "closed");
    check_text(1644, "", "");
}


static void
test_names_stay(void **state)
{
    (void) state;

    check_text(1143, "UPDATE command denied to user 'a'@'b' for column 'c'",
               "UPDATE command denied to user 'a'@'b' for column 'c'");
    check_text(1264, "Out of range value for column 'stock' at row 1",
               "Out of range value for column 'stock' at row 1");
    check_text(2002, "Can't connect to '127.0.0.1'",
               "Can't connect to '127.0.0.1'");
}


static void
test_text_is_one_bounded_line(void **state)
{
    char    text[1000];
    u_char  to[NGX_HTTP_AUTOSTOCK_ERROR_TEXT];

    (void) state;

    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    ngx_http_autostock_error_text(to, 1644, text);
    assert_int_equal(strlen((char *) to), sizeof(to) - 1);

    text[sizeof(to) - 2] = '\'';
    ngx_http_autostock_error_text(to, 1644, text);
    assert_int_equal(strlen((char *) to), sizeof(to) - 1);

    check_text(1644, "a\r\nb\tc\x7f", "a  b c ");
}


static void
test_passes(void **state)
{
    static const ngx_uint_t  passes[] = { 1205, 1317, 1290, 1040, 1114, 3101 };
    static const ngx_uint_t  stays[] = { 1142, 1143, 1146, 1264, 1644, 4025,
                                         3819, 1366, 1267, 1690 };
    size_t                   i;

    (void) state;

    for (i = 0; i < sizeof(passes) / sizeof(passes[0]); i++) {
        assert_true(ngx_http_autostock_error_passes(passes[i]));
    }

    for (i = 0; i < sizeof(stays) / sizeof(stays[0]); i++) {
        assert_false(ngx_http_autostock_error_passes(stays[i]));
    }
}


static void
test_repeats_are_counted(void **state)
{
    int                          i;
    const char                  *note;
    ngx_http_autostock_repeat_t  repeat;

    (void) state;

    memset(&repeat, 0, sizeof(repeat));
    ngx_current_msec = 1000;

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_REPEAT_LINES; i++) {
        note = ngx_http_autostock_repeat(&repeat);
        assert_non_null(note);
        assert_string_equal(note, "");
    }

    for (i = 0; i < 7; i++) {
        assert_null(ngx_http_autostock_repeat(&repeat));
    }

    ngx_current_msec += NGX_HTTP_AUTOSTOCK_REPEAT_PERIOD;
    note = ngx_http_autostock_repeat(&repeat);
    assert_non_null(note);
    assert_string_equal(note, " (7 similar lines before it were omitted)");

    note = ngx_http_autostock_repeat(&repeat);
    assert_string_equal(note, "");

    (void) ngx_http_autostock_repeat(&repeat);
    assert_null(ngx_http_autostock_repeat(&repeat));
    assert_string_equal(ngx_http_autostock_repeat_over(&repeat),
                        " (1 similar lines before it were omitted)");
    assert_string_equal(ngx_http_autostock_repeat(&repeat), "");
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_are_cut),
        cmocka_unit_test(test_names_stay),
        cmocka_unit_test(test_text_is_one_bounded_line),
        cmocka_unit_test(test_passes),
        cmocka_unit_test(test_repeats_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
