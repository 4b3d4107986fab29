
/*
 * A batch of settlements: confirms and releases of holds, and returns of sales.
 *
 *   read    One packet reads without locks: the returns of the sales, the
 *           sales, the keys, the holds and their lines, with their products.
 *   decide  Each item is decided in the order of arrival, and depends on the
 *           results of those before it: of two that settle one hold, the first
 *           is done.
 *   write   One packet changes the rows and commits.  If one of them has
 *           changed since it was read, the packet fails as a whole, and the
 *           batch is read and decided again.
 *
 * If the answer to COMMIT was lost, the batch is in doubt.  The old session is
 * killed, and a row of the lost packet, the anchor, is inserted by itself.  If
 * that succeeds, the packet was not committed and never can be: the batch is
 * decided again, with another id.  If the row exists, the packet was committed
 * as decided.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_SETTLE_FLIGHT_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_SETTLE_FLIGHT_H_INCLUDED_


#include "ngx_http_autostock_order.h"
#include "ngx_http_autostock_settle.h"


/* maximum number of items in a batch; each may have 50 lines */
#define NGX_HTTP_AUTOSTOCK_SETTLE_MAX      512

#define NGX_HTTP_AUTOSTOCK_SETTLE_ACTIONS  3

/* Columns of a product in rows that are read, see settle_product below. */
#define NGX_HTTP_AUTOSTOCK_SETTLE_PRODUCT_COLUMNS  8

/* Places of products, to find those that rows before had. */
#define NGX_HTTP_AUTOSTOCK_SETTLE_KNOWN    256


typedef enum {
    NGX_HTTP_AUTOSTOCK_HOLD_NONE = 0,           /* there is no such hold */
    NGX_HTTP_AUTOSTOCK_HOLD_HELD,
    NGX_HTTP_AUTOSTOCK_HOLD_CONFIRMED,
    NGX_HTTP_AUTOSTOCK_HOLD_RELEASED,
    NGX_HTTP_AUTOSTOCK_HOLD_EXPIRED
} ngx_http_autostock_hold_state_e;


/* the state of COMMIT */
typedef enum {
    NGX_HTTP_AUTOSTOCK_SETTLING_NONE = 0,       /* not sent, or answered */
    NGX_HTTP_AUTOSTOCK_SETTLING_SENT,
    NGX_HTTP_AUTOSTOCK_SETTLING_DOUBT           /* its answer was lost */
} ngx_http_autostock_settling_e;


/* what follows a failed packet; the first three after a ROLLBACK */
typedef enum {
    NGX_HTTP_AUTOSTOCK_SETTLE_AGAIN = 0,        /* retry after a pause */
    NGX_HTTP_AUTOSTOCK_SETTLE_LOCKED,           /* find the locked products */
    NGX_HTTP_AUTOSTOCK_SETTLE_REFUSE,           /* find the refused item */
    NGX_HTTP_AUTOSTOCK_SETTLE_LOST,             /* close the lost connection,
                                                   retry after a pause */
    NGX_HTTP_AUTOSTOCK_SETTLE_ELSEWHERE         /* close the connection, which
                                                   works, and retry */
} ngx_http_autostock_settle_after_e;


/* the ledger's row of a product for one action */
typedef struct {
    int64_t                               quantity;  /* added to the stock */
    ngx_uint_t                            n;         /* number of holds or
                                                        returns; 0: no row */
} ngx_http_autostock_settle_movement_t;


typedef struct {
    u_char                                id[16];
    ngx_str_t                             sku;
    ngx_str_t                             json;      /* the SKU, escaped for a
                                                        JSON string */
    int64_t                               stock;     /* read, then planned */
    int64_t                               after;     /* read after the batch */
    int64_t                               held;      /* read */
    int64_t                               reorder_point;
    int64_t                               reorder_quantity;
    int64_t                               moved;     /* pieces to be added to
                                                        the stock */
    int64_t                               freed;     /* pieces to be subtracted
                                                        from held */
    as_trace_t                           *trace;     /* of the last confirm;
                                                        NULL: none */
    ngx_http_autostock_order_t            opened;    /* the order, if due */
    ngx_http_autostock_settle_movement_t  movements[
                                            NGX_HTTP_AUTOSTOCK_SETTLE_ACTIONS];
    unsigned                              reorder_held:1;
    unsigned                              open:1;    /* an order is open */
    unsigned                              due:1;     /* this batch opens an
                                                        order */
    unsigned                              judged:1;  /* a confirm may need an
                                                        order */
    unsigned                              locked:1;  /* its row is locked */
} ngx_http_autostock_settle_product_t;


/* a hold, or a sale */
typedef struct {
    u_char                                id[16];
    u_char                                movement_id[16];   /* of a sale: in
                                                        the ledger */
    int64_t                               over;      /* time since it expired,
                                                        microseconds */
    ngx_uint_t                            part;      /* index of the first */
    ngx_uint_t                            nparts;
    ngx_http_autostock_hold_state_e       was;       /* read */
    ngx_http_autostock_hold_state_e       state;     /* read, then planned */
    unsigned                              fresh:1;   /* its state may not be on
                                                        disk */
    unsigned                              asked:1;   /* a return names it */
    unsigned                              sold:1;    /* the ledger has it as a
                                                        sale */
    unsigned                              returned_fresh:1;  /* a return may
                                                        not be on disk */
} ngx_http_autostock_settle_subject_t;


/* a product of a hold or sale */
typedef struct {
    u_char                                product_id[16];
    ngx_uint_t                            subject;   /* index */
    uint32_t                              quantity;
    int64_t                               returned;  /* read, then planned */
    int64_t                               asked;     /* pieces that the current
                                                        item returns */
    ngx_http_autostock_settle_product_t  *product;   /* NULL: deleted */
} ngx_http_autostock_settle_part_t;


/* pieces of a part that were returned before */
typedef struct {
    u_char                                product_id[16];
    ngx_uint_t                            subject;   /* index */
    int64_t                               quantity;
} ngx_http_autostock_settle_returned_t;


/* a line of a requested return */
typedef struct {
    ngx_str_t                             sku;
    uint32_t                              quantity;
    u_char                                product_id[16];
    unsigned                              known:1;   /* product_id was read */
} ngx_http_autostock_settle_line_t;


/* a line of an answer */
typedef struct {
    ngx_http_autostock_settled_line_t     line;
    ngx_http_autostock_settle_product_t  *product;   /* NULL: the line's stock
                                                        is not changed */
} ngx_http_autostock_settle_result_t;


/* a request; it remains in the flight if its waiter is cancelled */
typedef struct {
    ngx_http_autostock_settle_action_e    action;
    u_char                                id[16];
    ngx_msec_t                            grace;
    ngx_uint_t                            subject;   /* index */
    ngx_http_autostock_settle_outcome_e   outcome;
    ngx_http_autostock_settle_result_t   *results;
    ngx_uint_t                            nresults;
    ngx_http_autostock_settle_line_t     *lines;     /* of a return */
    ngx_uint_t                            nlines;
    uint32_t                              quantity;
    u_char                                key[16];
    u_char                                fingerprint[8];
    u_char                                return_id[16];
    as_trace_t                            trace;
    unsigned                              restock:1;
    unsigned                              keyed:1;
    unsigned                              written:1; /* the packet has the row
                                                        of its key */
    unsigned                              used:1;    /* its key was used */
    unsigned                              same:1;    /* for the same request */
    unsigned                              fresh:1;   /* the key's row may not be
                                                        on disk */
    unsigned                              gone:1;    /* answered or set aside:
                                                        must not be done */
    unsigned                              planned:1; /* to be written */
    unsigned                              apart:1;   /* must wait aside */
} ngx_http_autostock_settle_item_t;


/* a row of stock_return */
typedef struct {
    u_char                                sale_id[16];
    u_char                                product_id[16];
    int64_t                               already;
    int64_t                               quantity;
    ngx_http_autostock_settle_item_t     *item;
} ngx_http_autostock_settle_return_t;


typedef struct {
    ngx_http_autostock_flight_t           flight;    /* the first member */

    u_char                                id[16];    /* of the transaction */
    ngx_http_autostock_settle_item_t     *items;
    ngx_uint_t                            max;
    ngx_uint_t                            nitems;
    ngx_uint_t                            nlines;    /* of all items */
    size_t                                bytes;     /* estimated size of the
                                                        packet that reads */
    ngx_pool_t                           *pool;      /* of the rows and the
                                                        results */
    ngx_pool_t                           *asked;     /* of the items' lines */
    ngx_array_t                           subjects;  /* sorted by id */
    ngx_array_t                           parts;     /* by subject, product */
    ngx_array_t                           products;  /* by id */
    uint32_t                              known[     /* products' numbers from
                                                        1, by a hash of the
                                                        id; 0: none */
                                            NGX_HTTP_AUTOSTOCK_SETTLE_KNOWN];
    ngx_array_t                           returned;
    ngx_array_t                           returns;   /* planned */

    ngx_http_autostock_settle_product_t **written;   /* whose rows change */
    ngx_uint_t                            nwritten;
    ngx_uint_t                            planned;   /* items to be written */
    size_t                                writes;    /* estimated size of the
                                                        packet that writes */
    uint32_t                              seen;      /* checksum of the rows
                                                        that were read */
    uint32_t                              failed;    /* the same, of the last
                                                        attempt that failed */

    /* statement numbers in the current packet */
    ngx_uint_t                            holds_at;
    ngx_uint_t                            sales_at;
    ngx_uint_t                            returned_at;
    ngx_uint_t                            keys_at;
    ngx_uint_t                            skus_at;
    ngx_uint_t                            stocks_at;
    ngx_uint_t                            anchor_at;
    ngx_uint_t                            free_at;
    ngx_uint_t                            commit_at;

    ngx_http_autostock_settle_action_e    anchor;
    u_char                                anchor_product[16];

    ngx_uint_t                            error;     /* the server's last one */
    u_char                                text[NGX_HTTP_AUTOSTOCK_ERROR_TEXT];

    ngx_http_autostock_settling_e         commit;
    ngx_http_autostock_settle_after_e     after;     /* what follows the
                                                        ROLLBACK or probe */
    unsigned                              asks:1;    /* has returns */
    unsigned                              fresh:1;   /* a row that decides an
                                                        answer may not be on
                                                        disk */
    unsigned                              probed:1;  /* locked products were
                                                        searched for */
    unsigned                              found:1;   /* the anchor's row */
    unsigned                              anchored:1;  /* that row is of an
                                                        attempt to resolve the
                                                        doubt: the lost packet
                                                        was not committed */
} ngx_http_autostock_settlement_t;


/* The flight has a connection: resolves the doubt, or reads. */
void ngx_http_autostock_settle_flight_start(
    ngx_http_autostock_flight_t *flight);


/*
 * Writes the packet that reads.  Returns NGX_ERROR if there is no memory.
 * ngx_http_autostock_settle_read.c.
 */
ngx_int_t ngx_http_autostock_settle_read_packet(
    ngx_http_autostock_settlement_t *s);

/*
 * The row handler of all packets; data is the settlement.
 * ngx_http_autostock_settle_rows.c.
 */
ngx_int_t ngx_http_autostock_settle_rows(void *data, ngx_uint_t statement,
    ngx_str_t *columns, ngx_uint_t n);

/*
 * Adds the product of a row, unless it was deleted or was added before.  The
 * columns: product_id (16 bytes), sku, stock, held, reorder_point,
 * reorder_quantity, reorder_held, 1 if it has an open order.  NGX_ERROR if a
 * value is impossible or memory is exhausted.
 * ngx_http_autostock_settle_product.c.
 */
ngx_int_t ngx_http_autostock_settle_product(ngx_http_autostock_settlement_t *s,
    ngx_str_t *columns);

/*
 * Store a row of a sale, of its returns, of a key, of a SKU;
 * ngx_http_autostock_settle_rows_return.c.
 */
ngx_int_t ngx_http_autostock_settle_rows_return_sale(
    ngx_http_autostock_settlement_t *s, ngx_str_t *columns, ngx_uint_t n);
ngx_int_t ngx_http_autostock_settle_rows_return_sum(
    ngx_http_autostock_settlement_t *s, ngx_str_t *columns, ngx_uint_t n);
ngx_int_t ngx_http_autostock_settle_rows_return_key(
    ngx_http_autostock_settlement_t *s, ngx_str_t *columns, ngx_uint_t n);
ngx_int_t ngx_http_autostock_settle_rows_return_sku(
    ngx_http_autostock_settlement_t *s, ngx_str_t *columns, ngx_uint_t n);


/*
 * The rows that were read; ngx_http_autostock_settle_table.c.
 *   none:     resets the statement numbers, before a packet is written
 *   sum:      adds a column on which the decision depends to the checksum
 *   part:     adds a product of a hold or sale
 *   link:     sorts and links the rows when all are read; NGX_ERROR: they
 *             contradict each other
 *   subject, product:  the one with this id; NULL: there is none
 */
void ngx_http_autostock_settle_table_none(ngx_http_autostock_settlement_t *s);
void ngx_http_autostock_settle_table_sum(ngx_http_autostock_settlement_t *s,
    ngx_str_t *column);
ngx_int_t ngx_http_autostock_settle_table_part(
    ngx_http_autostock_settlement_t *s, u_char *id, u_char *product,
    int64_t quantity);
ngx_int_t ngx_http_autostock_settle_table_link(
    ngx_http_autostock_settlement_t *s);
ngx_http_autostock_settle_subject_t *ngx_http_autostock_settle_table_subject(
    ngx_http_autostock_settlement_t *s, u_char *id);
ngx_http_autostock_settle_product_t *ngx_http_autostock_settle_table_product(
    ngx_http_autostock_settlement_t *s, u_char *id);

/*
 * 1 if items with the same action and products were refused, so that this one
 * is not tried.
 */
ngx_uint_t ngx_http_autostock_settle_table_is_suspect(
    ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_item_t *item,
    ngx_http_autostock_settle_subject_t *subject);


/* A column as a truth value; as the content of a JSON string, in the pool. */
ngx_uint_t ngx_http_autostock_settle_column_true(ngx_str_t *column);
ngx_int_t ngx_http_autostock_settle_column_json(ngx_pool_t *pool,
    ngx_str_t *column, ngx_str_t *json);


/*
 * Decides a return.  Returns NGX_ERROR if there is no memory.
 * ngx_http_autostock_settle_return.c.
 */
ngx_int_t ngx_http_autostock_settle_return(ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_item_t *item,
    ngx_http_autostock_settle_subject_t *subject);

/*
 * Decides each item and plans the changes.  Returns NGX_ERROR if there is no
 * memory.  ngx_http_autostock_settle_decide.c.
 */
ngx_int_t ngx_http_autostock_settle_decide(
    ngx_http_autostock_settlement_t *s);


/*
 * Write the packets; ngx_http_autostock_settle_write.c.
 *   packet:   writes the planned changes
 *   anchor:   inserts the row that a lost packet has, too
 *   resolve:  reads if that row is the lost packet's; reads the stocks; a
 *             barrier
 *   probe:    reads which of the products' rows are not locked
 *   barrier:  see ngx_http_autostock_barrier.h
 */
void ngx_http_autostock_settle_write_packet(
    ngx_http_autostock_settlement_t *s);
void ngx_http_autostock_settle_write_anchor(
    ngx_http_autostock_settlement_t *s);
void ngx_http_autostock_settle_write_resolve(
    ngx_http_autostock_settlement_t *s);
void ngx_http_autostock_settle_write_probe(
    ngx_http_autostock_settlement_t *s);
void ngx_http_autostock_settle_write_barrier(
    ngx_http_autostock_settlement_t *s);

/*
 * Write the returns' part of that packet: a guard of the sales, the rows, the
 * keys.  ngx_http_autostock_settle_write_return.c.
 */
void ngx_http_autostock_settle_write_return_guard(
    ngx_http_autostock_settlement_t *s);
void ngx_http_autostock_settle_write_return_rows(
    ngx_http_autostock_settlement_t *s);
void ngx_http_autostock_settle_write_return_keys(
    ngx_http_autostock_settlement_t *s);

/*
 * Write the products' part of that packet: the rows, a guard, the stocks, the
 * orders; and "product_id IN(...)" of the products that are changed.
 * ngx_http_autostock_settle_stock.c.
 */
void ngx_http_autostock_settle_stock(
    ngx_http_autostock_settlement_t *s);
void ngx_http_autostock_settle_stock_ids(
    ngx_http_autostock_settlement_t *s);


/*
 * Decides what follows a packet that failed with rc: NGX_DECLINED if the server
 * refused a statement.  ngx_http_autostock_settle_failure.c.
 */
ngx_http_autostock_settle_after_e ngx_http_autostock_settle_failure_judge(
    ngx_http_autostock_settlement_t *s, ngx_int_t rc);

/* Logs the kept error and returns 1 if it concerns every request. */
ngx_uint_t ngx_http_autostock_settle_failure_is_common(
    ngx_http_autostock_settlement_t *s);

/* The kept error is that of the flight's only item: logs and notes it. */
void ngx_http_autostock_settle_failure_note_refusal(
    ngx_http_autostock_settlement_t *s);


#endif /* _NGX_HTTP_AUTOSTOCK_SETTLE_FLIGHT_H_INCLUDED_ */
