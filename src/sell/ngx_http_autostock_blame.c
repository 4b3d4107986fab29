
#include "ngx_http_autostock_blame.h"

#include <ngx_md5.h>


void
ngx_http_autostock_blame_add(ngx_http_autostock_blame_t *blame, u_char *name)
{
    ngx_http_autostock_blamed_t  *blamed;

    blamed = &blame->blamed[blame->next];
    ngx_memcpy(blamed->name, name, NGX_HTTP_AUTOSTOCK_BLAME_NAME);
    blamed->until = ngx_current_msec + NGX_HTTP_AUTOSTOCK_BLAME_MSEC;

    blame->until = blamed->until;
    blame->next = (blame->next + 1) % NGX_HTTP_AUTOSTOCK_BLAMES;
    blame->n = ngx_min(blame->n + 1, NGX_HTTP_AUTOSTOCK_BLAMES);
}


ngx_uint_t
ngx_http_autostock_blame_has(ngx_http_autostock_blame_t *blame, u_char *name)
{
    ngx_uint_t                    i;
    ngx_http_autostock_blamed_t  *blamed;

    if (blame->n == 0) {
        return 0;
    }

    if ((ngx_msec_int_t) (blame->until - ngx_current_msec) <= 0) {
        blame->n = 0;
        blame->next = 0;
        return 0;
    }

    for (i = 0; i < blame->n; i++) {
        blamed = &blame->blamed[i];

        if (ngx_memcmp(blamed->name, name, NGX_HTTP_AUTOSTOCK_BLAME_NAME) == 0
            && (ngx_msec_int_t) (blamed->until - ngx_current_msec) > 0)
        {
            return 1;
        }
    }

    return 0;
}


void
ngx_http_autostock_blame_name(ngx_str_t *sku, u_char *name)
{
    ngx_md5_t  md5;

    ngx_md5_init(&md5);
    ngx_md5_update(&md5, sku->data, sku->len);
    ngx_md5_final(name, &md5);
}
