/*
 * A row of a result as a JSON object.
 */

#include <stdlib.h>

#include "db/record.h"
#include "as_uuid.h"


json_t *
as_record_text(const char *text)
{
    json_t  *string;

    if (text == NULL) {
        return json_null();
    }

    string = json_string(text);

    return string != NULL ? string : json_string("(not UTF-8)");
}


static json_t *
as_record_value(char kind, const char *value, unsigned long length)
{
    char  text[AS_UUID_TEXT_LEN + 1];

    if (value == NULL) {
        return json_null();
    }

    if (kind == 'u' && length == AS_UUID_LEN) {
        *as_uuid_text((const uint8_t *) value, text) = '\0';
        return json_string(text);
    }

    return kind == 'n' ? json_integer(strtoll(value, NULL, 10))
                       : as_record_text(value);
}


json_t *
as_record_create(const as_record_column_t *columns, const char *const *values,
    const unsigned long *lengths, unsigned n)
{
    json_t    *record;
    unsigned   i;

    record = json_object();

    for (i = 0; record != NULL && i < n; i++) {
        (void) json_object_set_new(record, columns[i].name,
                                   as_record_value(columns[i].kind, values[i],
                                                 lengths[i]));
    }

    return record;
}
