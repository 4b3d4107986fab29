/*
 * The screen of `top`: rates from two readings, and any size and data.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/colour.h"
#include "base/glyph.h"
#include "cmd/top_module.h"
#include "cmd/top_rate.h"
#include "cmd/top_screen.h"
#include "cmd/top_worker.h"


static json_t *
parsed(const char *text)
{
    json_t  *json;

    json = json_loads(text, 0, NULL);
    assert_non_null(json);

    return json;
}


static double
number(const json_t *object, const char *name)
{
    assert_true(json_is_number(json_object_get(object, name)));

    return as_top_rate_number(object, name);
}


static json_t *
report(int sales, int refusals, int batches)
{
    return json_pack("{s:s, s:s, s:i, s:i, s:{s:{s:s, s:[s], s:{s:i, s:i},"
                     " s:{s:i, s:i, s:i, s:i}, s:{s:{s:i, s:i}}}}}",
                     "version", "0.2.0", "nginx", "1.22.1", "workers", 2,
                     "started", 1, "databases", "shop", "durable", "no",
                     "missing_rights", "x", "counters", "sales", sales,
                     "refusals", refusals, "gauges", "waiting", 3,
                     "in_flight", 1, "connections", 4, "connections_idle", 2,
                     "histograms", "batch_size", "sum", sales, "count",
                     batches);
}


static void
test_module(void **state)
{
    json_t  *before, *now, *shown, *shop;

    (void) state;

    before = report(1000, 10, 100);
    now = report(1500, 20, 110);

    shown = as_top_module(before, now, 2);
    shop = json_array_get(json_object_get(shown, "databases"), 0);
    assert_true(number(shop, "sales_per_s") == 250);
    assert_true(number(json_object_get(shop, "results_per_s"), "refusals")
                == 5);
    assert_true(number(shop, "batch_size") == 50);
    assert_true(number(shop, "waiting") == 3);
    assert_true(number(shop, "missing_rights") == 1);
    json_decref(shown);

    /* the first reading has no rates */
    shown = as_top_module(NULL, now, 0);
    shop = json_array_get(json_object_get(shown, "databases"), 0);
    assert_true(json_is_null(json_object_get(shop, "sales_per_s")));
    assert_true(json_is_null(json_object_get(shop, "batch_size")));
    json_decref(shown);

    /* nginx was restarted: its counters began at 0 */
    shown = as_top_module(now, before, 2);
    shop = json_array_get(json_object_get(shown, "databases"), 0);
    assert_true(number(shop, "sales_per_s") == 500);
    json_decref(shown);

    json_decref(before);
    json_decref(now);

    now = parsed("{\"databases\": 1}");
    assert_null(as_top_module(NULL, now, 0));
    json_decref(now);
}


static const char  metrics[] =
    "# HELP autostock_worker_up 1 while the peer is reachable\n"
    "# TYPE autostock_worker_up gauge\n"
    "autostock_worker_up{peer=\"database\"} 1\n"
    "autostock_worker_up{peer=\"SQS\"} 0\n"
    "autostock_worker_build_info{version=\"0.2.0\",libcurl=\"7\"} 1\n"
    "autostock_worker_orders_published_total 7\n"
    "autostock_worker_dlq_visible 4\n"
    "autostock_worker_breaker_open{factory=\"a\\\"b\\\\}\"} 1\n"
    "autostock_worker_factory_waiting{factory=\"a\\\"b\\\\}\"} 12\n"
    "autostock_worker_cut{factory=\"a\n"
    "autostock_worker_word{x=\"y\"} z\n"
    "autostock_worker_last";


static void
test_worker(void **state)
{
    json_t  *before, *now, *shown, *factory;

    (void) state;

    before = as_top_worker_metrics(metrics);
    now = as_top_worker_metrics(metrics);
    assert_non_null(now);
    assert_null(json_object_get(now, "cut"));
    (void) json_object_set_new(now, "orders_published_total", json_integer(9));

    shown = as_top_worker(before, now, 4);
    assert_string_equal(json_string_value(json_object_get(shown, "version")),
                        "0.2.0");
    assert_true(number(shown, "published_per_s") == 0.5);
    assert_true(number(shown, "dlq_visible") == 4);
    assert_true(json_is_false(json_object_get(json_object_get(shown, "peers"),
                                              "SQS")));

    factory = json_array_get(json_object_get(shown, "factories"), 0);
    assert_string_equal(json_string_value(json_object_get(factory,
                                                          "factory")),
                        "a\"b\\}");
    assert_true(json_is_true(json_object_get(factory, "breaker_open")));
    assert_true(number(factory, "waiting") == 12);
    json_decref(shown);
    json_decref(before);
    json_decref(now);

    assert_null(as_top_worker_metrics("up 1\nautostock_worker_x 1\n"));
    assert_null(as_top_worker_metrics(""));
}


static json_t *
view(void)
{
    json_t  *module, *worker, *shop, *before, *now, *page;

    before = report(1000, 10, 100);
    now = report(1500, 20, 110);
    module = as_top_module(before, now, 2);
    (void) json_object_set_new(module, "uptime_s", json_integer(7300));
    page = as_top_worker_metrics(metrics);
    worker = as_top_worker(page, page, 2);
    shop = parsed("{\"products\": ["
                  "{\"sku\": \"CP-502101\", \"name\": \"부산도너츠\","
                  " \"stock\": 3, \"held\": 1, \"reorder_point\": 5,"
                  " \"low\": true, \"order\": null},"
                  "{\"sku\": \"한글한글한글한글한글한글한글한글\", \"name\":"
                  " \"a\\u001b[2J\\u0007b\", \"stock\": 123456, \"held\": 0,"
                  " \"reorder_point\": -1, \"low\": false, \"order\":"
                  " \"requested\"}],"
                  "\"orders\": [{\"state\": \"pending\", \"count\": 2,"
                  " \"oldest_s\": 90}, {\"state\": \"requested\", \"count\":"
                  " 1, \"oldest_s\": 400000}],"
                  "\"holds\": {\"open\": 7, \"due\": 2, \"due_oldest_s\":"
                  " 130}}");
    if (shop == NULL) {
        fail();
    }

    json_decref(before);
    json_decref(now);
    json_decref(page);

    return json_pack("{s:s, s:f, s:o, s:o, s:o}", "time",
                     "2026-11-28T12:00:00Z", "interval_s", 2.0, "module",
                     module, "worker", worker, "database", shop);
}


static char *
screen(json_t *shown, int width, int height, bool colour, bool terminal)
{
    char            *text;
    as_text_t        out = AS_TEXT_EMPTY;
    as_top_shape_t   shape = { width, height, colour, terminal };

    as_top_screen(shown, &shape, &out);
    text = strdup(as_text_get(&out));
    as_text_free(&out);

    return text;
}


static void
test_screen(void **state)
{
    char    *text;
    json_t  *shown;

    (void) state;

    shown = view();
    text = screen(shown, 80, 24, false, false);
    assert_string_equal(text,
        "autostock  2026-11-28T12:00:00Z\n"
        "nginx    1.22.1, module 0.2.0, 2 worker processes, up 2 h\n"
        "shop     250 sales/s  0 holds/s  0 look-ups/s  refusals 5.0/s\n"
        "         batch 50.0  queue 3  in flight 1  connections 4 (2 idle)"
        "\n"
        "         not durable, rights are missing; see doctor\n"
        "worker   0.2.0  database up SQS down  breaker open (12 wait):"
        " a\"b\\}\n"
        "         0 published/s  0 requested/s  queue 0  in flight 0"
        "  dead letters 4\n"
        "orders   pending 2 (oldest 90 s)  requested 1 (oldest 4 d)\n"
        "holds    7 open  2 due (for 2 m)\n"
        "\n"
        "SKU                       NAME              STOCK     HELD  REORDER"
        "  ORDER\n"
        "CP-502101                 부산도너츠            3        1        5"
        "  -\n"
        "한글한글한글한글한글한글  a [2J b          123456        0       -1"
        "  requested\n");
    free(text);
    json_decref(shown);
}


/* No line is wider than the terminal, and there are no more lines
 * than it has. */
static void
test_sizes(void **state)
{
    int      width, height, lines;
    char    *text, *line, *rest;
    json_t  *shown;

    (void) state;

    shown = view();

    for (width = 1; width < 130; width += 3) {
        for (height = 1; height < 16; height++) {
            text = screen(shown, width, height, false, false);
            lines = 0;

            for (rest = text; (line = strsep(&rest, "\n")) != NULL; ) {
                assert_true(as_glyph_width(line) <= width);
                assert_null(strchr(line, '\x1b'));
                lines += rest != NULL;
            }

            assert_in_range(lines, 1, height);
            free(text);
        }
    }

    json_decref(shown);
}


/* On a terminal a line is overwritten, and the last one does not scroll. */
static void
test_terminal(void **state)
{
    char    *text;
    size_t   len;
    json_t  *shown;

    (void) state;

    shown = view();
    text = screen(shown, 80, 5, false, true);
    assert_memory_equal(text, "\033[H", 3);
    len = strlen(text);
    assert_string_equal(text + len - 3, "\033[K");
    assert_null(strstr(text, "\033[J"));
    assert_null(strstr(text, "\033[0m"));
    assert_null(strstr(text, "[2J"));
    free(text);

    text = screen(shown, 80, 24, true, true);
    assert_string_equal(text + strlen(text) - 3, "\033[J");
    assert_non_null(strstr(text, AS_COLOUR_RED "3" AS_COLOUR_RESET));
    assert_non_null(strstr(text, " SQS down"));
    assert_null(strstr(text, "\033[2J"));
    free(text);
    json_decref(shown);
}


/* Parts that cannot be reached are named, and the rest is shown. */
static void
test_errors(void **state)
{
    char    *text;
    json_t  *shown;

    (void) state;

    shown = view();
    (void) json_object_set_new(shown, "module",
                               json_pack("{s:s}", "error", "x is down"));
    (void) json_object_set_new(shown, "database",
                               json_pack("{s:s}", "error", "y\x1b is down"));
    text = screen(shown, 80, 24, false, false);
    assert_non_null(strstr(text, "nginx    x is down\n"));
    assert_non_null(strstr(text, "worker   0.2.0 "));
    assert_non_null(strstr(text, "database y  is down\n"));
    assert_null(strstr(text, "SKU"));
    free(text);
    json_decref(shown);
}


static void
test_colour(void **state)
{
    (void) state;

    setenv("TERM", "xterm", 1);
    setenv("NO_COLOR", "1", 1);
    assert_true(as_colour_wanted("always", -1));
    assert_false(as_colour_wanted("never", -1));
    assert_false(as_colour_wanted("auto", -1));
    assert_false(as_colour_wanted(NULL, -1));
    unsetenv("NO_COLOR");
    assert_false(as_colour_wanted(NULL, -1));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_module),
        cmocka_unit_test(test_worker),
        cmocka_unit_test(test_screen),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_terminal),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_colour),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
