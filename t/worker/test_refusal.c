/*
 * The rate and the level of log lines about refusals of the database.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "run/health.h"
#include "run/refusal.h"


#define REFUSED  "refused: no (error 1142, ER_TABLEACCESS_DENIED_ERROR)"


typedef struct {
    int            fd;
    as_log_t      *log;
    as_refusal_t   refusal;
    char           text[8192];
} test_t;


static int
setup(void **state)
{
    test_t  *t;

    t = calloc(1, sizeof(test_t));
    t->fd = memfd_create("log", 0);
    t->log = as_log_create(t->fd, AS_LOG_ERROR, false);
    *state = t;

    return 0;
}


static int
teardown(void **state)
{
    test_t  *t = *state;

    as_log_destroy(t->log);
    close(t->fd);
    free(t);

    return 0;
}


static void
note(test_t *t, int64_t now, as_db_status_e status)
{
    as_refusal_note(&t->refusal, t->log, now, "part", "it cannot be read",
                    status, REFUSED);
}


/* Lines so far with that text. */
static unsigned
lines(test_t *t, const char *text)
{
    char      *line, *rest;
    ssize_t    n;
    unsigned   count;

    n = pread(t->fd, t->text, sizeof(t->text) - 1, 0);
    t->text[n] = '\0';
    rest = t->text;

    for (count = 0; (line = strsep(&rest, "\n")) != NULL; ) {
        count += *line != '\0' && strstr(line, text) != NULL;
    }

    return count;
}


static void
repeats_are_counted(void **state)
{
    int      i;
    test_t  *t = *state;

    for (i = 0; i < 100; i++) {
        note(t, 1000 + i, AS_DB_ERROR);
    }

    assert_int_equal(lines(t, "error part: it cannot be read: " REFUSED
                              "; retrying"), 3);
    note(t, 1002 + AS_REPEAT_MS, AS_DB_ERROR);
    assert_int_equal(lines(t, "(97 similar lines were omitted)"), 1);
    assert_int_equal(lines(t, ""), 4);
    note(t, 1003 + AS_REPEAT_MS, AS_DB_ERROR);
    assert_int_equal(lines(t, ""), 4);
}


static void
the_end_is_told_once(void **state)
{
    test_t  *t = *state;

    note(t, 1000, AS_DB_OK);
    assert_int_equal(lines(t, ""), 0);

    note(t, 1000, AS_DB_ERROR);
    note(t, 1000, AS_DB_GONE);         /* shows nothing about refusals */
    note(t, 1000, AS_DB_RETRY);
    note(t, 1000, AS_DB_OK);
    note(t, 1000, AS_DB_OK);
    assert_int_equal(lines(t, "accepted again after 2 refusals"), 1);
    assert_int_equal(lines(t, ""), 3);

    /* and the next ones are logged again */
    note(t, 1000, AS_DB_ERROR);
    assert_int_equal(lines(t, ""), 4);
}


static void
a_peer_that_is_back_is_as_loud(void **state)
{
    test_t       *t = *state;
    as_health_t   health;

    as_health_init(&health, "database");
    assert_true(as_health_down(&health, t->log, 1000, "no route"));
    assert_int_equal(lines(t, "error database: unreachable: no route"), 1);
    assert_true(as_health_up(&health, t->log, 2000));
    assert_int_equal(lines(t, "error database: reachable again after 1.0"),
                     1);

    /* a server that refuses can be reached */
    assert_true(as_health_down(&health, t->log, 3000, REFUSED));
    assert_int_equal(lines(t, "error database: refused: no (error 1142"), 1);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(repeats_are_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(the_end_is_told_once, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_peer_that_is_back_is_as_loud, setup,
                                        teardown),
    };

    return cmocka_run_group_tests_name("refusal", tests, NULL, NULL);
}
