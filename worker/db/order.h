/*
 * Restock orders: opened, found overdue, failed.  The functions block; they
 * run in a clerk and may be run again from their beginning.
 */

#ifndef AS_ORDER_H
#define AS_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/db.h"
#include "as_uuid.h"


#define AS_ORDER_PAGE     50           /* orders of one look */
#define AS_ORDER_SKU_LEN  800          /* bytes: 200 characters of UTF-8 */


typedef enum {
    AS_ORDER_OPENED = 0,               /* for this letter, which carries it */
    AS_ORDER_KNOWN,                    /* this letter's, from before */
    AS_ORDER_JOINED,                   /* the product has an open one */
    AS_ORDER_PAUSED,                   /* opened, but the relay sends it later
                                          (the former orders failed) */
    AS_ORDER_NO_PRODUCT
} as_order_open_e;

typedef struct {
    const char       *product;         /* UUID or SKU */
    int               quantity;        /* 0: the product's reorder_quantity */
    uint8_t           id[AS_UUID_LEN]; /* of the order, if it is opened */
    int64_t           pause_min_ms;
    int64_t           pause_max_ms;

    as_order_open_e   outcome;
    uint8_t           order_id[AS_UUID_LEN];     /* unless NO_PRODUCT */
} as_order_open_t;

/* A letter without an order id joins or opens its product's order. */
as_db_status_e as_order_open(as_db_t *db, as_order_open_t *open);

/* Of "product p" that which a letter names: by id where the text is one,
 * otherwise by SKU. */
void as_order_product_sql(as_db_t *db, as_text_t *sql, const char *product);


typedef enum {
    AS_REOPEN_DONE = 0,
    AS_REOPEN_UNKNOWN,                 /* there is no such order */
    AS_REOPEN_STATE,                   /* it has not failed: state tells */
    AS_REOPEN_NEWER                    /* the product has another open one */
} as_reopen_e;

typedef struct {
    uint8_t      id[AS_UUID_LEN];
    bool         published;            /* its letter is at hand; otherwise the
                                          relay publishes it */
    bool         cancelled;            /* one that was cancelled, too */
    bool         look;                 /* only what would come of it */

    as_reopen_e  outcome;
    char         state[16];            /* before */
    int          quantity;
    uint8_t      newer[AS_UUID_LEN];   /* where NEWER */
    char         newer_state[16];

    bool         product;              /* it is there; then: */
    char         sku[AS_ORDER_SKU_LEN + 1];
    int64_t      stock;
    int64_t      reorder_point;
    int64_t      came;                 /* pieces of its orders that were
                                          fulfilled since this one ended */
} as_order_reopen_t;

/* Reopens a failed order, its attempts forgotten. */
as_db_status_e as_order_reopen(as_db_t *db, as_order_reopen_t *reopen);

/* The same of a letter that has no order yet: fills quantity (0: the product's
 * own) and the product, what came counted since since_ms (unix); NEWER where
 * the letter would join an order, otherwise DONE.  Changes nothing. */
as_db_status_e as_order_reopen_without(as_db_t *db, const char *product,
    int64_t since_ms, as_order_reopen_t *reopen);

/* True, and a sentence with the numbers, where the product's stock is over
 * its reorder point: what the order brings would come on top. */
bool as_order_reopen_surplus(const as_order_reopen_t *reopen, char *text,
    size_t room);

/* Why not, and what to do, where NEWER. */
void as_order_reopen_newer(const as_order_reopen_t *reopen, char *text,
    size_t room);


typedef enum {
    AS_NOW_DONE = 0,
    AS_NOW_NO_PRODUCT,
    AS_NOW_NO_ORDER,                   /* the product has no open one */
    AS_NOW_STATE                       /* it does not wait: state tells */
} as_order_now_e;

typedef struct {
    const char      *sku;
    as_order_now_e   outcome;
    uint8_t          id[AS_UUID_LEN];  /* the open order */
    char             state[16];        /* before */
    int64_t          wait_ms;          /* that it had still to wait */
    bool             leased;           /* it is on its way just now */
} as_order_now_t;

/* Ends the pause of a product's open order: the relay publishes it now. */
as_db_status_e as_order_now(as_db_t *db, as_order_now_t *now);


typedef enum {
    AS_CANCEL_DONE = 0,
    AS_CANCEL_UNKNOWN,                 /* there is no such order */
    AS_CANCEL_STATE                    /* it is not open: state tells */
} as_cancel_e;

typedef struct {
    uint8_t      id[AS_UUID_LEN];
    as_cancel_e  outcome;
    char         state[16];            /* before */
    bool         calling;              /* a worker is asking the factory */
    bool         low;                  /* the product is at its reorder
                                          point: the next order follows */
} as_order_cancel_t;

/* Cancels an open order. */
as_db_status_e as_order_cancel(as_db_t *db, as_order_cancel_t *cancel);


typedef enum {
    AS_RECEIVE_DONE = 0,
    AS_RECEIVE_UNKNOWN,                /* there is no such order */
    AS_RECEIVE_STATE,                  /* it is fulfilled already */
    AS_RECEIVE_COUNT,                  /* more than was ordered */
    AS_RECEIVE_NO_PRODUCT,             /* it was deleted */
    AS_RECEIVE_RANGE                   /* the stock would pass an INT */
} as_receive_e;

typedef struct {
    uint8_t       id[AS_UUID_LEN];
    int64_t       quantity;
    uint8_t       movement_id[AS_UUID_LEN];     /* the caller's new id */
    as_receive_e  outcome;
    bool          before;              /* it was fulfilled when looked at */
    char          state[16];           /* before */
    int64_t       ordered;
    int64_t       stock;               /* afterwards */
} as_order_receive_t;

/* Books an order's goods and fulfils it, in any state but fulfilled.  Run
 * again with the same movement's id it is done once. */
as_db_status_e as_order_receive(as_db_t *db, as_order_receive_t *receive);


typedef struct {
    uint8_t   id[AS_UUID_LEN];
    int       attempts;
    bool      failed;                  /* as_order_overdue_settle's answer:  */
    bool      again;                   /*   at most one of both; neither:
                                            another was quicker */
} as_order_overdue_t;

typedef struct {
    bool                 published;    /* those nobody received; otherwise
                                          the requested without callback */
    int64_t              timeout_ms;
    int                  max_attempts;
    as_order_overdue_t   orders[AS_ORDER_PAGE];
    size_t               n;
} as_order_overdue_page_t;

/* Finds a page of overdue orders and publishes them anew (back to pending),
 * or fails those that had their attempts. */
as_db_status_e as_order_overdue(as_db_t *db, as_order_overdue_page_t *page);


typedef struct {
    uint8_t  product_id[AS_UUID_LEN];
    uint8_t  order_id[AS_UUID_LEN];    /* the caller's new ids */
    bool     done;                     /* an order, or a movement, is there
                                          that was not */
} as_order_product_t;

typedef struct {
    as_order_product_t  products[AS_ORDER_PAGE];
    size_t              n;
} as_order_products_t;

/* Opens orders for products at or under their reorder point that have none.
 * On entry all order_id are fresh ids. */
as_db_status_e as_order_restock(as_db_t *db, as_order_products_t *page);


/* How many orders wait, for metrics. */
typedef struct {
    int64_t  callback_timeout_ms;
    int64_t  lease_ms;                 /* the relay's */

    int64_t  pending;
    int64_t  pending_oldest_ms;        /* the oldest that is due, since then;
                                          below 0: none is */
    int64_t  published;
    int64_t  published_oldest_ms;      /* since its message could be
                                          received; below 0: none */
    int64_t  requested;
    int64_t  overdue;                  /* without their callback in time,
                                          those that are asked for again too */
    int64_t  overdue_next_ms;          /* until one more is; below 0: none */
} as_order_counts_t;

as_db_status_e as_order_count(as_db_t *db, as_order_counts_t *counts);


#endif /* AS_ORDER_H */
