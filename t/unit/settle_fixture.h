/*
 * A batch of settlements with the rows that were read, and a pool of the test;
 * includes the sources that decide the settlements.
 */

#ifndef SETTLE_FIXTURE_H
#define SETTLE_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "../../src/sell/ngx_http_autostock_settle_decide.c"
#include "../../src/sell/ngx_http_autostock_settle_return.c"
#include "../../src/sell/ngx_http_autostock_settle_table.c"
#include "../../src/sell/ngx_http_autostock_suspects.c"


#define CONFIRM    NGX_HTTP_AUTOSTOCK_SETTLE_CONFIRM
#define RELEASE    NGX_HTTP_AUTOSTOCK_SETTLE_RELEASE
#define RETURN     NGX_HTTP_AUTOSTOCK_SETTLE_RETURN

#define NONE       NGX_HTTP_AUTOSTOCK_HOLD_NONE
#define HELD       NGX_HTTP_AUTOSTOCK_HOLD_HELD
#define CONFIRMED  NGX_HTTP_AUTOSTOCK_HOLD_CONFIRMED
#define RELEASED   NGX_HTTP_AUTOSTOCK_HOLD_RELEASED
#define EXPIRED    NGX_HTTP_AUTOSTOCK_HOLD_EXPIRED

#define OUTCOME(name)  NGX_HTTP_AUTOSTOCK_SETTLE_##name

#define FIXTURE_ITEMS  8
#define FIXTURE_MEMORY 512


static struct {
    ngx_http_autostock_settlement_t   s;
    ngx_http_autostock_batch_t        batch;
    ngx_http_autostock_database_t     db;
    ngx_http_autostock_settle_item_t  items[FIXTURE_ITEMS];
    void                             *memory[FIXTURE_MEMORY];
    ngx_uint_t                        nmemory;
    ngx_uint_t                        no_memory;  /* after so many
                                                     allocations; 0: never */
    u_char                            locked;     /* a product; 0: none */
} fixture;

uint32_t  ngx_crc32_table256[256];

volatile ngx_msec_t  ngx_current_msec;


void *
ngx_palloc(ngx_pool_t *pool, size_t size)
{
    (void) pool;

    if (fixture.no_memory && --fixture.no_memory == 0) {
        return NULL;
    }

    assert_true(fixture.nmemory < FIXTURE_MEMORY);
    fixture.memory[fixture.nmemory] = calloc(1, size ? size : 1);

    return fixture.memory[fixture.nmemory++];
}


void *
ngx_pcalloc(ngx_pool_t *pool, size_t size)
{
    return ngx_palloc(pool, size);
}


/* arrays of the fixture have enough room */

void *
ngx_array_push(ngx_array_t *a)
{
    if (fixture.no_memory && --fixture.no_memory == 0) {
        return NULL;
    }

    assert_true(a->nelts < a->nalloc);

    return (u_char *) a->elts + a->nelts++ * a->size;
}


void
ngx_http_autostock_order_open(ngx_http_autostock_order_t *order,
    as_trace_t *trace)
{
    memset(order->id, 0xee, NGX_HTTP_AUTOSTOCK_UUID_LEN);

    if (trace) {
        order->trace = *trace;
    }
}


void
ngx_http_autostock_id_sale(u_char id[NGX_HTTP_AUTOSTOCK_UUID_LEN],
    u_char transaction[NGX_HTTP_AUTOSTOCK_UUID_LEN], ngx_uint_t number)
{
    memcpy(id, transaction, NGX_HTTP_AUTOSTOCK_UUID_LEN);
    id[14] = (u_char) (number >> 8);
    id[15] = (u_char) number;
}


ngx_uint_t
ngx_http_autostock_refusals_has(ngx_http_autostock_refusals_t *refusals,
    u_char *name)
{
    assert_ptr_equal(refusals, &fixture.batch.refusals);

    return name[0] == fixture.locked;
}


#ifndef FIXTURE_COLUMNS

ngx_int_t
ngx_http_autostock_settle_column_json(ngx_pool_t *pool, ngx_str_t *column,
    ngx_str_t *json)
{
    (void) pool;
    *json = *column;

    return NGX_OK;
}

#endif


static void
fixture_array(ngx_array_t *a, size_t size)
{
    a->elts = ngx_palloc(NULL, 32 * size);
    a->size = size;
    a->nalloc = 32;
    a->nelts = 0;
}


static inline int
fixture_setup(void **state)
{
    ngx_http_autostock_settlement_t  *s = &fixture.s;

    (void) state;
    memset(&fixture, 0, sizeof(fixture));
    fixture.s.flight.room = 1024 * 1024;
    s->items = fixture.items;
    s->flight.batch = &fixture.batch;
    fixture.batch.db = &fixture.db;
    memset(s->id, 0xaa, 14);
    fixture_array(&s->subjects, sizeof(ngx_http_autostock_settle_subject_t));
    fixture_array(&s->parts, sizeof(ngx_http_autostock_settle_part_t));
    fixture_array(&s->products, sizeof(ngx_http_autostock_settle_product_t));
    fixture_array(&s->returned, sizeof(ngx_http_autostock_settle_returned_t));
    fixture_array(&s->returns, sizeof(ngx_http_autostock_settle_return_t));

    return 0;
}


static inline int
fixture_teardown(void **state)
{
    (void) state;

    while (fixture.nmemory > 0) {
        free(fixture.memory[--fixture.nmemory]);
    }

    return 0;
}


static inline int
fixture_again(void **state)
{
    (void) fixture_teardown(state);

    return fixture_setup(state);
}


/* a product whose id is this byte, with a stock; not at its reorder point */

static inline ngx_http_autostock_settle_product_t *
product(u_char byte, int64_t stock)
{
    static char                           skus[256][2];
    ngx_http_autostock_settle_product_t  *p;

    p = ngx_array_push(&fixture.s.products);
    memset(p, 0, sizeof(*p));
    memset(p->id, byte, 16);
    skus[byte][0] = (char) byte;
    p->sku.data = (u_char *) skus[byte];
    p->sku.len = 1;
    p->json = p->sku;
    p->stock = stock;
    p->reorder_point = -1;

    return p;
}


/* a hold, or a sale, whose id is this byte; ids must come in their order */

static inline ngx_http_autostock_settle_subject_t *
subject(u_char byte, ngx_http_autostock_hold_state_e state)
{
    ngx_http_autostock_settle_subject_t  *subj;

    subj = ngx_array_push(&fixture.s.subjects);
    memset(subj, 0, sizeof(*subj));
    memset(subj->id, byte, 16);
    subj->state = subj->was = state;

    return subj;
}


static inline ngx_int_t
part(u_char subj, u_char prod, int64_t quantity)
{
    u_char  id[16], product_id[16];

    memset(id, subj, 16);
    memset(product_id, prod, 16);

    return ngx_http_autostock_settle_table_part(&fixture.s, id, product_id,
                                                quantity);
}


static inline ngx_http_autostock_settle_item_t *
item(ngx_http_autostock_settle_action_e action, u_char subj)
{
    ngx_http_autostock_settle_item_t     *it;
    ngx_http_autostock_settle_subject_t  *found;

    it = &fixture.items[fixture.s.nitems++];
    it->action = action;
    memset(it->id, subj, 16);
    found = ngx_http_autostock_settle_table_subject(&fixture.s, it->id);
    assert_non_null(found);
    it->subject = found - (ngx_http_autostock_settle_subject_t *)
                          fixture.s.subjects.elts;

    return it;
}


static inline void
decide(void)
{
    assert_int_equal(ngx_http_autostock_settle_table_link(&fixture.s),
                     NGX_OK);
    assert_int_equal(ngx_http_autostock_settle_decide(&fixture.s), NGX_OK);
}


#endif /* SETTLE_FIXTURE_H */
