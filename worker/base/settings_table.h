/*
 * The table of settings: name, kind, member, default, range.  For settings*.c
 * only.
 */

#ifndef AS_SETTINGS_TABLE_H
#define AS_SETTINGS_TABLE_H

#include "base/settings.h"


typedef enum {
    AS_KIND_TEXT = 0,
    AS_KIND_SECRET,                    /* or NAME_FILE */
    AS_KIND_URL,
    AS_KIND_PROXY,                     /* an http URL, or host:port */
    AS_KIND_ARN,
    AS_KIND_NUMBER,
    AS_KIND_TIME,                      /* "500ms", "10s", "5m", "1h", "7d" */
    AS_KIND_CHOICE
} as_kind_e;

typedef struct {
    const char  *name;
    as_kind_e    kind;
    size_t       offset;               /* in as_settings_t */
    const char  *fallback;             /* the default; NULL: none */
    int64_t      min;                  /* minimum; of a secret: bytes */
    int64_t      max;
    const char  *choices;              /* "off|on": stored as 0, 1 */
    unsigned     need;                 /* AS_NEED_... of the commands that
                                          require it */
    const char  *meaning;
} as_setting_t;


extern const as_setting_t  as_settings_table[];
extern const size_t        as_settings_count;


#endif /* AS_SETTINGS_TABLE_H */
