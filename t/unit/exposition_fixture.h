/*
 * A report of two databases for both formats of the status.
 */

#ifndef AS_TEST_EXPOSITION_FIXTURE_H
#define AS_TEST_EXPOSITION_FIXTURE_H

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/status/ngx_http_autostock_metric.c"
/* nginx is compiled without this warning */
#pragma GCC diagnostic ignored "-Wunused-parameter"

#include "../../src/status/ngx_http_autostock_exposition.c"
#include "../../src/status/ngx_http_autostock_exposition_servers.c"
#include "../../src/status/ngx_http_autostock_exposition_text.c"
#include "../../src/status/ngx_http_autostock_exposition_json.c"

#include "nginx_text.h"


#define LENGTH(array)  (sizeof(array) / sizeof((array)[0]))

#define LONGEST  64                    /* of a database's name */


/* as in the zone: buckets in use */
ngx_uint_t  ngx_http_autostock_zone_buckets[] = { 14, 15, 16, 16, 16 };

static ngx_http_autostock_database_t     dbs[2];
static ngx_http_autostock_server_t       servers[2][3];
static ngx_http_autostock_server_cell_t  cells[2][3];
static ngx_http_autostock_figures_t      figures[2];
static ngx_http_autostock_report_t       report;
static ngx_buf_t                         buf;
static int                               no_memory;


ngx_buf_t *
ngx_create_temp_buf(ngx_pool_t *pool, size_t size)
{
    (void) pool;

    if (no_memory) {
        return NULL;
    }

    buf.start = buf.pos = buf.last = calloc(1, size + 1);
    buf.end = buf.start + size;

    return &buf;
}


static int
setup(void **state)
{
    size_t         i, k;
    static u_char  names[2][6] = { "shop", "spare" }, host[] = "db-1:3306";

    (void) state;
    memset(dbs, 0, sizeof(dbs));
    memset(servers, 0, sizeof(servers));
    memset(cells, 0, sizeof(cells));
    memset(figures, 0, sizeof(figures));
    memset(&buf, 0, sizeof(buf));
    no_memory = 0;

    for (i = 0; i < 2; i++) {
        dbs[i].name.data = names[i];
        dbs[i].name.len = i ? 5 : 4;
        dbs[i].servers.elts = servers[i];
        dbs[i].servers.nelts = 1;
        figures[i].database = &dbs[i];
        figures[i].servers = cells[i];

        for (k = 0; k < 3; k++) {
            servers[i][k].label.data = host;
            servers[i][k].label.len = sizeof(host) - 1;
        }
    }

    report.workers = 4;
    report.started = 1700000000;
    report.nfigures = 2;
    report.figures = figures;

    return 0;
}


static int
teardown(void **state)
{
    (void) state;
    free(buf.start);

    return 0;
}


static const char *
text(void)
{
    assert_non_null(ngx_http_autostock_exposition_text(NULL, &report));
    *buf.last = '\0';

    return (char *) buf.start;
}


static json_t *
json(void)
{
    json_t        *root;
    json_error_t   err;

    assert_non_null(ngx_http_autostock_exposition_json(NULL, &report));
    *buf.last = '\0';
    root = json_loads((char *) buf.start, JSON_REJECT_DUPLICATES, &err);

    if (root == NULL) {
        fail_msg("%s at %d of %s", err.text, err.position, buf.start);
    }

    return root;
}


static void
has(const char *whole, const char *line)
{
    if (strstr(whole, line) == NULL) {
        fail_msg("expected \"%s\" in:\n%s", line, whole);
    }
}


static void
has_not(const char *whole, const char *part)
{
    if (strstr(whole, part) != NULL) {
        fail_msg("expected no \"%s\" in:\n%s", part, whole);
    }
}


#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)


#endif /* AS_TEST_EXPOSITION_FIXTURE_H */
