/*
 * What follows a receipt that is not booked: it is tried again, looked up, or
 * refused permanently, and then its order has the reason.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/db/ngx_http_autostock_error.c"
#include "../../src/db/ngx_http_autostock_sql.c"
#include "../../src/sell/ngx_http_autostock_receipt_failure.c"


#define STOCK         NGX_HTTP_AUTOSTOCK_BOOKING_STOCK
#define COMMIT        NGX_HTTP_AUTOSTOCK_BOOKING_COMMIT
#define OUTCOME(name) NGX_HTTP_AUTOSTOCK_RECEIPT_##name

/* how the flight continued */
#define NOTHING    0
#define AGAIN      1                   /* after a pause, the connection lost */
#define ELSEWHERE  2
#define FINISHED   3
#define QUERY      4


static ngx_http_autostock_receipt_flight_t  rf;
static ngx_http_autostock_booking_t         booking;
static ngx_http_autostock_database_t        db;
static ngx_http_autostock_done_pt           done;
static ngx_cycle_t                          cycle;
static ngx_uint_t                           went, dropped, logged, bound;
static char                                 text[2048];  /* the query */

volatile ngx_cycle_t  *ngx_cycle = &cycle;


void *
ngx_alloc(size_t size, ngx_log_t *log)
{
    (void) log;

    return malloc(size);
}


void
ngx_log_error_core(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, ...)
{
    (void) log;
    (void) err;
    assert_non_null(fmt);
    logged += level <= NGX_LOG_ERR;
}


/* not called: these tests read no row */
off_t
ngx_atoof(u_char *line, size_t n)
{
    (void) line;
    (void) n;
    fail();

    return NGX_ERROR;
}


u_char *
ngx_http_autostock_id_trace_note(u_char *note, as_trace_t *trace)
{
    (void) trace;
    note[0] = '\0';

    return note;
}


/* nginx's formats, as far as they occur here */

static u_char *
format(u_char *p, u_char *last, const char *fmt, va_list args)
{
    char    one[400];
    size_t  len;

    for ( /* void */ ; *fmt && p < last; fmt++) {
        if (*fmt != '%') {
            *p++ = (u_char) *fmt;
            continue;
        }

        switch (*++fmt) {
        case 'u':
            if (*++fmt == 'i') {
                (void) snprintf(one, sizeof(one), "%lu",
                                (unsigned long) va_arg(args, ngx_uint_t));
            } else {
                assert_int_equal(*fmt, 'D');
                (void) snprintf(one, sizeof(one), "%u", va_arg(args,
                                                               uint32_t));
            }
            break;
        case 'L':
            (void) snprintf(one, sizeof(one), "%ld",
                            (long) va_arg(args, int64_t));
            break;
        case 's':
            (void) snprintf(one, sizeof(one), "%s", va_arg(args, char *));
            break;
        default:
            assert_int_equal(*fmt, 'Z');
            *p++ = '\0';
            continue;
        }

        len = strlen(one);
        len = len < (size_t) (last - p) ? len : (size_t) (last - p);
        p = (u_char *) memcpy(p, one, len) + len;
    }

    return p;
}


u_char *ngx_cdecl
ngx_sprintf(u_char *buf, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    buf = format(buf, buf + 400, fmt, args);
    va_end(args);

    return buf;
}


u_char *ngx_cdecl
ngx_snprintf(u_char *buf, size_t max, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    buf = format(buf, buf + max, fmt, args);
    va_end(args);

    return buf;
}


u_char *ngx_cdecl
ngx_slprintf(u_char *buf, u_char *last, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    buf = format(buf, last, fmt, args);
    va_end(args);

    return buf;
}


void
ngx_http_autostock_flight_query(ngx_http_autostock_flight_t *flight,
    ngx_http_autostock_row_pt row, ngx_http_autostock_done_pt after)
{
    size_t  len;

    assert_ptr_equal(flight, &rf.flight);
    assert_null(row);
    done = after;
    went = QUERY;
    len = (size_t) (flight->sql.pos - flight->sql.start);
    assert_true(len < sizeof(text));
    memcpy(text, flight->sql.start, len);
    text[len] = '\0';
}


void
ngx_http_autostock_flight_again(ngx_http_autostock_flight_t *flight,
    ngx_uint_t lost, const char *reason)
{
    assert_ptr_equal(flight, &rf.flight);
    assert_int_equal(lost, 1);
    assert_non_null(reason);
    went = AGAIN;
}


void
ngx_http_autostock_flight_elsewhere(ngx_http_autostock_flight_t *flight,
    const char *reason)
{
    assert_ptr_equal(flight, &rf.flight);
    assert_non_null(reason);
    went = ELSEWHERE;
}


void
ngx_http_autostock_flight_drop(ngx_http_autostock_flight_t *flight,
    const char *reason)
{
    assert_ptr_equal(flight, &rf.flight);
    assert_non_null(reason);
    dropped++;
}


void
ngx_http_autostock_flight_finish(ngx_http_autostock_flight_t *flight)
{
    assert_ptr_equal(flight, &rf.flight);
    went = FINISHED;
}


void
ngx_http_autostock_pools_bind(ngx_http_autostock_taker_t *taker,
    ngx_http_autostock_connection_t *conn)
{
    assert_ptr_equal(taker, &rf.flight.taker);
    assert_null(conn);
    bound++;
}


static int
setup(void **state)
{
    static ngx_log_t  log;

    (void) state;
    memset(&rf, 0, sizeof(rf));
    memset(&booking, 0, sizeof(booking));
    log.log_level = NGX_LOG_ERR;
    cycle.log = &log;
    rf.booking = &booking;
    booking.db = &db;
    booking.quantity = 10;
    memset(booking.order_id, 1, 16);
    went = dropped = logged = bound = 0;

    return 0;
}


static int
teardown(void **state)
{
    (void) state;
    ngx_http_autostock_sql_free(&rf.flight.sql);

    return 0;
}


static int
again(void **state)
{
    (void) teardown(state);

    return setup(state);
}


/* the server refused this statement */

static void
refused(ngx_uint_t error, ngx_uint_t statement)
{
    rf.flight.query.error = error;
    rf.flight.query.statements = statement;
    strcpy((char *) rf.flight.query.text, "no");
    ngx_http_autostock_receipt_failure_judge(&rf, NGX_DECLINED);
}


/* The connection is lost: in doubt if the COMMIT had been sent. */

static void
lost(void **state)
{
    size_t  i;

    static const struct {
        ngx_uint_t  error;             /* 0: lost */
        ngx_uint_t  statement;
        unsigned    sent;
        unsigned    doubt;
        ngx_uint_t  went;
    } cases[] = {
        { 0, 2, 0, 0, AGAIN },
        { 0, 2, 1, 1, AGAIN },

        /* a refused COMMIT may have taken effect, except for a
         * conflict */
        { 1180, COMMIT, 1, 1, AGAIN },
        { 1213, COMMIT, 1, 0, QUERY },
        { 1180, 2, 1, 0, QUERY },
        { 1180, COMMIT, 0, 0, QUERY }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) again(state);
        booking.sent = cases[i].sent;

        if (cases[i].error) {
            refused(cases[i].error, cases[i].statement);
        } else {
            ngx_http_autostock_receipt_failure_judge(&rf, NGX_ERROR);
        }

        assert_int_equal(booking.doubt, cases[i].doubt);
        assert_int_equal(bound, cases[i].doubt);
        assert_int_equal(went, cases[i].went);
    }
}


/* Depending on the error: again after a pause, or refused; each after a
 * ROLLBACK. */

static void
errors(void **state)
{
    size_t  i;

    static const struct {
        ngx_uint_t  error;
        ngx_uint_t  statement;
        ngx_uint_t  again;
        unsigned    locked;
    } cases[] = {
        { 1213, 2, 1, 0 }, { 1205, 2, 1, 1 }, { 1205, STOCK, 1, 1 },
        { 1969, STOCK, 1, 1 }, { 1969, 2, 1, 0 }, { 1317, STOCK, 1, 1 },
        { 1062, 2, 1, 0 }, { 1040, 2, 1, 0 }, { 1114, 2, 1, 0 },
        { 1142, 2, 0, 0 }, { 1146, 2, 0, 0 }, { 4025, STOCK, 0, 0 },
        { 1644, 2, 0, 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) again(state);
        refused(cases[i].error, cases[i].statement);
        assert_int_equal(went, QUERY);
        assert_string_equal(text, "ROLLBACK");
        assert_int_equal(rf.locked, cases[i].locked);
        assert_int_equal(booking.error, cases[i].error);

        done(&rf, NGX_OK);

        if (cases[i].again) {
            assert_int_equal(went, FINISHED);
            assert_int_equal(rf.outcome, OUTCOME(AGAIN));
        } else if (went != QUERY || strncmp(text, "UPDATE restock", 14)) {
            fail_msg("error %lu: %s", (unsigned long) cases[i].error, text);
        }
    }
}


/* The ROLLBACK itself fails: the connection is not used again. */

static void
rollback_fails(void **state)
{
    size_t  i;

    static const ngx_uint_t  errors_of[] = { 1213, 1142 };

    for (i = 0; i < 2; i++) {
        (void) again(state);
        refused(errors_of[i], 2);
        done(&rf, NGX_ERROR);
        assert_int_equal(went, AGAIN);
    }
}


/* A read-only server, or a column that has changed: another connection. */

static void
another_server(void **state)
{
    refused(1290, 2);
    assert_int_equal(dropped, 1);
    assert_int_equal(went, FINISHED);
    assert_int_equal(rf.outcome, OUTCOME(AGAIN));

    (void) again(state);
    refused(1267, 1);
    assert_int_equal(went, ELSEWHERE);
    refused(1267, 1);
    assert_int_equal(went, ELSEWHERE);

    /* with a limit */
    refused(1267, 1);
    assert_int_equal(went, QUERY);
}


/* Goods that do not fit into the stock's column. */

static void
overflow(void **state)
{
    size_t  i;

    static const struct {
        int64_t     stock;
        ngx_uint_t  statement;
        ngx_uint_t  overflow;
    } cases[] = {
        { 2147483640, STOCK, 1 }, { 2147483637, STOCK, 0 },
        { 2147483640, 2, 0 }
    };

    for (i = 0; i < 3; i++) {
        (void) again(state);
        rf.stock = cases[i].stock;
        refused(1264, cases[i].statement);
        assert_int_equal(rf.outcome, cases[i].overflow ? OUTCOME(OVERFLOW)
                                                       : OUTCOME(REFUSED));

        if (cases[i].overflow) {
            assert_string_equal((char *) booking.reason,
                                "the stock is 2147483640, and "
                                "the maximum is 2147483647");
        }
    }
}


/* A row was read, but its UPDATE changed nothing: it is read once more; the
 * second time, a trigger must have prevented the change. */

static void
guards(void **state)
{
    size_t  i;

    static const struct {
        ngx_uint_t   statement;
        const char  *reason;
    } cases[] = {
        { STOCK + 1, "the row of its product did not change" },
        { STOCK + 3, "the row of its order did not change" }
    };

    for (i = 0; i < 2; i++) {
        (void) again(state);
        refused(1690, cases[i].statement);
        assert_string_equal((char *) booking.reason, cases[i].reason);
        done(&rf, NGX_OK);
        assert_int_equal(rf.outcome, OUTCOME(AGAIN));

        refused(1690, cases[i].statement);
        done(&rf, NGX_OK);
        assert_int_equal(strncmp(text, "UPDATE restock_order", 20), 0);
    }
}


/* The order has what arrived and why it is not booked; it is not requested
 * again.  An order that had ended before keeps its state. */

static void
marks(void **state)
{
    size_t  i;

    for (i = 0; i < 3; i++) {
        (void) again(state);
        booking.quantity = i == 0 ? 10 : 0;
        ngx_http_autostock_receipt_failure_fail(&rf, OUTCOME(GONE), "gone");
        assert_int_equal(went, QUERY);

        /* the text in hexadecimal: "10 pieces arrived, not booked: gone" */
        assert_int_equal(strstr(text, "last_error=_utf8mb4 x'3130207069656365"
                                "7320617272697665642c") != NULL, i == 0);
        assert_non_null(strstr(text, "6e6f7420626f6f6b65643a20676f6e65',"));
        assert_non_null(strstr(text, "state=IF(state IN('pending','published',"
                               "'requested'),'failed',state)"));
        assert_non_null(strstr(text, " WHERE state<>'fulfilled' AND order_id="
                               "x'01010101010101010101010101010101'"));
        done(&rf, i < 2 ? NGX_OK : NGX_DECLINED);
        assert_int_equal(went, FINISHED);
        assert_int_equal(rf.outcome, OUTCOME(GONE));
        assert_int_equal(logged, i == 2);
    }

    /* the connection is lost meanwhile: everything is repeated */
    (void) again(state);
    ngx_http_autostock_receipt_failure_fail(&rf, OUTCOME(GONE), "gone");
    done(&rf, NGX_ERROR);
    assert_int_equal(went, AGAIN);
}


/* In doubt nothing is refused: the lost packet may still arrive. */

static void
in_doubt(void **state)
{
    (void) state;

    booking.doubt = 1;
    ngx_http_autostock_receipt_failure_fail(&rf, OUTCOME(GONE), "gone");
    assert_int_equal(went, FINISHED);
    assert_int_equal(rf.outcome, OUTCOME(AGAIN));

    ngx_http_autostock_receipt_failure_again(&rf, "a moment");
    assert_string_equal((char *) booking.reason, "a moment");
    assert_int_equal(rf.outcome, OUTCOME(AGAIN));
}


#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(lost),
        TEST(errors),
        TEST(rollback_fails),
        TEST(another_server),
        TEST(overflow),
        TEST(guards),
        TEST(marks),
        TEST(in_doubt)
    };

    return cmocka_run_group_tests_name("receipt_failure", tests, NULL, NULL);
}
