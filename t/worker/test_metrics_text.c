/*
 * The metrics in Prometheus's text format: every counter under its name, peers
 * and factories by label, and the format's own rules.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "run/metrics.h"
#include "worker_fixture.h"


#define VIEWS  4


typedef struct {
    worker_fixture_t    w;             /* first */
    as_factory_view_t   views[VIEWS];
    size_t              nviews;
    size_t              in_hand;
    as_text_t           page;
} test_t;


static test_t  *test;


/* There is no consumer: these functions return its values. */
size_t
as_consumer_in_hand(const as_consumer_t *consumer)
{
    assert_ptr_equal(consumer, test);

    return test->in_hand;
}


const as_factories_t *
as_consumer_factories(const as_consumer_t *consumer)
{
    assert_ptr_equal(consumer, test);

    return (const as_factories_t *) test;
}


void
as_factories_visit(const as_factories_t *all, as_factory_visit_pt fn,
    void *data)
{
    size_t  i;

    assert_ptr_equal(all, test);

    for (i = 0; i < test->nviews; i++) {
        fn(data, &test->views[i]);
    }
}


static int
setup(void **state)
{
    test = calloc(1, sizeof(*test));
    worker_setup(&test->w);
    *state = test;

    return 0;
}


static int
teardown(void **state)
{
    (void) state;
    as_text_free(&test->page);
    worker_teardown(&test->w);
    free(test);

    return 0;
}


static void
write_page(void)
{
    as_text_clear(&test->page);
    as_metrics_text_write(&test->w.worker, (const as_consumer_t *) test,
                          &test->page);
    assert_true(as_text_ok(&test->page));
}


/* Fails unless the page has this line. */
static void
has(const char *line)
{
    char  whole[200];

    (void) snprintf(whole, sizeof(whole), "\n%s\n", line);

    if (strstr(as_text_get(&test->page), whole) == NULL) {
        fail_msg("expected \"%s\", found: %s", line,
                 as_text_get(&test->page));
    }
}


static void
has_not(const char *text)
{
    if (strstr(as_text_get(&test->page), text) != NULL) {
        fail_msg("not expected: \"%s\"", text);
    }
}


/* Each counter has its own value. */
static void
counters(void **state)
{
    as_counters_t  *c;

    (void) state;

    c = &test->w.worker.counters;
    c->claimed = 1;
    c->published = 2;
    c->publish_failed = 3;
    c->paused = 4;
    c->received = 5;
    c->deleted = 6;
    c->delete_failed = 7;
    c->backed_off = 8;
    c->dead = 9;
    c->duplicates = 10;
    c->joined = 11;
    c->opened = 12;
    c->requested = 13;
    c->asked_again = 14;
    c->overdue_failed = 15;
    c->restocked = 16;
    c->openings = 17;
    c->forgotten = 18;
    c->holds_expired = 9007199254740993;
    write_page();

    has("autostock_worker_orders_claimed_total 1");
    has("autostock_worker_orders_published_total 2");
    has("autostock_worker_orders_publish_failures_total 3");
    has("autostock_worker_orders_paused_total 4");
    has("autostock_worker_messages_received_total 5");
    has("autostock_worker_messages_deleted_total 6");
    has("autostock_worker_messages_delete_failures_total 7");
    has("autostock_worker_messages_backed_off_total 8");
    has("autostock_worker_messages_dead_total 9");
    has("autostock_worker_messages_duplicate_total 10");
    has("autostock_worker_messages_joined_total 11");
    has("autostock_worker_messages_opened_total 12");
    has("autostock_worker_orders_requested_total 13");
    has("autostock_worker_orders_asked_again_total 14");
    has("autostock_worker_orders_overdue_failed_total 15");
    has("autostock_worker_orders_restocked_total 16");
    has("autostock_worker_openings_written_total 17");
    has("autostock_worker_idempotency_keys_cleared_total 18");

    /* no counter loses its last digits to a double */
    has("autostock_worker_holds_expired_total 9007199254740993");
}


/* Without a count the values are -1, and there is no age. */
static void
nothing_is_known_yet(void **state)
{
    (void) state;

    write_page();
    has("autostock_worker_outbox_pending -1");
    has("autostock_worker_orders_published -1");
    has("autostock_worker_orders_counted_seconds 0");
    has("autostock_worker_holds_open -1");
    has("autostock_worker_queue_visible -1");
    has("autostock_worker_dlq_visible -1");
    has("autostock_worker_in_flight 0");
    has("autostock_worker_up{peer=\"SNS\"} 1");
    has_not("autostock_worker_last_success_seconds{");
    has("autostock_worker_factory_calls_total{code=\"none\"} 0");
    has_not("code=\"200\"");
}


static void
gauges(void **state)
{
    as_counters_t  *c;

    (void) state;

    c = &test->w.worker.counters;
    c->orders.pending = 3;
    c->orders.pending_oldest_ms = 1500;
    c->orders.published = 4;
    c->orders.requested = 5;
    c->orders.overdue = 6;
    c->orders.overdue_next_ms = -1;
    c->orders_at = c->holds_at = test->w.fake->mono_ms;
    c->orders_wait = 5000;
    c->holds.open = 7;
    c->holds.pieces = 21;
    c->holds.due = 2;
    c->holds.due_oldest_ms = 2500;
    c->queue_visible = 8;
    c->queue_in_flight = 9;
    c->dlq_visible = 10;
    test->in_hand = 11;
    write_page();

    has("autostock_worker_outbox_pending 3");
    has("autostock_worker_outbox_oldest_seconds 1.5");
    has("autostock_worker_orders_published 4");
    has("autostock_worker_orders_requested 5");
    has("autostock_worker_orders_overdue 6");
    has("autostock_worker_orders_counted_seconds 1440938160");
    has("autostock_worker_holds_open 7");
    has("autostock_worker_holds_pieces 21");
    has("autostock_worker_holds_due 2");
    has("autostock_worker_holds_due_oldest_seconds 2.5");
    has("autostock_worker_queue_visible 8");
    has("autostock_worker_queue_in_flight 9");
    has("autostock_worker_dlq_visible 10");
    has("autostock_worker_in_flight 11");
}


/* Calls by status; a histogram whose buckets add up. */
static void
calls(void **state)
{
    as_counters_t  *c;

    (void) state;

    c = &test->w.worker.counters;
    c->calls[0] = 1;
    c->calls[200] = 20;
    c->calls[503] = 3;
    c->call_us[0] = 5;
    c->call_us[3] = 4;
    c->call_us[AS_LATENCY_BUCKETS - 1] = 2;
    c->call_us[AS_LATENCY_BUCKETS] = 1;
    c->call_us_sum = 2500000;
    c->lead_count = 2;
    c->lead_sum_s = 61.25;
    write_page();

    has("autostock_worker_factory_calls_total{code=\"none\"} 1");
    has("autostock_worker_factory_calls_total{code=\"200\"} 20");
    has("autostock_worker_factory_calls_total{code=\"503\"} 3");
    has("autostock_worker_factory_call_seconds_bucket{le=\"0.001\"} 5");
    has("autostock_worker_factory_call_seconds_bucket{le=\"0.004\"} 5");
    has("autostock_worker_factory_call_seconds_bucket{le=\"0.008\"} 9");
    has("autostock_worker_factory_call_seconds_bucket{le=\"16.384\"} 11");
    has("autostock_worker_factory_call_seconds_bucket{le=\"+Inf\"} 12");
    has("autostock_worker_factory_call_seconds_sum 2.500000");
    has("autostock_worker_factory_call_seconds_count 12");
    has("autostock_worker_order_lead_seconds_sum 61.250000");
    has("autostock_worker_order_lead_seconds_count 2");
}


/* Times are Unix time, although the loop's clock is another. */
static void
peers(void **state)
{
    as_worker_t  *worker = &test->w.worker;

    (void) state;

    (void) as_health_up(&worker->db, worker->log, test->w.fake->mono_ms
                                                  - 2500);
    (void) as_health_down(&worker->sns, worker->log, test->w.fake->mono_ms,
                          "gone");
    write_page();
    has("autostock_worker_up{peer=\"the database\"} 1");
    has("autostock_worker_up{peer=\"SNS\"} 0");
    has("autostock_worker_up{peer=\"SQS\"} 1");
    has("autostock_worker_last_success_seconds{peer=\"the database\"} "
        "1440938157.500");
    has_not("autostock_worker_last_success_seconds{peer=\"SNS\"}");
}


/* A factory's name is its URL, with any characters. */
static void
factories(void **state)
{
    (void) state;

    test->nviews = 2;
    test->views[0].name = "http://f/\"a\\b\"";
    test->views[0].open = true;
    test->views[0].waiting = 3;
    test->views[0].calls = 1;
    test->views[0].success_at = test->w.fake->mono_ms - 1000;
    test->views[1].name = "http://g/";
    test->views[1].success_at = -1;
    write_page();

    has("autostock_worker_breaker_open{factory=\"http://f/\\\"a\\\\b\\\"\"} "
        "1");
    has("autostock_worker_breaker_open{factory=\"http://g/\"} 0");
    has("autostock_worker_factory_waiting{factory=\"http://f/\\\"a\\\\b\\\"\"}"
        " 3");
    has("autostock_worker_factory_in_flight{factory=\"http://g/\"} 0");
    has("autostock_worker_factory_last_success_seconds{factory=\"http://f/"
        "\\\"a\\\\b\\\"\"} 1440938159");
    has_not("factory_last_success_seconds{factory=\"http://g/\"}");
}


/* The metric of a sample: without the suffixes of its type. */
static size_t
metric_len(const char *line, const char *type)
{
    size_t  len;

    len = strcspn(line, "{ ");

    if (strcmp(type, "histogram") == 0 || strcmp(type, "summary") == 0) {
        while (len > 0 && line[len - 1] != '_') {
            len--;
        }
        len -= len > 0;
    }

    return len;
}


/*
 * Before a metric's samples come its HELP and its TYPE, once; its samples are
 * adjacent; a counter ends in _total.
 */
static void
format(void **state)
{
    char     *line, *save, name[100], seen[200][100], type[20];
    size_t    i, n, nseen;
    unsigned  samples;

    (void) state;

    test->nviews = 2;
    test->views[0].name = "http://f/";
    test->views[1].name = "http://g/";
    write_page();
    name[0] = type[0] = '\0';
    nseen = samples = 0;

    for (line = strtok_r(test->page.data, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save))
    {
        if (strncmp(line, "# HELP ", 7) == 0) {
            n = strcspn(line + 7, " ");
            assert_true(n < sizeof(name) && line[7 + n] == ' ');
            (void) snprintf(name, sizeof(name), "%.*s", (int) n, line + 7);

            for (i = 0; i < nseen; i++) {
                assert_string_not_equal(seen[i], name);
            }
            memcpy(seen[nseen++], name, sizeof(name));
            continue;
        }

        if (strncmp(line, "# TYPE ", 7) == 0) {
            n = strlen(name);
            assert_int_equal(strncmp(line + 7, name, n), 0);
            (void) snprintf(type, sizeof(type), "%s", line + 7 + n + 1);
            assert_int_equal(strcmp(type, "counter") == 0,
                             strcmp(name + n - 6, "_total") == 0);
            continue;
        }

        n = metric_len(line, type);
        assert_int_equal(n, strlen(name));
        assert_memory_equal(line, name, n);
        samples++;
    }

    assert_true(nseen > 40);
    assert_true(samples > nseen);
}


#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(counters),
        TEST(nothing_is_known_yet),
        TEST(gauges),
        TEST(calls),
        TEST(peers),
        TEST(factories),
        TEST(format)
    };

    return cmocka_run_group_tests_name("metrics_text", tests, NULL, NULL);
}
