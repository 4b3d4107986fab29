
#include "ngx_http_autostock_transaction.h"


typedef struct {
    void   (*write)(ngx_http_autostock_transaction_t *t);
    void   (*done)(ngx_http_autostock_transaction_t *t, ngx_int_t rc);
} ngx_http_autostock_transaction_step_t;


static void ngx_http_autostock_transaction_begin(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_transaction_choose(
    ngx_http_autostock_transaction_t *t, ngx_uint_t peeked);
static void ngx_http_autostock_transaction_plain(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_transaction_plain_done(
    ngx_http_autostock_transaction_t *t, ngx_int_t rc);
static void ngx_http_autostock_transaction_stock_done(
    ngx_http_autostock_transaction_t *t, ngx_int_t rc);
static void ngx_http_autostock_transaction_peek(
    ngx_http_autostock_transaction_t *t, ngx_uint_t products);
static void ngx_http_autostock_transaction_peek_done(
    ngx_http_autostock_transaction_t *t, ngx_int_t rc);
static void ngx_http_autostock_transaction_lock(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_transaction_lock_done(
    ngx_http_autostock_transaction_t *t, ngx_int_t rc);
static void ngx_http_autostock_transaction_write_done(
    ngx_http_autostock_transaction_t *t, ngx_int_t rc);
static void ngx_http_autostock_transaction_rollback(
    ngx_http_autostock_transaction_t *t,
    ngx_http_autostock_transaction_after_e after);
static void ngx_http_autostock_transaction_rollback_done(
    ngx_http_autostock_transaction_t *t, ngx_int_t rc);
static void ngx_http_autostock_transaction_finish(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_transaction_barrier_done(
    ngx_http_autostock_transaction_t *t, ngx_int_t rc);
static void ngx_http_autostock_transaction_failed(
    ngx_http_autostock_transaction_t *t, ngx_int_t rc);
static void ngx_http_autostock_transaction_send(
    ngx_http_autostock_transaction_t *t,
    ngx_http_autostock_transaction_state_e state);
static void ngx_http_autostock_transaction_done(void *data, ngx_int_t rc);


/* in the order of ngx_http_autostock_transaction_state_e */

static ngx_http_autostock_transaction_step_t
    ngx_http_autostock_transaction_steps[] = {

    { NULL, NULL },                                /* end */

    { NULL, NULL },                                /* choose */

    { ngx_http_autostock_packet_peek,
      ngx_http_autostock_transaction_peek_done },

    { ngx_http_autostock_packet_plain,
      ngx_http_autostock_transaction_plain_done },

    { ngx_http_autostock_packet_stock,
      ngx_http_autostock_transaction_stock_done },

    { ngx_http_autostock_packet_lock,
      ngx_http_autostock_transaction_lock_done },

    { ngx_http_autostock_packet_write,
      ngx_http_autostock_transaction_write_done },

    { ngx_http_autostock_packet_rollback,
      ngx_http_autostock_transaction_rollback_done },

    { ngx_http_autostock_packet_barrier,
      ngx_http_autostock_transaction_barrier_done },

    { NULL, NULL }                                 /* pause */
};


void
ngx_http_autostock_transaction_start(ngx_http_autostock_flight_t *flight)
{
    ngx_http_autostock_transaction_t  *t;

    t = (ngx_http_autostock_transaction_t *) flight;

    if (ngx_http_autostock_flight_may_write(flight,
                                  t->commit == NGX_HTTP_AUTOSTOCK_COMMIT_DOUBT)
        != NGX_OK)
    {
        return;
    }

    ngx_http_autostock_transaction_begin(t);
}


static void
ngx_http_autostock_transaction_begin(ngx_http_autostock_transaction_t *t)
{
    ngx_uint_t                      i;
    ngx_http_autostock_database_t  *db;

    ngx_http_autostock_transaction_state_enter(t,
                                    NGX_HTTP_AUTOSTOCK_TRANSACTION_CHOOSE);

    db = t->flight.batch->db;

    t->fresh = 0;

    for (i = 0; i < t->nitems; i++) {
        t->items[i].found = 0;

        if (t->nholds) {
            t->expires[i][0] = '\0';
        }

        if (t->commit != NGX_HTTP_AUTOSTOCK_COMMIT_DOUBT
            || ngx_http_autostock_transaction_rows_has_key(&t->items[i]))
        {
            t->items[i].state = NGX_HTTP_AUTOSTOCK_ITEM_OPEN;
        }
    }

    for (i = 0; i < t->nlines; i++) {
        t->lines[i].seen = 0;
        t->lines[i].order = 0;
    }

    if (t->nkeyed && db->replays) {
        db->replays--;
        t->look = 1;
    }

    if (t->commit == NGX_HTTP_AUTOSTOCK_COMMIT_DOUBT) {
        ngx_http_autostock_transaction_peek(t, 1);
        return;
    }

    /* the key of a sale of an absent product may have been used */
    if (t->look || t->absents) {
        /* the replay of a cart reports the current stock of each product */
        ngx_http_autostock_transaction_peek(t, t->carts);
        return;
    }

    ngx_http_autostock_transaction_choose(t, 0);
}


static void
ngx_http_autostock_transaction_choose(ngx_http_autostock_transaction_t *t,
    ngx_uint_t peeked)
{
    ngx_http_autostock_transaction_way_e  way;

    way = ngx_http_autostock_transaction_allot_way(t, peeked);

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "autostock sale way %d of %ui sales, peeked:%ui", way,
                   t->nsales, peeked);

    switch (way) {

    case NGX_HTTP_AUTOSTOCK_WAY_NONE:
        ngx_http_autostock_transaction_finish(t);
        return;

    case NGX_HTTP_AUTOSTOCK_WAY_PEEK:
        ngx_http_autostock_transaction_peek(t, 1);
        return;

    case NGX_HTTP_AUTOSTOCK_WAY_PLAIN:
        ngx_http_autostock_transaction_plain(t);
        return;

    default: /* lock, lock free */
        ngx_http_autostock_transaction_lock(t);
    }
}


static void
ngx_http_autostock_transaction_plain(ngx_http_autostock_transaction_t *t)
{
    ngx_http_autostock_transaction_allot_plan(t);

    t->commit = NGX_HTTP_AUTOSTOCK_COMMIT_SENT;
    ngx_http_autostock_transaction_send(t,
                                        NGX_HTTP_AUTOSTOCK_TRANSACTION_PLAIN);
}


static void
ngx_http_autostock_transaction_plain_done(ngx_http_autostock_transaction_t *t,
    ngx_int_t rc)
{
    ngx_http_autostock_line_t      *line;
    ngx_http_autostock_database_t  *db;

    if (rc == NGX_OK && !ngx_http_autostock_transaction_result_has_expiry(t)) {
        rc = NGX_ERROR;
    }

    if (rc != NGX_OK) {
        ngx_http_autostock_transaction_failed(t, rc);
        return;
    }

    line = t->sorted[0];
    db = t->flight.batch->db;

    if (t->sorted_n > 1) {
        /* the packet has read the stocks */

    } else if (t->lines_at != NGX_CONF_UNSET_UINT) {
        db->reads_stock = line->stock != (int64_t) t->flight.query.insert_id;

    } else if (t->flight.query.insert_id) {
        line->stock = (int64_t) t->flight.query.insert_id;
        line->product->stock = line->stock;

    } else {
        line->stock = -1;
        ngx_http_autostock_transaction_send(t,
                                        NGX_HTTP_AUTOSTOCK_TRANSACTION_STOCK);
        return;
    }

    ngx_http_autostock_transaction_allot_set_stock(t);
    ngx_http_autostock_transaction_end_committed(t);
}


/*
 * Either the stock is 0, or the server did not report it: a trigger on the
 * table that runs a statement resets LAST_INSERT_ID() (MariaDB 10.11,
 * measured).  In that case later packets read the stock themselves.  The sales
 * are committed, whether this query succeeds or not.
 */

static void
ngx_http_autostock_transaction_stock_done(ngx_http_autostock_transaction_t *t,
    ngx_int_t rc)
{
    if (rc != NGX_OK) {
        ngx_http_autostock_flight_drop(&t->flight,
                                       "it did not return the stock");
    }

    if (rc == NGX_OK && t->sorted[0]->stock >= 0) {
        t->flight.batch->db->reads_stock =
                                                   t->sorted[0]->stock != 0;
        ngx_http_autostock_transaction_allot_set_stock(t);
    }

    ngx_http_autostock_transaction_end_committed(t);
}


static void
ngx_http_autostock_transaction_peek(ngx_http_autostock_transaction_t *t,
    ngx_uint_t products)
{
    t->peeks_products = products;
    ngx_http_autostock_transaction_send(t,
                                        NGX_HTTP_AUTOSTOCK_TRANSACTION_PEEK);
}


static void
ngx_http_autostock_transaction_peek_done(ngx_http_autostock_transaction_t *t,
    ngx_int_t rc)
{
    if (rc != NGX_OK) {
        ngx_http_autostock_transaction_failed(t, rc);
        return;
    }

    t->look = 0;

    if (t->commit == NGX_HTTP_AUTOSTOCK_COMMIT_FOUND) {
        ngx_http_autostock_transaction_result_found(t);

        if (!ngx_http_autostock_transaction_result_has_expiry(t)) {
            ngx_http_autostock_transaction_failed(t, NGX_ERROR);
            return;
        }

        ngx_http_autostock_transaction_finish(t);
        return;
    }

    ngx_http_autostock_transaction_result_peeked(t);

    ngx_http_autostock_transaction_state_enter(t,
                                    NGX_HTTP_AUTOSTOCK_TRANSACTION_CHOOSE);
    ngx_http_autostock_transaction_choose(t, t->peeks_products);
}


static void
ngx_http_autostock_transaction_lock(ngx_http_autostock_transaction_t *t)
{
    ngx_http_autostock_transaction_locked_forget(t);
    ngx_http_autostock_transaction_send(t,
                                        NGX_HTTP_AUTOSTOCK_TRANSACTION_LOCK);
}


static void
ngx_http_autostock_transaction_lock_done(ngx_http_autostock_transaction_t *t,
    ngx_int_t rc)
{
    ngx_uint_t  doubt, any;

    if (rc != NGX_OK) {
        ngx_http_autostock_transaction_failed(t, rc);
        return;
    }

    ngx_http_autostock_transaction_locked_set_aside(t);

    doubt = t->commit == NGX_HTTP_AUTOSTOCK_COMMIT_DOUBT;
    any = ngx_http_autostock_transaction_allot(t);

    if (any == 0 && !doubt) {
        ngx_http_autostock_transaction_rollback(t,
                                             NGX_HTTP_AUTOSTOCK_AFTER_FINISH);
        return;
    }

    /* a packet that only opens orders is never in doubt: a retry finds them */
    if (any & NGX_HTTP_AUTOSTOCK_ALLOT_SALES && !doubt) {
        t->commit = NGX_HTTP_AUTOSTOCK_COMMIT_SENT;
    }

    ngx_http_autostock_transaction_send(t,
                                        NGX_HTTP_AUTOSTOCK_TRANSACTION_WRITE);
}


static void
ngx_http_autostock_transaction_write_done(ngx_http_autostock_transaction_t *t,
    ngx_int_t rc)
{
    if (rc == NGX_OK && !ngx_http_autostock_transaction_result_has_expiry(t)) {
        rc = NGX_ERROR;
    }

    if (rc != NGX_OK) {
        ngx_http_autostock_transaction_failed(t, rc);
        return;
    }

    ngx_http_autostock_transaction_result_written(t);
    ngx_http_autostock_transaction_end_committed(t);
}


static void
ngx_http_autostock_transaction_rollback(ngx_http_autostock_transaction_t *t,
    ngx_http_autostock_transaction_after_e after)
{
    t->after = after;
    ngx_http_autostock_transaction_send(t,
                                     NGX_HTTP_AUTOSTOCK_TRANSACTION_ROLLBACK);
}


static void
ngx_http_autostock_transaction_rollback_done(
    ngx_http_autostock_transaction_t *t, ngx_int_t rc)
{
    if (t->after == NGX_HTTP_AUTOSTOCK_AFTER_PAUSE) {
        ngx_http_autostock_transaction_end_pause(t, rc != NGX_OK,
                                        "its transaction could not be ended");
        return;
    }

    if (rc != NGX_OK) {
        ngx_http_autostock_transaction_failed(t, NGX_ERROR);
        return;
    }

    switch (t->after) {

    case NGX_HTTP_AUTOSTOCK_AFTER_FINISH:
        ngx_http_autostock_transaction_finish(t);
        return;

    case NGX_HTTP_AUTOSTOCK_AFTER_STUCK:
        ngx_http_autostock_transaction_end_stuck(t);
        return;

    case NGX_HTTP_AUTOSTOCK_AFTER_REFUSE:
        ngx_http_autostock_transaction_end_refused(t);
        return;

    default: /* restart */
        ngx_http_autostock_transaction_begin(t);
    }
}


/*
 * All results are known.  A row that was only read may not be on disk yet:
 * InnoDB shows a row, and releases its lock, before it syncs the redo log
 * (MariaDB 10.11, measured).  In that case the module commits a row of its own
 * first.  The log is sequential, so that after this commit the earlier ones are
 * on disk, too.
 */

static void
ngx_http_autostock_transaction_finish(ngx_http_autostock_transaction_t *t)
{
    if (t->fresh) {
        ngx_http_autostock_transaction_send(t,
                                      NGX_HTTP_AUTOSTOCK_TRANSACTION_BARRIER);
        return;
    }

    ngx_http_autostock_transaction_end(t);
}


static void
ngx_http_autostock_transaction_barrier_done(
    ngx_http_autostock_transaction_t *t, ngx_int_t rc)
{
    if (rc != NGX_OK) {
        /* the results are not certain: the rows are read again */
        ngx_http_autostock_transaction_failed(t, rc);
        return;
    }

    ngx_http_autostock_transaction_end_committed(t);
}


/* a packet failed: what follows depends on the error and on the packet */

static void
ngx_http_autostock_transaction_failed(ngx_http_autostock_transaction_t *t,
    ngx_int_t rc)
{
    ngx_http_autostock_transaction_after_e  after;

    after = ngx_http_autostock_transaction_failure_judge(t, rc);

    switch (after) {

    case NGX_HTTP_AUTOSTOCK_AFTER_LOST:
        ngx_http_autostock_transaction_end_pause(t, 1,
                                             "it was lost in a transaction");
        return;

    case NGX_HTTP_AUTOSTOCK_AFTER_ELSEWHERE:
        ngx_http_autostock_transaction_end_elsewhere(t,
                                              "its server accepts no writes");
        return;

    default:
        ngx_http_autostock_transaction_rollback(t, after);
    }
}


/* enters a state that has a packet, and sends the packet */

static void
ngx_http_autostock_transaction_send(ngx_http_autostock_transaction_t *t,
    ngx_http_autostock_transaction_state_e state)
{
    ngx_http_autostock_transaction_state_enter(t, state);

    ngx_http_autostock_transaction_steps[state].write(t);

    ngx_http_autostock_flight_query(&t->flight,
                                    ngx_http_autostock_transaction_rows_read,
                                    ngx_http_autostock_transaction_done);
}


static void
ngx_http_autostock_transaction_done(void *data, ngx_int_t rc)
{
    ngx_http_autostock_transaction_t *t = data;

    ngx_log_debug4(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "autostock sale %s done: %i, error %ui after %ui statements",
                   ngx_http_autostock_transaction_state_name(t->state), rc,
                   t->flight.query.error, t->flight.query.statements);

    ngx_http_autostock_transaction_steps[t->state].done(t, rc);
}
