/*
 * Reads JSON (RFC 8259) as a sequence of tokens over a buffer, without
 * allocation.  It is strict: UTF-8 is validated, nesting is limited.  Numbers
 * remain text, so that the caller can distinguish 2, 2.0, 2e0 and "2".
 */

#ifndef AS_JSON_H
#define AS_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>


#define AS_JSON_DEPTH  32              /* objects and arrays, at most 64 */


typedef enum {
    AS_JSON_ERROR = 0,                 /* permanent */
    AS_JSON_END,                       /* end of the text; permanent */
    AS_JSON_OBJECT,
    AS_JSON_OBJECT_END,
    AS_JSON_ARRAY,
    AS_JSON_ARRAY_END,
    AS_JSON_KEY,                       /* the token of its value follows */
    AS_JSON_STRING,
    AS_JSON_NUMBER,
    AS_JSON_TRUE,
    AS_JSON_FALSE,
    AS_JSON_NULL
} as_json_type_e;

typedef struct {
    as_json_type_e  type;
    bool            escaped;           /* text contains escapes */
    const uint8_t  *text;              /* in the buffer, without quotes */
    size_t          len;
} as_json_token_t;

typedef struct {
    const uint8_t  *start;
    const uint8_t  *pos;               /* after an error, its place */
    const uint8_t  *end;
    const char     *error;             /* what was expected, or NULL */
    uint64_t        objects;           /* one bit per level: 1 is an object */
    unsigned        depth;
    unsigned        state;
} as_json_t;


/* The text must not change or be freed while its tokens are used. */
void as_json_init(as_json_t *json, const void *text, size_t len);

/* Reads the next token; returns its type. */
as_json_type_e as_json_next(as_json_t *json, as_json_token_t *token);

/*
 * Skips the rest of the value that starts with the token just read.  Returns 0,
 * or -1 on an error.
 */
int as_json_skip(as_json_t *json, const as_json_token_t *token);

/*
 * Within an object: reads the next key with its value, and skips the members or
 * elements of the value.  Returns AS_JSON_KEY, AS_JSON_OBJECT_END or
 * AS_JSON_ERROR.
 */
as_json_type_e as_json_member(as_json_t *json, as_json_token_t *key,
    as_json_token_t *value);

/* as_json_equals() of a key or string with escapes. */
bool as_json_equals_escaped(const as_json_token_t *token, const char *text,
    size_t len);

/*
 * Whether a decoded key or string equals this text of up to 64 bytes; a longer
 * text equals no token with escapes.
 */
static inline bool
as_json_equals(const as_json_token_t *token, const char *text, size_t len)
{
    if (token->escaped) {
        return as_json_equals_escaped(token, text, len);
    }

    return token->len == len && memcmp(token->text, text, len) == 0;
}

/*
 * Decodes a key or string to UTF-8, which may contain NULs.  Returns the number
 * of bytes, or -1 if it exceeds size.
 */
ptrdiff_t as_json_decode(const as_json_token_t *token, void *buf, size_t size);


#endif /* AS_JSON_H */
