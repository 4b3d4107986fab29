/*
 * Holds for an operator: the list, one hold, and its release.
 */

#ifndef AS_HOLD_LIST_H
#define AS_HOLD_LIST_H

#include <stdbool.h>

#include <jansson.h>

#include "db/hold.h"
#include "db/page.h"


typedef struct {
    as_page_t    page;                 /* newest first */
    const char  *state;                /* or "due"; NULL: any */
    const char  *sku;                  /* NULL: any */
    bool         has_after;
    uint8_t      after[AS_UUID_LEN];   /* the next page has older holds */
    uint8_t      last[AS_UUID_LEN];    /* private to hold_list.c */
} as_hold_list_t;

/* as_page_pt; data is an as_hold_list_t.  The count includes all pages. */
as_db_status_e as_hold_list(void *data, as_db_t *db);
as_db_status_e as_hold_list_count(void *data, as_db_t *db);


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
