#include <string.h>

#include "base/url_shown.h"


#define AS_URL_HIDDEN  "***"


typedef struct {
    char    *text;
    size_t   len;
} as_url_out_t;


static void
as_url_shown_put(as_url_out_t *out, const char *p, size_t len)
{
    if (len > AS_URL_SHOWN_LEN - 1 - out->len) {
        len = AS_URL_SHOWN_LEN - 1 - out->len;
    }

    memcpy(out->text + out->len, p, len);
    out->len += len;
    out->text[out->len] = '\0';
}


static const char *
as_url_shown_last(const char *p, size_t len, char c)
{
    while (len > 0) {
        if (p[--len] == c) {
            return p + len;
        }
    }

    return NULL;
}


/* The start of the host, after an "@"; p where there is no user.  Also handles
 * a password with an unencoded "/", "?" or "#", where the text before it is not
 * a port. */
static const char *
as_url_shown_host(const char *p)
{
    size_t       len;
    const char  *at, *colon;

    len = strcspn(p, "/?#");
    at = as_url_shown_last(p, len, '@');

    if (at == NULL) {
        colon = as_url_shown_last(p, len, ':');

        if (colon != NULL && *p != '['
            && colon + 1 + strspn(colon + 1, "0123456789") < p + len)
        {
            at = as_url_shown_last(p, strlen(p), '@');
        }
    }

    return at ? at + 1 : p;
}


/* "?a=***&***" */
static void
as_url_shown_query(as_url_out_t *out, const char *p)
{
    size_t  len, name;

    while (*p != '\0' && *p != '#') {
        as_url_shown_put(out, p, 1);
        p++;

        len = strcspn(p, "&#");
        name = strcspn(p, "=&#");

        if (name < len) {
            as_url_shown_put(out, p, name + 1);
        }

        if (len > 0) {
            as_url_shown_put(out, AS_URL_HIDDEN, sizeof(AS_URL_HIDDEN) - 1);
        }

        p += len;
    }
}


const char *
as_url_shown(const char *url, char out[AS_URL_SHOWN_LEN])
{
    size_t         len;
    const char    *p, *host;
    as_url_out_t   shown = { out, 0 };

    out[0] = '\0';

    p = strstr(url, "//");
    p = p ? p + 2 : url;
    host = as_url_shown_host(p);
    as_url_shown_put(&shown, url, (size_t) (p - url));

    if (host > p) {
        as_url_shown_put(&shown, AS_URL_HIDDEN "@", sizeof(AS_URL_HIDDEN));
    }

    len = strcspn(host, "?#");
    as_url_shown_put(&shown, host, len);
    as_url_shown_query(&shown, host + len);

    return out;
}
