
#include "ngx_http_autostock_release.h"

#include "as_uuid.h"


static ngx_str_t  ngx_http_autostock_release_text = ngx_string("예약 취소!");


ngx_int_t
ngx_http_autostock_release_done(ngx_http_request_t *r,
    ngx_http_autostock_settle_t *settle)
{
    u_char                      buf[sizeof(",\"hold_id\":\"\"")
                                    + AS_UUID_TEXT_LEN];
    ngx_str_t                   members;
    ngx_http_autostock_lines_t  lines;

    members.data = buf;
    members.len = ngx_http_autostock_response_id(buf, "hold_id", settle->id)
                  - buf;

    lines.elts = settle->settled;
    lines.nelts = settle->nsettled;

    return ngx_http_autostock_lines_done(r, &ngx_http_autostock_release_text,
                                         0, &members, &lines);
}
