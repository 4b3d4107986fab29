/*
 * JSON (RFC 8259) read as a row of tokens over a buffer, without allocation:
 * strict, UTF-8 validated, nesting bounded.  Numbers stay text, so that 2,
 * 2.0, 2e0 and "2" are told apart.
 */

#ifndef AS_JSON_H
#define AS_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>


#define AS_JSON_DEPTH  32              /* objects and arrays, at most 64 */


typedef enum {
    AS_JSON_ERROR = 0,                 /* also ever after */
    AS_JSON_END,                       /* of the text, also ever after */
    AS_JSON_OBJECT,
    AS_JSON_OBJECT_END,
    AS_JSON_ARRAY,
    AS_JSON_ARRAY_END,
    AS_JSON_KEY,                       /* its value's token follows */
    AS_JSON_STRING,
    AS_JSON_NUMBER,
    AS_JSON_TRUE,
    AS_JSON_FALSE,
    AS_JSON_NULL
} as_json_type_e;

typedef struct {
    as_json_type_e  type;
    bool            escaped;           /* text has escapes to decode */
    const uint8_t  *text;              /* in the buffer; without the quotes */
    size_t          len;
} as_json_token_t;

typedef struct {
    const uint8_t  *start;
    const uint8_t  *pos;               /* of the error, after an error */
    const uint8_t  *end;
    const char     *error;             /* what was expected, or NULL */
    uint64_t        objects;           /* a bit a level: it is an object */
    unsigned        depth;
    unsigned        state;
} as_json_t;


/* The buffer must live and stay as it is while tokens of it are used. */
void as_json_init(as_json_t *json, const void *text, size_t len);

/* The next token; its type is returned too. */
as_json_type_e as_json_next(as_json_t *json, as_json_token_t *token);

/*
 * The rest of the value that began with the token just read.  0, or -1 on
 * an error.
 */
int as_json_skip(as_json_t *json, const as_json_token_t *token);

/* Whether a key or string, decoded, is this text of up to 64 bytes. */
bool as_json_equals(const as_json_token_t *token, const char *text,
    size_t len);

/*
 * A key or string decoded to UTF-8, which may hold NULs.  Returns the number
 * of bytes, or -1 where they are more than size.
 */
ptrdiff_t as_json_decode(const as_json_token_t *token, void *buf, size_t size);


#endif /* AS_JSON_H */
