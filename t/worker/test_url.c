/*
 * URLs in their usual spellings, and invalid ones.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/url.h"


static void
urls(void **state)
{
    char    url[128];
    size_t  i;

    static const char *const  cases[][2] = {
        { "http://a", "http://a" },
        { "https://a/b?c#d", "https://a/b?c#d" },
        { "HTTP://A/b", "http://A/b" },
        { "hTtPs://[::1]:80/", "https://[::1]:80/" },
        { " http://a", "http://a" },
        { "\thttp://a\r\n", "http://a" },
        { "\xef\xbb\xbfhttp://a", "http://a" },
        { "\xef\xbb\xbf \xc2\xa0http://a/\xe3\x80\x80 \xc2\xa0", "http://a/" },
        { "http://a/\x7f", "http://a/" },
        { "http://도너츠.example/", "http://도너츠.example/" },
        { "http://u:p@a/", "http://u:p@a/" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(as_url_http(cases[i][0], url),
                         strlen(cases[i][1]));
        assert_string_equal(url, cases[i][1]);
    }
}


static void
nothing(void **state)
{
    char    url[128];
    size_t  i;

    static const char *const  blank[] = {
        "", " ", "\t\r\n", "\xef\xbb\xbf", "\xc2\xa0\xe3\x80\x80"
    };

    static const char *const  none[] = {
        "//a/b", "a", "a/b", "/a", "ftp://a", "http:", "http:/a", "http://",
        "http:///a", "https://?a", "http://:80/", "http://@a/", "http//a",
        "http://a b/", "http://a/\nb", "http://a/\xc2\xa0/b", "xhttp://a",
        "\xef\xbb", "mailto:a@b", "-", "http://a/ http://b/"
    };

    (void) state;

    for (i = 0; i < sizeof(blank) / sizeof(blank[0]); i++) {
        assert_int_equal(as_url_http(blank[i], url), 0);
    }

    for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        if (as_url_http(none[i], url) != -1) {
            fail_msg("%s is taken for %s", none[i], url);
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(urls),
        cmocka_unit_test(nothing)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
