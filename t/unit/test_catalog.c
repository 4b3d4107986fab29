/*
 * What a worker process caches of products, its ids, and the text of its
 * statements.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "../../src/db/ngx_http_autostock_sql.c"
#include "../../src/sell/ngx_http_autostock_catalog.c"
#include "../../src/sell/ngx_http_autostock_id.c"


#define NODES  64


static ngx_http_autostock_catalog_t  *catalog;
static ngx_str_node_t                *nodes[NODES];   /* of its tree */
static ngx_uint_t                     nnodes;
static ngx_uint_t                     no_memory;
static ngx_cycle_t                    cycle;
static ngx_time_t                     now;

volatile ngx_cycle_t  *ngx_cycle = &cycle;
volatile ngx_time_t   *ngx_cached_time = &now;


/* not called: these tests read no row */
off_t
ngx_atoof(u_char *line, size_t n)
{
    (void) line;
    (void) n;
    fail();

    return NGX_ERROR;
}


void *
ngx_alloc(size_t size, ngx_log_t *log)
{
    (void) log;

    if (no_memory) {
        return NULL;
    }

    return malloc(size);
}


void *
ngx_calloc(size_t size, ngx_log_t *log)
{
    void  *p;

    p = ngx_alloc(size, log);

    return p ? memset(p, 0, size) : NULL;
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


/* A list in place of nginx's tree. */

void
ngx_rbtree_insert(ngx_rbtree_t *tree, ngx_rbtree_node_t *node)
{
    assert_non_null(tree);
    assert_true(nnodes < NODES);
    nodes[nnodes++] = (ngx_str_node_t *) node;
}


void
ngx_rbtree_delete(ngx_rbtree_t *tree, ngx_rbtree_node_t *node)
{
    ngx_uint_t  i;

    assert_non_null(tree);

    for (i = 0; nodes[i] != (ngx_str_node_t *) node; i++) {
        assert_true(i < nnodes);
    }

    nodes[i] = nodes[--nnodes];
}


void
ngx_str_rbtree_insert_value(ngx_rbtree_node_t *temp, ngx_rbtree_node_t *node,
    ngx_rbtree_node_t *sentinel)
{
    (void) temp;
    (void) node;
    (void) sentinel;
}


ngx_str_node_t *
ngx_str_rbtree_lookup(ngx_rbtree_t *tree, ngx_str_t *name, uint32_t hash)
{
    ngx_uint_t  i;

    assert_non_null(tree);

    for (i = 0; i < nnodes; i++) {
        if (nodes[i]->node.key == hash && nodes[i]->str.len == name->len
            && memcmp(nodes[i]->str.data, name->data, name->len) == 0)
        {
            return nodes[i];
        }
    }

    return NULL;
}


ngx_uint_t
ngx_hash_key(u_char *data, size_t len)
{
    ngx_uint_t  key;

    for (key = 0; len--; data++) {
        key = key * 31 + *data;
    }

    return key;
}


static int
setup(void **state)
{
    (void) state;
    nnodes = no_memory = 0;
    catalog = ngx_http_autostock_catalog_create(3);
    assert_non_null(catalog);

    return 0;
}


static int
teardown(void **state)
{
    (void) state;
    ngx_http_autostock_catalog_destroy(catalog);
    assert_int_equal(nnodes, 0);

    return 0;
}


static ngx_http_autostock_product_t *
learn(const char *sku, u_char byte)
{
    u_char     id[16];
    ngx_str_t  name;

    memset(id, byte, 16);
    name.data = (u_char *) sku;
    name.len = strlen(sku);

    return ngx_http_autostock_catalog_learn(catalog, &name, id);
}


static ngx_http_autostock_product_t *
find(const char *sku)
{
    ngx_str_t  name;

    name.data = (u_char *) sku;
    name.len = strlen(sku);

    return ngx_http_autostock_catalog_find(catalog, &name);
}


/* Learns and releases a product, which stays cached for the next request. */
static void
keep(const char *sku, u_char byte)
{
    ngx_http_autostock_catalog_release(learn(sku, byte));
}


/* 1 if the SKU is cached */
static ngx_uint_t
known(const char *sku)
{
    ngx_http_autostock_product_t  *p;

    p = find(sku);
    if (p == NULL) {
        return 0;
    }

    ngx_http_autostock_catalog_release(p);

    return 1;
}


static void
a_product(void **state)
{
    ngx_http_autostock_product_t  *p, *q;

    (void) state;

    assert_null(find("A"));
    p = learn("A\"", 1);
    assert_int_equal(p->known, 1);
    assert_int_equal(p->refs, 1);
    assert_int_equal(p->id[15], 1);
    assert_memory_equal(p->json.data, "A\\\"", 3);
    assert_int_equal(p->json.len, 3);

    /* the same again, and with another reference */
    p->stock = 7;
    q = learn("A\"", 1);
    assert_ptr_equal(q, p);
    assert_int_equal(q->stock, 7);
    assert_int_equal(p->refs, 2);
    ngx_http_autostock_catalog_release(q);
    ngx_http_autostock_catalog_release(p);
    assert_int_equal(known("A\""), 1);

    /* bytes are compared: neither case nor trailing blanks are ignored */
    assert_int_equal(known("a\""), 0);
    assert_int_equal(known("A"), 0);
    assert_int_equal(known("A\" "), 0);
}


/* The SKU now belongs to another product: what was cached of the old one is not
 * used for it. */

static void
another_product(void **state)
{
    ngx_http_autostock_product_t  *old, *new;

    (void) state;

    old = learn("A", 1);
    old->stock = 7;
    new = learn("A", 2);
    assert_ptr_not_equal(old, new);
    assert_int_equal(new->stock, 0);
    assert_int_equal(old->known, 0);

    /* a request with a reference to the old one continues with it */
    assert_int_equal(old->refs, 1);
    assert_int_equal(old->id[0], 1);
    assert_int_equal(old->stock, 7);
    ngx_http_autostock_catalog_release(old);
    ngx_http_autostock_catalog_release(new);
    assert_int_equal(nnodes, 1);
}


/* A full catalog drops the least recently used product. */

static void
full(void **state)
{
    (void) state;

    keep("A", 1);
    keep("B", 2);
    keep("C", 3);
    assert_int_equal(known("A"), 1);
    keep("D", 4);
    assert_int_equal(nnodes, 3);
    assert_int_equal(known("B"), 0);
    assert_int_equal(known("A"), 1);
    assert_int_equal(known("C"), 1);
    assert_int_equal(known("D"), 1);
}


/* A product in use is dropped from the catalog, too, but its references stay
 * valid. */

static void
full_of_used_ones(void **state)
{
    ngx_http_autostock_product_t  *p;

    (void) state;

    p = learn("A", 1);
    keep("B", 2);
    keep("C", 3);
    keep("D", 4);
    assert_int_equal(known("A"), 0);
    assert_int_equal(p->refs, 1);
    assert_memory_equal(p->sku.data, "A", 1);
    ngx_http_autostock_catalog_release(p);
}


static void
forgotten(void **state)
{
    ngx_http_autostock_product_t  *p;

    (void) state;

    p = learn("A", 1);
    ngx_http_autostock_catalog_forget(catalog, p);
    ngx_http_autostock_catalog_forget(catalog, p);
    assert_int_equal(known("A"), 0);
    ngx_http_autostock_catalog_release(p);

    keep("B", 2);
    p = find("B");
    ngx_http_autostock_catalog_release(p);
    ngx_http_autostock_catalog_forget(catalog, p);
    assert_int_equal(nnodes, 0);
}


/* A placeholder is not in the catalog. */

static void
absent(void **state)
{
    ngx_http_autostock_product_t  *p;

    (void) state;

    p = ngx_http_autostock_catalog_absent();
    assert_int_equal(p->absent, 1);
    assert_int_equal(p->stock, -1);
    assert_int_equal(nnodes, 0);
    ngx_http_autostock_catalog_forget(catalog, p);
    ngx_http_autostock_catalog_release(p);
}


static void
memory_is_out(void **state)
{
    (void) state;

    no_memory = 1;
    assert_null(learn("A", 1));
    assert_null(ngx_http_autostock_catalog_absent());
    assert_null(ngx_http_autostock_catalog_create(3));
    no_memory = 0;
    assert_int_equal(known("A"), 0);
    keep("A", 1);
}


/* The id of a transaction ends in zeros, those of its sales in their numbers;
 * ids grow. */

static void
ids(void **state)
{
    ngx_uint_t  i;
    u_char      a[16], b[16], sale[16];

    (void) state;

    now.sec = 1700000000;
    now.msec = 123;
    assert_int_equal(ngx_http_autostock_id_init(NULL), NGX_OK);
    ngx_http_autostock_id_transaction(a);
    assert_int_equal(a[14], 0);
    assert_int_equal(a[15], 0);
    assert_int_equal(a[6] >> 4, 7);

    for (i = 0; i < 1000; i++) {
        ngx_http_autostock_id_next(b);
        assert_true(memcmp(a, b, 16) < 0);
        memcpy(a, b, 16);
    }

    /* the clock is set back: ids grow nevertheless */
    now.sec -= 5;
    ngx_http_autostock_id_next(b);
    assert_true(memcmp(a, b, 16) < 0);

    ngx_http_autostock_id_sale(sale, a, 0x1234);
    assert_memory_equal(sale, a, 14);
    assert_int_equal(sale[14], 0x12);
    assert_int_equal(sale[15], 0x34);
}


/* Fresh by this host's clock: less than a minute old, or in the future. */

static void
fresh_ids(void **state)
{
    size_t     i, k;
    u_char     id[16];
    uint64_t   ms;

    static const struct {
        int64_t     age;               /* ms */
        ngx_uint_t  fresh;
    } cases[] = {
        { 0, 1 }, { 59999, 1 }, { 60000, 0 }, { 86400000, 0 }, { -5000, 1 }
    };

    (void) state;

    now.sec = 1700000000;
    now.msec = 999;
    memset(id, 0, sizeof(id));

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ms = 1700000000999 - cases[i].age;

        for (k = 0; k < 6; k++) {
            id[k] = (u_char) (ms >> (40 - 8 * k));
        }

        assert_int_equal(ngx_http_autostock_id_is_fresh(id), cases[i].fresh);
    }
}


static void
has(ngx_http_autostock_sql_t *sql, const char *text)
{
    assert_int_equal(sql->pos - sql->start, strlen(text));
    assert_memory_equal(sql->start, text, strlen(text));
}


/* Values of clients are written in hexadecimal, whatever they contain. */

static void
sql_values(void **state)
{
    ngx_str_t                 value = ngx_string("'; DROP--\0");
    ngx_http_autostock_sql_t  sql;

    (void) state;

    memset(&sql, 0, sizeof(sql));
    ngx_http_autostock_sql_string(&sql, &value);
    has(&sql, "_utf8mb4 x'273b2044524f502d2d00'");
    ngx_http_autostock_sql_reset(&sql);
    ngx_http_autostock_sql_binary(&sql, (u_char *) "", 0);
    has(&sql, "x''");

    ngx_http_autostock_sql_reset(&sql);
    ngx_http_autostock_sql_number(&sql, 0);
    ngx_http_autostock_sql_text(&sql, ",");
    ngx_http_autostock_sql_number(&sql, -2147483648);
    ngx_http_autostock_sql_text(&sql, ",");
    ngx_http_autostock_sql_number(&sql, INT64_MAX);
    has(&sql, "0,-2147483648,9223372036854775807");

    ngx_http_autostock_sql_reset(&sql);
    ngx_http_autostock_sql_hex(&sql, 0x010203, 3);
    ngx_http_autostock_sql_hex(&sql, 0xabcd, 2);
    has(&sql, "010203abcd");
    ngx_http_autostock_sql_free(&sql);
}


/* Statements are counted; the buffer grows, and is reused. */

static void
sql_grows(void **state)
{
    u_char                    *start;
    ngx_uint_t                 i;
    ngx_http_autostock_sql_t   sql;

    (void) state;

    memset(&sql, 0, sizeof(sql));

    for (i = 0; i < 3000; i++) {
        ngx_http_autostock_sql_text(&sql, "SELECT 1");
        ngx_http_autostock_sql_next(&sql);
    }

    assert_int_equal(sql.statements, 3000);
    assert_int_equal(sql.pos - sql.start, 27000);
    assert_memory_equal(sql.pos - 18, "SELECT 1;SELECT 1;", 18);
    start = sql.start;
    ngx_http_autostock_sql_reset(&sql);
    assert_int_equal(sql.statements, 0);
    ngx_http_autostock_sql_text(&sql, "x");
    assert_ptr_equal(sql.start, start);
    ngx_http_autostock_sql_free(&sql);
    assert_null(sql.start);
}


/* An incomplete statement is never sent: all that follows is dropped. */

static void
sql_without_memory(void **state)
{
    ngx_http_autostock_sql_t  sql;

    (void) state;

    memset(&sql, 0, sizeof(sql));
    ngx_http_autostock_sql_text(&sql, "abc");
    no_memory = 1;
    ngx_http_autostock_sql_write(&sql, "", 0);
    assert_int_equal(sql.failed, 0);
    ngx_http_autostock_sql_binary(&sql, sql.start, 3000);
    assert_int_equal(sql.failed, 1);
    no_memory = 0;
    ngx_http_autostock_sql_text(&sql, "def");
    ngx_http_autostock_sql_number(&sql, 5);
    ngx_http_autostock_sql_hex(&sql, 5, 2);
    has(&sql, "abc");
    ngx_http_autostock_sql_reset(&sql);
    assert_int_equal(sql.failed, 0);
    ngx_http_autostock_sql_text(&sql, "def");
    has(&sql, "def");
    ngx_http_autostock_sql_free(&sql);
}


#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(a_product),
        TEST(another_product),
        TEST(full),
        TEST(full_of_used_ones),
        TEST(forgotten),
        TEST(absent),
        TEST(memory_is_out),
        TEST(ids),
        TEST(fresh_ids),
        TEST(sql_values),
        TEST(sql_grows),
        TEST(sql_without_memory)
    };

    return cmocka_run_group_tests_name("catalog", tests, NULL, NULL);
}
