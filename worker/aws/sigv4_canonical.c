#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "as_hex.h"
#include "aws/sigv4_canonical.h"


#define AS_SIGV4_PARAMS  64


/* A parameter of the request's query, as sent. */
typedef struct {
    const char  *name;
    size_t       name_len;
    const char  *value;
    size_t       value_len;
} as_sigv4_param_t;


void
as_sigv4_canonical_hex(const uint8_t digest[AS_SHA256_LEN],
    char hex[AS_SIGV4_HEX + 1])
{
    *as_hex((uint8_t *) hex, digest, AS_SHA256_LEN) = '\0';
}


/* RFC 3986, section 5.2.4; also replaces "//" with "/". */
static void
as_sigv4_canonical_path(as_text_t *t, const char *path)
{
    size_t       n, start;
    const char  *p, *end;
    as_text_t    norm = AS_TEXT_EMPTY;

    for (p = path; *p != '\0'; p = end) {
        while (*p == '/') {
            p++;
        }

        for (end = p; *end != '\0' && *end != '/'; end++) {
            /* void */
        }

        n = (size_t) (end - p);

        if (n == 0 || (n == 1 && *p == '.')) {
            continue;
        }

        if (n == 2 && p[0] == '.' && p[1] == '.') {
            while (norm.len > 0 && norm.data[--norm.len] != '/') {
                /* void */
            }

            continue;
        }

        as_text_add(&norm, "/", 1);
        as_text_add(&norm, p, n);
    }

    start = strlen(path);
    if (norm.len == 0 || (start > 1 && path[start - 1] == '/')) {
        as_text_add(&norm, "/", 1);
    }

    if (!as_text_ok(&norm)) {
        t->failed = true;

    } else {
        /* Encoded a second time, as for every service except S3. */
        as_text_percent(t, norm.data, norm.len, "/");
    }

    as_text_free(&norm);
}


static int
as_sigv4_canonical_compare_part(const char *a, size_t a_len, const char *b,
    size_t b_len)
{
    int  rc;

    rc = memcmp(a, b, a_len < b_len ? a_len : b_len);

    return rc != 0 ? rc : (a_len > b_len) - (a_len < b_len);
}


static int
as_sigv4_canonical_compare_param(const void *x, const void *y)
{
    int                      rc;
    const as_sigv4_param_t  *a = x, *b = y;

    rc = as_sigv4_canonical_compare_part(a->name, a->name_len, b->name,
                                         b->name_len);

    return rc != 0 ? rc
           : as_sigv4_canonical_compare_part(a->value, a->value_len, b->value,
                                             b->value_len);
}


/* The query is already percent-encoded; this only sorts it. */
static void
as_sigv4_canonical_query(as_text_t *t, const char *query)
{
    size_t            i, n, len;
    const char       *eq;
    as_sigv4_param_t  params[AS_SIGV4_PARAMS];

    for (n = 0; *query != '\0' && n < AS_SIGV4_PARAMS; /* void */ ) {
        len = strcspn(query, "&");

        if (len > 0) {
            eq = memchr(query, '=', len);
            params[n].name = query;
            params[n].name_len = eq ? (size_t) (eq - query) : len;
            params[n].value = eq ? eq + 1 : query + len;
            params[n].value_len = eq ? len - params[n].name_len - 1 : 0;
            n++;
        }

        query += len;
        query += *query == '&';
    }

    if (*query != '\0') {
        t->failed = true;
        return;
    }

    qsort(params, n, sizeof(as_sigv4_param_t),
          as_sigv4_canonical_compare_param);

    for (i = 0; i < n; i++) {
        if (i > 0) {
            as_text_add(t, "&", 1);
        }

        as_text_add(t, params[i].name, params[i].name_len);
        as_text_add(t, "=", 1);
        as_text_add(t, params[i].value, params[i].value_len);
    }
}


static void
as_sigv4_canonical_lower(as_text_t *t, const char *name)
{
    char  c;

    for ( /* void */ ; *name != '\0'; name++) {
        c = (char) tolower((unsigned char) *name);
        as_text_add(t, &c, 1);
    }
}


/* Trims a value and replaces each run of blanks with one. */
static void
as_sigv4_canonical_value(as_text_t *t, const char *p)
{
    size_t  len;

    p += strspn(p, " \t\r\n");

    while (*p != '\0') {
        len = strcspn(p, " \t\r\n");
        as_text_add(t, p, len);
        p += len;
        p += strspn(p, " \t\r\n");

        if (*p != '\0') {
            as_text_add(t, " ", 1);
        }
    }
}


/* Insertion sort, because it is stable: values of one name keep their order. */
int
as_sigv4_canonical_sort(const as_sigv4_request_t *rq,
    const as_sigv4_header_t **order)
{
    int     host;
    size_t  i, k;

    host = 0;

    if (rq->nheaders > AS_SIGV4_HEADERS) {
        errno = EINVAL;
        return -1;
    }

    for (i = 0; i < rq->nheaders; i++) {
        host |= strcasecmp(rq->headers[i].name, "host") == 0;

        for (k = i; k > 0; k--) {
            if (strcasecmp(order[k - 1]->name, rq->headers[i].name) <= 0) {
                break;
            }

            order[k] = order[k - 1];
        }

        order[k] = &rq->headers[i];
    }

    if (!host) {
        errno = EINVAL;
        return -1;
    }

    return 0;
}


void
as_sigv4_canonical_signed_names(as_text_t *t, const as_sigv4_header_t **order,
    size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (i > 0 && strcasecmp(order[i - 1]->name, order[i]->name) == 0) {
            continue;
        }

        if (i > 0) {
            as_text_add(t, ";", 1);
        }

        as_sigv4_canonical_lower(t, order[i]->name);
    }
}


static void
as_sigv4_canonical_headers(as_text_t *t, const as_sigv4_header_t **order,
    size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (i > 0 && strcasecmp(order[i - 1]->name, order[i]->name) == 0) {
            as_text_add(t, ",", 1);

        } else {
            if (i > 0) {
                as_text_add(t, "\n", 1);
            }

            as_sigv4_canonical_lower(t, order[i]->name);
            as_text_add(t, ":", 1);
        }

        as_sigv4_canonical_value(t, order[i]->value);
    }

    as_text_add(t, "\n\n", 2);
    as_sigv4_canonical_signed_names(t, order, n);
}


int
as_sigv4_canonical_put(as_text_t *t, const as_sigv4_request_t *rq)
{
    const as_sigv4_header_t  *order[AS_SIGV4_HEADERS];

    if (as_sigv4_canonical_sort(rq, order) != 0) {
        return -1;
    }

    as_text_put(t, rq->method);
    as_text_add(t, "\n", 1);
    as_sigv4_canonical_path(t, rq->path);
    as_text_add(t, "\n", 1);
    as_sigv4_canonical_query(t, rq->query);
    as_text_add(t, "\n", 1);
    as_sigv4_canonical_headers(t, order, rq->nheaders);
    as_text_add(t, "\n", 1);

    return 0;
}
