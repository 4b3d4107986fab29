/*
 * The slots of the shared zone, their cells and names: across reloads, crashes
 * and ends of processes.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "zone_fixture.h"


static size_t
slots(void)
{
    size_t                      n;
    ngx_http_autostock_slot_t  *slot;

    for (n = 0, slot = zone.scoreboard->slots; slot; slot = slot->next) {
        n++;
    }

    return n;
}


/* twice as many slots as worker processes, each with all cells and servers */

static void
a_new_zone(void **state)
{
    size_t                             n;
    ngx_http_autostock_cell_t         *cell;
    ngx_http_autostock_slot_t         *slot;
    ngx_http_autostock_server_cell_t  *server;

    (void) state;

    assert_int_equal(ngx_http_autostock_zone_init(&shm_zone, NULL), NGX_OK);
    assert_int_equal(slots(), 4);
    assert_int_equal(zone.generation, 1);
    assert_int_equal(ngx_http_autostock_zone_started(&shm_zone), 1700000000);
    assert_int_equal(ngx_http_autostock_zone_workers(&shm_zone), 0);

    for (slot = zone.scoreboard->slots; slot; slot = slot->next) {
        for (n = 0, cell = slot->cells; cell; cell = cell->next) {
            n++;
        }
        assert_int_equal(n, 2);

        /* a database of one server has no figures of it */
        for (n = 0, server = slot->servers; server; server = server->next) {
            n++;
        }
        assert_int_equal(n, 2);
    }
}


static void
a_single_process(void **state)
{
    (void) state;

    ccf.master = 0;
    assert_int_equal(ngx_http_autostock_zone_init(&shm_zone, NULL), NGX_OK);
    assert_int_equal(slots(), 2);
}


/* a reload keeps the counters, adds what is new and forgets nothing */

static void
reload(void **state)
{
    size_t                      used;
    ngx_http_autostock_zone_t   next;
    ngx_http_autostock_slot_t  *old;

    (void) state;

    assert_int_equal(ngx_http_autostock_zone_init(&shm_zone, NULL), NGX_OK);
    old = begin(100, 0);
    dbs[0].cell->counters[NGX_HTTP_AUTOSTOCK_SALES] = 5;

    next = zone;
    next.scoreboard = NULL;
    used = nchunks;
    shm_zone.data = &next;
    assert_int_equal(ngx_http_autostock_zone_init(&shm_zone, &zone), NGX_OK);
    assert_ptr_equal(next.scoreboard, zone.scoreboard);
    assert_int_equal(next.generation, 2);
    assert_int_equal(nchunks, used);

    /* a database, of one name and three servers, on each of four slots */
    amcf.databases.nelts = 3;
    assert_int_equal(ngx_http_autostock_zone_init(&shm_zone, &zone), NGX_OK);
    assert_int_equal(nchunks, used + 1 + 3 + 4 * (1 + 3));

    /* the old process is running: the new one has another slot */
    assert_ptr_not_equal(begin(200, 0), old);
    assert_int_equal(ngx_http_autostock_zone_workers(&shm_zone), 2);
    assert_int_equal(dbs[0].cell->counters[NGX_HTTP_AUTOSTOCK_SALES], 0);
}


/* the successor of a crashed process continues its counters */

static void
crashed(void **state)
{
    ngx_http_autostock_cell_t   sum;
    ngx_http_autostock_slot_t  *slot;

    (void) state;

    assert_int_equal(ngx_http_autostock_zone_init(&shm_zone, NULL), NGX_OK);
    slot = begin(100, 1);
    dbs[0].cell->counters[NGX_HTTP_AUTOSTOCK_SALES] = 5;
    dbs[0].cell->gauges[NGX_HTTP_AUTOSTOCK_WAITING] = 3;
    dbs[0].cell->durable = NGX_HTTP_AUTOSTOCK_DURABLE_NO;
    dbs[0].cell->rights = NGX_HTTP_AUTOSTOCK_RIGHTS_KNOWN | 1;

    /* its gauges are those of no process */
    crash(100);
    ngx_pid = 1;
    ngx_http_autostock_zone_sum(&shm_zone, &dbs[0], &sum);
    assert_int_equal(sum.counters[NGX_HTTP_AUTOSTOCK_SALES], 5);
    assert_int_equal(sum.gauges[NGX_HTTP_AUTOSTOCK_WAITING], 0);
    assert_int_equal(sum.durable, NGX_HTTP_AUTOSTOCK_DURABLE_UNKNOWN);
    assert_int_equal(sum.rights, 0);

    assert_ptr_equal(begin(101, 1), slot);
    ngx_http_autostock_zone_sum(&shm_zone, &dbs[0], &sum);
    assert_int_equal(sum.counters[NGX_HTTP_AUTOSTOCK_SALES], 5);
    assert_int_equal(sum.gauges[NGX_HTTP_AUTOSTOCK_WAITING], 0);
    assert_int_equal(sum.rights, 0);
}


/* the id of a crashed process is another process's now */

static void
reused_process_id(void **state)
{
    ngx_http_autostock_slot_t  *slot;

    (void) state;

    assert_int_equal(ngx_http_autostock_zone_init(&shm_zone, NULL), NGX_OK);
    slot = begin(100, 0);
    dbs[0].cell->counters[NGX_HTTP_AUTOSTOCK_SALES] = 5;
    assert_ptr_equal(begin(101, 0), slot);
    assert_int_equal(dbs[0].cell->counters[NGX_HTTP_AUTOSTOCK_SALES], 5);

    /* of another number: a slot of its own */
    assert_ptr_not_equal(begin(102, 1), slot);
}


/* kill() is refused for a process of another user: it is running */

static void
of_another_user(void **state)
{
    ngx_http_autostock_slot_t  *slot;

    (void) state;

    assert_int_equal(ngx_http_autostock_zone_init(&shm_zone, NULL), NGX_OK);
    slot = begin(100, 0);
    crash(100);
    ngx_pid = 1;
    assert_int_equal(ngx_http_autostock_scoreboard_is_alive(slot), 0);
    foreign = 100;
    assert_int_equal(ngx_http_autostock_scoreboard_is_alive(slot), 1);
    slot->pid = 0;
    assert_int_equal(ngx_http_autostock_scoreboard_is_alive(slot), 0);
}


static void
exits(void **state)
{
    ngx_http_autostock_slot_t  *slot;

    (void) state;

    ngx_http_autostock_zone_exit_worker();

    assert_int_equal(ngx_http_autostock_zone_init(&shm_zone, NULL), NGX_OK);
    slot = begin(100, 0);
    dbs[1].cell->counters[NGX_HTTP_AUTOSTOCK_BATCHES] = 9;
    dbs[1].cell->gauges[NGX_HTTP_AUTOSTOCK_CONNECTIONS] = 4;
    servers[1][0].cell->figures[NGX_HTTP_AUTOSTOCK_SERVER_STATE] = 2;
    servers[1][0].cell->figures[NGX_HTTP_AUTOSTOCK_SERVER_FAILOVERS] = 3;
    ngx_http_autostock_zone_exit_worker();

    assert_int_equal(slot->pid, 0);
    assert_int_equal(dbs[1].cell->counters[NGX_HTTP_AUTOSTOCK_BATCHES], 9);
    assert_int_equal(dbs[1].cell->gauges[NGX_HTTP_AUTOSTOCK_CONNECTIONS], 0);
    assert_int_equal(servers[1][0].cell
                     ->figures[NGX_HTTP_AUTOSTOCK_SERVER_STATE], 0);
    assert_int_equal(servers[1][0].cell
                     ->figures[NGX_HTTP_AUTOSTOCK_SERVER_FAILOVERS], 3);
    assert_null(ngx_http_autostock_zone_slot);
}


/* more processes than slots, as after several reloads: another slot */

static void
more_processes(void **state)
{
    size_t  i;

    (void) state;

    assert_int_equal(ngx_http_autostock_zone_init(&shm_zone, NULL), NGX_OK);

    for (i = 0; i < 6; i++) {
        assert_non_null(begin(100 + (ngx_pid_t) i, i));
    }

    assert_int_equal(slots(), 6);
    assert_int_equal(ngx_http_autostock_zone_workers(&shm_zone), 6);

    /* those that ended are used again */
    crash(103);
    assert_non_null(begin(200, 9));
    assert_int_equal(slots(), 6);
}


/* a process without a slot works, and is not counted */

static void
no_slot(void **state)
{
    size_t  i;

    (void) state;

    assert_int_equal(ngx_http_autostock_zone_init(&shm_zone, NULL), NGX_OK);

    for (i = 0; i < 4; i++) {
        assert_non_null(begin(100 + (ngx_pid_t) i, i));
    }

    /* a slot, its two cells and those of the two servers */
    for (i = 0; i < 5; i++) {
        ngx_http_autostock_zone_slot = NULL;
        space = i;
        ngx_pid = 300;
        ngx_worker = 10 + i;
        logged[0] = '\0';
        assert_int_equal(ngx_http_autostock_zone_init_worker(&cycle, &amcf),
                         NGX_OK);
        assert_null(ngx_http_autostock_zone_slot);
        assert_non_null(strstr(logged, "this process is not counted"));

        /* an incomplete slot is completed by the next process */
        space = 4096;
        assert_non_null(begin(300, 10 + i));
    }

    /* no zone, no slot */
    ngx_http_autostock_zone_slot = NULL;
    amcf.status_zone = NULL;
    assert_int_equal(ngx_http_autostock_zone_init_worker(&cycle, &amcf),
                     NGX_OK);
    assert_null(ngx_http_autostock_zone_slot);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(a_new_zone),
        TEST(a_single_process),
        TEST(reload),
        TEST(crashed),
        TEST(reused_process_id),
        TEST(of_another_user),
        TEST(exits),
        TEST(more_processes),
        TEST(no_slot)
    };

    return cmocka_run_group_tests_name("scoreboard", tests, NULL, NULL);
}
