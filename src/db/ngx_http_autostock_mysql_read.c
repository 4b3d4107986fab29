
/*
 * Limits the bytes that the library reads in one call, and frees results.
 */


#include "ngx_http_autostock_mysql_private.h"


/* limit of one call, bytes: more than the largest packet (4 MiB) */
#define NGX_HTTP_AUTOSTOCK_MYSQL_CALL  (5 * 1024 * 1024)


/* since 3.4 the library has one read method, for blocking mode and without */

#if (MARIADB_PACKAGE_VERSION_ID >= 30400)
#define ngx_http_autostock_mysql_reader  read
#else
#define ngx_http_autostock_mysql_reader  async_read
#endif


static ssize_t ngx_http_autostock_mysql_read_limited(MARIADB_PVIO *pvio,
    unsigned char *buffer, size_t size);


/*
 * In one call, the library reads the columns of a result until the server sends
 * no more of them; it returns only when it must wait.  When a call has read
 * more than the limit, its next read returns an end of file.  With TLS the
 * library does not use this method, but then the server is verified.
 */

void
ngx_http_autostock_mysql_read_bound(ngx_http_autostock_mysql_t *m)
{
    MARIADB_PVIO  *pvio;

    pvio = m->mysql.net.pvio;

    m->library = pvio->methods;
    m->methods = *pvio->methods;
    m->methods.ngx_http_autostock_mysql_reader =
        ngx_http_autostock_mysql_read_limited;

    pvio->methods = &m->methods;
}


static ssize_t
ngx_http_autostock_mysql_read_limited(MARIADB_PVIO *pvio, unsigned char *buffer,
    size_t size)
{
    ssize_t                      n;
    ngx_http_autostock_mysql_t  *m;

    /* mysql is the first member of m */
    m = (ngx_http_autostock_mysql_t *) pvio->mysql;

    if (m->taken > NGX_HTTP_AUTOSTOCK_MYSQL_CALL) {
        return 0;
    }

    n = m->library->ngx_http_autostock_mysql_reader(pvio, buffer, size);

    if (n > 0) {
        m->taken += n;
    }

    return n;
}


void
ngx_http_autostock_mysql_read_release(ngx_http_autostock_mysql_t *m)
{
    if (m->result == NULL) {
        return;
    }

    /* otherwise the library would read the rest of the result, and block */
    m->result->handle = NULL;

    mysql_free_result(m->result);

    m->result = NULL;
    m->row = NULL;
}
