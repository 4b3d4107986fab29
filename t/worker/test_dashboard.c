/*
 * The worker's responses to the dashboard: how often the database is read, the
 * responses meanwhile, and searches with the limit of waiting ones.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "run/dashboard.h"
#include "run/letters.h"
#include "worker_fixture.h"


typedef struct {
    worker_fixture_t       w;
    as_dashboard_t        *dashboard;
    json_t                *json;
    unsigned               reads;
    as_db_status_e         begins;
    unsigned               ended;
    as_dashboard_query_t   queries[AS_DASHBOARD_WAITING + 1];
} test_t;


static test_t  *test;


as_db_status_e
as_overview_begin(as_db_t *db)
{
    (void) db;

    return test->begins;
}


as_db_status_e
as_overview_read(as_db_t *db, as_overview_t *overview)
{
    (void) db;

    as_overview_free(overview);
    test->reads++;
    overview->products = json_pack("[i]", test->reads);
    overview->orders = json_array();
    overview->holds = json_array();

    return AS_DB_OK;
}


as_db_status_e
as_overview_page(as_db_t *db, const uint8_t *after, as_overview_t *overview)
{
    (void) db;

    overview->products = json_pack("[i]", after == NULL ? 0 : after[15]);
    overview->products_more = after == NULL;

    return AS_DB_OK;
}


as_db_status_e
as_life_find(as_db_t *db, as_life_t *life)
{
    (void) db;

    if (strcmp(life->asked, "none") != 0) {
        life->life = json_pack("{s:s}", "sku", life->asked);
    }

    return AS_DB_OK;
}


const as_factories_t *
as_consumer_factories(const as_consumer_t *consumer)
{
    (void) consumer;

    return NULL;
}


void
as_factories_visit(const as_factories_t *all, as_factory_visit_pt fn,
    void *data)
{
    static const as_factory_view_t  view = { "http://f", true, 3, 1, -1 };

    (void) all;
    fn(data, &view);
}


static int
setup(void **state)
{
    test = calloc(1, sizeof(test_t));
    worker_setup(&test->w);
    test->dashboard = as_dashboard_create(&test->w.worker, NULL);
    assert_non_null(test->dashboard);
    *state = test;

    return 0;
}


static int
teardown(void **state)
{
    size_t   i;
    test_t  *t = *state;

    json_decref(t->json);
    as_dashboard_destroy(t->dashboard);
    assert_int_equal(fake_db.threads, 0);
    for (i = 0; i <= AS_DASHBOARD_WAITING; i++) {
        json_decref(t->queries[i].answer);
    }
    worker_teardown(&t->w);
    free(t);

    return 0;
}


/* The overview's part. */
static json_t *
overview(test_t *t, const char *part)
{
    json_decref(t->json);
    t->json = as_dashboard_overview(t->dashboard);
    assert_non_null(t->json);

    return json_object_get(t->json, part);
}


static json_int_t
first_product(test_t *t)
{
    return json_integer_value(json_array_get(json_object_get(
        overview(t, "shop"), "products"), 0));
}


/* A request never waits for the database: the first response has no figures. */
static void
at_once(void **state)
{
    json_t  *shop;
    test_t  *t = *state;

    shop = overview(t, "shop");
    assert_true(json_is_null(json_object_get(shop, "at")));
    assert_true(json_is_null(json_object_get(shop, "products")));
    assert_true(json_is_null(json_object_get(shop, "error")));

    worker_run(&t->w, 10);
    assert_int_equal(first_product(t), 1);
}


/* Many readers cause one read a second; without readers there is none. */
static void
shared(void **state)
{
    int      i;
    test_t  *t = *state;

    for (i = 0; i < 100; i++) {
        (void) overview(t, "shop");
        worker_run(&t->w, 100);
    }
    assert_in_range(t->reads, 8, 11);

    i = (int) t->reads;
    worker_run(&t->w, 60000);
    assert_int_equal(t->reads, i);
}


/* Slow reads take at most a fixed share of the time. */
static void
share_of_the_time(void **state)
{
    test_t  *t = *state;

    fake_db.hold = true;
    (void) overview(t, "shop");
    worker_run(&t->w, 500);
    fake_db_release(AS_DB_OK);
    worker_run(&t->w, AS_DASHBOARD_SHARE * 500 - 1000);
    (void) overview(t, "shop");
    worker_run(&t->w, 10);
    assert_int_equal(t->reads, 1);

    worker_run(&t->w, 2000);
    (void) overview(t, "shop");
    worker_run(&t->w, 10);
    assert_int_equal(t->reads, 2);
}


/* The last figures stay, with their time and the reason; the next attempt comes
 * soon, however long the failure took.  The worker continues. */
static void
out_of_reach(void **state)
{
    json_t      *shop;
    test_t      *t = *state;
    json_int_t   at;

    (void) overview(t, "shop");
    worker_run(&t->w, 2000);
    at = json_integer_value(json_object_get(overview(t, "shop"), "at"));
    worker_run(&t->w, 2000);

    fake_db.status = AS_DB_GONE;
    (void) overview(t, "shop");
    worker_run(&t->w, 10);
    shop = overview(t, "shop");
    assert_true(json_is_string(json_object_get(shop, "error")));
    assert_true(json_integer_value(json_object_get(shop, "at")) >= at);
    assert_int_equal(first_product(t), 2);

    /* a connection that the dashboard fails to get does not stop the others */
    assert_false(t->w.worker.db.down);

    fake_db.status = AS_DB_OK;
    worker_run(&t->w, AS_DASHBOARD_EVERY_MS);
    (void) overview(t, "shop");
    worker_run(&t->w, 10);
    assert_int_equal(first_product(t), 3);
    assert_true(json_is_null(json_object_get(overview(t, "shop"), "error")));
}


static void
worker_part(void **state)
{
    json_t  *part, *factory;
    test_t  *t = *state;

    t->w.worker.counters.dlq_visible = 0;
    part = overview(t, "worker");
    factory = json_array_get(json_object_get(part, "factories"), 0);
    assert_true(json_is_true(json_object_get(factory, "open")));
    assert_int_equal(json_integer_value(json_object_get(factory, "waiting")),
                     3);
    assert_int_equal(json_array_size(json_object_get(part, "peers")), 3);
    assert_int_equal(json_number_value(json_object_get(part, "pending")), -1);
    assert_true(json_integer_value(json_object_get(t->json, "now")) > 0);
    assert_non_null(json_object_get(t->json, "letters"));
}


static void
ended(void *data)
{
    test_t  *t = data;

    t->ended++;
}


static as_dashboard_query_t *
query(test_t *t, size_t i, as_dashboard_kind_e kind, const char *asked)
{
    as_dashboard_query_t  *q = &t->queries[i];

    json_decref(q->answer);
    memset(q, 0, sizeof(*q));
    q->kind = kind;
    q->done = ended;
    q->data = t;
    (void) snprintf(q->asked, sizeof(q->asked), "%s", asked);
    if (as_dashboard_query(t->dashboard, q)) {
        assert_int_equal(q->status, 0);
    }

    return q;
}


static void
queries(void **state)
{
    test_t                *t = *state;
    as_dashboard_query_t  *q;

    q = query(t, 0, AS_DASHBOARD_FIND, "CP-1");
    worker_run(&t->w, 10);
    assert_int_equal(t->ended, 1);
    assert_int_equal(q->status, 200);
    assert_string_equal(json_string_value(json_object_get(q->answer, "sku")),
                        "CP-1");

    q = query(t, 0, AS_DASHBOARD_FIND, "none");
    worker_run(&t->w, 10);
    assert_int_equal(q->status, 404);

    q = query(t, 0, AS_DASHBOARD_FIND, "");
    assert_int_equal(q->status, 400);
    q = query(t, 0, AS_DASHBOARD_PAGE, "x' OR 1");
    assert_int_equal(q->status, 400);
    assert_int_equal(t->ended, 2);

    q = query(t, 0, AS_DASHBOARD_PAGE, "");
    worker_run(&t->w, 10);
    assert_int_equal(q->status, 200);
    assert_true(json_is_true(json_object_get(q->answer, "more")));

    q = query(t, 0, AS_DASHBOARD_PAGE, "00000000-0000-0000-0000-000000000007");
    worker_run(&t->w, 10);
    assert_int_equal(json_integer_value(json_array_get(json_object_get(
        q->answer, "products"), 0)), 7);

    t->begins = AS_DB_ERROR;
    q = query(t, 0, AS_DASHBOARD_FIND, "CP-1");
    worker_run(&t->w, 10);
    assert_int_equal(q->status, 503);
}


/* A limited number waits; one more is refused at once.  At the end all get a
 * response. */
static void
queries_wait(void **state)
{
    size_t   i;
    test_t  *t = *state;

    fake_db.hold = true;
    for (i = 0; i < AS_DASHBOARD_WAITING; i++) {
        (void) query(t, i, AS_DASHBOARD_FIND, "CP-1");
    }
    worker_run(&t->w, 10);
    assert_int_equal(t->ended, 0);
    assert_int_equal(query(t, i, AS_DASHBOARD_FIND, "CP-1")->status, 503);

    as_dashboard_destroy(t->dashboard);
    t->dashboard = NULL;
    assert_int_equal(t->ended, AS_DASHBOARD_WAITING);
    assert_int_equal(t->queries[0].status, 503);
}


static void
no_thread(void **state)
{
    test_t  *t = *state;

    fake_db.refuse = true;
    assert_null(as_dashboard_create(&t->w.worker, NULL));

    as_dashboard_reload(t->dashboard);
    assert_int_equal(fake_db.reloads, 1);
}


#define TEST(fn)  cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(at_once),
        TEST(shared),
        TEST(share_of_the_time),
        TEST(out_of_reach),
        TEST(worker_part),
        TEST(queries),
        TEST(queries_wait),
        TEST(no_thread)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
