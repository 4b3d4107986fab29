
#include "ngx_http_autostock_sku.h"

#include "as_json_text.h"


const char *
ngx_http_autostock_sku_check(const u_char *text, size_t len)
{
    size_t         n;
    uint32_t       character;
    ngx_uint_t     characters;
    const u_char  *end;

    if (len == 0) {
        return "is empty";
    }

    end = text + len;

    for (characters = 0; text != end; characters++) {

        n = as_json_character(text, end, &character);

        if (n == 0) {
            return "is not valid UTF-8";
        }

        if (character < 0x20 || (character >= 0x7f && character < 0xa0)) {
            return "has a control character";
        }

        text += n;
    }

    if (characters > NGX_HTTP_AUTOSTOCK_SKU_MAX) {
        return "is longer than 200 characters";
    }

    return NULL;
}
