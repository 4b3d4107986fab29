/*
 * The servers of a database that are used: what changes of server do to the
 * pools, the log, the figures and the next look at each of them.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "../../src/db/ngx_http_autostock_choice.c"
#include "../../src/db/ngx_http_autostock_pools_choose.c"

#include "nginx_text.h"


#define FAIL     10000                 /* fail_timeout of each server, ms */
#define MEMBERS  4                     /* two for sales, two replicas */
#define NONE     NGX_HTTP_AUTOSTOCK_CHOICE_NONE


volatile ngx_msec_t      ngx_current_msec;
volatile ngx_cycle_t    *ngx_cycle;
ngx_uint_t               ngx_worker;
ngx_rbtree_t             ngx_event_timer_rbtree;

static ngx_http_autostock_pools_t         pools;
static ngx_http_autostock_pools_member_t  members[MEMBERS];
static ngx_http_autostock_choice_t        choices[MEMBERS];
static ngx_http_autostock_server_t        servers[MEMBERS];
static ngx_http_autostock_database_t      db;

static char        acts[400];          /* on the pools, as "retire 0;" */
static char        logged[2000];
static size_t      errors;             /* lines of level error */
static ngx_uint_t  figures[MEMBERS][NGX_HTTP_AUTOSTOCK_SERVER_FIGURES];
static int         quiet;              /* repeated lines are omitted */


/* a pool is the address of its number's place */

static size_t
number(ngx_http_autostock_pool_t *pool)
{
    size_t  i;

    for (i = 0; i < MEMBERS; i++) {
        if ((void *) pool == (void *) &servers[i]) {
            return i;
        }
    }

    fail_msg("it is no pool");

    return 0;
}


static void
act(const char *what, ngx_http_autostock_pool_t *a,
    ngx_http_autostock_pool_t *b)
{
    size_t  len = strlen(acts);

    (void) snprintf(acts + len, sizeof(acts) - len, b ? "%s %zu %zu;"
                                                      : "%s %zu;",
                    what, number(a), b ? number(b) : 0);
}


void
ngx_http_autostock_pool_retire(ngx_http_autostock_pool_t *pool,
    ngx_uint_t retired)
{
    act(retired ? "retire" : "use", pool, NULL);
}


void
ngx_http_autostock_pool_move(ngx_http_autostock_pool_t *from,
    ngx_http_autostock_pool_t *to)
{
    act("move", from, to);
}


void
ngx_http_autostock_pool_warm(ngx_http_autostock_pool_t *pool)
{
    act("warm", pool, NULL);
}


void
ngx_http_autostock_pool_late_end(ngx_http_autostock_pool_t *pool)
{
    act("end", pool, NULL);
}


void
ngx_http_autostock_status_server(ngx_http_autostock_server_t *server,
    ngx_http_autostock_server_figure_e id, ngx_uint_t value)
{
    figures[server - servers][id] = value;
}


void
ngx_http_autostock_status_server_add(ngx_http_autostock_server_t *server,
    ngx_http_autostock_server_figure_e id, ngx_int_t n)
{
    figures[server - servers][id] += n;
}


const char *
ngx_http_autostock_repeat(ngx_http_autostock_repeat_t *repeat)
{
    assert_non_null(repeat);

    return quiet ? NULL : "";
}


void
ngx_log_error_core(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, ...)
{
    size_t   len = strlen(logged);
    va_list  args;

    (void) log;
    (void) err;
    errors += level <= NGX_LOG_ERR;

    va_start(args, fmt);
    *ngx_vslprintf((u_char *) logged + len,
                   (u_char *) logged + sizeof(logged) - 2, fmt, args) = '\0';
    va_end(args);
    strcat(logged, "\n");
}


void
ngx_rbtree_insert(ngx_rbtree_t *tree, ngx_rbtree_node_t *node)
{
    assert_ptr_equal(tree, &ngx_event_timer_rbtree);
    assert_non_null(node);
}


void
ngx_rbtree_delete(ngx_rbtree_t *tree, ngx_rbtree_node_t *node)
{
    assert_ptr_equal(tree, &ngx_event_timer_rbtree);
    assert_non_null(node);
}


/* n servers, the first two for sales; nothing is known of any */

static void
begin(ngx_uint_t n)
{
    size_t              i;
    static u_char       names[MEMBERS][3] = { "s0", "s1", "r0", "r1" };
    static ngx_log_t    log;
    static ngx_cycle_t  cycle;

    log.log_level = NGX_LOG_INFO;
    cycle.log = &log;
    ngx_cycle = &cycle;
    ngx_current_msec = 1000000;
    ngx_worker = 0;
    memset(&pools, 0, sizeof(pools));
    memset(members, 0, sizeof(members));
    memset(servers, 0, sizeof(servers));
    memset(figures, 0, sizeof(figures));
    db.name.data = (u_char *) "shop";
    db.name.len = 4;
    pools.db = &db;
    pools.members = members;
    pools.choices = choices;
    pools.n = n;
    pools.nprimaries = 2;
    pools.used = pools.reads = NONE;

    for (i = 0; i < MEMBERS; i++) {
        servers[i].name.data = names[i];
        servers[i].name.len = 2;
        servers[i].replica = i > 1;
        members[i].pools = &pools;
        members[i].server = &servers[i];
        members[i].pool = (ngx_http_autostock_pool_t *) &servers[i];
        members[i].choice = &choices[i];
        members[i].look.log = &log;
        ngx_http_autostock_choice_init(&choices[i], 1, FAIL);
    }

    acts[0] = logged[0] = '\0';
    errors = 0;
    quiet = 0;
}


/* what is seen of a server; the acts and lines are those of this alone */

static ngx_int_t
seen(size_t i, ngx_int_t rc, const char *reason)
{
    acts[0] = logged[0] = '\0';
    errors = 0;

    return ngx_http_autostock_pools_choose(&members[i], rc, reason);
}


static void
said(const char *text)
{
    if (strstr(logged, text) == NULL) {
        fail_msg("expected \"%s\", found: %s", text, logged);
    }
}


/* the first server is usable from the start: no change, and no error */

static void
first_is_well(void **state)
{
    (void) state;

    begin(2);
    assert_int_equal(seen(0, NGX_OK, NULL), NGX_OK);
    assert_string_equal(acts, "");
    assert_string_equal(logged, "autostock: database \"shop\": server s0 can be"
                                " used\n");
    assert_int_equal(errors, 0);
    assert_int_equal(pools.sales, 0);
    assert_int_equal(pools.used, 0);
    assert_int_equal(figures[0][NGX_HTTP_AUTOSTOCK_SERVER_STATE], 2);
    assert_int_equal(figures[0][NGX_HTTP_AUTOSTOCK_SERVER_SALES], 1);
    assert_int_equal(figures[1][NGX_HTTP_AUTOSTOCK_SERVER_STATE], 0);
    assert_int_equal(figures[0][NGX_HTTP_AUTOSTOCK_SERVER_FAILOVERS], 0);

    /* look-ups use it, too */
    assert_int_equal(figures[0][NGX_HTTP_AUTOSTOCK_SERVER_LOOKUPS], 1);

    assert_int_equal(seen(0, NGX_OK, NULL), NGX_OK);
    assert_string_equal(logged, "");
}


/* a standby that is read-only is as it should be; a primary that becomes so is
 * an error */

static void
read_only(void **state)
{
    (void) state;

    begin(2);
    (void) seen(0, NGX_OK, NULL);
    (void) seen(1, NGX_DECLINED, "it is read-only");
    said("server s1 is not used for sales: it is read-only");
    assert_int_equal(errors, 0);
    assert_string_equal(acts, "");
    assert_int_equal(figures[1][NGX_HTTP_AUTOSTOCK_SERVER_STATE], 2);

    (void) seen(0, NGX_DECLINED, "it became read-only");
    said("server s0 is not used for sales: it became read-only");
    assert_int_equal(errors, 1);

    /* both are unfit: the first of them stays */
    assert_int_equal(pools.sales, 0);
    assert_int_equal(pools.urgent, 1);
}


/* the requests that wait go over; the change is complete, and counted, when the
 * other server is known to be fit */

static void
fails_over(void **state)
{
    (void) state;

    begin(2);
    (void) seen(0, NGX_OK, NULL);
    assert_int_equal(seen(0, NGX_ERROR, "connection refused"), NGX_OK);
    assert_string_equal(acts, "end 0;use 1;move 0 1;retire 0;warm 1;");
    said("server s0 is not used for sales: connection refused");
    assert_int_equal(pools.sales, 1);
    assert_int_equal(pools.used, 0);
    assert_int_equal(figures[0][NGX_HTTP_AUTOSTOCK_SERVER_STATE], 1);
    assert_int_equal(figures[1][NGX_HTTP_AUTOSTOCK_SERVER_FAILOVERS], 0);

    (void) seen(1, NGX_OK, NULL);
    said("sales use server s1, not s0: connection refused");
    assert_int_equal(errors, 1);
    assert_int_equal(pools.used, 1);
    assert_int_equal(figures[1][NGX_HTTP_AUTOSTOCK_SERVER_FAILOVERS], 1);
    assert_int_equal(figures[0][NGX_HTTP_AUTOSTOCK_SERVER_SALES], 0);
    assert_int_equal(figures[1][NGX_HTTP_AUTOSTOCK_SERVER_SALES], 1);

    /* back after its trial, not at once */
    (void) seen(0, NGX_OK, NULL);
    assert_string_equal(acts, "");
    said("server s0 can be used");
    ngx_current_msec += 3 * FAIL;
    (void) seen(0, NGX_OK, NULL);
    assert_string_equal(acts, "use 0;move 1 0;retire 1;warm 0;");
    said("server s0 can be used again");
    said("sales use server s0 again, not s1: it was usable for long enough");
    assert_int_equal(figures[0][NGX_HTTP_AUTOSTOCK_SERVER_FAILOVERS], 1);
}


/* the first server is down from the start: the change is from it */

static void
down_from_the_start(void **state)
{
    (void) state;

    begin(2);
    (void) seen(0, NGX_ERROR, "no route");
    assert_int_equal(pools.sales, 1);
    assert_int_equal(pools.used, NONE);
    (void) seen(1, NGX_OK, NULL);
    said("sales use server s1, not s0: no route");
    assert_int_equal(figures[1][NGX_HTTP_AUTOSTOCK_SERVER_FAILOVERS], 1);
}


/* a failure that does not count yet: it is said to the caller, not logged */

static void
does_not_count_yet(void **state)
{
    (void) state;

    begin(2);
    ngx_http_autostock_choice_init(&choices[0], 3, FAIL);
    (void) seen(0, NGX_OK, NULL);
    assert_int_equal(seen(0, NGX_ERROR, "timed out"), NGX_AGAIN);
    assert_int_equal(seen(0, NGX_ERROR, "timed out"), NGX_AGAIN);
    assert_string_equal(acts, "");
    assert_string_equal(logged, "");
    assert_int_equal(seen(0, NGX_ERROR, "timed out"), NGX_OK);
    assert_int_equal(pools.sales, 1);

    /* max_fails=0: it never fails, and no one waits for that */
    begin(2);
    ngx_http_autostock_choice_init(&choices[0], 0, FAIL);
    assert_int_equal(seen(0, NGX_ERROR, "timed out"), NGX_OK);
    assert_int_equal(pools.sales, 0);
    assert_string_equal(logged, "");
}


/* no server can sell: all are looked at soon, and the first that can is used
 * without a trial */

static void
none_can_sell(void **state)
{
    (void) state;

    begin(2);
    (void) seen(0, NGX_OK, NULL);
    (void) seen(1, NGX_OK, NULL);
    ngx_http_autostock_pools_look_in(&members[0], FAIL);
    ngx_http_autostock_pools_look_in(&members[1], FAIL);
    (void) seen(0, NGX_ERROR, "refused");
    assert_int_equal(members[0].due - ngx_current_msec, FAIL);
    assert_int_equal(pools.urgent, 0);

    ngx_current_msec += 2000;
    (void) seen(1, NGX_ERROR, "refused");
    assert_int_equal(pools.urgent, 1);
    assert_int_equal(members[0].due - ngx_current_msec, 500);
    assert_int_equal(members[1].due - ngx_current_msec, 500);

    /* it is tried first whose failure is the oldest; nothing is warmed */
    assert_int_equal(pools.sales, 0);
    assert_string_equal(acts, "end 1;use 0;move 1 0;retire 1;");

    (void) seen(1, NGX_OK, NULL);
    assert_int_equal(choices[1].state, NGX_HTTP_AUTOSTOCK_CHOICE_FIT);
    assert_int_equal(pools.sales, 1);
    assert_int_equal(pools.urgent, 0);
}


/* look-ups use a replica that is fit, in each worker process another one */

static void
replicas(void **state)
{
    (void) state;

    begin(4);
    (void) seen(0, NGX_OK, NULL);
    (void) seen(2, NGX_OK, NULL);
    assert_string_equal(acts, "use 2;");
    said("look-ups use server r0");
    assert_int_equal(pools.reads, 2);
    assert_int_equal(figures[2][NGX_HTTP_AUTOSTOCK_SERVER_LOOKUPS], 1);
    assert_int_equal(figures[0][NGX_HTTP_AUTOSTOCK_SERVER_LOOKUPS], 0);

    /* the next one, then the server of the sales */
    (void) seen(3, NGX_OK, NULL);
    assert_int_equal(pools.reads, 2);
    (void) seen(2, NGX_DECLINED, "its lag is 40 s");
    assert_string_equal(acts, "use 3;move 2 3;retire 2;");
    said("server r0 is not used for look-ups: its lag is 40 s");
    said("look-ups use server r1");
    (void) seen(3, NGX_ERROR, "refused");
    assert_string_equal(acts, "end 3;move 3 0;retire 3;");
    said("look-ups use server s0");
    assert_int_equal(pools.reads, NONE);
    assert_int_equal(figures[0][NGX_HTTP_AUTOSTOCK_SERVER_LOOKUPS], 1);

    /* the sales' server is not changed by any of that */
    assert_int_equal(pools.sales, 0);
    assert_int_equal(figures[0][NGX_HTTP_AUTOSTOCK_SERVER_FAILOVERS], 0);

    /* a replica has no reason to lag from the start */
    begin(4);
    (void) seen(2, NGX_DECLINED, "its lag is 40 s");
    assert_int_equal(errors, 1);

    begin(4);
    ngx_worker = 5;
    (void) seen(0, NGX_OK, NULL);
    (void) seen(2, NGX_OK, NULL);
    (void) seen(3, NGX_OK, NULL);
    assert_int_equal(pools.reads, 3);
}


/* a replica is usable again after its trial, also where no other is */

static void
replica_is_back(void **state)
{
    (void) state;

    begin(3);
    (void) seen(0, NGX_OK, NULL);
    (void) seen(2, NGX_OK, NULL);
    (void) seen(2, NGX_ERROR, "refused");
    (void) seen(2, NGX_OK, NULL);
    assert_int_equal(pools.reads, NONE);
    ngx_current_msec += 3 * FAIL;
    (void) seen(2, NGX_OK, NULL);
    assert_int_equal(pools.reads, 2);
}


/* repeated lines of one server are omitted; the changes of sales are not */

static void
omitted_lines(void **state)
{
    (void) state;

    begin(2);
    (void) seen(0, NGX_OK, NULL);
    quiet = 1;
    (void) seen(0, NGX_ERROR, "refused");
    assert_string_equal(logged, "");
    (void) seen(1, NGX_OK, NULL);
    said("sales use server s1, not s0: refused");
}


/* the reason is that of the change; a later one without a change is not */

static void
reasons(void **state)
{
    (void) state;

    begin(2);
    (void) seen(0, NGX_ERROR, "the first");
    (void) seen(0, NGX_ERROR, "the second");
    assert_string_equal(members[0].reason, "the first");
    (void) seen(0, NGX_DECLINED, NULL);
    assert_string_equal(members[0].reason, "the first");
    (void) seen(1, NGX_OK, NULL);
    said("not s0: the first");
}


#define TEST(name)  cmocka_unit_test(name)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(first_is_well),
        TEST(read_only),
        TEST(fails_over),
        TEST(down_from_the_start),
        TEST(does_not_count_yet),
        TEST(none_can_sell),
        TEST(replicas),
        TEST(replica_is_back),
        TEST(omitted_lines),
        TEST(reasons)
    };

    return cmocka_run_group_tests_name("pools_choose", tests, NULL, NULL);
}
