/*
 * The orders in production, in memory only.  Thread-safe.
 */

#ifndef FS_ORDERS_H
#define FS_ORDERS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    char      id[37];
    char     *url;             /* NULL: no callback */
    char     *body;            /* body of the callback */
    int64_t   due;             /* end of production, fs_clock_now() */
    int       lost;            /* true: make no callback */
} fs_order_t;

typedef struct fs_orders  fs_orders_t;

fs_orders_t *fs_orders_create(void);
void fs_orders_destroy(fs_orders_t *orders);

/* Copies url and body.  0, or -1 where memory is out. */
int fs_orders_add(fs_orders_t *orders, const fs_order_t *order);

/* NULL where none is due.  The caller frees it with fs_order_destroy. */
fs_order_t *fs_orders_take_due(fs_orders_t *orders, int64_t now);
void fs_order_destroy(fs_order_t *order);

/* -1: no orders in production. */
int64_t fs_orders_next_due(fs_orders_t *orders);

/* Removes all orders.  Returns their number. */
size_t fs_orders_forget(fs_orders_t *orders);

/* The caller releases the reference. */
json_t *fs_orders_list(fs_orders_t *orders);

#endif
