/*
 * Queries of restock orders, for the operator's commands.
 */

#ifndef AS_ORDER_LIST_H
#define AS_ORDER_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "db/page.h"
#include "as_uuid.h"


/* A column of restock_order or stock_movement o, as ISO 8601. */
#define AS_ORDER_TIME(column)                                                 \
    "DATE_FORMAT(o." column ", '%Y-%m-%dT%H:%i:%s.%fZ')"


/* The place of an order in the list. */
typedef struct {
    char      pending_at[32];          /* "": the newest; AS_ORDER_TIME */
    uint8_t   id[AS_UUID_LEN];
} as_order_place_t;

typedef struct {
    as_page_t          page;           /* newest first */
    const char        *state;          /* NULL: any; "open": the open ones */
    const char        *sku;            /* NULL: any */
    const char        *reason;         /* NULL: any; a part of last_error */
    int64_t            older_ms;       /* minimum age */
    as_order_place_t   after;          /* the next page has older orders */
    as_order_place_t   last;           /* private to order_list.c */
} as_order_list_t;

/* as_page_pt; data is an as_order_list_t.  The count includes all pages. */
as_db_status_e as_order_list(void *data, as_db_t *db);
as_db_status_e as_order_list_count(void *data, as_db_t *db);

/* Finds the place of the order after->id; "" where there is none. */
as_db_status_e as_order_list_place(void *data, as_db_t *db);

typedef struct {
    uint8_t   id[AS_UUID_LEN];
    json_t   *order;                   /* NULL: not found; json_decref().  Its
                                          member "movements" lists the movements
                                          that were booked for it */
} as_order_show_t;

as_db_status_e as_order_show(as_db_t *db, as_order_show_t *show);


#endif /* AS_ORDER_LIST_H */
