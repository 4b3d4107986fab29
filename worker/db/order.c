/*
 * Restock orders: opens orders for messages without an order id.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "db/order.h"
#include "db/outbox.h"


typedef struct {
    as_order_open_t  *open;
    bool              product;
    bool              known;
    bool              joined;
    int               reorder_quantity;
    int               failures;
    int64_t           since_ms;
    uint8_t           product_id[AS_UUID_LEN];
} as_order_opening_t;


/* Two columns: the product. */
static void
as_order_product_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    as_order_opening_t  *opening = data;

    (void) statement;

    if (n == 2 && lengths[0] == AS_UUID_LEN) {
        opening->product = true;
        memcpy(opening->product_id, columns[0], AS_UUID_LEN);
        opening->reorder_quantity = atoi(columns[1]);
    }
}


void
as_order_product_sql(as_db_t *db, as_text_t *sql, const char *product)
{
    uint8_t  id[AS_UUID_LEN];

    if (as_uuid_parse(product, strlen(product), id) == 0) {
        as_text_put(sql, "p.product_id = ");
        as_text_sql_bytes(sql, id, AS_UUID_LEN);

    } else {
        as_db_sku(db, sql, "p.sku", product);
    }
}


void
as_order_trace_sql(as_text_t *sql, const uint8_t id[AS_UUID_LEN],
    const as_trace_t *trace)
{
    char  text[AS_TRACE_TEXT_LEN + 1];

    if (as_trace_is_set(trace)) {
        *as_trace_text(trace, text) = '\0';
        as_text_printf(sql, ";INSERT INTO restock_order_trace (order_id,"
                       " product_id, traceparent) SELECT order_id, product_id,"
                       " '%s' FROM restock_order WHERE order_id = ", text);
        as_text_sql_bytes(sql, id, AS_UUID_LEN);
    }
}


/* Finds the product and locks its row. */
static as_db_status_e
as_order_product(as_db_t *db, as_order_opening_t *opening)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_text_put(&sql, "START TRANSACTION;SELECT p.product_id,"
                " p.reorder_quantity FROM product p WHERE ");
    as_order_product_sql(db, &sql, opening->open->product);
    as_text_put(&sql, " FOR UPDATE");
    status = as_db_run(db, &sql, as_order_product_row, opening);
    as_text_free(&sql);

    return status;
}


/* One column: the order that this message opened before.  Two: the product's
 * open order, and whether it is that one.  Three: the failures since goods
 * came. */
static void
as_order_look_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    as_order_opening_t  *opening = data;

    (void) statement;

    if (n == 1) {
        opening->known = true;
        memcpy(opening->open->order_id, opening->open->id, AS_UUID_LEN);

    } else if (n == 2 && lengths[0] == AS_UUID_LEN && !opening->known) {
        opening->joined = true;
        memcpy(opening->open->order_id, columns[0], AS_UUID_LEN);

    } else if (n == 3) {
        opening->failures = atoi(columns[0]);
        opening->since_ms = columns[1] == NULL ? 0
                            : strtoll(columns[1], NULL, 10) / 1000;
    }
}


static as_db_status_e
as_order_look(as_db_t *db, as_order_opening_t *opening)
{
    as_text_t       sql = AS_TEXT_EMPTY, id = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_text_sql_bytes(&id, opening->product_id, AS_UUID_LEN);

    as_text_put(&sql, "SELECT order_id FROM restock_order WHERE order_id = ");
    as_text_sql_bytes(&sql, opening->open->id, AS_UUID_LEN);
    as_text_printf(&sql, ";SELECT order_id, state FROM restock_order"
                   " WHERE open_product_id = %s;SELECT COUNT(*),"
                   " TIMESTAMPDIFF(MICROSECOND, MAX(f.failed_at),"
                   " UTC_TIMESTAMP(6)), 0 FROM restock_order f"
                   " FORCE INDEX (ix_restock_order_product) WHERE"
                   " f.product_id = %s AND f.state = 'failed'"
                   " AND f.pending_at > COALESCE((SELECT g.pending_at FROM"
                   " restock_order g FORCE INDEX (ix_restock_order_product)"
                   " WHERE g.product_id = %s AND g.state ="
                   " 'fulfilled' ORDER BY g.pending_at DESC LIMIT 1),"
                   " '1970-01-01')", as_text_get(&id), as_text_get(&id),
                   as_text_get(&id));

    status = as_db_run(db, &sql, as_order_look_row, opening);
    as_text_free(&sql);
    as_text_free(&id);

    return status;
}


/* This message is the order's first message, so its state is published.  An
 * order that must wait is pending, for the relay. */
static as_db_status_e
as_order_insert(as_db_t *db, const as_order_opening_t *opening,
    int64_t pause_ms)
{
    int              quantity;
    as_text_t        sql = AS_TEXT_EMPTY;
    as_db_status_e   status;
    as_order_open_t *open = opening->open;

    quantity = open->quantity > 0 ? open->quantity
                                  : opening->reorder_quantity;

    as_text_put(&sql, "INSERT INTO restock_order (order_id, product_id,"
                " quantity, state, attempts, published_at, next_attempt_at)"
                " VALUES (");
    as_text_sql_bytes(&sql, open->id, AS_UUID_LEN);
    as_text_put(&sql, ",");
    as_text_sql_bytes(&sql, opening->product_id, AS_UUID_LEN);

    if (pause_ms > 0) {
        as_text_printf(&sql, ",%d,'pending',0,NULL,UTC_TIMESTAMP(6)"
                       " + INTERVAL %" PRId64 " MICROSECOND)",
                       quantity, pause_ms * 1000);
    } else {
        as_text_printf(&sql, ",%d,'published',0,UTC_TIMESTAMP(6),NULL)",
                       quantity);
    }

    as_order_trace_sql(&sql, open->id, &open->trace);
    as_text_put(&sql, ";COMMIT");

    status = as_db_run(db, &sql, NULL, NULL);
    as_text_free(&sql);

    return status;
}


as_db_status_e
as_order_open(as_db_t *db, as_order_open_t *open)
{
    int64_t             pause_ms;
    as_db_status_e      status;
    as_order_opening_t  opening;

    memset(&opening, 0, sizeof(opening));
    opening.open = open;

    status = as_order_product(db, &opening);

    if (status == AS_DB_OK && opening.product) {
        status = as_order_look(db, &opening);
    }

    if (status != AS_DB_OK) {
        return status;
    }

    if (!opening.product || opening.known || opening.joined) {
        open->outcome = !opening.product ? AS_ORDER_NO_PRODUCT
                        : opening.known ? AS_ORDER_KNOWN : AS_ORDER_JOINED;
        return as_db_exec(db, "COMMIT", NULL, NULL);
    }

    pause_ms = as_outbox_pause(opening.failures, open->pause_min_ms,
                               open->pause_max_ms) - opening.since_ms;

    memcpy(open->order_id, open->id, AS_UUID_LEN);
    open->outcome = pause_ms > 0 ? AS_ORDER_PAUSED : AS_ORDER_OPENED;

    status = as_order_insert(db, &opening, pause_ms);

    /* another node of the cluster opened an order: look again */
    return status == AS_DB_DUPLICATE ? AS_DB_RETRY : status;
}
