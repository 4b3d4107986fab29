/*
 * What the factory has in production, in memory only.  Thread-safe.
 */

#ifndef FS_ORDERS_H
#define FS_ORDERS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    char      id[37];
    char     *url;             /* NULL: nobody to be called back */
    char     *body;            /* what the callback will say */
    int64_t   due;             /* end of production, fs_clock_now() */
    int       lost;            /* the callback is not made */
} fs_order_t;

typedef struct fs_orders  fs_orders_t;

fs_orders_t *fs_orders_create(void);
void fs_orders_destroy(fs_orders_t *orders);

/* url and body are copied; 0, or -1: no memory */
int fs_orders_add(fs_orders_t *orders, const fs_order_t *order);

/* NULL: none is due; the caller's, for fs_order_destroy */
fs_order_t *fs_orders_take_due(fs_orders_t *orders, int64_t now);
void fs_order_destroy(fs_order_t *order);

/* -1: nothing in production */
int64_t fs_orders_next_due(fs_orders_t *orders);

/* The factory forgets; how many. */
size_t fs_orders_forget(fs_orders_t *orders);

/* The caller's reference. */
json_t *fs_orders_list(fs_orders_t *orders);

#endif
