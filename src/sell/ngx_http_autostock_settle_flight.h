
/*
 * A batch of settlements: confirms and releases of holds, and returns of sales.
 *
 *   read    One packet reads without locks: the holds and their lines, the
 *           sales and what was returned of them, the keys, the products.
 *   decide  Each item in order of arrival.  An item sees the results of those
 *           before it: of two that settle one hold, the first wins.
 *   write   One packet changes the rows from what they were read as, and
 *           commits.  If one of them has changed since, the packet fails as a
 *           whole, and the batch is read and decided again.
 *
 * If the answer to COMMIT was lost, the batch is in doubt.  The old session is
 * killed, and a row of the lost packet, the anchor, is inserted by itself.  If
 * that succeeds, the packet was not committed and never can be: the batch is
 * decided again, under another id.  If the row exists, the packet was committed
 * as it was decided.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_SETTLE_FLIGHT_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_SETTLE_FLIGHT_H_INCLUDED_


#include "ngx_http_autostock_order.h"
#include "ngx_http_autostock_settle.h"


/* Items of a batch; each may have 50 lines. */
#define NGX_HTTP_AUTOSTOCK_SETTLE_MAX      512

#define NGX_HTTP_AUTOSTOCK_SETTLE_ACTIONS  3


typedef enum {
    NGX_HTTP_AUTOSTOCK_HOLD_NONE = 0,           /* there is no such hold */
    NGX_HTTP_AUTOSTOCK_HOLD_HELD,
    NGX_HTTP_AUTOSTOCK_HOLD_CONFIRMED,
    NGX_HTTP_AUTOSTOCK_HOLD_RELEASED,
    NGX_HTTP_AUTOSTOCK_HOLD_EXPIRED
} ngx_http_autostock_hold_state_e;


/* What is known of the COMMIT. */
typedef enum {
    NGX_HTTP_AUTOSTOCK_SETTLING_NONE = 0,       /* none without an answer */
    NGX_HTTP_AUTOSTOCK_SETTLING_SENT,
    NGX_HTTP_AUTOSTOCK_SETTLING_DOUBT           /* its answer was lost */
} ngx_http_autostock_settling_e;


/* What follows a failed packet; most of it after a ROLLBACK. */
typedef enum {
    NGX_HTTP_AUTOSTOCK_SETTLE_AGAIN = 0,        /* after a pause */
    NGX_HTTP_AUTOSTOCK_SETTLE_LOCKED,           /* by another transaction */
    NGX_HTTP_AUTOSTOCK_SETTLE_REFUSE,           /* find the refused item */
    NGX_HTTP_AUTOSTOCK_SETTLE_LOST,             /* no ROLLBACK: close, pause */
    NGX_HTTP_AUTOSTOCK_SETTLE_ELSEWHERE         /* the same; another server */
} ngx_http_autostock_settle_after_e;


/* The ledger's row of a product for one action. */
typedef struct {
    int64_t                               quantity;  /* added to the stock */
    ngx_uint_t                            n;         /* holds or returns; 0: no
                                                        row */
} ngx_http_autostock_settle_movement_t;


typedef struct {
    u_char                                id[16];
    ngx_str_t                             sku;
    ngx_str_t                             json;      /* the SKU as content of a
                                                        string */
    int64_t                               stock;     /* read, then planned */
    int64_t                               after;     /* after the batch */
    int64_t                               held;      /* read, then planned */
    int64_t                               reorder_point;
    int64_t                               reorder_quantity;
    int64_t                               moved;     /* added to the stock */
    int64_t                               freed;     /* no longer held */
    as_trace_t                           *trace;     /* of the last confirm;
                                                        NULL: none */
    ngx_http_autostock_order_t            opened;    /* if due */
    ngx_http_autostock_settle_movement_t  movements[
                                            NGX_HTTP_AUTOSTOCK_SETTLE_ACTIONS];
    unsigned                              reorder_held:1;
    unsigned                              open:1;    /* an order is open */
    unsigned                              due:1;     /* this batch opens one */
    unsigned                              judged:1;  /* it may need an order */
    unsigned                              locked:1;  /* its row */
} ngx_http_autostock_settle_product_t;


/* A hold, or a sale. */
typedef struct {
    u_char                                id[16];
    u_char                                movement_id[16];   /* of a sale: the
                                                        ledger's */
    int64_t                               over;      /* microseconds since it
                                                        expired */
    ngx_uint_t                            part;      /* the first */
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


/* A product of a hold or sale. */
typedef struct {
    u_char                                product_id[16];
    ngx_uint_t                            subject;
    uint32_t                              quantity;
    int64_t                               returned;  /* read, then planned */
    int64_t                               asked;     /* by the item that is
                                                        decided */
    ngx_http_autostock_settle_product_t  *product;   /* NULL: deleted */
} ngx_http_autostock_settle_part_t;


/* Pieces of a part that were returned before. */
typedef struct {
    u_char                                product_id[16];
    ngx_uint_t                            subject;
    int64_t                               quantity;
} ngx_http_autostock_settle_returned_t;


/* A line that a return asks for. */
typedef struct {
    ngx_str_t                             sku;
    uint32_t                              quantity;
    u_char                                product_id[16];
    unsigned                              known:1;   /* product_id was read */
} ngx_http_autostock_settle_line_t;


/* A line of an answer. */
typedef struct {
    ngx_http_autostock_settled_line_t     line;
    ngx_http_autostock_settle_product_t  *product;   /* NULL: the line's stock
                                                        is not changed */
} ngx_http_autostock_settle_result_t;


/* A request.  It outlives its waiter, which may leave at any time. */
typedef struct {
    ngx_http_autostock_settle_action_e    action;
    u_char                                id[16];
    ngx_msec_t                            grace;
    ngx_uint_t                            subject;
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
    unsigned                              written:1; /* its key's row */
    unsigned                              used:1;    /* its key was used */
    unsigned                              same:1;    /* for the same request */
    unsigned                              fresh:1;   /* the key's row may not be
                                                        on disk */
    unsigned                              gone:1;    /* refused: must not be
                                                        done */
    unsigned                              planned:1; /* to be written */
    unsigned                              apart:1;   /* is to wait aside */
} ngx_http_autostock_settle_item_t;


/* A row of stock_return. */
typedef struct {
    u_char                                sale_id[16];
    u_char                                product_id[16];
    int64_t                               already;
    int64_t                               quantity;
    ngx_http_autostock_settle_item_t     *item;
} ngx_http_autostock_settle_return_t;


typedef struct {
    ngx_http_autostock_flight_t           flight;    /* first */

    u_char                                id[16];    /* of the transaction */
    ngx_http_autostock_settle_item_t     *items;
    ngx_uint_t                            max;
    ngx_uint_t                            nitems;
    ngx_uint_t                            nlines;    /* of all items */
    size_t                                bytes;     /* of SQL to read, an
                                                        estimate */
    ngx_pool_t                           *pool;      /* of what was read and
                                                        decided */
    ngx_pool_t                           *asked;     /* of the items' lines */
    ngx_array_t                           subjects;  /* by id */
    ngx_array_t                           parts;     /* by subject, product */
    ngx_array_t                           products;  /* by id */
    ngx_array_t                           returned;
    ngx_array_t                           returns;   /* planned */

    ngx_http_autostock_settle_product_t **written;   /* whose rows change */
    ngx_uint_t                            nwritten;
    ngx_uint_t                            planned;   /* items to be written */
    size_t                                writes;    /* bytes of SQL to write,
                                                        an estimate */
    uint32_t                              seen;      /* checksum of the rows
                                                        read */
    uint32_t                              failed;    /* the same, of the last
                                                        attempt that failed */

    /* statement numbers in the packet under way */
    ngx_uint_t                            holds_at;
    ngx_uint_t                            lines_at;
    ngx_uint_t                            sales_at;
    ngx_uint_t                            returned_at;
    ngx_uint_t                            keys_at;
    ngx_uint_t                            skus_at;
    ngx_uint_t                            products_at;
    ngx_uint_t                            stocks_at;
    ngx_uint_t                            anchor_at;
    ngx_uint_t                            free_at;
    ngx_uint_t                            commit_at;

    ngx_http_autostock_settle_action_e    anchor;
    u_char                                anchor_product[16];

    ngx_uint_t                            error;     /* the last one, from the
                                                        server */
    u_char                                text[NGX_HTTP_AUTOSTOCK_ERROR_TEXT];

    ngx_http_autostock_settling_e         commit;
    ngx_http_autostock_settle_after_e     after;     /* the ROLLBACK under
                                                        way */
    unsigned                              asks:1;    /* has returns */
    unsigned                              fresh:1;   /* an answer rests on what
                                                        may not be on disk */
    unsigned                              probed:1;  /* for locked products */
    unsigned                              found:1;   /* the anchor's row */
    unsigned                              anchored:1;  /* it is ours alone: the
                                                        lost packet was not
                                                        committed */
} ngx_http_autostock_settlement_t;


/* The flight has a connection: starts from the beginning. */
void ngx_http_autostock_settle_flight_start(
    ngx_http_autostock_flight_t *flight);


/*
 * Writes the packet that reads; NGX_ERROR: no memory.
 * ngx_http_autostock_settle_read.c.
 */
ngx_int_t ngx_http_autostock_settle_read_packet(
    ngx_http_autostock_settlement_t *s);

/* A row of any packet; ngx_http_autostock_settle_rows.c. */
ngx_int_t ngx_http_autostock_settle_rows(void *data, ngx_uint_t statement,
    ngx_str_t *columns, ngx_uint_t n);

/*
 * Rows of a sale, of its returns, of keys, of SKUs;
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
 * What was read; ngx_http_autostock_settle_table.c.
 *   none:     before a packet is written: no result has these statement numbers
 *   sum:      adds a column that decides to the checksum
 *   part:     adds a product of a hold or sale
 *   link:     all rows are read: sorts and links them; NGX_ERROR: they
 *             contradict each other
 *   subject, product:  NULL: there is none
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
 * 1: others with the same action and products were refused, so that it is not
 * tried.
 */
ngx_uint_t ngx_http_autostock_settle_table_is_suspect(
    ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_item_t *item,
    ngx_http_autostock_settle_subject_t *subject);


/* A column as a truth value, as content of a JSON string. */
ngx_uint_t ngx_http_autostock_settle_column_true(ngx_str_t *column);
ngx_int_t ngx_http_autostock_settle_column_json(ngx_pool_t *pool,
    ngx_str_t *column, ngx_str_t *json);


/*
 * Decides a return; NGX_ERROR: no memory.  ngx_http_autostock_settle_return.c.
 */
ngx_int_t ngx_http_autostock_settle_return(ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_item_t *item,
    ngx_http_autostock_settle_subject_t *subject);

/*
 * Decides each item and plans what is to be written.  NGX_ERROR: no memory.
 * ngx_http_autostock_settle_decide.c.
 */
ngx_int_t ngx_http_autostock_settle_decide(
    ngx_http_autostock_settlement_t *s);


/*
 * Write the packets; ngx_http_autostock_settle_write.c.
 *   packet:   what was planned
 *   anchor:   the row that a lost packet wrote, too
 *   resolve:  whether that row is the lost packet's; the stocks; a barrier
 *   probe:    which of the products' rows are not locked
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
 * Returns in that packet: a guard of the sales, the rows, the keys;
 * ngx_http_autostock_settle_write_return.c.
 */
void ngx_http_autostock_settle_write_return_guard(
    ngx_http_autostock_settlement_t *s);
void ngx_http_autostock_settle_write_return_rows(
    ngx_http_autostock_settlement_t *s);
void ngx_http_autostock_settle_write_return_keys(
    ngx_http_autostock_settlement_t *s);

/*
 * The product rows, a guard, the stocks and the orders; and "product_id IN" of
 * the products that are changed; ngx_http_autostock_settle_stock.c.
 */
void ngx_http_autostock_settle_stock(
    ngx_http_autostock_settlement_t *s);
void ngx_http_autostock_settle_stock_ids(
    ngx_http_autostock_settlement_t *s);


/*
 * Judges a packet that failed with rc, NGX_DECLINED if the server refused a
 * statement; ngx_http_autostock_settle_failure.c.
 */
ngx_http_autostock_settle_after_e ngx_http_autostock_settle_failure_judge(
    ngx_http_autostock_settlement_t *s, ngx_int_t rc);

/* 1, and a log line, if the kept error concerns every request. */
ngx_uint_t ngx_http_autostock_settle_failure_is_common(
    ngx_http_autostock_settlement_t *s);

/* The kept error concerns the only item. */
void ngx_http_autostock_settle_failure_note_refusal(
    ngx_http_autostock_settlement_t *s);


#endif /* _NGX_HTTP_AUTOSTOCK_SETTLE_FLIGHT_H_INCLUDED_ */
