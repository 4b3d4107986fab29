/*
 * Parses ReceiveMessage's answer message by message.
 */

#include <stdbool.h>
#include <string.h>

#include "aws/sqs_parts.h"


/* The end of the JSON string that begins at p, or NULL. */
static const char *
as_sqs_parts_string_end(const char *p, const char *end)
{
    for (p++; p < end; p++) {
        if (*p == '\\') {
            p++;

        } else if (*p == '"') {
            return p + 1;
        }
    }

    return NULL;
}


/* The end of the object or array that begins at p.  Counts only brackets
 * outside of strings, so that the content of strings does not matter. */
static const char *
as_sqs_parts_value_end(const char *p, const char *end)
{
    unsigned  depth;

    for (depth = 0; p != NULL && p < end; /* void */ ) {
        if (*p == '"') {
            p = as_sqs_parts_string_end(p, end);
            continue;
        }

        depth += *p == '{' || *p == '[';

        if (*p == '}' || *p == ']') {
            if (--depth == 0) {
                return p + 1;
            }
        }

        p++;
    }

    return NULL;
}


static const char *
as_sqs_parts_blanks(const char *p, const char *end, const char *also)
{
    while (p < end && *p != '\0'
           && (strchr(" \t\r\n", *p) != NULL || strchr(also, *p) != NULL))
    {
        p++;
    }

    return p;
}


/* The first element of the list.  The answer has no other member before it. */
static const char *
as_sqs_parts_begin(const char *body, const char *end)
{
    const char  *p;
    static const char  name[] = "\"Messages\"";

    p = as_sqs_parts_blanks(body, end, "{");

    if ((size_t) (end - p) < sizeof(name)
        || memcmp(p, name, sizeof(name) - 1) != 0)
    {
        return NULL;
    }

    p = as_sqs_parts_blanks(p + sizeof(name) - 1, end, ":");

    return p < end && *p == '[' ? p + 1 : NULL;
}


size_t
as_sqs_parts_read(as_sqs_parts_t *parts, const char *body, size_t len)
{
    json_t      *object;
    const char  *p, *next, *end = body + len;

    parts->n = 0;
    parts->bad = 0;

    for (p = as_sqs_parts_begin(body, end); p != NULL; p = next) {
        p = as_sqs_parts_blanks(p, end, ",");

        if (p == end || *p != '{') {
            break;
        }

        next = as_sqs_parts_value_end(p, end);
        object = next == NULL ? NULL
                 : json_loadb(p, (size_t) (next - p), 0, NULL);

        if (object == NULL) {
            parts->bad++;

        } else if (parts->n < AS_SQS_BATCH_MAX) {
            parts->all[parts->n++] = object;

        } else {
            json_decref(object);
        }
    }

    return parts->n + parts->bad;
}


void
as_sqs_parts_free(as_sqs_parts_t *parts)
{
    while (parts->n > 0) {
        json_decref(parts->all[--parts->n]);
    }
}
