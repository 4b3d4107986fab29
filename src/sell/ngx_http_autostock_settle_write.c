
/*
 * The packets of settlements that write, and those that resolve a doubt.
 */


#include "ngx_http_autostock_settle_flight.h"
#include "ngx_http_autostock_barrier.h"
#include "ngx_http_autostock_id.h"

#include "as_movement.h"


typedef ngx_uint_t (*ngx_http_autostock_settle_test_pt)(
    ngx_http_autostock_settle_subject_t *subject);


typedef struct {
    ngx_uint_t   number;                  /* the last two bytes of its id */
    const char  *kind;
    size_t       len;
} ngx_http_autostock_settle_kind_t;


static void ngx_http_autostock_settle_write_begin(
    ngx_http_autostock_settlement_t *s);
static void ngx_http_autostock_settle_write_holds(
    ngx_http_autostock_settlement_t *s);
static ngx_uint_t ngx_http_autostock_settle_write_changed(
    ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_test_pt test);
static void ngx_http_autostock_settle_write_hold_ids(
    ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_test_pt test);
static ngx_uint_t ngx_http_autostock_settle_write_any(
    ngx_http_autostock_settle_subject_t *subject);
static ngx_uint_t ngx_http_autostock_settle_write_released(
    ngx_http_autostock_settle_subject_t *subject);
static ngx_uint_t ngx_http_autostock_settle_write_expired(
    ngx_http_autostock_settle_subject_t *subject);
static void ngx_http_autostock_settle_write_id(
    ngx_http_autostock_settlement_t *s, ngx_uint_t action);
static void ngx_http_autostock_settle_write_movements(
    ngx_http_autostock_settlement_t *s);
static void ngx_http_autostock_settle_write_deleted(
    ngx_http_autostock_settlement_t *s);
static void ngx_http_autostock_settle_write_movement(
    ngx_http_autostock_settlement_t *s, ngx_uint_t i, ngx_uint_t action,
    u_char *product_id, int64_t quantity, ngx_uint_t n);


/* in the order of ngx_http_autostock_settle_action_e */

static ngx_http_autostock_settle_kind_t  ngx_http_autostock_settle_kinds[] = {
    { AS_MOVEMENT_CONFIRM, ",'confirm',", sizeof(",'confirm',") - 1 },
    { AS_MOVEMENT_RELEASE, ",'release',", sizeof(",'release',") - 1 },
    { AS_MOVEMENT_RETURN, ",'return',", sizeof(",'return',") - 1 }
};


static void
ngx_http_autostock_settle_write_begin(ngx_http_autostock_settlement_t *s)
{
    ngx_http_autostock_sql_reset(&s->flight.sql);

    ngx_http_autostock_settle_table_none(s);
}


/* the product rows come last, so that they are locked for a short time */

void
ngx_http_autostock_settle_write_packet(ngx_http_autostock_settlement_t *s)
{
    ngx_http_autostock_sql_t  *sql;

    ngx_http_autostock_settle_write_begin(s);

    sql = &s->flight.sql;

    ngx_http_autostock_sql_text(sql, "BEGIN");
    ngx_http_autostock_sql_next(sql);

    ngx_http_autostock_settle_write_return_guard(s);
    ngx_http_autostock_settle_write_holds(s);
    ngx_http_autostock_settle_write_return_rows(s);
    ngx_http_autostock_settle_write_movements(s);
    ngx_http_autostock_settle_write_return_keys(s);
    ngx_http_autostock_settle_stock(s);

    s->commit_at = sql->statements;
    ngx_http_autostock_sql_text(sql, "COMMIT");
}


/*
 * One statement, so that the rows are locked in the order of their ids.  It
 * names the index, since the index by state would lock other holds, too.
 */

static void
ngx_http_autostock_settle_write_holds(ngx_http_autostock_settlement_t *s)
{
    ngx_uint_t                 n, released, expired;
    ngx_http_autostock_sql_t  *sql;

    sql = &s->flight.sql;
    n = ngx_http_autostock_settle_write_changed(s,
                                          ngx_http_autostock_settle_write_any);
    released = ngx_http_autostock_settle_write_changed(s,
                                     ngx_http_autostock_settle_write_released);
    expired = ngx_http_autostock_settle_write_changed(s,
                                      ngx_http_autostock_settle_write_expired);

    if (n == 0) {
        return;
    }

    ngx_http_autostock_sql_text(sql,
        "UPDATE stock_hold FORCE INDEX(PRIMARY)"
        "SET settled_at=UTC_TIMESTAMP(6),state=");

    if (released && released < n) {
        ngx_http_autostock_sql_text(sql, "IF(");
        ngx_http_autostock_settle_write_hold_ids(s,
                                     ngx_http_autostock_settle_write_released);
        ngx_http_autostock_sql_text(sql,
            ",'released','confirmed'),settled_id=IF(");
        ngx_http_autostock_settle_write_hold_ids(s,
                                     ngx_http_autostock_settle_write_released);
        ngx_http_autostock_sql_text(sql, ",");
        ngx_http_autostock_settle_write_id(s,
                                           NGX_HTTP_AUTOSTOCK_SETTLE_RELEASE);
        ngx_http_autostock_sql_text(sql, ",");
        ngx_http_autostock_settle_write_id(s,
                                           NGX_HTTP_AUTOSTOCK_SETTLE_CONFIRM);
        ngx_http_autostock_sql_text(sql, ")");

    } else if (released) {
        ngx_http_autostock_sql_text(sql, "'released',settled_id=");
        ngx_http_autostock_settle_write_id(s,
                                           NGX_HTTP_AUTOSTOCK_SETTLE_RELEASE);

    } else {
        ngx_http_autostock_sql_text(sql, "'confirmed',settled_id=");
        ngx_http_autostock_settle_write_id(s,
                                           NGX_HTTP_AUTOSTOCK_SETTLE_CONFIRM);
    }

    if (expired) {
        ngx_http_autostock_sql_text(sql, " WHERE state=IF(");
        ngx_http_autostock_settle_write_hold_ids(s,
                                      ngx_http_autostock_settle_write_expired);
        ngx_http_autostock_sql_text(sql, ",'expired','held')AND ");

    } else {
        ngx_http_autostock_sql_text(sql, " WHERE state='held' AND ");
    }

    ngx_http_autostock_settle_write_hold_ids(s,
                                          ngx_http_autostock_settle_write_any);
    ngx_http_autostock_sql_next(sql);

    ngx_http_autostock_sql_text(sql, NGX_HTTP_AUTOSTOCK_SQL_IF_ROWS);
    ngx_http_autostock_sql_number(sql, n);
    ngx_http_autostock_sql_text(sql, NGX_HTTP_AUTOSTOCK_SQL_OR_FAIL);
    ngx_http_autostock_sql_next(sql);
}


/* the number of holds that this batch changes and that pass the test */

static ngx_uint_t
ngx_http_autostock_settle_write_changed(ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_test_pt test)
{
    ngx_uint_t                            i, n;
    ngx_http_autostock_settle_subject_t  *subject;

    subject = s->subjects.elts;

    for (i = 0, n = 0; i < s->subjects.nelts; i++) {
        n += subject[i].state != subject[i].was && test(&subject[i]);
    }

    return n;
}


static void
ngx_http_autostock_settle_write_hold_ids(ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_test_pt test)
{
    ngx_uint_t                            i, n;
    ngx_http_autostock_sql_t             *sql;
    ngx_http_autostock_settle_subject_t  *subject;

    sql = &s->flight.sql;
    subject = s->subjects.elts;

    ngx_http_autostock_sql_text(sql, "hold_id IN(");

    for (i = 0, n = 0; i < s->subjects.nelts; i++) {
        if (subject[i].state == subject[i].was || !test(&subject[i])) {
            continue;
        }

        if (n++) {
            ngx_http_autostock_sql_text(sql, ",");
        }

        ngx_http_autostock_sql_binary(sql, subject[i].id, 16);
    }

    ngx_http_autostock_sql_text(sql, ")");
}


static ngx_uint_t
ngx_http_autostock_settle_write_any(
    ngx_http_autostock_settle_subject_t *subject)
{
    return 1;
}


static ngx_uint_t
ngx_http_autostock_settle_write_released(
    ngx_http_autostock_settle_subject_t *subject)
{
    return subject->state == NGX_HTTP_AUTOSTOCK_HOLD_RELEASED;
}


static ngx_uint_t
ngx_http_autostock_settle_write_expired(
    ngx_http_autostock_settle_subject_t *subject)
{
    return subject->was == NGX_HTTP_AUTOSTOCK_HOLD_EXPIRED;
}


/* the id of the ledger's rows for this action */

static void
ngx_http_autostock_settle_write_id(ngx_http_autostock_settlement_t *s,
    ngx_uint_t action)
{
    u_char  id[16];

    ngx_http_autostock_id_sale(id, s->id,
                               ngx_http_autostock_settle_kinds[action].number);
    ngx_http_autostock_sql_binary(&s->flight.sql, id, 16);
}


/* writes the ledger's rows, of which the first is the anchor */

static void
ngx_http_autostock_settle_write_movements(ngx_http_autostock_settlement_t *s)
{
    ngx_uint_t                            i, k, n;
    ngx_http_autostock_settle_product_t  *product;

    product = s->products.elts;
    n = 0;

    for (k = 0; k < NGX_HTTP_AUTOSTOCK_SETTLE_ACTIONS; k++) {
        for (i = 0; i < s->products.nelts; i++) {
            if (product[i].movements[k].n) {
                ngx_http_autostock_settle_write_movement(s, n++, k,
                                            product[i].id,
                                            product[i].movements[k].quantity,
                                            product[i].movements[k].n);
            }
        }
    }

    if (n == 0) {
        ngx_http_autostock_settle_write_deleted(s);
    }

    ngx_http_autostock_sql_next(&s->flight.sql);
}


/*
 * If all products were deleted, there is no movement: the anchor is a row of
 * quantity 0 of one of the products.
 */

static void
ngx_http_autostock_settle_write_deleted(ngx_http_autostock_settlement_t *s)
{
    ngx_uint_t                            i, n;
    ngx_http_autostock_settle_part_t     *part;
    ngx_http_autostock_settle_subject_t  *subject, *first;

    subject = s->subjects.elts;

    for (first = subject; first->state == first->was; first++) { /* void */ }

    part = s->parts.elts;
    part += first->part;

    for (i = 0, n = 0; i < s->parts.nelts - first->part; i++) {
        n += subject[part[i].subject].state == first->state
             && subject[part[i].subject].was != first->state
             && ngx_memcmp(part[i].product_id, part->product_id, 16) == 0;
    }

    ngx_http_autostock_settle_write_movement(s, 0,
                          first->state == NGX_HTTP_AUTOSTOCK_HOLD_RELEASED
                          ? NGX_HTTP_AUTOSTOCK_SETTLE_RELEASE
                          : NGX_HTTP_AUTOSTOCK_SETTLE_CONFIRM,
                          part->product_id, 0, n);
}


static void
ngx_http_autostock_settle_write_movement(ngx_http_autostock_settlement_t *s,
    ngx_uint_t i, ngx_uint_t action, u_char *product_id, int64_t quantity,
    ngx_uint_t n)
{
    ngx_http_autostock_sql_t  *sql;

    sql = &s->flight.sql;

    if (i) {
        ngx_http_autostock_sql_text(sql, ",(");

    } else {
        s->anchor = action;
        ngx_memcpy(s->anchor_product, product_id, 16);

        ngx_http_autostock_sql_text(sql,
            "INSERT INTO stock_movement(movement_id,product_id,kind,quantity,"
            "sales)VALUES(");
    }

    ngx_http_autostock_settle_write_id(s, action);
    ngx_http_autostock_sql_text(sql, ",");
    ngx_http_autostock_sql_binary(sql, product_id, 16);
    ngx_http_autostock_sql_write(sql,
                                 ngx_http_autostock_settle_kinds[action].kind,
                                 ngx_http_autostock_settle_kinds[action].len);
    ngx_http_autostock_sql_number(sql, quantity);
    ngx_http_autostock_sql_text(sql, ",");
    ngx_http_autostock_sql_number(sql, n);
    ngx_http_autostock_sql_text(sql, ")");
}


void
ngx_http_autostock_settle_write_anchor(ngx_http_autostock_settlement_t *s)
{
    ngx_http_autostock_settle_write_begin(s);
    ngx_http_autostock_settle_write_movement(s, 0, s->anchor,
                                             s->anchor_product, 0, 0);
}


void
ngx_http_autostock_settle_write_resolve(ngx_http_autostock_settlement_t *s)
{
    ngx_http_autostock_sql_t  *sql;

    ngx_http_autostock_settle_write_begin(s);

    sql = &s->flight.sql;

    s->anchor_at = sql->statements;
    ngx_http_autostock_sql_text(sql,
        "SELECT sales FROM stock_movement WHERE movement_id=");
    ngx_http_autostock_settle_write_id(s, s->anchor);
    ngx_http_autostock_sql_text(sql, " AND product_id=");
    ngx_http_autostock_sql_binary(sql, s->anchor_product, 16);
    ngx_http_autostock_sql_next(sql);

    if (s->nwritten) {
        s->stocks_at = sql->statements;
        ngx_http_autostock_sql_text(sql,
            "SELECT product_id,stock FROM product WHERE ");
        ngx_http_autostock_settle_stock_ids(s);
        ngx_http_autostock_sql_next(sql);
    }

    ngx_http_autostock_barrier_write(sql, s->anchor_product);
}


/*
 * Finds the rows that other transactions have locked.  The packet is a
 * transaction of its own, since product rows must be locked after all others.
 */

void
ngx_http_autostock_settle_write_probe(ngx_http_autostock_settlement_t *s)
{
    ngx_http_autostock_sql_t  *sql;

    ngx_http_autostock_settle_write_begin(s);

    sql = &s->flight.sql;

    ngx_http_autostock_sql_text(sql, "BEGIN");
    ngx_http_autostock_sql_next(sql);

    s->free_at = sql->statements;
    ngx_http_autostock_sql_text(sql, "SELECT product_id FROM product WHERE ");
    ngx_http_autostock_settle_stock_ids(s);
    ngx_http_autostock_sql_text(sql, " FOR UPDATE SKIP LOCKED");
    ngx_http_autostock_sql_next(sql);

    ngx_http_autostock_sql_text(sql, "ROLLBACK");
}


void
ngx_http_autostock_settle_write_barrier(ngx_http_autostock_settlement_t *s)
{
    u_char                            *id;
    ngx_http_autostock_settle_part_t  *part;

    part = s->parts.elts;
    id = s->parts.nelts ? part->product_id : s->items->id;

    ngx_http_autostock_settle_write_begin(s);
    ngx_http_autostock_barrier_write(&s->flight.sql, id);
}
