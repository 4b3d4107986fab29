/*
 * Restock orders as an operator looks at them.
 */

#ifndef AS_ORDER_LIST_H
#define AS_ORDER_LIST_H

#include <stdint.h>

#include <jansson.h>

#include "db/db.h"
#include "as_uuid.h"


typedef struct {
    const char  *state;                /* NULL: any; "open": the open ones */
    const char  *sku;                  /* NULL: any */
    const char  *reason;               /* NULL: any; part of last_error */
    int64_t      older_ms;             /* opened so long ago, at least */
    int64_t      limit;
    json_t      *rows;                 /* the newest first; the caller's
                                          array */
    int64_t      total;                /* that match, those over the limit
                                          too */
} as_order_list_t;

as_db_status_e as_order_list(as_db_t *db, as_order_list_t *list);

typedef struct {
    uint8_t   id[AS_UUID_LEN];
    json_t   *order;                   /* NULL: there is none; json_decref().
                                          Its member "movements" is what was
                                          booked of it */
} as_order_show_t;

as_db_status_e as_order_show(as_db_t *db, as_order_show_t *show);


#endif /* AS_ORDER_LIST_H */
