
#include "ngx_http_autostock_error.h"

#include "as_sqlerror.h"


static ngx_uint_t ngx_http_autostock_error_of(ngx_uint_t error,
    const uint16_t *list, size_t n);


#define ngx_http_autostock_error_in(error, list)                              \
    ngx_http_autostock_error_of(error, list, sizeof(list) / sizeof(list[0]))


/* beside those that as_sqlerror() knows as such */

static const uint16_t  ngx_http_autostock_error_passing[] = {
    1021, 1030, 1114,                   /* disk or table full, engine */
    1037, 1038, 1041, 1135, 1206,       /* out of memory, of lock memory */
    1040, 1203, 1226, 1637,             /* too many connections, questions */
    1077, 1079, 1180, 1181, 1196,       /* the server ends; COMMIT failed */
    1223, 1412, 1615, 1689,             /* FLUSH, definition just changed */
    1105, 9001, 9002                    /* what proxies say */
};


/*
 * What these quote are names (of users, tables, columns), never values: their
 * texts tell what to mend, whole.
 */

static const uint16_t  ngx_http_autostock_error_names[] = {
    1044, 1045, 1049, 1051, 1109, 1142, 1143, 1146, 1227, 1370,
    1048, 1054, 1264, 1305, 1364, 1406, 1449,
    1290, 3819, 4025
};


static ngx_uint_t
ngx_http_autostock_error_of(ngx_uint_t error, const uint16_t *list, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (list[i] == error) {
            return 1;
        }
    }

    return 0;
}


ngx_uint_t
ngx_http_autostock_error_passes(ngx_uint_t error)
{
    switch (as_sqlerror(error)) {

    case AS_SQLERROR_CONFLICT:
    case AS_SQLERROR_LOCKED:
    case AS_SQLERROR_ENDED:
    case AS_SQLERROR_READ_ONLY:
    case AS_SQLERROR_LOST:
        return 1;

    default:
        return ngx_http_autostock_error_in(error,
                                           ngx_http_autostock_error_passing);
    }
}


/*
 * A value may have quotes in it, so all from the first quote to the last one
 * goes.  The library's own errors (2000 to 2999, 5000 to 5999) quote addresses
 * and files.
 */

void
ngx_http_autostock_error_text(u_char to[NGX_HTTP_AUTOSTOCK_ERROR_TEXT],
    ngx_uint_t error, const char *text)
{
    u_char      *p, *last;
    size_t       first, end, i;
    ngx_uint_t   whole;

    whole = (error >= 2000 && error < 3000) || (error >= 5000 && error < 6000)
            || ngx_http_autostock_error_in(error,
                                           ngx_http_autostock_error_names);

    first = whole ? ngx_strlen(text) : strcspn(text, "'\"");
    end = first;

    for (i = first; text[i]; i++) {
        if (text[i] == '\'' || text[i] == '"') {
            end = i + 1;
        }
    }

    p = to;
    last = to + NGX_HTTP_AUTOSTOCK_ERROR_TEXT - 1;

    for (i = 0; text[i] && p < last; i++) {

        if (i == first && end > first) {
            p = ngx_slprintf(p, last, "'...'");
            i = end - 1;
            continue;
        }

        *p++ = (u_char) text[i] < 0x20 || text[i] == 0x7f ? ' '
                                                          : (u_char) text[i];
    }

    *p = '\0';
}
