/*
 * Holds for an operator: the list, one hold, and its release.
 */

#ifndef AS_HOLD_LIST_H
#define AS_HOLD_LIST_H

#include <jansson.h>

#include "db/hold.h"


typedef struct {
    const char     *state;             /* or "due"; NULL: any */
    const char     *sku;               /* NULL: any */
    const uint8_t  *after;             /* only older holds; NULL: any */
    int64_t         limit;
    json_t         *rows;              /* the newest first; as_output_rows() */
    int64_t         total;             /* without the limit */
} as_hold_list_t;

as_db_status_e as_hold_list(as_db_t *db, as_hold_list_t *list);


typedef struct {
    uint8_t   id[AS_UUID_LEN];
    json_t   *hold;                    /* with "lines"; NULL: there is none;
                                          json_decref() */
} as_hold_show_t;

as_db_status_e as_hold_show(as_db_t *db, as_hold_show_t *show);


typedef enum {
    AS_HOLD_RELEASED = 0,
    AS_HOLD_UNKNOWN,
    AS_HOLD_STATE                      /* it is not open */
} as_hold_release_e;

typedef struct {
    uint8_t             id[AS_UUID_LEN];
    uint8_t             movement_id[AS_UUID_LEN];      /* the same in every
                                                          attempt */
    as_hold_release_e   outcome;
    char                state[12];     /* before */
} as_hold_release_t;

/* Releases an open hold, due or not.  May be repeated after a lost
 * connection. */
as_db_status_e as_hold_release(as_db_t *db, as_hold_release_t *release);


#endif /* AS_HOLD_LIST_H */
