/*
 * The shared zone: its directive, a zone that is full, and what is summed of
 * the running and of the ended processes.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "zone_fixture.h"


static void
directive(void **state)
{
    char                            *said;
    size_t                           i;
    ngx_str_t                        args[2];
    ngx_conf_t                       cf;
    ngx_array_t                      array;
    ngx_conf_file_t                  file;
    ngx_http_autostock_main_conf_t   conf;

    static const struct {
        const char  *value;
        const char  *says;             /* NULL: accepted */
        size_t       size;
    } cases[] = {
        { "stock:64", NULL, 65536 },
        { "stock:32", NULL, 32768 },
        { "stock:31", "zone \"stock\" is too small, its size must be at least "
          "32k", 0 },
        { "stock", "must be NAME:SIZE", 0 },
        { ":64", "must be NAME:SIZE", 0 },
        { "stock:", "must be NAME:SIZE", 0 }
    };

    (void) state;
    memset(&cf, 0, sizeof(cf));
    memset(&file, 0, sizeof(file));
    array.elts = args;
    array.nelts = 2;
    cf.args = &array;
    cf.cycle = &cycle;
    cf.conf_file = &file;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memset(&conf, 0, sizeof(conf));
        logged[0] = '\0';
        args[1].data = (u_char *) cases[i].value;
        args[1].len = strlen(cases[i].value);
        said = ngx_http_autostock_zone_set(&cf, NULL, &conf);

        if (cases[i].says == NULL) {
            assert_ptr_equal(said, NGX_CONF_OK);
            assert_int_equal(shm_zone.shm.size, cases[i].size);
            assert_int_equal(shm_zone.shm.name.len, 5);
            said = ngx_http_autostock_zone_set(&cf, NULL, &conf);
            assert_string_equal(said, "is duplicate");
            continue;
        }

        assert_ptr_not_equal(said, NGX_CONF_OK);
        assert_non_null(strstr(said == NGX_CONF_ERROR ? logged : said,
                               cases[i].says));
        assert_null(conf.status_zone);
    }
}


/* wherever the space ends, the start fails and says what to do */

static void
too_small(void **state)
{
    size_t  i, needed;

    (void) state;

    assert_int_equal(ngx_http_autostock_zone_init(&shm_zone, NULL), NGX_OK);
    needed = nchunks;

    for (i = 0; i < needed; i++) {
        memset(&slab, 0, sizeof(slab));
        logged[0] = '\0';
        space = i;
        assert_int_equal(ngx_http_autostock_zone_init(&shm_zone, NULL),
                         NGX_ERROR);

        if (i > 0) {
            assert_string_equal(logged, "\"autostock_status_zone\" \"stock\" "
                                "is too small for 2 databases and 2 worker "
                                "processes, make it larger in nginx.conf:12");
        }
    }

    space = needed;
    assert_int_equal(ngx_http_autostock_zone_init(&shm_zone, NULL), NGX_OK);
}


/* what each kind of figure becomes of two running processes and an ended one */

static void
sums(void **state)
{
    size_t                             i, k;
    ngx_http_autostock_cell_t         *cell, sum;
    ngx_http_autostock_server_cell_t  *figures;

    static const struct {
        ngx_http_autostock_server_figure_e  figure;
        ngx_uint_t                          of[3];
        ngx_uint_t                          sum;
    } cases[] = {
        { NGX_HTTP_AUTOSTOCK_SERVER_STATE, { 2, 1, 1 }, 1 },
        { NGX_HTTP_AUTOSTOCK_SERVER_ROLE, { 0, 2, 1 }, 2 },
        { NGX_HTTP_AUTOSTOCK_SERVER_LAG, { 3, 5, 9 }, 5 },
        { NGX_HTTP_AUTOSTOCK_SERVER_SALES, { 1, 1, 1 }, 2 },
        { NGX_HTTP_AUTOSTOCK_SERVER_LOOKUPS, { 0, 1, 1 }, 1 },
        { NGX_HTTP_AUTOSTOCK_SERVER_CONNECTIONS, { 4, 5, 6 }, 9 },
        { NGX_HTTP_AUTOSTOCK_SERVER_FAILOVERS, { 1, 2, 3 }, 6 }
    };

    static const size_t  durable[] = {
        NGX_HTTP_AUTOSTOCK_DURABLE_NO, NGX_HTTP_AUTOSTOCK_DURABLE_YES,
        NGX_HTTP_AUTOSTOCK_DURABLE_UNKNOWN
    };

    (void) state;

    ccf.worker_processes = 3;
    assert_int_equal(ngx_http_autostock_zone_init(&shm_zone, NULL), NGX_OK);

    for (i = 0; i < 3; i++) {
        (void) begin(100 + (ngx_pid_t) i, i);
        cell = dbs[1].cell;
        cell->counters[NGX_HTTP_AUTOSTOCK_SALES] = 10 << i;
        cell->gauges[NGX_HTTP_AUTOSTOCK_WAITING] = (ngx_atomic_uint_t) 1 - i;
        cell->moments[NGX_HTTP_AUTOSTOCK_LAST_COMMIT] = 1700000100 - i * i
                                                        + 2 * i;
        cell->durable = durable[i];
        cell->rights = NGX_HTTP_AUTOSTOCK_RIGHTS_KNOWN | 1 << i;
        cell->histograms[1].sum = 100 << i;
        cell->histograms[1].buckets[NGX_HTTP_AUTOSTOCK_BUCKETS - 1] = i;

        for (k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
            servers[1][1].cell->figures[cases[k].figure] = cases[k].of[i];
        }
    }

    crash(102);
    ngx_pid = 100;
    ngx_http_autostock_zone_sum(&shm_zone, &dbs[1], &sum);
    assert_int_equal(sum.counters[NGX_HTTP_AUTOSTOCK_SALES], 70);
    assert_int_equal(sum.gauges[NGX_HTTP_AUTOSTOCK_WAITING], 1);
    assert_int_equal(sum.moments[NGX_HTTP_AUTOSTOCK_LAST_COMMIT], 1700000101);
    assert_int_equal(sum.durable, NGX_HTTP_AUTOSTOCK_DURABLE_NO);
    assert_int_equal(sum.rights, NGX_HTTP_AUTOSTOCK_RIGHTS_KNOWN | 3);
    assert_int_equal(sum.histograms[1].sum, 700);
    assert_int_equal(sum.histograms[1].buckets[NGX_HTTP_AUTOSTOCK_BUCKETS - 1],
                     3);

    figures = ngx_http_autostock_zone_servers(&shm_zone, &dbs[1], NULL);
    assert_non_null(figures);

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(figures[0].figures[cases[i].figure], 0);
        assert_int_equal(figures[1].figures[cases[i].figure], cases[i].sum);
    }

    space = 0;
    assert_null(ngx_http_autostock_zone_servers(&shm_zone, &dbs[1], NULL));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(directive),
        TEST(too_small),
        TEST(sums)
    };

    return cmocka_run_group_tests_name("zone", tests, NULL, NULL);
}
