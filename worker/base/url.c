/*
 * URLs as operators typed them.
 */

#include <string.h>
#include <strings.h>

#include "base/url.h"


/* The length in bytes of the blank character at p, 0 where it is not one. */
static size_t
as_url_blank(const char *p, size_t len)
{
    size_t                    i, n;
    static const char *const  wide[] = {
        "\xef\xbb\xbf",                /* U+FEFF, the byte order mark */
        "\xe3\x80\x80",                /* U+3000, the ideographic space */
        "\xe2\x80\x8b",                /* U+200B, the zero width space */
        "\xc2\xa0"                     /* U+00A0, the no-break space */
    };

    if (len > 0 && ((unsigned char) *p <= ' ' || *p == 0x7f)) {
        return 1;
    }

    for (i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
        n = strlen(wide[i]);
        if (len >= n && memcmp(p, wide[i], n) == 0) {
            return n;
        }
    }

    return 0;
}


/* The same for the end of a text. */
static size_t
as_url_blank_before(const char *end, size_t len)
{
    size_t  n;

    for (n = 1; n <= 3 && n <= len; n++) {
        if (as_url_blank(end - n, n) == n) {
            return n;
        }
    }

    return 0;
}


/* RFC 3986, section 3: no blanks, and a host after the scheme. */
static int
as_url_is_http(const char *url, size_t len)
{
    size_t  i, scheme;

    scheme = strncasecmp(url, "http://", 7) == 0 ? 7
             : strncasecmp(url, "https://", 8) == 0 ? 8 : 0;

    if (scheme == 0 || len == scheme || strchr("/?#:@", url[scheme]) != NULL)
    {
        return 0;
    }

    for (i = 0; i < len; i++) {
        if (as_url_blank(url + i, len - i) > 0) {
            return 0;
        }
    }

    return 1;
}


ptrdiff_t
as_url_http(const char *text, char *url)
{
    size_t  i, n, len;

    len = strlen(text);

    while ((n = as_url_blank(text, len)) > 0) {
        text += n;
        len -= n;
    }

    while ((n = as_url_blank_before(text + len, len)) > 0) {
        len -= n;
    }

    memcpy(url, text, len);
    url[len] = '\0';

    if (len == 0) {
        return 0;
    }

    if (!as_url_is_http(url, len)) {
        return -1;
    }

    for (i = 0; url[i] != ':'; i++) {
        url[i] |= 0x20;
    }

    return (ptrdiff_t) len;
}
