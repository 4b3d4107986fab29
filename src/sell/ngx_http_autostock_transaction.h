
/*
 * A batch of sales as one transaction.  It goes one of these ways:
 *
 *   plain    One packet: ledger rows, keys, stock rows, a guard, COMMIT.  It
 *            ends with an error unless every product exists under its SKU and
 *            keeps stock above its reorder point, or has enough stock and an
 *            open order.  The row lock is held for the last step only.
 *   peek     Reads, without locks, what may settle an item: its key and its
 *            product.  Refuses what cannot be sold.
 *   lock     Locks the stock rows, allots the stock in order of arrival, then
 *            writes, and opens the orders that are due.
 *   lock free  The same, after a lock wait timed out: it skips the rows that
 *            other transactions have locked; the sales of those products then
 *            wait aside.
 *
 * The ledger has one row per transaction and product.  A sale's number in its
 * transaction is the index of its head, in every attempt; its id is the
 * transaction's id and that number (sql/schema.sql).  A cart is one number in
 * the rows of several products.
 *
 * A hold is a sale that has another kind of row (AS_MOVEMENT_HOLD): the pieces
 * leave the stock, and product.held counts them.  The server says when the hold
 * expires.
 *
 * If COMMIT was sent and its answer was lost, the batch is in doubt.  The old
 * session is killed and the transaction's rows are looked for.  If there are
 * none, the batch is sold again, by lock, under the same id.
 *
 * The anchor is a ledger row of the lost attempt.  Every later attempt writes
 * this row too, if necessary with quantity 0 and no sale.  So at most one
 * attempt can ever commit, and a late one fails as a whole.
 *
 * A twin is an item with the same key as an earlier item of the batch.  It is
 * not sold; its result follows from the earlier item's, or it is tried again if
 * the key is still free.  For absent products see ngx_http_autostock_catalog.h.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_TRANSACTION_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_TRANSACTION_H_INCLUDED_


#include "ngx_http_autostock_batch.h"
#include "ngx_http_autostock_catalog.h"
#include "ngx_http_autostock_order.h"

#include "as_movement.h"


/* The packet under way, or what is done between two packets. */
typedef enum {
    NGX_HTTP_AUTOSTOCK_TRANSACTION_END = 0,     /* before it starts, too */
    NGX_HTTP_AUTOSTOCK_TRANSACTION_CHOOSE,      /* the way is chosen */
    NGX_HTTP_AUTOSTOCK_TRANSACTION_PEEK,
    NGX_HTTP_AUTOSTOCK_TRANSACTION_PLAIN,
    NGX_HTTP_AUTOSTOCK_TRANSACTION_STOCK,       /* reads what is left */
    NGX_HTTP_AUTOSTOCK_TRANSACTION_LOCK,
    NGX_HTTP_AUTOSTOCK_TRANSACTION_WRITE,       /* after a lock */
    NGX_HTTP_AUTOSTOCK_TRANSACTION_ROLLBACK,
    NGX_HTTP_AUTOSTOCK_TRANSACTION_BARRIER,     /* a commit of our own */
    NGX_HTTP_AUTOSTOCK_TRANSACTION_PAUSE        /* without a connection */
} ngx_http_autostock_transaction_state_e;


/* From cheap to costly. */
typedef enum {
    NGX_HTTP_AUTOSTOCK_WAY_NONE = 0,            /* nothing is to be done */
    NGX_HTTP_AUTOSTOCK_WAY_PLAIN,
    NGX_HTTP_AUTOSTOCK_WAY_PEEK,
    NGX_HTTP_AUTOSTOCK_WAY_LOCK,
    NGX_HTTP_AUTOSTOCK_WAY_LOCK_FREE            /* skips locked rows */
} ngx_http_autostock_transaction_way_e;


/* What is known of the COMMIT that sells. */
typedef enum {
    NGX_HTTP_AUTOSTOCK_COMMIT_NONE = 0,         /* none without an answer */
    NGX_HTTP_AUTOSTOCK_COMMIT_SENT,
    NGX_HTTP_AUTOSTOCK_COMMIT_DOUBT,            /* its answer was lost */
    NGX_HTTP_AUTOSTOCK_COMMIT_FOUND             /* in doubt; its rows exist */
} ngx_http_autostock_transaction_commit_e;


/* What follows a failed packet; most of it after a ROLLBACK. */
typedef enum {
    NGX_HTTP_AUTOSTOCK_AFTER_RESTART = 0,       /* at once */
    NGX_HTTP_AUTOSTOCK_AFTER_PAUSE,             /* restart after a pause */
    NGX_HTTP_AUTOSTOCK_AFTER_STUCK,             /* set aside what is locked */
    NGX_HTTP_AUTOSTOCK_AFTER_REFUSE,            /* find the refused item */
    NGX_HTTP_AUTOSTOCK_AFTER_FINISH,            /* nothing was written */
    NGX_HTTP_AUTOSTOCK_AFTER_LOST,              /* no ROLLBACK: close, pause */
    NGX_HTTP_AUTOSTOCK_AFTER_ELSEWHERE          /* the same; another server */
} ngx_http_autostock_transaction_after_e;


typedef enum {
    NGX_HTTP_AUTOSTOCK_ITEM_OPEN = 0,       /* nothing is known yet */
    NGX_HTTP_AUTOSTOCK_ITEM_SOLD,           /* planned, or committed */
    NGX_HTTP_AUTOSTOCK_ITEM_REFUSED,
    NGX_HTTP_AUTOSTOCK_ITEM_REPLAYED,
    NGX_HTTP_AUTOSTOCK_ITEM_CONFLICT,
    NGX_HTTP_AUTOSTOCK_ITEM_NO_PRODUCT,
    NGX_HTTP_AUTOSTOCK_ITEM_STALE,          /* its product must be looked up
                                               again */
    NGX_HTTP_AUTOSTOCK_ITEM_LOCKED,         /* by another transaction */
    NGX_HTTP_AUTOSTOCK_ITEM_BROKEN          /* its key has no movement */
} ngx_http_autostock_item_state_e;


/*
 * One product of a requested sale.  The items of a sale follow each other.  The
 * first one is its head: what concerns the whole sale is there alone.
 */
typedef struct {
    uint32_t                          quantity;
    uint32_t                          line;
    uint32_t                          next;     /* item + 1, same line; 0: it
                                                   is the last */
    uint32_t                          twin;     /* earlier item + 1, same
                                                   key; 0: no twin */
    uint32_t                          parts;    /* the sale's items, in the
                                                   head */
    uint32_t                          number;   /* the sale's, in all of its
                                                   items: the head's index */
    uint32_t                          hold;     /* seconds; 0: a sale; in the
                                                   head */
    ngx_http_autostock_item_state_e   state;
    int64_t                           stock;    /* to be reported */
    u_char                            keyed;
    u_char                            gone;     /* refused: must not be sold */
    u_char                            found;    /* in doubt: its row exists */
    u_char                            busy;     /* another transaction has
                                                   not committed its key */
    u_char                            lacking;  /* refused: not enough of this
                                                   product */
    u_char                            traced;   /* in the head */
    u_char                            key[16];  /* if keyed */
    u_char                            fingerprint[8];
    u_char                            first[16];  /* the id of the replayed
                                                     sale */
} ngx_http_autostock_item_t;

#define ngx_http_autostock_item_next(head)  ((head) + (head)->parts)

/* Of a sale or hold. */
#define ngx_http_autostock_item_id(to, t, head)                               \
    ngx_http_autostock_id_sale(to, (t)->id, (head)->number                    \
                               + ((head)->hold ? AS_MOVEMENT_HOLD             \
                                               : AS_MOVEMENT_SALE))


/* The items of a product that are sales, or those that are holds. */
typedef struct {
    uint32_t                          first;    /* item + 1 */
    uint32_t                          last;     /* item + 1 */
} ngx_http_autostock_chain_t;


/* One product of the batch. */
typedef struct {
    ngx_http_autostock_product_t     *product;
    ngx_http_autostock_chain_t        sales;
    ngx_http_autostock_chain_t        holds;
    int64_t                           demanded;
    int64_t                           sold;     /* pieces, those of holds
                                                   included */
    int64_t                           demanded_hold;
    int64_t                           holding;  /* of sold, those of holds */
    int64_t                           stock;
    int64_t                           held;     /* as in the catalog */
    int64_t                           reorder_point;
    int64_t                           reorder_quantity;
    ngx_http_autostock_order_t        opened;   /* if order is set */
    unsigned                          seen:1;   /* its row was read */
    unsigned                          there:1;  /* the row exists, locked or
                                                   not */
    unsigned                          had:1;    /* its lock was obtained */
    unsigned                          open:1;   /* an order is open */
    unsigned                          judged:1; /* none is; with what is held,
                                                   stock stays high enough */
    unsigned                          order:1;  /* this batch opens one */
} ngx_http_autostock_line_t;


typedef struct {
    ngx_http_autostock_flight_t       flight;   /* first */

    u_char                            id[16];
    ngx_http_autostock_item_t        *items;
    ngx_http_autostock_line_t        *lines;
    ngx_http_autostock_line_t       **sorted;   /* by product id */
    uint32_t                         *table;    /* item + 1, by key */
    ngx_uint_t                        mask;
    ngx_uint_t                        max;
    ngx_uint_t                        nitems;
    ngx_uint_t                        nsales;
    ngx_uint_t                        nlines;
    ngx_uint_t                        nkeyed;
    ngx_uint_t                        nholds;
    size_t                            bytes;    /* of SQL, an estimate */
    ngx_uint_t                        serial;
    ngx_http_autostock_line_t        *anchor;
    u_char                          (*expires)[NGX_HTTP_AUTOSTOCK_TIME_LEN];
                                                /* of the holds, by number; as
                                                   told to clients */

    as_trace_t                       *traces;   /* of the heads that are
                                                   traced, by number */

    /* statement numbers in the packet under way */
    ngx_uint_t                        busy_at;
    ngx_uint_t                        there_at;
    ngx_uint_t                        keys_at;
    ngx_uint_t                        holds_at;
    ngx_uint_t                        ids_at;
    ngx_uint_t                        lines_at;
    ngx_uint_t                        orders_at;
    ngx_uint_t                        commit_at;

    ngx_uint_t                        sorted_n;
    ngx_uint_t                        error;    /* the last one, from the
                                                   server */
    ngx_uint_t                        looks;    /* retries because of a used
                                                   key */
    u_char                            text[NGX_HTTP_AUTOSTOCK_ERROR_TEXT];

    ngx_http_autostock_transaction_state_e
                                      state;
    ngx_http_autostock_transaction_way_e
                                      way;      /* cheaper ones have failed */
    ngx_http_autostock_transaction_commit_e
                                      commit;
    ngx_http_autostock_transaction_after_e
                                      after;    /* the ROLLBACK under way */
    unsigned                          look:1;   /* look for keys first */
    unsigned                          absents:1;  /* has absent products */
    unsigned                          carts:1;  /* of several products */
    unsigned                          traced:1; /* a head is */
    unsigned                          anchor_hold:1;  /* the anchor is the row
                                                         of its holds */
    unsigned                          peeks_products:1;
    unsigned                          fresh:1;  /* a sale was read that may
                                                   not be on disk yet */
} ngx_http_autostock_transaction_t;


/* The flight has a connection: starts from the beginning. */
void ngx_http_autostock_transaction_start(
    ngx_http_autostock_flight_t *flight);


/* Its states; ngx_http_autostock_transaction_state.c. */
void ngx_http_autostock_transaction_state_enter(
    ngx_http_autostock_transaction_t *t,
    ngx_http_autostock_transaction_state_e state);
const char *ngx_http_autostock_transaction_state_name(
    ngx_http_autostock_transaction_state_e state);


/* How it ends, or pauses; ngx_http_autostock_transaction_end.c. */

/* Every result is known, by a commit of our own or not. */
void ngx_http_autostock_transaction_end_committed(
    ngx_http_autostock_transaction_t *t);
void ngx_http_autostock_transaction_end(ngx_http_autostock_transaction_t *t);

/* After a ROLLBACK: something is locked, or an item was refused. */
void ngx_http_autostock_transaction_end_stuck(
    ngx_http_autostock_transaction_t *t);
void ngx_http_autostock_transaction_end_refused(
    ngx_http_autostock_transaction_t *t);

/* It starts again, after a pause or on another connection. */
void ngx_http_autostock_transaction_end_pause(
    ngx_http_autostock_transaction_t *t, ngx_uint_t lost, const char *reason);
void ngx_http_autostock_transaction_end_elsewhere(
    ngx_http_autostock_transaction_t *t, const char *reason);


/* How stock is allotted; ngx_http_autostock_transaction_allot.c. */

/*
 * The cheapest way that can succeed, by what is known now.  peeked: the
 * products have just been read.
 */
ngx_http_autostock_transaction_way_e ngx_http_autostock_transaction_allot_way(
    ngx_http_autostock_transaction_t *t, ngx_uint_t peeked);

/* Plans to sell all that is demanded. */
void ngx_http_autostock_transaction_allot_plan(
    ngx_http_autostock_transaction_t *t);

/*
 * Allots in order of arrival.  An item that asks for too much does not block
 * the items after it.  Returns what there is to write, or 0.
 */
#define NGX_HTTP_AUTOSTOCK_ALLOT_SALES   1
#define NGX_HTTP_AUTOSTOCK_ALLOT_ORDERS  2

ngx_uint_t ngx_http_autostock_transaction_allot(
    ngx_http_autostock_transaction_t *t);

/*
 * By what was read of a sale's products: refused, if there is not enough of
 * each; stale; or open.  Adds up what is demanded.
 */
ngx_http_autostock_item_state_e ngx_http_autostock_transaction_allot_judge(
    ngx_http_autostock_transaction_t *t, ngx_http_autostock_item_t *head);

/* Sets each item's stock, from the stock after the last sale backwards. */
void ngx_http_autostock_transaction_allot_set_stock(
    ngx_http_autostock_transaction_t *t);


/* A row of any packet; ngx_http_autostock_transaction_rows.c. */
ngx_int_t ngx_http_autostock_transaction_rows_read(void *data,
    ngx_uint_t statement, ngx_str_t *columns, ngx_uint_t n);

/*
 * 1 if the item's state is what a row of its key said: in doubt it is read
 * again, since a server that failed may have lost that row.
 */
ngx_uint_t ngx_http_autostock_transaction_rows_has_key(
    ngx_http_autostock_item_t *item);


/* What the results mean; ngx_http_autostock_transaction_result.c. */

/* Items that cannot be sold, after a peek. */
void ngx_http_autostock_transaction_result_peeked(
    ngx_http_autostock_transaction_t *t);

/* The batch in doubt is committed: its rows are the results. */
void ngx_http_autostock_transaction_result_found(
    ngx_http_autostock_transaction_t *t);

/* Stock, and the orders opened. */
void ngx_http_autostock_transaction_result_written(
    ngx_http_autostock_transaction_t *t);

/*
 * After a commit, before the answers: a sale whose client has left is counted,
 * too.
 */
void ngx_http_autostock_transaction_result_count(
    ngx_http_autostock_transaction_t *t);


/* Before rows are locked: forgets what was locked by whom. */
void ngx_http_autostock_transaction_locked_forget(
    ngx_http_autostock_transaction_t *t);

/*
 * Called after the available rows were locked: sets the items of the other rows
 * aside, but not while the batch is in doubt.
 * ngx_http_autostock_transaction_locked.c.
 */
void ngx_http_autostock_transaction_locked_set_aside(
    ngx_http_autostock_transaction_t *t);


/*
 * Judges a packet that failed with rc, NGX_DECLINED if the server refused a
 * statement; ngx_http_autostock_transaction_failure.c.
 */
ngx_http_autostock_transaction_after_e
    ngx_http_autostock_transaction_failure_judge(
    ngx_http_autostock_transaction_t *t, ngx_int_t rc);

/* 1, and a log line, if the kept error concerns every request. */
ngx_uint_t ngx_http_autostock_transaction_failure_is_common(
    ngx_http_autostock_transaction_t *t);

/* The kept error concerns the only item. */
void ngx_http_autostock_transaction_failure_note_refusal(
    ngx_http_autostock_transaction_t *t);


/*
 * Write the packets into flight.sql; ngx_http_autostock_packet.c.  stock: reads
 * the stock after a plain packet that did not report it.
 */
void ngx_http_autostock_packet_plain(ngx_http_autostock_transaction_t *t);
void ngx_http_autostock_packet_stock(ngx_http_autostock_transaction_t *t);
void ngx_http_autostock_packet_peek(ngx_http_autostock_transaction_t *t);
void ngx_http_autostock_packet_lock(ngx_http_autostock_transaction_t *t);
void ngx_http_autostock_packet_write(ngx_http_autostock_transaction_t *t);
void ngx_http_autostock_packet_rollback(ngx_http_autostock_transaction_t *t);
void ngx_http_autostock_packet_barrier(ngx_http_autostock_transaction_t *t);

/*
 * The rows of the holds, and reads when they expire; _read reads it alone.
 * ngx_http_autostock_packet_holds.c.
 */
void ngx_http_autostock_packet_holds(ngx_http_autostock_transaction_t *t);
void ngx_http_autostock_packet_holds_read(ngx_http_autostock_transaction_t *t);

/* 1 if it is known when each hold that was taken expires. */
ngx_uint_t ngx_http_autostock_transaction_result_has_expiry(
    ngx_http_autostock_transaction_t *t);

/*
 * The ledger rows of t->sorted, in doubt also the anchor's, then the rows of
 * the keys; ngx_http_autostock_packet_movements.c.
 */
void ngx_http_autostock_packet_movements(ngx_http_autostock_transaction_t *t);

/* Bytes of a sale in the column sale_list; see sql/schema.sql. */
#define NGX_HTTP_AUTOSTOCK_LIST_NUMBER    2
#define NGX_HTTP_AUTOSTOCK_LIST_QUANTITY  3
#define NGX_HTTP_AUTOSTOCK_LIST_ENTRY                                         \
    (NGX_HTTP_AUTOSTOCK_LIST_NUMBER + NGX_HTTP_AUTOSTOCK_LIST_QUANTITY)

/* The products of a packet; ngx_http_autostock_packet_products.c. */

typedef void (*ngx_http_autostock_leaf_pt)(ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_line_t *line);

/* sets t->sorted: all lines, or those with something sold */
void ngx_http_autostock_packet_products_sort(
    ngx_http_autostock_transaction_t *t, ngx_uint_t all);

/* the ids of t->sorted, separated by commas */
void ngx_http_autostock_packet_products_ids(ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_transaction_t *t);

/*
 * A value per product, found by binary search.  For 128 products a row takes 7
 * comparisons; CASE product_id WHEN ... takes 64 on average.
 */
void ngx_http_autostock_packet_products_tree(ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_line_t **lines, ngx_uint_t n,
    ngx_http_autostock_leaf_pt leaf);

/*
 * Leaves for the tree.  held: the quantity of holds.  sold: the quantity sold,
 * that of holds included.  guarded: the same, but the UPDATE fails if the SKU
 * now belongs to another product or too little stock is left.
 */
void ngx_http_autostock_packet_products_sold(ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_line_t *line);
void ngx_http_autostock_packet_products_guarded(ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_line_t *line);
void ngx_http_autostock_packet_products_held(ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_line_t *line);


#endif /* _NGX_HTTP_AUTOSTOCK_TRANSACTION_H_INCLUDED_ */
