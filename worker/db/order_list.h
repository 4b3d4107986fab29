/*
 * Queries of restock orders, for the operator's commands.
 */

#ifndef AS_ORDER_LIST_H
#define AS_ORDER_LIST_H

#include <stdint.h>

#include <jansson.h>

#include "db/db.h"
#include "as_uuid.h"


/* A column of restock_order or stock_movement o, as ISO 8601. */
#define AS_ORDER_TIME(column)                                                 \
    "DATE_FORMAT(o." column ", '%Y-%m-%dT%H:%i:%s.%fZ')"


typedef struct {
    const char  *state;                /* NULL: any; "open": the open ones */
    const char  *sku;                  /* NULL: any */
    const char  *reason;               /* NULL: any; a part of last_error */
    int64_t      older_ms;             /* minimum age */
    int64_t      limit;
    json_t      *rows;                 /* newest first; the caller frees it */
    int64_t      total;                /* all that match, also those beyond the
                                          limit */
} as_order_list_t;

as_db_status_e as_order_list(as_db_t *db, as_order_list_t *list);

typedef struct {
    uint8_t   id[AS_UUID_LEN];
    json_t   *order;                   /* NULL: not found; json_decref().  Its
                                          member "movements" lists the movements
                                          that were booked for it */
} as_order_show_t;

as_db_status_e as_order_show(as_db_t *db, as_order_show_t *show);


#endif /* AS_ORDER_LIST_H */
