
#include "ngx_http_autostock_etag.h"

#include "as_hex.h"


/* the constants of MurmurHash64A, by Austin Appleby, in the public domain */
#define NGX_HTTP_AUTOSTOCK_ETAG_FACTOR  0xc6a4a7935bd1e995ULL
#define NGX_HTTP_AUTOSTOCK_ETAG_SHIFT   47


static uint64_t ngx_http_autostock_etag_hash(const u_char *p, size_t len);
static uint64_t ngx_http_autostock_etag_word(const u_char *p);
static ngx_uint_t ngx_http_autostock_etag_is(const u_char *p, size_t len,
    const u_char *tag);
static u_char *ngx_http_autostock_etag_skip(u_char *p, u_char *end,
    ngx_uint_t commas);


void
ngx_http_autostock_etag_make(u_char *tag, const u_char *body, size_t len)
{
    u_char      bytes[8];
    uint64_t    hash;
    ngx_uint_t  i;

    hash = ngx_http_autostock_etag_hash(body, len);

    for (i = 0; i < 8; i++) {
        bytes[i] = (u_char) (hash >> (56 - 8 * i));
    }

    *tag++ = '"';
    tag = as_hex(tag, bytes, 8);
    *tag = '"';
}


/*
 * MurmurHash64A.  Each step is a bijection of the hash so far.  So two bodies
 * of the same length that differ only within one aligned word of 8 bytes never
 * have the same hash.  Other bodies have the same hash with a probability of 1
 * in 2^64.
 */

static uint64_t
ngx_http_autostock_etag_hash(const u_char *p, size_t len)
{
    size_t    i;
    uint64_t  hash, word;

    hash = len * NGX_HTTP_AUTOSTOCK_ETAG_FACTOR;

    for ( /* void */ ; len >= 8; p += 8, len -= 8) {
        word = ngx_http_autostock_etag_word(p)
               * NGX_HTTP_AUTOSTOCK_ETAG_FACTOR;
        word ^= word >> NGX_HTTP_AUTOSTOCK_ETAG_SHIFT;

        hash ^= word * NGX_HTTP_AUTOSTOCK_ETAG_FACTOR;
        hash *= NGX_HTTP_AUTOSTOCK_ETAG_FACTOR;
    }

    for (i = 0; i < len; i++) {
        hash ^= (uint64_t) p[i] << (8 * i);
    }

    if (len) {
        hash *= NGX_HTTP_AUTOSTOCK_ETAG_FACTOR;
    }

    hash ^= hash >> NGX_HTTP_AUTOSTOCK_ETAG_SHIFT;
    hash *= NGX_HTTP_AUTOSTOCK_ETAG_FACTOR;
    hash ^= hash >> NGX_HTTP_AUTOSTOCK_ETAG_SHIFT;

    return hash;
}


/* compilers turn this into one load if the byte order allows it */

static uint64_t
ngx_http_autostock_etag_word(const u_char *p)
{
    return (uint64_t) p[0] | (uint64_t) p[1] << 8 | (uint64_t) p[2] << 16
           | (uint64_t) p[3] << 24 | (uint64_t) p[4] << 32
           | (uint64_t) p[5] << 40 | (uint64_t) p[6] << 48
           | (uint64_t) p[7] << 56;
}


ngx_uint_t
ngx_http_autostock_etag_matches(const ngx_str_t *list, const u_char *tag,
    ngx_uint_t weak)
{
    ngx_uint_t   is_weak;
    u_char      *p, *end, *start;

    end = list->data + list->len;
    p = ngx_http_autostock_etag_skip(list->data, end, 0);

    if (p != end && *p == '*') {
        return ngx_http_autostock_etag_skip(p + 1, end, 0) == end;
    }

    for ( ;; ) {
        p = ngx_http_autostock_etag_skip(p, end, 1);

        is_weak = end - p >= 2 && p[0] == 'W' && p[1] == '/';
        start = is_weak ? p + 2 : p;

        if (start == end || *start != '"') {
            return 0;
        }

        p = ngx_strlchr(start + 1, end, '"');
        if (p == NULL) {
            return 0;
        }

        p++;

        if ((weak || !is_weak)
            && ngx_http_autostock_etag_is(start, p - start, tag))
        {
            return 1;
        }

        p = ngx_http_autostock_etag_skip(p, end, 0);

        if (p == end || *p != ',') {
            return 0;
        }
    }
}


static ngx_uint_t
ngx_http_autostock_etag_is(const u_char *p, size_t len, const u_char *tag)
{
    return len == NGX_HTTP_AUTOSTOCK_ETAG_LEN
           && ngx_memcmp(p, tag, NGX_HTTP_AUTOSTOCK_ETAG_LEN) == 0;
}


/* skips blanks; commas: also commas, since a list may have empty elements */

static u_char *
ngx_http_autostock_etag_skip(u_char *p, u_char *end, ngx_uint_t commas)
{
    while (p != end
           && (*p == ' ' || *p == '\t' || (commas && *p == ',')))
    {
        p++;
    }

    return p;
}
