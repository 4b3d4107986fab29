
#include "ngx_http_autostock_error.h"

#include "as_sqlerror.h"


static ngx_uint_t ngx_http_autostock_error_of(ngx_uint_t error,
    const uint16_t *list, size_t n);


#define ngx_http_autostock_error_in(error, list)                              \
    ngx_http_autostock_error_of(error, list, sizeof(list) / sizeof(list[0]))


/* temporary errors in addition to those of as_sqlerror()'s classes */

static const uint16_t  ngx_http_autostock_error_passing[] = {
    1021, 1030, 1114,                   /* disk or table full, storage engine */
    1037, 1038, 1041, 1135, 1206,       /* out of memory, of lock memory */
    1040, 1203, 1226, 1637,             /* too many connections, questions */
    1077, 1079, 1180, 1181, 1196,       /* server shutdown; COMMIT failed */
    1223, 1412, 1615, 1689,             /* FLUSH; a table's definition has just
                                           changed */
    1105, 9001, 9002                    /* errors of proxies */
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


void
ngx_http_autostock_error_text(u_char to[NGX_HTTP_AUTOSTOCK_ERROR_TEXT],
    ngx_uint_t error, const char *text)
{
    as_sqlerror_text((char *) to, NGX_HTTP_AUTOSTOCK_ERROR_TEXT,
                     (unsigned int) error, text);
}
