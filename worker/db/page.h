/*
 * A page of a list.  Each list has its own place, the key of the last row that
 * it read; the next page begins after it, whatever was added or removed since.
 */

#ifndef AS_PAGE_H
#define AS_PAGE_H

#include <stdint.h>

#include <jansson.h>

#include "db/db.h"


typedef struct {
    int64_t   limit;                   /* rows of the next page, at most */
    json_t   *rows;                    /* of the last page; the caller's */
    int64_t   total;                   /* rows of all pages, as counted */
} as_page_t;

/* Reads the next page of a list, or counts its rows; data is the list. */
typedef as_db_status_e (*as_page_pt)(void *data, as_db_t *db);


#endif /* AS_PAGE_H */
