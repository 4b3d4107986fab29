/*
 * The list of products, their stock and their open orders.
 */

#ifndef AS_STOCK_LIST_H
#define AS_STOCK_LIST_H

#include <stdbool.h>

#include "db/page.h"


typedef struct {
    as_page_t    page;                 /* in the order of the SKUs */
    bool         low;                  /* only those at their reorder point or
                                          lower */
    as_text_t    after;                /* the next page has greater SKUs; "":
                                          the first; as_text_free() */
    as_text_t    last;                 /* private to stock_list.c; likewise */
} as_stock_list_t;

/* as_page_pt; data is an as_stock_list_t.  The count includes all pages. */
as_db_status_e as_stock_list(void *data, as_db_t *db);
as_db_status_e as_stock_list_count(void *data, as_db_t *db);


#endif /* AS_STOCK_LIST_H */
