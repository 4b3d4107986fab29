#include <string.h>

#include "as_json.h"
#include "as_json_text.h"


/* for the functions that run for every member of every body */
#define AS_JSON_INLINE  static inline __attribute__((always_inline))


enum {
    AS_JSON_VALUE = 0,                 /* a value is required */
    AS_JSON_FIRST_VALUE,               /* a value or ] */
    AS_JSON_FIRST_NAME,                /* a name or } */
    AS_JSON_NEXT_NAME,                 /* a name is required */
    AS_JSON_AFTER,                     /* a comma, a bracket, the end */
    AS_JSON_FAILED
};


void
as_json_init(as_json_t *json, const void *text, size_t len)
{
    json->start = text;
    json->pos = json->start;
    json->end = json->start + len;
    json->error = NULL;
    json->objects = 0;
    json->depth = 0;
    json->state = AS_JSON_VALUE;
}


static as_json_type_e
as_json_fail(as_json_t *json, as_json_token_t *token, const char *error)
{
    if (json->state != AS_JSON_FAILED) {
        json->state = AS_JSON_FAILED;
        json->error = error;
    }

    token->type = AS_JSON_ERROR;
    token->escaped = false;
    token->text = json->pos;
    token->len = 0;

    return AS_JSON_ERROR;
}


static inline int
as_json_peek(as_json_t *json)
{
    while (json->pos != json->end) {
        switch (*json->pos) {
        case ' ':
        case '\t':
        case '\n':
        case '\r':
            json->pos++;
            break;
        default:
            return *json->pos;
        }
    }

    return -1;
}


/* a string with escapes or other characters than ASCII, from p on */
static as_json_type_e
as_json_string_rest(as_json_t *json, as_json_token_t *token, const uint8_t *p)
{
    const uint8_t *end = json->end;
    uint32_t character;
    size_t n;

    for ( ;; ) {
        while (p != end && as_json_plain[*p]) {
            p++;
        }

        json->pos = p;

        if (p == end) {
            return as_json_fail(json, token, "a closing quote");
        }

        if (*p == '"') {
            token->len = (size_t) (p - token->text);
            json->pos = p + 1;
            return token->type;
        }

        if (*p == '\\') {
            token->escaped = true;
            n = as_json_text_unescape(p + 1, end, &character);
            if (n == 0) {
                return as_json_fail(json, token, "a valid escape");
            }
            p += n + 1;
            continue;
        }

        if (*p < 0x20) {
            return as_json_fail(json, token,
                                "control characters to be escaped");
        }

        n = as_json_text_decode(p, end, &character);
        if (n == 0) {
            return as_json_fail(json, token, "valid UTF-8");
        }
        p += n;
    }
}


/* after the opening quote */
AS_JSON_INLINE as_json_type_e
as_json_string(as_json_t *json, as_json_token_t *token, as_json_type_e type)
{
    const uint8_t *p = json->pos;
    const uint8_t *end = json->end;

    token->type = type;
    token->escaped = false;
    token->text = p;

    while (p != end && as_json_plain[*p]) {
        p++;
    }

    if (p == end || *p != '"') {
        return as_json_string_rest(json, token, p);
    }

    token->len = (size_t) (p - token->text);
    json->pos = p + 1;

    return type;
}


static const uint8_t *
as_json_digits(const uint8_t *p, const uint8_t *end)
{
    while (p != end && *p >= '0' && *p <= '9') {
        p++;
    }

    return p;
}


static as_json_type_e
as_json_number(as_json_t *json, as_json_token_t *token)
{
    const uint8_t *p = json->pos;
    const uint8_t *end = json->end;
    const uint8_t *digits;

    token->text = p;
    p += *p == '-';
    digits = p;
    p = as_json_digits(p, end);

    /* no digit, or a leading zero */
    if (p == digits || (*digits == '0' && p - digits > 1)) {
        goto failed;
    }

    if (p != end && *p == '.') {
        digits = ++p;
        p = as_json_digits(p, end);
        if (p == digits) {
            goto failed;
        }
    }

    if (p != end && (*p | 0x20) == 'e') {
        p++;
        p += p != end && (*p == '+' || *p == '-');
        digits = p;
        p = as_json_digits(p, end);
        if (p == digits) {
            goto failed;
        }
    }

    token->type = AS_JSON_NUMBER;
    token->escaped = false;
    token->len = (size_t) (p - token->text);
    json->pos = p;

    return AS_JSON_NUMBER;

failed:

    json->pos = digits;

    return as_json_fail(json, token, "a number");
}


static as_json_type_e
as_json_word(as_json_t *json, as_json_token_t *token, as_json_type_e type,
    const char *word, size_t len)
{
    if ((size_t) (json->end - json->pos) < len
        || memcmp(json->pos, word, len) != 0)
    {
        return as_json_fail(json, token, "a value");
    }

    token->type = type;
    token->escaped = false;
    token->text = json->pos;
    token->len = len;
    json->pos += len;

    return type;
}


static as_json_type_e
as_json_open(as_json_t *json, as_json_token_t *token, bool object)
{
    if (json->depth == AS_JSON_DEPTH) {
        return as_json_fail(json, token, "less nesting (32 levels at most)");
    }

    json->objects = json->objects << 1 | object;
    json->depth++;
    json->state = object ? AS_JSON_FIRST_NAME : AS_JSON_FIRST_VALUE;

    token->type = object ? AS_JSON_OBJECT : AS_JSON_ARRAY;
    token->escaped = false;
    token->text = json->pos++;
    token->len = 1;

    return token->type;
}


static as_json_type_e
as_json_close(as_json_t *json, as_json_token_t *token)
{
    bool object = json->objects & 1;

    json->objects >>= 1;
    json->depth--;
    json->state = AS_JSON_AFTER;

    token->type = object ? AS_JSON_OBJECT_END : AS_JSON_ARRAY_END;
    token->escaped = false;
    token->text = json->pos++;
    token->len = 1;

    return token->type;
}


static as_json_type_e
as_json_value(as_json_t *json, as_json_token_t *token, int ch)
{
    switch (ch) {
    case '{':
        return as_json_open(json, token, true);
    case '[':
        return as_json_open(json, token, false);
    default:
        break;
    }

    json->state = AS_JSON_AFTER;

    switch (ch) {
    case '"':
        json->pos++;
        return as_json_string(json, token, AS_JSON_STRING);
    case 't':
        return as_json_word(json, token, AS_JSON_TRUE, "true", 4);
    case 'f':
        return as_json_word(json, token, AS_JSON_FALSE, "false", 5);
    case 'n':
        return as_json_word(json, token, AS_JSON_NULL, "null", 4);
    default:
        break;
    }

    if (ch == '-' || (ch >= '0' && ch <= '9')) {
        return as_json_number(json, token);
    }

    return as_json_fail(json, token, "a value");
}


AS_JSON_INLINE as_json_type_e
as_json_name(as_json_t *json, as_json_token_t *token, int ch)
{
    if (ch != '"') {
        return as_json_fail(json, token, "a name in double quotes");
    }

    json->pos++;

    if (as_json_string(json, token, AS_JSON_KEY) == AS_JSON_ERROR) {
        return AS_JSON_ERROR;
    }

    if (as_json_peek(json) != ':') {
        return as_json_fail(json, token, "a colon");
    }

    json->pos++;
    json->state = AS_JSON_VALUE;

    return AS_JSON_KEY;
}


/* a comma, the end of an object or array, or the end of all */
AS_JSON_INLINE as_json_type_e
as_json_after(as_json_t *json, as_json_token_t *token, int ch)
{
    bool object = json->objects & 1;

    if (json->depth == 0) {
        if (ch != -1) {
            return as_json_fail(json, token, "the end of the text");
        }

        token->type = AS_JSON_END;
        token->escaped = false;
        token->text = json->pos;
        token->len = 0;

        return AS_JSON_END;
    }

    if (ch == (object ? '}' : ']')) {
        return as_json_close(json, token);
    }

    if (ch != ',') {
        return as_json_fail(json, token, object ? "a comma or }"
                                                : "a comma or ]");
    }

    json->pos++;
    ch = as_json_peek(json);

    return object ? as_json_name(json, token, ch)
                  : as_json_value(json, token, ch);
}


AS_JSON_INLINE as_json_type_e
as_json_read(as_json_t *json, as_json_token_t *token)
{
    int ch = as_json_peek(json);

    switch (json->state) {

    case AS_JSON_AFTER:
        return as_json_after(json, token, ch);

    case AS_JSON_FIRST_NAME:
        if (ch == '}') {
            return as_json_close(json, token);
        }
        return as_json_name(json, token, ch);

    case AS_JSON_FIRST_VALUE:
        if (ch == ']') {
            return as_json_close(json, token);
        }
        return as_json_value(json, token, ch);

    case AS_JSON_VALUE:
        return as_json_value(json, token, ch);

    default: /* AS_JSON_FAILED */
        return as_json_fail(json, token, json->error);
    }
}


as_json_type_e
as_json_next(as_json_t *json, as_json_token_t *token)
{
    return as_json_read(json, token);
}


int
as_json_skip(as_json_t *json, const as_json_token_t *token)
{
    as_json_token_t inner;
    unsigned depth;

    if (token->type != AS_JSON_OBJECT && token->type != AS_JSON_ARRAY) {
        return token->type == AS_JSON_ERROR ? -1 : 0;
    }

    depth = json->depth;

    while (json->depth >= depth) {
        if (as_json_next(json, &inner) == AS_JSON_ERROR) {
            return -1;
        }
    }

    return 0;
}


as_json_type_e
as_json_member(as_json_t *json, as_json_token_t *key, as_json_token_t *value)
{
    if (as_json_read(json, key) != AS_JSON_KEY) {
        return key->type;
    }

    switch (as_json_value(json, value, as_json_peek(json))) {

    case AS_JSON_OBJECT:
    case AS_JSON_ARRAY:
        return as_json_skip(json, value) == 0 ? AS_JSON_KEY : AS_JSON_ERROR;

    case AS_JSON_ERROR:
        return AS_JSON_ERROR;

    default:
        return AS_JSON_KEY;
    }
}


bool
as_json_equals_escaped(const as_json_token_t *token, const char *text,
    size_t len)
{
    uint8_t buf[64];

    return len <= sizeof(buf)
           && as_json_decode(token, buf, len) == (ptrdiff_t) len
           && memcmp(buf, text, len) == 0;
}


ptrdiff_t
as_json_decode(const as_json_token_t *token, void *buf, size_t size)
{
    const uint8_t *p = token->text;
    const uint8_t *end = p + token->len;
    uint8_t *out = buf;
    uint8_t *last = out + size;
    uint8_t bytes[4];
    uint32_t character;
    size_t n;

    while (p != end) {
        if (*p != '\\') {
            if (out == last) {
                return -1;
            }
            *out++ = *p++;
            continue;
        }

        /* as_json_next() has checked the escape: its length is not 0 */
        p++;
        p += as_json_text_unescape(p, end, &character);
        n = as_json_text_encode(character, bytes);

        if ((size_t) (last - out) < n) {
            return -1;
        }

        memcpy(out, bytes, n);
        out += n;
    }

    return out - (uint8_t *) buf;
}
