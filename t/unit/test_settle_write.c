/*
 * The packet that a batch of settlements writes: its statements and their
 * order, from what was decided.
 */

#include "settle_fixture.h"

#pragma GCC diagnostic ignored "-Wunused-parameter"

#include "../../src/db/ngx_http_autostock_sql.c"
#include "../../src/sell/ngx_http_autostock_barrier.c"

/* replaced by that of the fixture, whose id is known */
void order_open_not_used(ngx_http_autostock_order_t *order,
    as_trace_t *trace);
#define ngx_http_autostock_order_open  order_open_not_used
#include "../../src/sell/ngx_http_autostock_order.c"
#undef ngx_http_autostock_order_open

#include "../../src/sell/ngx_http_autostock_settle_stock.c"
#include "../../src/sell/ngx_http_autostock_settle_write.c"
#include "../../src/sell/ngx_http_autostock_settle_write_return.c"


#define ID1  "x'01010101010101010101010101010101'"
#define ID2  "x'02020202020202020202020202020202'"
#define E    "x'65656565656565656565656565656565'"
#define F    "x'66666666666666666666666666666666'"
#define ROW  "x'aaaaaaaaaaaaaaaaaaaaaaaaaaaa"    /* of the transaction */


static char         text[8192];        /* the packet */
static ngx_cycle_t  cycle;

volatile ngx_cycle_t  *ngx_cycle = &cycle;


void *
ngx_alloc(size_t size, ngx_log_t *log)
{
    (void) log;

    return malloc(size);
}


void
ngx_log_error_core(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, ...)
{
    (void) level;
    (void) log;
    (void) err;
    (void) fmt;
}


/* not called: these tests read no row */
off_t
ngx_atoof(u_char *line, size_t n)
{
    fail();

    return NGX_ERROR;
}


void
ngx_http_autostock_id_next(u_char id[NGX_HTTP_AUTOSTOCK_UUID_LEN])
{
    memset(id, 0xbb, NGX_HTTP_AUTOSTOCK_UUID_LEN);
}


static int
teardown(void **state)
{
    ngx_http_autostock_sql_free(&fixture.s.flight.sql);

    return fixture_teardown(state);
}


static int
again(void **state)
{
    (void) teardown(state);

    return fixture_setup(state);
}


static void
keep(void)
{
    size_t                     len;
    ngx_http_autostock_sql_t  *sql = &fixture.s.flight.sql;

    len = (size_t) (sql->pos - sql->start);
    assert_true(len < sizeof(text));
    memcpy(text, sql->start, len);
    text[len] = '\0';
}


/* decides and writes */

static void
packet(void)
{
    decide();
    ngx_http_autostock_settle_write_packet(&fixture.s);
    keep();
}


static void
has(const char *part_of_it)
{
    if (strstr(text, part_of_it) == NULL) {
        fail_msg("expected \"%s\", found: %s", part_of_it, text);
    }
}


static void
has_not(const char *part_of_it)
{
    if (strstr(text, part_of_it) != NULL) {
        fail_msg("not expected: \"%s\", found: %s", part_of_it, text);
    }
}


/* each after the one before, up to NULL */

static void
in_order(const char *first, ...)
{
    va_list      args;
    const char  *p, *at;

    at = text;
    va_start(args, first);

    for (p = first; p != NULL; p = va_arg(args, const char *)) {
        at = strstr(at, p);

        if (at == NULL) {
            fail_msg("expected in this order \"%s\", found: %s", p, text);
        }

        at += strlen(p);
    }

    va_end(args);
}


/* a hold of one product, and its settlement */

static ngx_http_autostock_settle_product_t *
one_hold(ngx_http_autostock_settle_action_e action)
{
    ngx_http_autostock_settle_product_t  *p;

    (void) subject(1, HELD);
    p = product('e', 10);
    (void) part(1, 'e', 3);
    (void) item(action, 1);

    return p;
}


/* The hold first, the ledger, the product's row last; then the commit. */

static void
a_confirm(void **state)
{
    (void) state;

    (void) one_hold(CONFIRM);
    packet();
    in_order("BEGIN;",
             "UPDATE stock_hold FORCE INDEX(PRIMARY)SET settled_at="
             "UTC_TIMESTAMP(6),state='confirmed',settled_id=" ROW,
             " WHERE state='held' AND hold_id IN(" ID1 ");",
             "SET @autostock=IF(ROW_COUNT()=1,1,~0+ROW_COUNT()+2);",
             "INSERT INTO stock_movement(", ",'confirm',0,1);",
             "UPDATE product SET stock=stock+IF(stock+(0)+IF(reorder_held,"
             "held-LEAST(held,3),0)>reorder_point,0,~0+stock+1),held=held-"
             "LEAST(held,3) WHERE product_id IN(" E ");",
             "SET @autostock=IF((SELECT COUNT(*) FROM product WHERE product_id"
             " IN(" E ",''))=1,1,",
             "SELECT product_id,stock FROM product WHERE product_id IN(" E ");",
             "COMMIT", NULL);
    has_not("restock_order");
    has_not("stock_return");

    /* the statements' numbers, by which results are assigned */
    assert_int_equal(fixture.s.stocks_at, 6);
    assert_int_equal(fixture.s.commit_at, 7);
    assert_int_equal(fixture.s.flight.sql.statements, 7);
}


static void
a_release(void **state)
{
    (void) state;

    (void) one_hold(RELEASE);
    packet();
    in_order("state='released',settled_id=" ROW, ",'release',3,1);",
             "UPDATE product SET stock=stock+3,held=held-LEAST(held,3) WHERE",
             "COMMIT", NULL);
}


/* Both actions in one statement, which locks the holds in the order of their
 * ids. */

static void
both(void **state)
{
    (void) state;

    (void) subject(1, HELD);
    (void) subject(2, HELD);
    (void) product('e', 10);
    (void) part(1, 'e', 3);
    (void) part(2, 'e', 4);
    (void) item(RELEASE, 2);
    (void) item(CONFIRM, 1);
    packet();
    has("state=IF(hold_id IN(" ID2 "),'released','confirmed'),settled_id=IF("
        "hold_id IN(" ID2 ")," ROW);
    has("WHERE state='held' AND hold_id IN(" ID1 "," ID2 ");"
        "SET @autostock=IF(ROW_COUNT()=2,");
    in_order(",'confirm',0,1),(", ",'release',4,1);", NULL);
}


/* The UPDATE of an expired hold requires that state: if the expiry was rolled
 * back meanwhile, the packet fails. */

static void
from_expired(void **state)
{
    (void) state;

    (void) subject(1, EXPIRED);
    (void) product('e', 10);
    (void) part(1, 'e', 3);
    item(CONFIRM, 1)->grace = 1000;
    packet();
    has(" WHERE state=IF(hold_id IN(" ID1 "),'expired','held')AND hold_id IN("
        ID1 ");");
    has(",'confirm',-3,1);");
    has("SET stock=stock+IF(stock+(-3)+");
    has_not(",held=held-");
}


/* The confirm that brings the stock to its reorder point opens an order in the
 * same transaction; an order that was open must still be open. */

static void
orders(void **state)
{
    ngx_http_autostock_settle_product_t  *p;

    p = one_hold(CONFIRM);
    p->reorder_point = 10;
    p->reorder_quantity = 50;
    packet();
    in_order("UPDATE product SET stock=stock+0,",
             "INSERT INTO restock_order(order_id,product_id,quantity)VALUES("
             "x'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee'," E ",50);", "COMMIT", NULL);

    (void) again(state);
    p = one_hold(CONFIRM);
    p->reorder_point = 10;
    p->open = 1;
    packet();
    has(" AND (SELECT COUNT(*) FROM restock_order WHERE open_product_id IN(" E
        ",''))=1,1,");
    has_not("INSERT INTO restock_order");
}


/* Rows of products in the order of their ids, selected by binary search. */

static void
several_products(void **state)
{
    (void) state;

    (void) subject(1, HELD);
    (void) product('f', 10);
    (void) product('e', 10);
    (void) part(1, 'f', 4);
    (void) part(1, 'e', 3);
    (void) item(RELEASE, 1);
    packet();
    has("stock=stock+IF(product_id<" F ",3,4),held=held-LEAST(held,"
        "IF(product_id<" F ",3,4)) WHERE product_id IN(" E "," F ");");
    in_order(E ",'release',3,1),(", F ",'release',4,1);", NULL);
}


/* All products of the hold were deleted: a row of quantity 0 is the anchor, and
 * none may have been inserted again. */

static void
deleted_products(void **state)
{
    (void) state;

    (void) subject(1, HELD);
    (void) part(1, 'e', 3);
    (void) item(RELEASE, 1);
    packet();
    has("VALUES(" ROW);
    has("," E ",'release',0,1);");
    has("product_id IN(" E ",''))=0,1,");
    has_not("UPDATE product");
    assert_int_equal(fixture.s.anchor, RELEASE);
    assert_memory_equal(fixture.s.anchor_product, "eeeeeeeeeeeeeeee", 16);
}


/* a sale of the ledger, and a return of all of it */

static ngx_http_autostock_settle_item_t *
a_return(u_char subj)
{
    ngx_http_autostock_settle_item_t  *it;

    it = item(RETURN, subj);
    it->restock = 1;

    return it;
}


/* The sale's row of the ledger is locked first: a roll-up must not fold it. */

static void
returns(void **state)
{
    ngx_http_autostock_settle_item_t  *it;

    (void) state;

    subject(1, NONE)->sold = 1;
    memset(((ngx_http_autostock_settle_subject_t *)
            fixture.s.subjects.elts)->movement_id, 2, 16);
    (void) product('e', 10);
    (void) product('f', 10);
    (void) part(1, 'e', 3);
    (void) part(1, 'f', 4);
    it = a_return(1);
    it->keyed = 1;
    memset(it->key, 7, 16);
    packet();
    in_order("BEGIN;SET @autostock=IF((SELECT COUNT(*) FROM stock_movement"
             " FORCE INDEX(PRIMARY)WHERE movement_id=" ID2
             " AND product_id IN(" E "," F ") LOCK IN SHARE MODE)=2,1,",
             "INSERT INTO stock_return(sale_id,product_id,already,quantity,"
             "restock,return_id)VALUES(" ID1 "," E ",0,3,1," ROW,
             ",(" ID1 "," F ",0,4,1,",
             "INSERT INTO stock_movement(", E ",'return',3,1),(",
             F ",'return',4,1);",
             "INSERT INTO stock_movement_key(idempotency_key,movement_id,"
             "product_id,fingerprint,quantity)VALUES("
             "x'07070707070707070707070707070707',",
             "," E ",x'0000000000000000',3);",
             "UPDATE product SET stock=stock+IF(product_id<" F ",3,4) WHERE",
             "COMMIT", NULL);

    /* a key has one row, whatever the return's lines */
    has_not("),(x'0707");
    has_not("stock_hold");
}


/* A hold that was confirmed: its row of the ledger is that of the holds. */

static void
return_of_a_hold(void **state)
{
    (void) state;

    (void) subject(1, CONFIRMED);
    (void) product('e', 10);
    (void) part(1, 'e', 3);
    (void) a_return(1);
    packet();
    has("WHERE product_id=" E " AND movement_id IN("
        "x'01010101010101010101010101018000') LOCK IN SHARE MODE)=1,1,");
    has_not("UPDATE stock_hold");
}


/* Rows of returns by their primary key, so that two batches do not deadlock. */

static void
returns_in_order(void **state)
{
    (void) state;

    subject(1, NONE)->sold = 1;
    subject(2, NONE)->sold = 1;
    (void) product('e', 10);
    (void) part(1, 'e', 3);
    (void) part(2, 'e', 3);
    a_return(2)->quantity = 1;
    a_return(1)->quantity = 2;
    a_return(2)->quantity = 2;
    packet();
    in_order("VALUES(" ID1 "," E ",0,2,", ",(" ID2 "," E ",0,1,",
             ",(" ID2 "," E ",1,2,", NULL);
}


/* The goods are not put back: their row of the ledger moves nothing. */

static void
no_restock(void **state)
{
    (void) state;

    subject(1, NONE)->sold = 1;
    (void) product('e', 10);
    (void) part(1, 'e', 3);
    (void) item(RETURN, 1);
    packet();
    has(",0,3,0," ROW);
    has(",'return',0,1);");
    has_not("UPDATE product");
}


/* After a lost COMMIT: the same anchor is inserted; then it is read. */

static void
doubt(void **state)
{
    (void) state;

    (void) one_hold(CONFIRM);
    packet();
    ngx_http_autostock_settle_write_anchor(&fixture.s);
    keep();
    in_order("INSERT INTO stock_movement(movement_id,product_id,kind,quantity,"
             "sales)VALUES(" ROW, "," E ",'confirm',0,0)", NULL);
    has_not(";");

    ngx_http_autostock_settle_write_resolve(&fixture.s);
    keep();
    in_order("SELECT sales FROM stock_movement WHERE movement_id=" ROW,
             " AND product_id=" E ";",
             "SELECT product_id,stock FROM product WHERE product_id IN(" E
             ");", "INSERT INTO stock_movement(", ",'sale',0,0)", NULL);
    assert_int_equal(fixture.s.anchor_at, 0);
    assert_int_equal(fixture.s.stocks_at, 1);
    assert_true(fixture.s.commit_at == NGX_CONF_UNSET_UINT);
}


/* The query of locked rows, and its own COMMIT. */

static void
probe_and_barrier(void **state)
{
    (void) state;

    (void) one_hold(RELEASE);
    packet();
    ngx_http_autostock_settle_write_probe(&fixture.s);
    keep();
    assert_string_equal(text, "BEGIN;SELECT product_id FROM product WHERE "
                        "product_id IN(" E ") FOR UPDATE SKIP LOCKED;"
                        "ROLLBACK");
    assert_int_equal(fixture.s.free_at, 1);

    ngx_http_autostock_settle_write_barrier(&fixture.s);
    keep();
    has("," E ",'sale',0,0)");

    /* nothing was read for it: the request's id is used */
    (void) again(state);
    (void) subject(1, NONE);
    (void) item(CONFIRM, 1);
    ngx_http_autostock_settle_write_barrier(&fixture.s);
    keep();
    has("," ID1 ",'sale',0,0)");
}


#define TEST(name)                                                            \
    cmocka_unit_test_setup_teardown(name, fixture_setup, teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(a_confirm),
        TEST(a_release),
        TEST(both),
        TEST(from_expired),
        TEST(orders),
        TEST(several_products),
        TEST(deleted_products),
        TEST(returns),
        TEST(return_of_a_hold),
        TEST(returns_in_order),
        TEST(no_restock),
        TEST(doubt),
        TEST(probe_and_barrier)
    };

    return cmocka_run_group_tests_name("settle_write", tests, NULL, NULL);
}
