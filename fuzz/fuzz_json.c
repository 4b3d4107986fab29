/*
 * The JSON reader: for any bytes it ends, stays within them, and accepts what
 * jansson accepts (up to its own limit of nesting).
 */

#include <jansson.h>

#include "as_json.h"
#include "as_json_text.h"
#include "fuzz.h"


static void
fuzz_string(const as_json_token_t *token, const uint8_t *start,
    const uint8_t *end)
{
    size_t      len, escaped;
    uint8_t    *text, *out;
    ptrdiff_t   n;

    FUZZ_MUST(token->text >= start && token->text + token->len <= end);

    text = malloc(token->len + 1);
    n = as_json_decode(token, text, token->len);
    FUZZ_MUST(n >= 0 && (size_t) n <= token->len);

    if (n > 0) {
        FUZZ_MUST(as_json_decode(token, text, (size_t) n - 1) == -1);
    }

    as_json_decode(token, text, token->len);

    if (n <= 64) {
        FUZZ_MUST(as_json_equals(token, (char *) text, (size_t) n));
    }

    escaped = as_json_text_escaped_len(text, (size_t) n);
    out = malloc(escaped + 1);
    len = (size_t) (as_json_text_escape(out, text, (size_t) n) - out);
    FUZZ_MUST(len == escaped);

    free(out);
    free(text);
}


/* 1: accepted; 0: refused; -1: refused for its nesting. */
static int
fuzz_read(const uint8_t *text, size_t size)
{
    size_t           tokens;
    as_json_t        json;
    unsigned         deepest;
    as_json_token_t  token;

    as_json_init(&json, text, size);
    deepest = 0;

    for (tokens = 0; tokens <= size + 2; tokens++) {
        switch (as_json_next(&json, &token)) {

        case AS_JSON_END:
            FUZZ_MUST(as_json_next(&json, &token) == AS_JSON_END);
            return 1;

        case AS_JSON_ERROR:
            FUZZ_MUST(json.error != NULL);
            FUZZ_MUST(json.pos >= text && json.pos <= text + size);
            FUZZ_MUST(as_json_next(&json, &token) == AS_JSON_ERROR);
            return deepest >= AS_JSON_DEPTH ? -1 : 0;

        case AS_JSON_KEY:
        case AS_JSON_STRING:
            fuzz_string(&token, text, text + size);
            break;

        default:
            break;
        }

        if (json.depth > deepest) {
            deepest = json.depth;
        }
    }

    FUZZ_MUST(!"more tokens than bytes");
    return 0;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int        taken;
    json_t    *root;
    uint8_t   *text;
    as_json_t  json;

    text = fuzz_copy(data, size);
    taken = fuzz_read(text, size);

    root = json_loadb((char *) text, size, JSON_DECODE_ANY | JSON_ALLOW_NUL,
                      NULL);
    /* jansson accepts a NUL after the value as the end */
    if (root != NULL && memchr(text, '\0', size) == NULL) {
        FUZZ_MUST(taken != 0);
    }

    json_decref(root);

    /* skipping the whole is the same as reading it */
    if (taken == 1) {
        as_json_token_t  token;

        as_json_init(&json, text, size);
        as_json_next(&json, &token);
        FUZZ_MUST(as_json_skip(&json, &token) == 0);
        FUZZ_MUST(as_json_next(&json, &token) == AS_JSON_END);
    }

    free(text);
    return 0;
}
