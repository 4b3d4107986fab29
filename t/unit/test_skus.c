#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "../../src/http/ngx_http_autostock_sku.c"
#include "../../src/http/ngx_http_autostock_skus.c"


static ngx_http_autostock_lookup_sku_t skus[NGX_HTTP_AUTOSTOCK_LOOKUP_MAX];
static ngx_uint_t                      n;
static char                            detail_text[256];


static ngx_int_t
parse(const char *text)
{
    static u_char decoded[65536], longer[65536];

    ngx_int_t rc;
    ngx_str_t args, detail;

    /* a hexadecimal digit follows that is not part of it */
    args.data = longer;
    args.len = strlen(text);
    assert_true(args.len < sizeof(longer));
    memcpy(longer, text, args.len);
    longer[args.len] = '1';
    detail.data = (u_char *) detail_text;
    detail.len = 0;

    rc = ngx_http_autostock_skus_parse(&args, decoded, skus, &n, &detail);

    memmove(detail_text, detail.data, detail.len);
    detail_text[detail.len] = '\0';

    return rc;
}


/* the SKUs, separated by blanks */
static void
check_skus(const char *args, const char *expected)
{
    char       text[1024], *p;
    ngx_uint_t i;

    assert_int_equal(parse(args), NGX_OK);

    for (i = 0, p = text; i < n; i++) {
        p += sprintf(p, "%s%.*s", i ? " " : "", (int) skus[i].sku.len,
                     (char *) skus[i].sku.data);
    }

    *p = '\0';
    assert_string_equal(text, expected);
}


static void
check_refused(const char *args, const char *words)
{
    assert_int_equal(parse(args), NGX_DECLINED);
    assert_true(strlen(detail_text) <= NGX_HTTP_AUTOSTOCK_SKUS_DETAIL_LEN);

    if (strstr(detail_text, words) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", words, detail_text);
    }
}


static void
test_order(void **state)
{
    (void) state;

    check_skus("sku=A", "A");
    check_skus("sku=B&sku=A", "B A");
    check_skus("sku=B&sku=A&sku=B&sku=A&sku=C", "B A C");
    check_skus("sku=A&sku=a", "A a");
}


static void
test_names(void **state)
{
    (void) state;

    check_skus("x=1&sku=A&skus=B&sk=C&xsku=D&&y&SKU=E&sKu=F&", "A E F");
    check_refused("", "it has none");
    check_refused("&", "it has none");
    check_refused("sk", "it has none");
    check_refused("skux=A", "it has none");
    check_refused("%73ku=A", "it has none");
}


static void
test_decoding(void **state)
{
    (void) state;

    check_skus("sku=%41%2f%2F&sku=A+B&sku=A=B&sku=%ea%b0%80",
               "A// A+B A=B \xea\xb0\x80");
    check_skus("sku=%2541", "%41");
    check_refused("sku=%", "number 1 is not percent-encoded");
    check_refused("sku=A&sku=%4", "number 2 is not percent-encoded");
    check_refused("sku=A&sku=%4&sku=1", "number 2 is not percent-encoded");
    check_refused("sku=%g1", "is not percent-encoded");
    check_refused("sku=%1g", "is not percent-encoded");
    check_refused("sku=%@1", "is not percent-encoded");
    check_refused("sku=%/1", "is not percent-encoded");
    check_refused("sku=%:1", "is not percent-encoded");
    check_refused("sku=%`1", "is not percent-encoded");
}


static void
test_validity(void **state)
{
    (void) state;

    check_refused("sku=", "number 1 is empty");
    check_refused("sku", "number 1 is empty");
    check_refused("sku=A&sku", "number 2 is empty");
    check_refused("sku&sku=A", "number 1 is empty");
    check_refused("sku=A&sku=B&sku=%00", "number 3 contains a control");
    check_refused("sku=%c0%af", "is not valid UTF-8");
}


/* each of so many characters */
static const char *
many(ngx_uint_t count, const char *one)
{
    static char text[65536];

    char *p;

    for (p = text; count--; /* void */ ) {
        p += sprintf(p, "&sku=%s%d", one, (int) count);
    }

    return text;
}


static void
test_limits(void **state)
{
    char       text[1024];
    ngx_uint_t i;

    (void) state;

    assert_int_equal(parse(many(100, "A")), NGX_OK);
    assert_int_equal(n, 100);
    check_refused(many(101, "A"), "it has more");

    strcpy(text, "sku=");

    for (i = 0; i < 200; i++) {
        strcat(text, "A");
    }

    assert_int_equal(parse(text), NGX_OK);
    assert_int_equal(skus[0].sku.len, 200);

    strcat(text, "A");
    check_refused(text, "number 1 is longer than 200 characters");
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_decoding),
        cmocka_unit_test(test_validity),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
