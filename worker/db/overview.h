/*
 * What the dashboard shows of the database: products, open orders, open holds.
 * Reads only; each statement is limited in rows and time.
 */

#ifndef AS_OVERVIEW_H
#define AS_OVERVIEW_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "db/db.h"


#define AS_OVERVIEW_ROWS     50        /* of each list */
#define AS_OVERVIEW_TIME_S   3         /* of each statement */


/*
 * Makes the session read only, and limits its statements to AS_OVERVIEW_TIME_S.
 * Call it before the others, on the same connection.
 */
as_db_status_e as_overview_begin(as_db_t *db);


typedef struct {
    json_t  *products;                 /* the nearest to their reorder point
                                          first */
    json_t  *orders;                   /* open ones, the oldest first */
    json_t  *holds;                    /* open ones, the next due first */
    bool     products_more;            /* than AS_OVERVIEW_ROWS */
    bool     orders_more;
    bool     holds_more;
} as_overview_t;

/* After a failure the lists are NULL. */
as_db_status_e as_overview_read(as_db_t *db, as_overview_t *overview);
void as_overview_free(as_overview_t *overview);


/* A page of all products by SKU: those after the product with this id; NULL:
 * the first page.  Sets products and products_more. */
as_db_status_e as_overview_page(as_db_t *db, const uint8_t *after,
    as_overview_t *overview);


#endif /* AS_OVERVIEW_H */
