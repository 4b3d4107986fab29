/*
 * What `top` shows of the database: products, orders, holds.
 */

#ifndef AS_SHOP_VIEW_H
#define AS_SHOP_VIEW_H

#include <jansson.h>

#include "db/db.h"


#define AS_SHOP_VIEW_PRODUCTS  200


typedef struct {
    json_t  *shop;                     /* "products", nearest to their reorder
                                          point first; "orders", the open ones
                                          by state; "holds"; the caller's */
} as_shop_view_t;

/* Reads all anew; data is an as_shop_view_t. */
as_db_status_e as_shop_view(void *data, as_db_t *db);


#endif /* AS_SHOP_VIEW_H */
