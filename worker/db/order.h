/*
 * Restock orders: opens, reopens, cancels, receives and counts them, and finds
 * the overdue ones.  The functions block and are safe to repeat from their
 * beginning, as a database thread requires (db_thread.h).  A message is one of
 * the queue.
 */

#ifndef AS_ORDER_H
#define AS_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/db.h"
#include "as_trace.h"
#include "as_uuid.h"


/* What the reorder point is compared with (sql/schema.sql), of product p. */
#define AS_ORDER_JUDGED  "p.stock + IF(p.reorder_held, p.held, 0)"

/* The trace of restock_order o. */
#define AS_ORDER_TRACE                                                        \
    "(SELECT t.traceparent FROM restock_order_trace t WHERE t.order_id ="     \
    " o.order_id AND t.product_id = o.product_id)"

#define AS_ORDER_PAGE     50           /* orders of one page */
#define AS_ORDER_SKU_LEN  800          /* bytes: 200 characters of UTF-8 */


typedef enum {
    AS_ORDER_OPENED = 0,               /* for this message, which requests it */
    AS_ORDER_KNOWN,                    /* opened for this message before */
    AS_ORDER_JOINED,                   /* the product has an open order */
    AS_ORDER_PAUSED,                   /* opened, but the relay publishes it
                                          later (earlier orders failed) */
    AS_ORDER_NO_PRODUCT
} as_order_open_e;

typedef struct {
    const char       *product;         /* UUID or SKU */
    int               quantity;        /* 0: the product's reorder_quantity */
    uint8_t           id[AS_UUID_LEN]; /* for the order, where one is opened */
    as_trace_t        trace;           /* likewise */
    int64_t           pause_min_ms;
    int64_t           pause_max_ms;

    as_order_open_e   outcome;
    uint8_t           order_id[AS_UUID_LEN];     /* unless NO_PRODUCT */
} as_order_open_t;

/*
 * Assigns a message without an order id to its product's open order, or opens
 * one.
 */
as_db_status_e as_order_open(as_db_t *db, as_order_open_t *open);

/* Appends ";INSERT ...", the trace of this order if the order exists; nothing
 * where there is no trace. */
void as_order_trace_sql(as_text_t *sql, const uint8_t id[AS_UUID_LEN],
    const as_trace_t *trace);

/* Appends a condition on "product p" for the product of a message: by id where
 * the text is a UUID, otherwise by SKU. */
void as_order_product_sql(as_db_t *db, as_text_t *sql, const char *product);


typedef enum {
    AS_REOPEN_DONE = 0,
    AS_REOPEN_UNKNOWN,                 /* there is no such order */
    AS_REOPEN_STATE,                   /* it has not failed: see state */
    AS_REOPEN_NEWER                    /* the product has another open one */
} as_reopen_e;

typedef struct {
    uint8_t      id[AS_UUID_LEN];
    bool         published;            /* its message exists; otherwise the
                                          relay publishes it */
    bool         cancelled;            /* accept a cancelled order too */
    bool         look;                 /* only check, change nothing */

    as_reopen_e  outcome;
    char         state[16];            /* before */
    int          quantity;
    uint8_t      newer[AS_UUID_LEN];   /* where NEWER */
    char         newer_state[16];

    bool         product;              /* it exists; then these are set: */
    char         sku[AS_ORDER_SKU_LEN + 1];
    int64_t      stock;                /* AS_ORDER_JUDGED */
    int64_t      reorder_point;
    int64_t      came;                 /* quantity of its orders that were
                                          fulfilled after this one ended */
} as_order_reopen_t;

/* Reopens a failed order and resets its attempts. */
as_db_status_e as_order_reopen(as_db_t *db, as_order_reopen_t *reopen);

/* The same checks for a message without an order: sets quantity (0: the
 * product's reorder_quantity) and the product's values; came counts since
 * since_ms (Unix).  NEWER where the message would join an open order, otherwise
 * DONE.  Changes nothing. */
as_db_status_e as_order_reopen_without(as_db_t *db, const char *product,
    int64_t since_ms, as_order_reopen_t *reopen);

/*
 * True, with a sentence in text, where the product's stock is above its reorder
 * point, so that the order would deliver more than is needed.
 */
bool as_order_reopen_surplus(const as_order_reopen_t *reopen, char *text,
    size_t room);

/* Writes why a NEWER order prevents it, and what to do. */
void as_order_reopen_newer(const as_order_reopen_t *reopen, char *text,
    size_t room);


typedef enum {
    AS_NOW_DONE = 0,
    AS_NOW_NO_PRODUCT,
    AS_NOW_NO_ORDER,                   /* the product has no open one */
    AS_NOW_STATE                       /* it does not wait: see state */
} as_order_now_e;

typedef struct {
    const char      *sku;
    as_order_now_e   outcome;
    uint8_t          id[AS_UUID_LEN];  /* the open order */
    char             state[16];        /* before */
    int64_t          wait_ms;          /* time it still had to wait */
    bool             leased;           /* being published at this moment */
} as_order_now_t;

/* Ends the pause of a product's open order: the relay publishes it now. */
as_db_status_e as_order_now(as_db_t *db, as_order_now_t *now);


typedef enum {
    AS_CANCEL_DONE = 0,
    AS_CANCEL_UNKNOWN,                 /* there is no such order */
    AS_CANCEL_STATE                    /* it is not open: see state */
} as_cancel_e;

typedef struct {
    uint8_t      id[AS_UUID_LEN];
    as_cancel_e  outcome;
    char         state[16];            /* before */
    bool         calling;              /* a worker is calling the factory */
    bool         low;                  /* the stock is at the reorder point: the
                                          next order follows */
} as_order_cancel_t;

/* Cancels an open order. */
as_db_status_e as_order_cancel(as_db_t *db, as_order_cancel_t *cancel);


typedef enum {
    AS_RECEIVE_DONE = 0,
    AS_RECEIVE_UNKNOWN,                /* there is no such order */
    AS_RECEIVE_STATE,                  /* it is fulfilled already */
    AS_RECEIVE_COUNT,                  /* more than was ordered */
    AS_RECEIVE_NO_PRODUCT,             /* it was deleted */
    AS_RECEIVE_RANGE                   /* the stock would exceed an INT */
} as_receive_e;

typedef struct {
    uint8_t       id[AS_UUID_LEN];
    int64_t       quantity;
    uint8_t       movement_id[AS_UUID_LEN];     /* the caller's new id */
    as_receive_e  outcome;
    bool          before;              /* it was fulfilled before this call */
    char          state[16];           /* before */
    int64_t       ordered;
    int64_t       stock;               /* after it */
} as_order_receive_t;

/*
 * Books the goods of an order and fulfils it, in any state but fulfilled.
 * Repeated with the same movement id it takes effect once.
 */
as_db_status_e as_order_receive(as_db_t *db, as_order_receive_t *receive);


typedef struct {
    uint8_t     id[AS_UUID_LEN];
    int         attempts;
    as_trace_t  trace;
    bool        failed;                /* results of as_order_overdue(): */
    bool        again;                 /* at most one is set; none: another
                                          worker changed the order first */
} as_order_overdue_t;

typedef struct {
    bool                 published;    /* find orders whose message was not
                                          received; otherwise those that were
                                          requested and not called back */
    int64_t              timeout_ms;
    int                  max_attempts;
    as_order_overdue_t   orders[AS_ORDER_PAGE];
    size_t               n;
} as_order_overdue_page_t;

/*
 * Finds a page of overdue orders.  Sets them to pending, so that the relay
 * publishes them again; those that have no attempts left fail.
 */
as_db_status_e as_order_overdue(as_db_t *db, as_order_overdue_page_t *page);


typedef struct {
    uint8_t     product_id[AS_UUID_LEN];
    uint8_t     order_id[AS_UUID_LEN]; /* new ids from the caller */
    as_trace_t  trace;                 /* a new one from the caller */
    bool        done;                  /* an order or a movement was inserted */
} as_order_product_t;

typedef struct {
    as_order_product_t  products[AS_ORDER_PAGE];
    size_t              n;
} as_order_products_t;

/*
 * Opens orders for products at or below their reorder point that have none.  On
 * entry each order_id is a new id, and each trace a new one.
 */
as_db_status_e as_order_restock(as_db_t *db, as_order_products_t *page);


/* The number of waiting orders, for the metrics. */
typedef struct {
    int64_t  callback_timeout_ms;
    int64_t  lease_ms;                 /* the relay's */

    int64_t  pending;
    int64_t  pending_oldest_ms;        /* time since the oldest was due;
                                          negative: none is due */
    int64_t  published;
    int64_t  published_oldest_ms;      /* time since its message could be
                                          received; negative: none */
    int64_t  requested;
    int64_t  overdue;                  /* requested, and not called back in
                                          time; also where asked again */
    int64_t  overdue_next_ms;          /* until the next one is overdue;
                                          negative: none */
} as_order_counts_t;

as_db_status_e as_order_count(as_db_t *db, as_order_counts_t *counts);


#endif /* AS_ORDER_H */
