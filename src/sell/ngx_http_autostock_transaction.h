
/*
 * A batch of sales as one transaction, in one of these ways:
 *
 *   plain    One packet: ledger rows, keys, stock rows, a guard, COMMIT.  It
 *            ends with an error unless every product has its SKU, and its stock
 *            remains above its reorder point or suffices while an order is
 *            open.  The product's row is locked only for the last statements.
 *            The sales of one product are one CALL if the server has the
 *            procedure autostock_sell.
 *   peek     Reads, without locks, the keys and products, which may decide an
 *            item.  Refuses sales that exceed the stock.
 *   lock     Locks the stock rows, allots the stock in the order of arrival,
 *            then writes, and opens the orders that are due.
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
 * leave the stock, and product.held counts them.  The server's clock sets the
 * time when the hold expires.
 *
 * If COMMIT was sent and its answer was lost, the batch is in doubt.  The old
 * session is killed, and the transaction's rows are searched for.  If there are
 * none, the batch is sold again, by lock, with the same id.
 *
 * The anchor is a ledger row of the lost attempt.  Every later attempt writes
 * this row too, if necessary with quantity 0 and no sale.  So at most one
 * attempt can ever commit, and a late one fails as a whole.
 *
 * A twin is an item with the same key as an earlier item of the batch.  It is
 * not sold; its result follows from the earlier item's, or it is tried again if
 * the key was not used.  For absent products see ngx_http_autostock_catalog.h.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_TRANSACTION_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_TRANSACTION_H_INCLUDED_


#include "ngx_http_autostock_batch.h"
#include "ngx_http_autostock_catalog.h"
#include "ngx_http_autostock_order.h"

#include "as_movement.h"


/* the packet that was sent, or the action between two packets */
typedef enum {
    NGX_HTTP_AUTOSTOCK_TRANSACTION_END = 0,     /* also before the start */
    NGX_HTTP_AUTOSTOCK_TRANSACTION_CHOOSE,      /* the way is chosen */
    NGX_HTTP_AUTOSTOCK_TRANSACTION_PEEK,
    NGX_HTTP_AUTOSTOCK_TRANSACTION_PLAIN,
    NGX_HTTP_AUTOSTOCK_TRANSACTION_STOCK,       /* reads the stock */
    NGX_HTTP_AUTOSTOCK_TRANSACTION_LOCK,
    NGX_HTTP_AUTOSTOCK_TRANSACTION_WRITE,       /* after a lock */
    NGX_HTTP_AUTOSTOCK_TRANSACTION_ROLLBACK,
    NGX_HTTP_AUTOSTOCK_TRANSACTION_BARRIER,     /* commits a row of its own */
    NGX_HTTP_AUTOSTOCK_TRANSACTION_PAUSE        /* without a connection */
} ngx_http_autostock_transaction_state_e;


/* from cheap to costly */
typedef enum {
    NGX_HTTP_AUTOSTOCK_WAY_NONE = 0,            /* no packet is needed */
    NGX_HTTP_AUTOSTOCK_WAY_PLAIN,
    NGX_HTTP_AUTOSTOCK_WAY_PEEK,
    NGX_HTTP_AUTOSTOCK_WAY_LOCK,
    NGX_HTTP_AUTOSTOCK_WAY_LOCK_FREE            /* skips locked rows */
} ngx_http_autostock_transaction_way_e;


/* the state of the COMMIT that sells */
typedef enum {
    NGX_HTTP_AUTOSTOCK_COMMIT_NONE = 0,         /* not sent, or answered */
    NGX_HTTP_AUTOSTOCK_COMMIT_SENT,
    NGX_HTTP_AUTOSTOCK_COMMIT_DOUBT,            /* its answer was lost */
    NGX_HTTP_AUTOSTOCK_COMMIT_FOUND             /* in doubt; its rows exist */
} ngx_http_autostock_transaction_commit_e;


/* what follows a failed packet; all but the last two after a ROLLBACK */
typedef enum {
    NGX_HTTP_AUTOSTOCK_AFTER_RESTART = 0,       /* at once */
    NGX_HTTP_AUTOSTOCK_AFTER_PAUSE,             /* restart after a pause */
    NGX_HTTP_AUTOSTOCK_AFTER_STUCK,             /* set locked items aside */
    NGX_HTTP_AUTOSTOCK_AFTER_REFUSE,            /* find the refused item */
    NGX_HTTP_AUTOSTOCK_AFTER_FINISH,            /* nothing was written */
    NGX_HTTP_AUTOSTOCK_AFTER_LOST,              /* close the lost connection,
                                                   restart after a pause */
    NGX_HTTP_AUTOSTOCK_AFTER_ELSEWHERE          /* close the connection, which
                                                   works, and restart */
} ngx_http_autostock_transaction_after_e;


typedef enum {
    NGX_HTTP_AUTOSTOCK_ITEM_OPEN = 0,       /* not decided yet */
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
 * first one is the head: members of the whole sale are set only there.
 */
typedef struct {
    uint32_t                          quantity;
    uint32_t                          line;     /* index */
    uint32_t                          next;     /* index + 1 of the line's next
                                                   item; 0: none */
    uint32_t                          twin;     /* head: index + 1 of the
                                                   earlier item with its key; 0:
                                                   none */
    uint32_t                          parts;    /* head: number of items */
    uint32_t                          number;   /* of the sale, in all its
                                                   items: the head's index */
    uint32_t                          hold;     /* head: seconds; 0: a sale */
    ngx_http_autostock_item_state_e   state;    /* head */
    int64_t                           stock;    /* to be reported; -1: not
                                                   known */
    u_char                            keyed;    /* head; 0 in the others */
    u_char                            gone;     /* head: answered, must not be
                                                   sold */
    u_char                            found;    /* head: in doubt, and its row
                                                   exists */
    u_char                            busy;     /* head: another transaction has
                                                   its key, not committed */
    u_char                            lacking;  /* not enough of this product */
    u_char                            traced;   /* head */
    u_char                            key[16];  /* if keyed */
    u_char                            fingerprint[8];
    u_char                            first[16];  /* the id of the replayed
                                                     sale */
} ngx_http_autostock_item_t;

#define ngx_http_autostock_item_next(head)  ((head) + (head)->parts)

/* The id of a sale or hold. */
#define ngx_http_autostock_item_id(to, t, head)                               \
    ngx_http_autostock_id_sale(to, (t)->id, (head)->number                    \
                               + ((head)->hold ? AS_MOVEMENT_HOLD             \
                                               : AS_MOVEMENT_SALE))


/* the items of a product that are sales, or those that are holds */
typedef struct {
    uint32_t                          first;    /* index + 1 of an item */
    uint32_t                          last;     /* index + 1 of an item */
} ngx_http_autostock_chain_t;


/* one product of the batch */
typedef struct {
    ngx_http_autostock_product_t     *product;
    ngx_http_autostock_chain_t        sales;
    ngx_http_autostock_chain_t        holds;
    int64_t                           demanded; /* pieces, including holds */
    int64_t                           sold;     /* pieces, including holds */
    int64_t                           demanded_hold;  /* pieces of holds */
    int64_t                           holding;  /* sold pieces of holds */
    int64_t                           stock;
    int64_t                           held;     /* as in the catalog */
    int64_t                           reorder_point;
    int64_t                           reorder_quantity;
    ngx_http_autostock_order_t        opened;   /* the order, if order is set */
    unsigned                          seen:1;   /* its row was read */
    unsigned                          there:1;  /* the row exists, locked or
                                                   not */
    unsigned                          had:1;    /* its lock was obtained */
    unsigned                          open:1;   /* an order is open */
    unsigned                          judged:1; /* no order is open, and stock
                                                   and held pieces together
                                                   remain above the reorder
                                                   point */
    unsigned                          order:1;  /* this batch opens an order */
} ngx_http_autostock_line_t;


typedef struct {
    ngx_http_autostock_flight_t       flight;   /* the first member */

    u_char                            id[16];
    ngx_http_autostock_item_t        *items;
    ngx_http_autostock_line_t        *lines;
    ngx_http_autostock_line_t       **sorted;   /* by product id */
    uint32_t                         *table;    /* hash table of the keys: index
                                                   + 1 of an item */
    ngx_uint_t                        mask;
    ngx_uint_t                        max;
    ngx_uint_t                        nitems;
    ngx_uint_t                        nsales;
    ngx_uint_t                        nlines;
    ngx_uint_t                        nkeyed;
    ngx_uint_t                        nholds;
    size_t                            bytes;    /* estimated size of a packet */
    ngx_uint_t                        serial;   /* see product's flight */
    ngx_http_autostock_line_t        *anchor;
    u_char                          (*expires)[NGX_HTTP_AUTOSTOCK_TIME_LEN];
                                                /* of the holds, by number; in
                                                   the format of responses */

    as_trace_t                       *traces;   /* of the heads with traced, by
                                                   number */

    /* statement numbers in the current packet */
    ngx_uint_t                        busy_at;
    ngx_uint_t                        there_at;
    ngx_uint_t                        keys_at;
    ngx_uint_t                        holds_at;
    ngx_uint_t                        ids_at;
    ngx_uint_t                        lines_at;
    ngx_uint_t                        orders_at;
    ngx_uint_t                        commit_at;

    ngx_uint_t                        sorted_n;
    ngx_uint_t                        error;    /* the server's last one */
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
                                      after;    /* what follows the ROLLBACK */
    unsigned                          called:1; /* the current packet calls the
                                                   procedure */
    unsigned                          uncalled:1; /* a call has failed: not
                                                     again */
    unsigned                          look:1;   /* read the keys first */
    unsigned                          absents:1;  /* has absent products */
    unsigned                          carts:1;  /* has carts */
    unsigned                          traced:1; /* has traced heads */
    unsigned                          anchor_hold:1;  /* the anchor is the row
                                                         of a hold */
    unsigned                          peeks_products:1;
    unsigned                          fresh:1;  /* a sale was read that may
                                                   not be on disk yet */
} ngx_http_autostock_transaction_t;


/* The flight has a connection: starts the transaction. */
void ngx_http_autostock_transaction_start(
    ngx_http_autostock_flight_t *flight);


/*
 * Change the state, which is logged at level debug; the name of a state.
 * ngx_http_autostock_transaction_state.c.
 */
void ngx_http_autostock_transaction_state_enter(
    ngx_http_autostock_transaction_t *t,
    ngx_http_autostock_transaction_state_e state);
const char *ngx_http_autostock_transaction_state_name(
    ngx_http_autostock_transaction_state_e state);


/* The end or pause of a transaction; ngx_http_autostock_transaction_end.c. */

/* Every result is known: after a commit, which is counted; without one. */
void ngx_http_autostock_transaction_end_committed(
    ngx_http_autostock_transaction_t *t);
void ngx_http_autostock_transaction_end(ngx_http_autostock_transaction_t *t);

/* After a ROLLBACK: a row is locked; an item was refused. */
void ngx_http_autostock_transaction_end_stuck(
    ngx_http_autostock_transaction_t *t);
void ngx_http_autostock_transaction_end_refused(
    ngx_http_autostock_transaction_t *t);

/* The transaction starts again: after a pause; on another connection. */
void ngx_http_autostock_transaction_end_pause(
    ngx_http_autostock_transaction_t *t, ngx_uint_t lost, const char *reason);
void ngx_http_autostock_transaction_end_elsewhere(
    ngx_http_autostock_transaction_t *t, const char *reason);


/* The allotment of stock; ngx_http_autostock_transaction_allot.c. */

/*
 * The cheapest way that can succeed, as far as is known.  peeked: the products
 * have just been read.
 */
ngx_http_autostock_transaction_way_e ngx_http_autostock_transaction_allot_way(
    ngx_http_autostock_transaction_t *t, ngx_uint_t peeked);

/* Plans to sell all open items. */
void ngx_http_autostock_transaction_allot_plan(
    ngx_http_autostock_transaction_t *t);

/*
 * Allots the stock in the order of arrival.  A sale that exceeds the stock does
 * not block those after it.  Returns what must be written: bits of ALLOT_*.
 */
#define NGX_HTTP_AUTOSTOCK_ALLOT_SALES   1
#define NGX_HTTP_AUTOSTOCK_ALLOT_ORDERS  2

ngx_uint_t ngx_http_autostock_transaction_allot(
    ngx_http_autostock_transaction_t *t);

/*
 * Decides a sale from the rows of its products: STALE, if one was not read;
 * REFUSED, if there is not enough of one; or OPEN.  Adds its quantities to the
 * lines' demanded.
 */
ngx_http_autostock_item_state_e ngx_http_autostock_transaction_allot_judge(
    ngx_http_autostock_transaction_t *t, ngx_http_autostock_item_t *head);

/* Sets each item's stock, backwards from the stock after the last sale. */
void ngx_http_autostock_transaction_allot_set_stock(
    ngx_http_autostock_transaction_t *t);


/*
 * The row handler of all packets; data is the transaction.
 * ngx_http_autostock_transaction_rows.c.
 */
ngx_int_t ngx_http_autostock_transaction_rows_read(void *data,
    ngx_uint_t statement, ngx_str_t *columns, ngx_uint_t n);

/*
 * 1 if the item's state comes from the row of its key.  In doubt it is read
 * again, since a server that failed may have lost that row.
 */
ngx_uint_t ngx_http_autostock_transaction_rows_has_key(
    ngx_http_autostock_item_t *item);


/* The results of packets; ngx_http_autostock_transaction_result.c. */

/* After a peek: decides the items that cannot be sold. */
void ngx_http_autostock_transaction_result_peeked(
    ngx_http_autostock_transaction_t *t);

/* The batch in doubt was committed: sets the results from its rows. */
void ngx_http_autostock_transaction_result_found(
    ngx_http_autostock_transaction_t *t);

/* After a write: updates the catalog, and counts the orders. */
void ngx_http_autostock_transaction_result_written(
    ngx_http_autostock_transaction_t *t);

/*
 * After a commit: counts the sales, including those whose clients have closed
 * the connection.
 */
void ngx_http_autostock_transaction_result_count(
    ngx_http_autostock_transaction_t *t);


/* Before rows are locked: resets which rows and keys are locked. */
void ngx_http_autostock_transaction_locked_forget(
    ngx_http_autostock_transaction_t *t);

/*
 * After the rows that other transactions have not locked were locked: sets the
 * items of the other rows aside, but not while the batch is in doubt.
 * ngx_http_autostock_transaction_locked.c.
 */
void ngx_http_autostock_transaction_locked_set_aside(
    ngx_http_autostock_transaction_t *t);


/*
 * Decides what follows a packet that failed with rc: NGX_DECLINED if the server
 * refused a statement.  ngx_http_autostock_transaction_failure.c.
 */
ngx_http_autostock_transaction_after_e
    ngx_http_autostock_transaction_failure_judge(
    ngx_http_autostock_transaction_t *t, ngx_int_t rc);

/* Logs the kept error and returns 1 if it concerns every request. */
ngx_uint_t ngx_http_autostock_transaction_failure_is_common(
    ngx_http_autostock_transaction_t *t);

/* The kept error is that of the flight's only item: logs and notes it. */
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
 * Writes the rows of the holds, and reads when they expire; _read only reads.
 * ngx_http_autostock_packet_holds.c.
 */
void ngx_http_autostock_packet_holds(ngx_http_autostock_transaction_t *t);
void ngx_http_autostock_packet_holds_read(ngx_http_autostock_transaction_t *t);

/* 1 if the expiry of each hold that was taken has been read. */
ngx_uint_t ngx_http_autostock_transaction_result_has_expiry(
    ngx_http_autostock_transaction_t *t);

/*
 * Writes the ledger rows of t->sorted, in doubt also the anchor, and the rows
 * of the keys.  ngx_http_autostock_packet_movements.c.
 */
void ngx_http_autostock_packet_movements(ngx_http_autostock_transaction_t *t);

/*
 * Writes the columns sales and sale_list of a row, each after a comma.  first:
 * the line's first item of this kind.
 */
void ngx_http_autostock_packet_movements_count(
    ngx_http_autostock_transaction_t *t, uint32_t first);

/*
 * The plain packet as a call of the procedure.  fits: 1 if the session and the
 * sales of t->sorted allow it.  ngx_http_autostock_packet_call.c.
 */
ngx_uint_t ngx_http_autostock_packet_call_fits(
    ngx_http_autostock_transaction_t *t);
void ngx_http_autostock_packet_call(ngx_http_autostock_transaction_t *t);

/* Bytes of a sale in the column sale_list; see sql/schema.sql. */
#define NGX_HTTP_AUTOSTOCK_LIST_NUMBER    2
#define NGX_HTTP_AUTOSTOCK_LIST_QUANTITY  3
#define NGX_HTTP_AUTOSTOCK_LIST_ENTRY                                         \
    (NGX_HTTP_AUTOSTOCK_LIST_NUMBER + NGX_HTTP_AUTOSTOCK_LIST_QUANTITY)

/* The products of a packet; ngx_http_autostock_packet_products.c. */

typedef void (*ngx_http_autostock_leaf_pt)(ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_line_t *line);

/* sets t->sorted, by product id: all lines, or those that sell */
void ngx_http_autostock_packet_products_sort(
    ngx_http_autostock_transaction_t *t, ngx_uint_t all);

/* the ids of t->sorted, separated by commas */
void ngx_http_autostock_packet_products_ids(ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_transaction_t *t);

/*
 * Writes an expression that has a value for each product and finds it by binary
 * search.  For 128 products it takes 7 comparisons per row; CASE product_id
 * WHEN ... takes 64 on average.
 */
void ngx_http_autostock_packet_products_tree(ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_line_t **lines, ngx_uint_t n,
    ngx_http_autostock_leaf_pt leaf);

/*
 * The values.  held: the pieces of holds.  sold: the pieces sold, including
 * holds.  guarded: the same, but the UPDATE fails if the product has another
 * SKU now, or if too little stock is left.
 */
void ngx_http_autostock_packet_products_sold(ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_line_t *line);
void ngx_http_autostock_packet_products_guarded(ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_line_t *line);
void ngx_http_autostock_packet_products_held(ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_line_t *line);


#endif /* _NGX_HTTP_AUTOSTOCK_TRANSACTION_H_INCLUDED_ */
