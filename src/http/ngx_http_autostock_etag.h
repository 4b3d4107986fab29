
/*
 * Entity tags (RFC 9110, 8.8.3) of answers to look-ups.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_ETAG_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_ETAG_H_INCLUDED_


#include "ngx_http_autostock.h"


/* a quoted string of 16 hexadecimal digits */
#define NGX_HTTP_AUTOSTOCK_ETAG_LEN  18


/*
 * Writes the strong tag of a body, without a terminator.  The tag depends only
 * on the body, so that it is the same on all nginx hosts.
 */
void ngx_http_autostock_etag_make(u_char *tag, const u_char *body,
    size_t len);

/*
 * 1 if a list of tags, as in If-Match or If-None-Match, is "*" or contains the
 * tag.  weak: "W/" before a tag of the list is ignored; otherwise such a tag
 * does not match.  A list with invalid syntax matches up to the error.
 */
ngx_uint_t ngx_http_autostock_etag_matches(const ngx_str_t *list,
    const u_char *tag, ngx_uint_t weak);


#endif /* _NGX_HTTP_AUTOSTOCK_ETAG_H_INCLUDED_ */
