#include "fs_orders.h"

#include "fs_clock.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* A binary heap: the order that is due first is at index 0. */
struct fs_orders {
    fs_order_t      **heap;
    size_t            n;
    size_t            size;
    pthread_mutex_t   mutex;
};

fs_orders_t *
fs_orders_create(void)
{
    fs_orders_t  *orders;

    orders = calloc(1, sizeof(*orders));
    if (orders != NULL) {
        pthread_mutex_init(&orders->mutex, NULL);
    }
    return orders;
}

void
fs_orders_destroy(fs_orders_t *orders)
{
    if (orders != NULL) {
        fs_orders_forget(orders);
        free(orders->heap);
        free(orders);
    }
}

void
fs_order_destroy(fs_order_t *order)
{
    if (order != NULL) {
        free(order->url);
        free(order->body);
        free(order);
    }
}

static fs_order_t *
fs_order_copy(const fs_order_t *order)
{
    fs_order_t  *copy;

    copy = malloc(sizeof(*copy));
    if (copy == NULL) {
        return NULL;
    }

    *copy = *order;
    copy->url = order->url == NULL ? NULL : strdup(order->url);
    copy->body = strdup(order->body);
    if (copy->body == NULL || (copy->url == NULL && order->url != NULL)) {
        fs_order_destroy(copy);
        return NULL;
    }
    return copy;
}

static void
fs_orders_swap(fs_orders_t *orders, size_t a, size_t b)
{
    fs_order_t  *order;

    order = orders->heap[a];
    orders->heap[a] = orders->heap[b];
    orders->heap[b] = order;
}

static void
fs_orders_rise(fs_orders_t *orders, size_t i)
{
    while (i > 0 && orders->heap[i]->due < orders->heap[(i - 1) / 2]->due) {
        fs_orders_swap(orders, i, (i - 1) / 2);
        i = (i - 1) / 2;
    }
}

static void
fs_orders_sink(fs_orders_t *orders, size_t i)
{
    size_t  least, child;

    for ( ;; ) {
        least = i;
        for (child = 2 * i + 1; child <= 2 * i + 2; child++) {
            if (child < orders->n
                && orders->heap[child]->due < orders->heap[least]->due)
            {
                least = child;
            }
        }
        if (least == i) {
            return;
        }
        fs_orders_swap(orders, i, least);
        i = least;
    }
}

static int
fs_orders_grow(fs_orders_t *orders)
{
    size_t        size;
    fs_order_t  **heap;

    if (orders->n < orders->size) {
        return 0;
    }

    size = orders->size == 0 ? 64 : orders->size * 2;
    heap = realloc(orders->heap, size * sizeof(*heap));
    if (heap == NULL) {
        return -1;
    }

    orders->heap = heap;
    orders->size = size;
    return 0;
}

int
fs_orders_add(fs_orders_t *orders, const fs_order_t *order)
{
    int          rc = -1;
    fs_order_t  *copy;

    copy = fs_order_copy(order);
    if (copy == NULL) {
        return -1;
    }

    pthread_mutex_lock(&orders->mutex);
    if (fs_orders_grow(orders) == 0) {
        orders->heap[orders->n++] = copy;
        fs_orders_rise(orders, orders->n - 1);
        rc = 0;
    }
    pthread_mutex_unlock(&orders->mutex);

    if (rc != 0) {
        fs_order_destroy(copy);
    }
    return rc;
}

fs_order_t *
fs_orders_take_due(fs_orders_t *orders, int64_t now)
{
    fs_order_t  *order = NULL;

    pthread_mutex_lock(&orders->mutex);
    if (orders->n > 0 && orders->heap[0]->due <= now) {
        order = orders->heap[0];
        orders->heap[0] = orders->heap[--orders->n];
        fs_orders_sink(orders, 0);
    }
    pthread_mutex_unlock(&orders->mutex);

    return order;
}

int64_t
fs_orders_next_due(fs_orders_t *orders)
{
    int64_t  due;

    pthread_mutex_lock(&orders->mutex);
    due = orders->n > 0 ? orders->heap[0]->due : -1;
    pthread_mutex_unlock(&orders->mutex);

    return due;
}

size_t
fs_orders_forget(fs_orders_t *orders)
{
    size_t  i, n;

    pthread_mutex_lock(&orders->mutex);
    n = orders->n;
    for (i = 0; i < n; i++) {
        fs_order_destroy(orders->heap[i]);
    }
    orders->n = 0;
    pthread_mutex_unlock(&orders->mutex);

    return n;
}

json_t *
fs_orders_list(fs_orders_t *orders)
{
    size_t    i;
    int64_t   now;
    json_t   *list;

    list = json_array();
    now = fs_clock_now();

    pthread_mutex_lock(&orders->mutex);
    for (i = 0; i < orders->n; i++) {
        json_array_append_new(list, json_pack("{s:s, s:I, s:b}",
                "id", orders->heap[i]->id,
                "due_ms", (json_int_t) (orders->heap[i]->due - now),
                "lost", orders->heap[i]->lost));
    }
    pthread_mutex_unlock(&orders->mutex);

    return list;
}
