
#include "ngx_http_autostock_refusals.h"

#include <ngx_md5.h>


void
ngx_http_autostock_refusals_add(ngx_http_autostock_refusals_t *refusals,
    u_char *name)
{
    ngx_http_autostock_refused_t  *refused;

    refused = &refusals->refused[refusals->next];
    ngx_memcpy(refused->name, name, NGX_HTTP_AUTOSTOCK_REFUSALS_NAME);
    refused->until = ngx_current_msec + NGX_HTTP_AUTOSTOCK_REFUSALS_MSEC;

    refusals->until = refused->until;
    refusals->next = (refusals->next + 1) % NGX_HTTP_AUTOSTOCK_REFUSALS_MAX;
    refusals->n = ngx_min(refusals->n + 1, NGX_HTTP_AUTOSTOCK_REFUSALS_MAX);
}


ngx_uint_t
ngx_http_autostock_refusals_has(ngx_http_autostock_refusals_t *refusals,
    u_char *name)
{
    ngx_uint_t                    i;
    ngx_http_autostock_refused_t  *refused;

    if (refusals->n == 0) {
        return 0;
    }

    if ((ngx_msec_int_t) (refusals->until - ngx_current_msec) <= 0) {
        refusals->n = 0;
        refusals->next = 0;
        return 0;
    }

    for (i = 0; i < refusals->n; i++) {
        refused = &refusals->refused[i];

        if (ngx_memcmp(refused->name, name,
                       NGX_HTTP_AUTOSTOCK_REFUSALS_NAME) == 0
            && (ngx_msec_int_t) (refused->until - ngx_current_msec) > 0)
        {
            return 1;
        }
    }

    return 0;
}


ngx_uint_t
ngx_http_autostock_refusals_meet(ngx_http_autostock_refusals_t *refusals,
    u_char *name)
{
    if (ngx_http_autostock_refusals_has(refusals, name)) {
        return 1;
    }

    ngx_http_autostock_refusals_add(refusals, name);

    return 0;
}


void
ngx_http_autostock_refusals_name(ngx_str_t *sku, u_char *name)
{
    ngx_md5_t  md5;

    ngx_md5_init(&md5);
    ngx_md5_update(&md5, sku->data, sku->len);
    ngx_md5_final(name, &md5);
}


void
ngx_http_autostock_refusals_name_add(ngx_str_t *sku, u_char *name)
{
    u_char      one[NGX_HTTP_AUTOSTOCK_REFUSALS_NAME];
    ngx_uint_t  i;

    ngx_http_autostock_refusals_name(sku, one);

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_REFUSALS_NAME; i++) {
        name[i] ^= one[i];
    }
}
