/*
 * nginx's printf, for the formats that the files under test use: %V, %s, %d,
 * %T, %M, %i, %A, %z with u, x, 0 and a width.  Another format fails the test.
 */

#ifndef AS_TEST_NGINX_TEXT_H
#define AS_TEST_NGINX_TEXT_H

#include <stdio.h>


/* the number of a format that ends in this letter */

static void
nginx_text_number(char *buf, size_t size, char letter, int is_unsigned,
    int hex, int width, va_list *args)
{
    uintmax_t  n;

    switch (letter) {

    case 'd':
        n = is_unsigned ? va_arg(*args, unsigned)
                        : (uintmax_t) va_arg(*args, int);
        break;

    case 'D':
        n = is_unsigned ? va_arg(*args, uint32_t)
                        : (uintmax_t) va_arg(*args, int32_t);
        break;

    case 'M':
        n = va_arg(*args, ngx_msec_t);
        is_unsigned = 1;
        break;

    case 'T':
        n = (uintmax_t) va_arg(*args, time_t);
        break;

    /* of the size of a pointer, here: i, A, z, L */

    default:
        assert_non_null(strchr("iAzL", letter));
        n = va_arg(*args, uintptr_t);
        break;
    }

    (void) snprintf(buf, size, hex ? "%0*jx" : is_unsigned ? "%0*ju" : "%0*jd",
                    width, n);
}


static u_char *
nginx_text_copy(u_char *p, u_char *last, const void *text, size_t len)
{
    len = ngx_min(len, (size_t) (last - p));
    memcpy(p, text, len);

    return p + len;
}


u_char *
ngx_vslprintf(u_char *p, u_char *last, const char *fmt, va_list list)
{
    int          is_unsigned, hex, width;
    char         number[64];
    va_list      args;
    ngx_str_t   *v;
    const char  *s;

    va_copy(args, list);

    for ( /* void */ ; *fmt && p < last; fmt++) {
        if (*fmt != '%') {
            *p++ = (u_char) *fmt;
            continue;
        }

        is_unsigned = hex = width = 0;

        for (fmt++; strchr("ux0123456789", *fmt); fmt++) {
            is_unsigned |= *fmt == 'u' || *fmt == 'x';
            hex |= *fmt == 'x';
            width = *fmt >= '0' && *fmt <= '9' ? width * 10 + *fmt - '0'
                                               : width;
        }

        if (*fmt == 'V') {
            v = va_arg(args, ngx_str_t *);
            p = nginx_text_copy(p, last, v->data, v->len);

        } else if (*fmt == 's') {
            s = va_arg(args, char *);
            p = nginx_text_copy(p, last, s, strlen(s));

        } else {
            nginx_text_number(number, sizeof(number), *fmt, is_unsigned, hex,
                              width, &args);
            p = nginx_text_copy(p, last, number, strlen(number));
        }
    }

    va_end(args);

    return p;
}


u_char *
ngx_slprintf(u_char *buf, u_char *last, const char *fmt, ...)
{
    u_char   *p;
    va_list   args;

    va_start(args, fmt);
    p = ngx_vslprintf(buf, last, fmt, args);
    va_end(args);

    return p;
}


u_char *
ngx_snprintf(u_char *buf, size_t max, const char *fmt, ...)
{
    u_char   *p;
    va_list   args;

    va_start(args, fmt);
    p = ngx_vslprintf(buf, buf + max, fmt, args);
    va_end(args);

    return p;
}


#endif /* AS_TEST_NGINX_TEXT_H */
