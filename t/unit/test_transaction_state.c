/*
 * The states of a transaction: the allowed steps, and the report of a step that
 * is not allowed.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "../../src/sell/ngx_http_autostock_transaction_state.c"


#define STATE(name)  NGX_HTTP_AUTOSTOCK_TRANSACTION_##name
#define STATES       10


static ngx_http_autostock_transaction_t  t;
static ngx_cycle_t                       cycle;
static ngx_uint_t                        alerts;
static char                              names[2][20];

volatile ngx_cycle_t  *ngx_cycle = &cycle;


void
ngx_log_error_core(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, ...)
{
    va_list  args;

    assert_ptr_equal(log, cycle.log);
    assert_int_equal(err, 0);

    if (level != NGX_LOG_ALERT) {
        return;
    }

    assert_non_null(strstr(fmt, "which its table does not have"));
    va_start(args, fmt);
    strcpy(names[0], va_arg(args, const char *));
    strcpy(names[1], va_arg(args, const char *));
    va_end(args);
    alerts++;
}


static int
setup(void **state)
{
    static ngx_log_t  log;

    (void) state;
    memset(&t, 0, sizeof(t));
    log.log_level = NGX_LOG_ALERT;
    cycle.log = &log;
    alerts = 0;

    return 0;
}


/* 1 if the step is allowed */

static ngx_uint_t
step(ngx_uint_t from, ngx_uint_t to)
{
    alerts = 0;
    t.state = from;
    ngx_http_autostock_transaction_state_enter(&t, to);
    assert_int_equal(t.state, to);

    return alerts == 0;
}


/* The allowed steps; all other pairs are not allowed. */

static void
steps(void **state)
{
    ngx_uint_t  from, to, i, allowed;

    static const ngx_uint_t  pairs[][2] = {
        { STATE(END), STATE(CHOOSE) },
        { STATE(CHOOSE), STATE(PEEK) }, { STATE(CHOOSE), STATE(PLAIN) },
        { STATE(CHOOSE), STATE(LOCK) }, { STATE(CHOOSE), STATE(BARRIER) },
        { STATE(CHOOSE), STATE(END) },
        { STATE(PEEK), STATE(CHOOSE) }, { STATE(PEEK), STATE(BARRIER) },
        { STATE(PEEK), STATE(ROLLBACK) }, { STATE(PEEK), STATE(PAUSE) },
        { STATE(PLAIN), STATE(STOCK) }, { STATE(PLAIN), STATE(ROLLBACK) },
        { STATE(PLAIN), STATE(PAUSE) }, { STATE(PLAIN), STATE(END) },
        { STATE(STOCK), STATE(END) },
        { STATE(LOCK), STATE(WRITE) }, { STATE(LOCK), STATE(ROLLBACK) },
        { STATE(LOCK), STATE(PAUSE) },
        { STATE(WRITE), STATE(ROLLBACK) }, { STATE(WRITE), STATE(PAUSE) },
        { STATE(WRITE), STATE(END) },
        { STATE(ROLLBACK), STATE(CHOOSE) },
        { STATE(ROLLBACK), STATE(BARRIER) },
        { STATE(ROLLBACK), STATE(PAUSE) }, { STATE(ROLLBACK), STATE(END) },
        { STATE(BARRIER), STATE(ROLLBACK) },
        { STATE(BARRIER), STATE(PAUSE) }, { STATE(BARRIER), STATE(END) },
        { STATE(PAUSE), STATE(CHOOSE) }, { STATE(PAUSE), STATE(END) }
    };

    (void) state;

    for (from = 0; from < STATES; from++) {
        for (to = 0; to < STATES; to++) {
            allowed = 0;

            for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
                allowed |= pairs[i][0] == from && pairs[i][1] == to;
            }

            if (step(from, to) != allowed) {
                fail_msg("%s -> %s",
                         ngx_http_autostock_transaction_state_name(from),
                         ngx_http_autostock_transaction_state_name(to));
            }
        }
    }
}


/* The report names both states; the transaction continues. */

static void
a_step_that_is_none(void **state)
{
    (void) state;

    assert_int_equal(step(STATE(STOCK), STATE(WRITE)), 0);
    assert_int_equal(alerts, 1);
    assert_string_equal(names[0], "stock");
    assert_string_equal(names[1], "write");
}


/* Every transaction can end: from each state there is a way. */

static void
an_end_from_everywhere(void **state)
{
    ngx_uint_t  from, to, i, reach[STATES];

    (void) state;

    memset(reach, 0, sizeof(reach));
    reach[STATE(END)] = 1;

    for (i = 0; i < STATES; i++) {
        for (from = 0; from < STATES; from++) {
            for (to = 0; to < STATES; to++) {
                reach[from] |= reach[to] && step(from, to);
            }
        }
    }

    for (from = 0; from < STATES; from++) {
        assert_int_equal(reach[from], 1);
    }
}


/* A transaction that wrote never looks again without a ROLLBACK, or a pause on
 * another connection: otherwise its rows would be written twice. */

static void
no_second_write(void **state)
{
    size_t  i;

    static const ngx_uint_t  writes[] = {
        STATE(PLAIN), STATE(WRITE), STATE(STOCK), STATE(BARRIER)
    };

    (void) state;

    for (i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
        assert_int_equal(step(writes[i], STATE(CHOOSE)), 0);
        assert_int_equal(step(writes[i], STATE(PEEK)), 0);
        assert_int_equal(step(writes[i], STATE(PLAIN)), 0);
        assert_int_equal(step(writes[i], STATE(WRITE)), 0);
    }
}


#define TEST(name)  cmocka_unit_test_setup(name, setup)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(steps),
        TEST(a_step_that_is_none),
        TEST(an_end_from_everywhere),
        TEST(no_second_write)
    };

    return cmocka_run_group_tests_name("transaction_state", tests, NULL,
                                       NULL);
}
