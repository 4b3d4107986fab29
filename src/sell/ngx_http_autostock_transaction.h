
/*
 * A batch of sales as one transaction.  The ways it can go:
 *
 *   plain    one packet: ledger rows, their keys, stock row, a guard, COMMIT.
 *            It ends with an error unless every product is there, under its
 *            SKU, with stock left above its reorder point; or with enough
 *            stock and an order open already.  The row lock is held for the
 *            last step.  Where a crowd is coming, the rows of its first half
 *            go ahead in a packet of their own; the others go in the one with
 *            COMMIT.
 *   peek     reads without locks what may settle an item: its key, its
 *            product; refuses what cannot be had.
 *   careful  locks the stock rows, tells who gets what, first come first
 *            served, then writes, opening orders where they are due.  Once a
 *            lock was waited for too long it skips what others have locked,
 *            whose buyers then wait aside.
 *
 * After COMMIT was sent and no answer came the batch is in doubt: the old
 * session is killed, the rows are looked for, and unless they are there the
 * batch is sold again, carefully, under the same ids.  Every attempt holds
 * the anchor, the first id of the lost one, if need be as a movement of 0:
 * so at most one attempt can ever commit, and a late one fails as a whole.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_TRANSACTION_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_TRANSACTION_H_INCLUDED_


#include "ngx_http_autostock_batch.h"
#include "ngx_http_autostock_catalog.h"


typedef enum {
    NGX_HTTP_AUTOSTOCK_ITEM_OPEN = 0,       /* nothing is known yet */
    NGX_HTTP_AUTOSTOCK_ITEM_SOLD,           /* planned, or committed */
    NGX_HTTP_AUTOSTOCK_ITEM_REFUSED,
    NGX_HTTP_AUTOSTOCK_ITEM_REPLAYED,
    NGX_HTTP_AUTOSTOCK_ITEM_CONFLICT,
    NGX_HTTP_AUTOSTOCK_ITEM_NO_PRODUCT,
    NGX_HTTP_AUTOSTOCK_ITEM_STALE,          /* its product must be looked up
                                               again */
    NGX_HTTP_AUTOSTOCK_ITEM_LOCKED,         /* by others: set aside */
    NGX_HTTP_AUTOSTOCK_ITEM_BROKEN          /* its key has no movement */
} ngx_http_autostock_item_state_e;


/* One sale asked for. */
typedef struct {
    u_char                            id[16];
    u_char                            key[16];
    u_char                            fingerprint[8];
    uint32_t                          quantity;
    uint32_t                          line;
    uint32_t                          twin;     /* item + 1 with its key */
    int64_t                           stock;    /* to be told */
    u_char                            first[16];  /* of a replay */
    ngx_http_autostock_item_state_e   state;
    unsigned                          keyed:1;
    unsigned                          gone:1;   /* refused: not to be sold */
    unsigned                          found:1;  /* its row, in doubt */
    unsigned                          busy:1;   /* others are about to use
                                                   its key */
} ngx_http_autostock_item_t;


/* One product of the batch. */
typedef struct {
    ngx_http_autostock_product_t     *product;
    int64_t                           demanded;
    int64_t                           sold;
    int64_t                           stock;
    int64_t                           reorder_point;
    int64_t                           reorder_quantity;
    u_char                            order_id[16];
    unsigned                          seen:1;   /* its row was read */
    unsigned                          there:1;  /* it is, had or not */
    unsigned                          had:1;    /* its row's lock is */
    unsigned                          open:1;   /* an order is */
    unsigned                          order:1;  /* this batch opens one */
} ngx_http_autostock_line_t;


typedef struct {
    ngx_http_autostock_flight_t       flight;   /* first */

    ngx_http_autostock_item_t        *items;
    ngx_http_autostock_line_t        *lines;
    ngx_http_autostock_line_t       **sorted;   /* by product id */
    uint32_t                         *table;    /* item + 1, by key */
    ngx_uint_t                        mask;
    ngx_uint_t                        max;
    ngx_uint_t                        nitems;
    ngx_uint_t                        written;  /* items gone ahead,
                                                   COMMIT not sent */
    ngx_uint_t                        nlines;
    ngx_uint_t                        nkeyed;
    size_t                            bytes;    /* of SQL, about */
    ngx_uint_t                        serial;
    ngx_uint_t                        anchor;   /* item */

    /* numbers of statements in the packet under way */
    ngx_uint_t                        busy_at;
    ngx_uint_t                        there_at;
    ngx_uint_t                        keys_at;
    ngx_uint_t                        ids_at;
    ngx_uint_t                        lines_at;
    ngx_uint_t                        orders_at;
    ngx_uint_t                        commit_at;

    ngx_uint_t                        sorted_n;
    ngx_uint_t                        error;    /* the last that was told */
    ngx_uint_t                        looks;    /* for keys, in vain */
    u_char                            text[NGX_HTTP_AUTOSTOCK_ERROR_TEXT];
    unsigned                          look:1;   /* for keys */
    unsigned                          ghosts:1;
    unsigned                          careful:1;
    unsigned                          skip:1;   /* what others have locked */
    unsigned                          dirty:1;  /* a transaction is open */
    unsigned                          sent:1;   /* a COMMIT, unanswered */
    unsigned                          doubt:1;
    unsigned                          settled:1;
    unsigned                          fresh:1;  /* a sale was read that may
                                                   not be on disk yet */
} ngx_http_autostock_transaction_t;


/* A connection is there: goes on from the beginning. */
void ngx_http_autostock_transaction_depart(
    ngx_http_autostock_flight_t *flight);


/* It was held, and others have come aboard since. */
void ngx_http_autostock_transaction_complete(
    ngx_http_autostock_flight_t *flight);

/* Goes on from the beginning on the same connection, unless it was lost. */
void ngx_http_autostock_transaction_anew(void *data, ngx_int_t rc);


/* Who gets what; ngx_http_autostock_transaction_allot.c. */

/*
 * Adds up what is asked of each product.  plain: each has plenty; hopeless:
 * one seems to have too little for somebody.  0: nothing is asked and no
 * order is due.
 */
ngx_uint_t ngx_http_autostock_transaction_demand(
    ngx_http_autostock_transaction_t *t, ngx_uint_t *plain,
    ngx_uint_t *hopeless);

/*
 * First come, first served; one who wants too many does not keep the next
 * from what still fits.  0: there is nothing to write.
 */
ngx_uint_t ngx_http_autostock_transaction_allot(
    ngx_http_autostock_transaction_t *t);

/* From what was left after the last buyer back to the first. */
void ngx_http_autostock_transaction_tell_stock(
    ngx_http_autostock_transaction_t *t);


/* A row of any packet; ngx_http_autostock_transaction_rows.c. */
ngx_int_t ngx_http_autostock_transaction_row(void *data,
    ngx_uint_t statement, ngx_str_t *columns, ngx_uint_t n);


/*
 * After the rows were locked that could be: the others' buyers are set aside;
 * in doubt not until it is settled.  ngx_http_autostock_transaction_locked.c.
 */
void ngx_http_autostock_transaction_part(ngx_http_autostock_transaction_t *t);


/*
 * What was sent did not end well; ngx_http_autostock_transaction_failure.c.
 */
void ngx_http_autostock_transaction_trouble(
    ngx_http_autostock_transaction_t *t, ngx_int_t rc);

/* Ends the open transaction, then calls done. */
void ngx_http_autostock_transaction_rollback(
    ngx_http_autostock_transaction_t *t, ngx_http_autostock_done_pt done);


/*
 * Lands, all being known; ngx_http_autostock_transaction_barrier.c.  What was
 * only read may not be on disk yet: InnoDB shows a row, and lets its lock go,
 * before the redo log is synced (MariaDB 10.11, measured).  Then a commit of
 * our own goes first: the log is one sequence.
 */
void ngx_http_autostock_transaction_vouch(
    ngx_http_autostock_transaction_t *t);

/* Lands after a commit, which is counted. */
void ngx_http_autostock_transaction_committed(
    ngx_http_autostock_transaction_t *t);


/*
 * The packets, written into flight.sql; ngx_http_autostock_packet.c.  ahead:
 * the rows alone; plain then only adds to them.  stock: what is left, after a
 * plain one that did not tell.
 */
void ngx_http_autostock_packet_ahead(ngx_http_autostock_transaction_t *t);
void ngx_http_autostock_packet_plain(ngx_http_autostock_transaction_t *t);
void ngx_http_autostock_packet_stock(ngx_http_autostock_transaction_t *t);
void ngx_http_autostock_packet_peek(ngx_http_autostock_transaction_t *t,
    ngx_uint_t keys, ngx_uint_t ids, ngx_uint_t lines);
void ngx_http_autostock_packet_lock(ngx_http_autostock_transaction_t *t);
void ngx_http_autostock_packet_write(ngx_http_autostock_transaction_t *t);

/* A session that was limited for a transaction is no longer. */
void ngx_http_autostock_packet_unlimit(ngx_http_autostock_transaction_t *t);

/*
 * The ledger's rows of who is aboard and was not written ahead, in the order
 * in which they came, and after them the rows of their keys;
 * ngx_http_autostock_packet_movements.c.
 */
void ngx_http_autostock_packet_movements(ngx_http_autostock_transaction_t *t);

/* Their products; ngx_http_autostock_packet_products.c. */

typedef void (*ngx_http_autostock_leaf_pt)(ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_line_t *line);

/* t->sorted: all lines, or those of which something is sold */
void ngx_http_autostock_packet_sort(ngx_http_autostock_transaction_t *t,
    ngx_uint_t all);

/* their ids, with commas */
void ngx_http_autostock_packet_ids(ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_transaction_t *t);

/*
 * A value per product, found by halving: for 128 products 7 comparisons a
 * row, where CASE product_id WHEN ... makes 64.
 */
void ngx_http_autostock_packet_tree(ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_line_t **lines, ngx_uint_t n,
    ngx_http_autostock_leaf_pt leaf);

/*
 * Leaves: what is sold; the same, unless the SKU is another product's by now
 * or too little is left: that ends the UPDATE with an error.
 */
void ngx_http_autostock_packet_sold(ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_line_t *line);
void ngx_http_autostock_packet_guarded(ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_line_t *line);


#endif /* _NGX_HTTP_AUTOSTOCK_TRANSACTION_H_INCLUDED_ */
