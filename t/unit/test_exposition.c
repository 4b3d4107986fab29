/*
 * The status in both formats: each figure once under its own name, Prometheus's
 * rules for families and histograms, and a buffer that holds the longest text.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <ctype.h>

#include "exposition_fixture.h"


/* every value of an enumeration has its name, and no two have the same */

static void
names(void **state)
{
    size_t  i;

    static const struct {
        size_t  found;
        size_t  expected;
    } sizes[] = {
        { LENGTH(ngx_http_autostock_metric_counters),
          NGX_HTTP_AUTOSTOCK_COUNTERS },
        { LENGTH(ngx_http_autostock_metric_gauges),
          NGX_HTTP_AUTOSTOCK_GAUGES },
        { LENGTH(ngx_http_autostock_metric_moments),
          NGX_HTTP_AUTOSTOCK_MOMENTS },
        { LENGTH(ngx_http_autostock_metric_histograms),
          NGX_HTTP_AUTOSTOCK_HISTOGRAM_METRICS },
        { LENGTH(ngx_http_autostock_metric_settings),
          NGX_HTTP_AUTOSTOCK_SETTINGS },
        { LENGTH(ngx_http_autostock_metric_durable),
          NGX_HTTP_AUTOSTOCK_DURABLE_YES + 1 },
        { LENGTH(ngx_http_autostock_metric_rights),
          NGX_HTTP_AUTOSTOCK_RIGHTS },
        { LENGTH(ngx_http_autostock_metric_results),
          NGX_HTTP_AUTOSTOCK_RESULT_RETURNED + 1 },
        { LENGTH(ngx_http_autostock_zone_buckets),
          NGX_HTTP_AUTOSTOCK_HISTOGRAM_METRICS }
    };

    (void) state;

    for (i = 0; i < LENGTH(sizes); i++) {
        assert_int_equal(sizes[i].found, sizes[i].expected);
    }

    /* JSON refuses an object with two members of one name */
    json_decref(json());
}


/* the name of the family to which a sample belongs */

static size_t
family_of(const char *sample, const char *type)
{
    size_t  i, len, end;

    static const char *const  suffixes[] = { "_bucket", "_sum", "_count" };

    len = strcspn(sample, "{ ");

    for (i = 0; strcmp(type, "histogram") == 0 && i < 3; i++) {
        end = strlen(suffixes[i]);

        if (len > end && memcmp(sample + len - end, suffixes[i], end) == 0) {
            return len - end;
        }
    }

    return len;
}


/*
 * Each family begins with its HELP and its TYPE, once, and has all its samples
 * after them; a counter's name ends in _total.
 */

static void
families(void **state)
{
    char    *line, *rest, *copy, family[128] = "", type[32] = "";
    char     seen[20000] = "", entry[160];
    size_t   samples = 1;

    (void) state;

    dbs[0].servers.nelts = 2;
    figures[0].sum.rights = NGX_HTTP_AUTOSTOCK_RIGHTS_KNOWN;
    cells[0][0].figures[NGX_HTTP_AUTOSTOCK_SERVER_STATE] = 2;
    cells[0][1].figures[NGX_HTTP_AUTOSTOCK_SERVER_LAG] = 1;
    copy = strdup(text());
    rest = copy;

    while ((line = strsep(&rest, "\n")) != NULL && *line) {
        if (strncmp(line, "# HELP ", 7) == 0) {
            assert_true(samples > 0);
            samples = 0;
            assert_int_equal(sscanf(line + 7, "%127s", family), 1);
            (void) snprintf(entry, sizeof(entry), "\n%s\n", family);
            has_not(seen, entry);
            strcat(seen, entry);
            assert_int_equal(line[strlen(line) - 1], '.' );
            continue;
        }

        if (strncmp(line, "# TYPE ", 7) == 0) {
            assert_int_equal(sscanf(line + 7, "%127s %31s", entry, type), 2);
            assert_string_equal(entry, family);
            assert_int_equal(strcmp(type, "counter") == 0,
                             strlen(family) > 6
                             && strcmp(family + strlen(family) - 6, "_total")
                                == 0);
            continue;
        }

        samples++;
        assert_int_equal(family_of(line, type), strlen(family));
        assert_memory_equal(line, family, strlen(family));
        assert_true(isdigit((unsigned char) line[strlen(line) - 1]));
    }

    /* up to the end: no empty line */
    assert_null(rest);
    free(copy);
}


/* each figure is under the name at its place, of its own database */

static void
each_by_its_name(void **state)
{
    char         line[200];
    size_t       i;
    const char  *all;

    (void) state;

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_COUNTERS; i++) {
        figures[0].sum.counters[i] = 1000 + i;
        figures[1].sum.counters[i] = 2000 + i;
    }

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_GAUGES; i++) {
        figures[0].sum.gauges[i] = (ngx_atomic_uint_t) -1 - i;
    }

    figures[1].sum.moments[NGX_HTTP_AUTOSTOCK_LAST_COMMIT] = 1700000001;
    all = text();

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_COUNTERS; i++) {
        (void) snprintf(line, sizeof(line),
                        "\nautostock_%s_total{database=\"shop\"} %zu\n"
                        "autostock_%s_total{database=\"spare\"} %zu\n",
                        ngx_http_autostock_metric_counters[i].name, 1000 + i,
                        ngx_http_autostock_metric_counters[i].name, 2000 + i);
        has(all, line);
    }

    /* a gauge is a difference of processes' counts: it may be negative */
    has(all, "\nautostock_waiting{database=\"shop\"} -1\n");
    has(all, "\nautostock_in_flight{database=\"shop\"} -2\n");
    has(all, "\nautostock_last_commit_seconds{database=\"spare\"} "
        "1700000001\n");
    has(all, "\nautostock_nginx_workers 4\n");
    has(all, "\nautostock_start_time_seconds 1700000000\n");
}


/* buckets add up, the last has no bound, and count is the whole */

static void
histograms(void **state)
{
    const char                    *all;
    ngx_http_autostock_buckets_t  *h;

    (void) state;

    h = &figures[0].sum.histograms[NGX_HTTP_AUTOSTOCK_BATCH_SIZE];
    h->buckets[0] = 5;
    h->buckets[1] = 2;
    h->buckets[13] = 1;
    h->sum = 5009;
    h = &figures[0].sum.histograms[NGX_HTTP_AUTOSTOCK_BATCH_MSEC];
    h->buckets[14] = 3;
    h->sum = 20001;
    h = &figures[0].sum.histograms[NGX_HTTP_AUTOSTOCK_CHECKOUT_WAIT];
    h->buckets[0] = 1;
    h->sum = 120;
    h = &figures[0].sum.histograms[NGX_HTTP_AUTOSTOCK_CHECKOUT_TIME
                                   + NGX_HTTP_AUTOSTOCK_RESULT_UNKNOWN];
    h->buckets[15] = 2;
    h->sum = 16384100;
    all = text();

    has(all, "\nautostock_batch_size_bucket{database=\"shop\",le=\"1\"} 5\n"
        "autostock_batch_size_bucket{database=\"shop\",le=\"2\"} 7\n"
        "autostock_batch_size_bucket{database=\"shop\",le=\"4\"} 7\n");
    has(all, ",le=\"4096\"} 7\n"
        "autostock_batch_size_bucket{database=\"shop\",le=\"+Inf\"} 8\n"
        "autostock_batch_size_sum{database=\"shop\"} 5009\n"
        "autostock_batch_size_count{database=\"shop\"} 8\n");

    /* milliseconds, and half milliseconds, as seconds */
    has(all, "autostock_batch_duration_seconds_bucket{database=\"shop\",le=\""
        "0.001\"} 0\n");
    has(all, ",le=\"8.192\"} 0\n"
        "autostock_batch_duration_seconds_bucket{database=\"shop\",le=\"+Inf\""
        "} 3\nautostock_batch_duration_seconds_sum{database=\"shop\"} "
        "20.001\n");
    has(all, "autostock_checkout_wait_seconds_bucket{database=\"shop\",le=\""
        "0.0005\"} 1\n");
    has(all, "autostock_checkout_wait_seconds_sum{database=\"shop\"} "
        "0.000120\n");
    has(all, "autostock_checkout_duration_seconds_bucket{database=\"shop\","
        "result=\"unknown\",le=\"8.192\"} 0\n"
        "autostock_checkout_duration_seconds_bucket{database=\"shop\","
        "result=\"unknown\",le=\"+Inf\"} 2\n"
        "autostock_checkout_duration_seconds_sum{database=\"shop\","
        "result=\"unknown\"} 16.3841\n");

    /* results without a histogram of their own are no series */
    has(all, "result=\"done\"");
    has_not(all, "result=\"found\"");
    has_not(all, "result=\"held\"");
}


/* exactly one of the states is 1 */

static void
durability(void **state)
{
    size_t       i, k;
    char         line[120];
    const char  *all;

    (void) state;

    for (i = 0; i <= NGX_HTTP_AUTOSTOCK_DURABLE_YES; i++) {
        figures[0].sum.durable = i;
        all = text();

        for (k = 0; k <= NGX_HTTP_AUTOSTOCK_DURABLE_YES; k++) {
            (void) snprintf(line, sizeof(line), "\nautostock_durable{database="
                            "\"shop\",state=\"%s\"} %d\n",
                            ngx_http_autostock_metric_durable[k], i == k);
            has(all, line);
        }

        free(buf.start);
        buf.start = NULL;
    }
}


/* rights that were not asked for are neither there nor missing */

static void
rights(void **state)
{
    json_t  *root, *dbs_of, *list;

    (void) state;

    figures[0].sum.rights = NGX_HTTP_AUTOSTOCK_RIGHTS_KNOWN
                            | 1 << NGX_HTTP_AUTOSTOCK_RIGHT_KEY_INSERT
                            | 1 << NGX_HTTP_AUTOSTOCK_RIGHT_TRACE_INSERT;
    has(text(), "autostock_right{database=\"shop\",right=\"INSERT ON "
        "stock_movement_key\"} 0\n");
    has((char *) buf.start, "autostock_right{database=\"shop\",right=\"SELECT "
        "ON product\"} 1\n");
    has_not((char *) buf.start, "autostock_right{database=\"spare\"");
    free(buf.start);

    root = json();
    dbs_of = json_object_get(root, "databases");
    list = json_object_get(json_object_get(dbs_of, "shop"), "missing_rights");
    assert_int_equal(json_array_size(list), 2);
    assert_string_equal(json_string_value(json_array_get(list, 1)),
                        "INSERT ON restock_order_trace");
    assert_true(json_is_null(json_object_get(json_object_get(dbs_of, "spare"),
                                             "missing_rights")));
    json_decref(root);
    free(buf.start);

    /* all are there */
    figures[0].sum.rights = NGX_HTTP_AUTOSTOCK_RIGHTS_KNOWN;
    has(text(), "right=\"INSERT ON stock_movement_key\"} 1\n");
    free(buf.start);
    root = json();
    has((char *) buf.start, "\"missing_rights\":[]");
    json_decref(root);
}


/* idle and connecting were counted at other moments than the whole */

static void
connections(void **state)
{
    size_t  i;

    static const struct {
        int          all;
        int          idle;
        int          connecting;
        const char  *busy;
    } cases[] = {
        { 5, 2, 1, "2" }, { 0, 0, 0, "0" }, { 3, 3, 1, "0" }, { 3, 0, 3, "0" }
    };

    (void) state;

    for (i = 0; i < LENGTH(cases); i++) {
        char  line[100];

        figures[0].sum.gauges[NGX_HTTP_AUTOSTOCK_CONNECTIONS] = cases[i].all;
        figures[0].sum.gauges[NGX_HTTP_AUTOSTOCK_CONNECTIONS_IDLE] =
                                                             cases[i].idle;
        figures[0].sum.gauges[NGX_HTTP_AUTOSTOCK_CONNECTIONS_CONNECTING] =
                                                       cases[i].connecting;
        (void) snprintf(line, sizeof(line), "autostock_database_connections{"
                        "database=\"shop\",state=\"busy\"} %s\n",
                        cases[i].busy);
        has(text(), line);
        free(buf.start);
        buf.start = NULL;
    }
}


/* of a single server nothing is told; what is not known of one is left out */

static void
several_servers(void **state)
{
    json_t  *root, *shop, *server;

    (void) state;

    has_not(text(), "autostock_server_");
    free(buf.start);

    dbs[0].servers.nelts = 2;
    servers[0][1].replica = 1;
    cells[0][0].figures[NGX_HTTP_AUTOSTOCK_SERVER_STATE] = 2;
    cells[0][0].figures[NGX_HTTP_AUTOSTOCK_SERVER_ROLE] = 2;
    cells[0][0].figures[NGX_HTTP_AUTOSTOCK_SERVER_SALES] = 4;
    cells[0][1].figures[NGX_HTTP_AUTOSTOCK_SERVER_LAG] = 31;
    has(text(), "autostock_server_up{database=\"shop\",server=\"db-1:3306\"} "
        "1\n# HELP autostock_server_role");
    has((char *) buf.start, "autostock_server_lag_seconds{database=\"shop\","
        "server=\"db-1:3306\"} 30\n");
    has((char *) buf.start, "role=\"primary\"} 1\n");
    has((char *) buf.start, "use=\"sales\"} 4\n");
    free(buf.start);

    root = json();
    shop = json_object_get(json_object_get(root, "databases"), "shop");
    shop = json_object_get(shop, "servers");
    assert_int_equal(json_array_size(shop), 2);
    server = json_array_get(shop, 0);
    assert_true(json_is_true(json_object_get(server, "up")));
    assert_true(json_is_null(json_object_get(server, "lag_seconds")));
    assert_string_equal(json_string_value(json_object_get(server, "role")),
                        "primary");
    server = json_array_get(shop, 1);
    assert_true(json_is_null(json_object_get(server, "up")));
    assert_true(json_is_true(json_object_get(server, "replica")));
    assert_int_equal(json_integer_value(json_object_get(server,
                                                        "lag_seconds")), 30);
    json_decref(root);
}


/* both formats tell the same of the settings, each at its place */

static void
settings(void **state)
{
    json_t  *root, *config;

    (void) state;

    dbs[0].pool_size = 8;
    dbs[0].backlog = 1024;
    dbs[0].batch_size = 4096;
    dbs[0].durability = 2;
    has(text(), "autostock_config_pool_size{database=\"shop\"} 8\n");
    has((char *) buf.start, "autostock_config_backlog{database=\"shop\"} "
        "1024\n");
    has((char *) buf.start, "autostock_config_durability{database=\"shop\"} "
        "2\n");
    free(buf.start);

    root = json();
    config = json_object_get(json_object_get(root, "databases"), "shop");
    config = json_object_get(config, "config");
    assert_int_equal(json_object_size(config), NGX_HTTP_AUTOSTOCK_SETTINGS);
    assert_int_equal(json_integer_value(json_object_get(config,
                                                        "batch_size")), 4096);
    json_decref(root);
}


/* the longest names and the greatest figures have room, and nothing is cut */

static void
longest(void **state)
{
    size_t         i, k;
    json_t        *root;
    static u_char  name[LONGEST], label[300];

    (void) state;
    memset(name, 'n', sizeof(name));
    memset(label, 'h', sizeof(label));

    for (i = 0; i < 2; i++) {
        dbs[i].name.data = name + i;
        dbs[i].name.len = LONGEST - i;
        dbs[i].servers.nelts = 3;
        dbs[i].pool_size = dbs[i].backlog = (ngx_uint_t) -1;
        memset(&figures[i].sum, 0xff, sizeof(figures[i].sum));
        figures[i].sum.durable = NGX_HTTP_AUTOSTOCK_DURABLE_YES;

        for (k = 0; k < 3; k++) {
            servers[i][k].label.data = label;
            servers[i][k].label.len = sizeof(label);
            memset(&cells[i][k], 0xff, sizeof(cells[i][k]));
            cells[i][k].figures[NGX_HTTP_AUTOSTOCK_SERVER_STATE] = 2;
            cells[i][k].figures[NGX_HTTP_AUTOSTOCK_SERVER_ROLE] = 2;
        }
    }

    (void) text();
    assert_true(buf.last < buf.end);
    assert_int_equal(buf.last[-1], '\n');
    free(buf.start);

    assert_non_null(ngx_http_autostock_exposition_json(NULL, &report));
    assert_true(buf.last < buf.end);
    *buf.last = '\0';
    has((char *) buf.last - 3, "}}\n");

    /* jansson has no integers over 2^63 - 1 */
    root = json_loads((char *) buf.start, JSON_DECODE_INT_AS_REAL, NULL);
    assert_non_null(root);
    json_decref(root);
}


static void
no_databases(void **state)
{
    json_t  *root;

    (void) state;

    report.nfigures = 0;
    root = json();
    assert_int_equal(json_object_size(json_object_get(root, "databases")), 0);
    json_decref(root);
    free(buf.start);
    buf.start = NULL;

    no_memory = 1;
    assert_null(ngx_http_autostock_exposition_text(NULL, &report));
    assert_null(ngx_http_autostock_exposition_json(NULL, &report));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(names),
        TEST(families),
        TEST(each_by_its_name),
        TEST(histograms),
        TEST(durability),
        TEST(rights),
        TEST(connections),
        TEST(several_servers),
        TEST(settings),
        TEST(longest),
        TEST(no_databases)
    };

    return cmocka_run_group_tests_name("exposition", tests, NULL, NULL);
}
