/*
 * A database thread: which jobs it repeats, their order, its waits, and its
 * end. The test provides the connection.
 */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "db/db_thread.h"


#define TIMEOUT_MS  20000
#define RUNS        16


typedef struct {
    as_loop_t       *loop;
    as_log_t        *log;
    as_db_thread_t  *thread;
    as_settings_t    settings;
} test_t;

typedef struct {
    as_job_t         job;
    test_t          *test;
    as_db_status_e   ends[RUNS];       /* of its runs */
    unsigned         runs;
    bool             waits;            /* until it is interrupted */
    bool             wanted;
    bool             done;
    as_db_status_e   status;
    char             error[100];
    unsigned         number;           /* in the order of their ends */
} run_t;


/* The connection: two threads never use it at the same time. */
static struct {
    as_db_status_e  connect;
    unsigned        connects;
    unsigned        aborts;
    unsigned        reloads;
    unsigned        open;
} db;

static char      db_any;
static unsigned  ended;


as_db_t *
as_db_create(const as_settings_t *settings)
{
    assert_non_null(settings);
    db.open++;

    return (as_db_t *) &db_any;
}


void
as_db_destroy(as_db_t *d)
{
    db.open -= d != NULL;
}


as_db_status_e
as_db_connect(as_db_t *d)
{
    (void) d;
    db.connects++;

    return db.connect;
}


const char *
as_db_error(const as_db_t *d)
{
    (void) d;

    return "refused: as the test says";
}


void
as_db_abort(as_db_t *d)
{
    (void) d;
    db.aborts++;
}


void
as_db_reload(as_db_t *d, const as_settings_t *settings)
{
    (void) d;
    (void) settings;
    db.reloads++;
}


static int
setup(void **state)
{
    test_t  *t;

    memset(&db, 0, sizeof(db));
    ended = 0;
    t = calloc(1, sizeof(test_t));
    t->loop = as_loop_create(as_clock_system());
    t->log = as_log_create(open("/dev/null", O_WRONLY | O_CLOEXEC),
                           AS_LOG_INFO, false);
    t->thread = as_db_thread_create("test", t->loop, &t->settings, t->log);
    assert_non_null(t->thread);
    *state = t;

    return 0;
}


static int
teardown(void **state)
{
    test_t  *t = *state;

    as_db_thread_destroy(t->thread);
    assert_int_equal(db.open, 0);
    as_log_destroy(t->log);
    as_loop_destroy(t->loop);
    free(t);

    return 0;
}


static as_db_status_e
run(void *data, as_db_t *d)
{
    run_t  *r = data;

    if (d != (as_db_t *) &db_any || r->runs == RUNS) {
        return AS_DB_ERROR;
    }

    if (r->waits) {
        r->wanted = as_db_thread_wait(r->test->thread, TIMEOUT_MS);
    }

    return r->ends[r->runs++];
}


static void
done(void *data, as_db_status_e status, const char *error)
{
    run_t  *r = data;

    r->done = true;
    r->status = status;
    r->number = ++ended;
    strncpy(r->error, error, sizeof(r->error) - 1);
}


static void
submit(test_t *t, run_t *r)
{
    r->test = t;
    r->job.run = run;
    r->job.done = done;
    r->job.data = r;
    as_db_thread_submit(t->thread, &r->job);
}


static void
finish(test_t *t, run_t *r)
{
    assert_int_equal(as_loop_until(t->loop, &r->done, -1, TIMEOUT_MS), 0);
}


/* How often a job runs, and how it ends. */
static void
repeats(void **state)
{
    size_t   i;
    run_t    r;
    test_t  *t = *state;

    static const struct {
        as_db_status_e  ends[RUNS];
        as_db_status_e  connect;
        unsigned        runs;
        unsigned        connects;
        as_db_status_e  status;
    } cases[] = {
        { { AS_DB_OK }, AS_DB_OK, 1, 0, AS_DB_OK },
        { { AS_DB_ERROR }, AS_DB_OK, 1, 0, AS_DB_ERROR },
        { { AS_DB_DUPLICATE }, AS_DB_OK, 1, 0, AS_DB_DUPLICATE },

        /* a conflict passes soon */
        { { AS_DB_RETRY, AS_DB_RETRY, AS_DB_OK }, AS_DB_OK, 3, 0, AS_DB_OK },
        { { AS_DB_RETRY, AS_DB_RETRY, AS_DB_RETRY, AS_DB_RETRY, AS_DB_RETRY,
            AS_DB_RETRY, AS_DB_RETRY, AS_DB_RETRY, AS_DB_RETRY },
          AS_DB_OK, 8, 0, AS_DB_RETRY },

        /* an idle connection was closed: repeated once, on a new one */
        { { AS_DB_GONE, AS_DB_OK }, AS_DB_OK, 2, 1, AS_DB_OK },
        { { AS_DB_GONE, AS_DB_GONE, AS_DB_OK }, AS_DB_OK, 2, 1, AS_DB_GONE },
        { { AS_DB_GONE, AS_DB_OK }, AS_DB_GONE, 1, 1, AS_DB_GONE },
        { { AS_DB_GONE, AS_DB_RETRY, AS_DB_OK }, AS_DB_OK, 3, 1, AS_DB_OK },
        { { AS_DB_RETRY, AS_DB_GONE, AS_DB_OK }, AS_DB_OK, 3, 1, AS_DB_OK },
        { { AS_DB_GONE, AS_DB_ERROR }, AS_DB_OK, 2, 1, AS_DB_ERROR }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memset(&r, 0, sizeof(r));
        memcpy(r.ends, cases[i].ends, sizeof(r.ends));
        db.connect = cases[i].connect;
        db.connects = 0;
        submit(t, &r);
        finish(t, &r);

        if (r.runs != cases[i].runs || db.connects != cases[i].connects
            || r.status != cases[i].status)
        {
            fail_msg("case %zu: %u runs, %u connects, status %d", i, r.runs,
                     db.connects, (int) r.status);
        }

        assert_string_equal(r.error, r.status == AS_DB_OK
                            ? "" : "refused: as the test says");
    }
}


/* One after the other, in their order; a job may be submitted again. */
static void
in_order(void **state)
{
    size_t   i;
    run_t    r[5];
    test_t  *t = *state;

    memset(r, 0, sizeof(r));
    for (i = 0; i < 5; i++) {
        submit(t, &r[i]);
    }
    finish(t, &r[4]);
    for (i = 0; i < 5; i++) {
        assert_int_equal(r[i].number, i + 1);
    }

    r[0].done = false;
    submit(t, &r[0]);
    finish(t, &r[0]);
    assert_int_equal(r[0].runs, 2);
}


/* A job that waits ends its wait for another job. */
static void
wait_ends_for_a_job(void **state)
{
    run_t    r[2];
    test_t  *t = *state;

    memset(r, 0, sizeof(r));
    r[0].waits = true;
    submit(t, &r[0]);
    submit(t, &r[1]);
    finish(t, &r[1]);
    assert_true(r[0].wanted);
}


static void
wait_is_interrupted(void **state)
{
    run_t    r;
    test_t  *t = *state;

    memset(&r, 0, sizeof(r));
    r.waits = true;
    as_db_thread_interrupt(t->thread);
    submit(t, &r);
    finish(t, &r);
    assert_true(r.wanted);

    /* only once: the next wait is a complete one */
    assert_false(as_db_thread_wait(t->thread, 1));
}


/* After the abort no lost connection is opened again, and jobs that wait for
 * the thread are dropped. */
static void
aborted(void **state)
{
    run_t    r[2];
    test_t  *t = *state;

    memset(r, 0, sizeof(r));
    r[0].waits = true;
    r[0].ends[0] = AS_DB_GONE;
    submit(t, &r[0]);
    as_db_thread_abort(t->thread);
    assert_int_equal(db.aborts, 1);
    submit(t, &r[1]);
    as_db_thread_destroy(t->thread);
    t->thread = NULL;
    assert_int_equal(db.connects, 0);
    assert_in_range(r[0].runs, 0, 1);
    assert_int_equal(r[1].runs, 0);
    assert_false(r[1].done);
}


static void
reloads(void **state)
{
    test_t  *t = *state;

    as_db_thread_reload(t->thread, &t->settings);
    assert_int_equal(db.reloads, 1);
}


#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(repeats),
        TEST(in_order),
        TEST(wait_ends_for_a_job),
        TEST(wait_is_interrupted),
        TEST(aborted),
        TEST(reloads)
    };

    return cmocka_run_group_tests_name("db_thread", tests, NULL, NULL);
}
