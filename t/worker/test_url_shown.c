/*
 * URLs as they are shown: without possible secrets.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/url_shown.h"


static void
shown(void **state)
{
    char    out[AS_URL_SHOWN_LEN];
    size_t  i;

    static const char *const  rows[][2] = {
        { "http://f/api", "http://f/api" },
        { "http://127.0.0.1:80/a/@b/c", "http://127.0.0.1:80/a/@b/c" },
        { "http://[::1]:80/a@b", "http://[::1]:80/a@b" },
        { "https://u:pw@f:443/api", "https://***@f:443/api" },
        { "HTTPS://key@f/", "HTTPS://***@f/" },
        { "https://u:p@w@f/", "https://***@f/" },
        { "https://u:p/w@f/api", "https://***@f/api" },
        { "https://u:p?w@f/api", "https://***@f/api" },
        { "https://u:p#w@f/api", "https://***@f/api" },
        { "https://@f/", "https://***@f/" },
        { "https://f/api?key=k&b=&c#x", "https://f/api?key=***&b=***&***" },
        { "https://f/api?SECRET", "https://f/api?***" },
        { "https://f/api?a=b=c&&d", "https://f/api?a=***&&***" },
        { "https://f?k=a@b", "https://f?k=***" },
        { "https://f/{sku}?", "https://f/{sku}?" },
        { "https://f/a#token", "https://f/a" },
        { "u:pw@proxy:3128", "***@proxy:3128" },
        { "proxy:3128", "proxy:3128" },
        { "//u:pw@f/x", "//***@f/x" },
        { "socks5h://u:pw@p", "socks5h://***@p" },
        { "", "" }
    };

    (void) state;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_string_equal(as_url_shown(rows[i][0], out), rows[i][1]);
    }
}


static void
long_ones_are_cut(void **state)
{
    char  url[3000], out[AS_URL_SHOWN_LEN];

    (void) state;

    memset(url, 'a', sizeof(url) - 1);
    url[sizeof(url) - 1] = '\0';
    assert_int_equal(strlen(as_url_shown(url, out)), AS_URL_SHOWN_LEN - 1);

    /* a secret is removed at any place */
    memcpy(url, "http://u:pw", 11);
    url[2000] = '@';
    assert_null(strstr(as_url_shown(url, out), "pw"));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(shown),
        cmocka_unit_test(long_ones_are_cut)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
