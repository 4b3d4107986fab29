/*
 * Lines of the log: as text and as JSON, of an order and its trace, and with
 * texts from outside that would forge a line.
 */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/log.h"


#define TRACE  "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


static int        fds[2];
static as_log_t  *logger;

static const uint8_t     order[16] = { 0x61, 1, 2, 3, 4, 5, 6, 7, 8 };
static const as_trace_t  no_trace;


static int
setup(void **state)
{
    (void) state;
    assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
    logger = as_log_create(fds[1], AS_LOG_INFO, false);

    return logger == NULL ? -1 : 0;
}


static int
teardown(void **state)
{
    (void) state;
    as_log_destroy(logger);
    (void) close(fds[0]);

    return close(fds[1]);
}


/* What was written since the last call. */
static const char *
written(void)
{
    ssize_t      n;
    static char  text[65536];

    n = read(fds[0], text, sizeof(text) - 1);
    text[n > 0 ? n : 0] = '\0';

    return text;
}


/* The line without its time, which has this form. */
static const char *
line(void)
{
    size_t       i;
    const char  *text = written();

    static const char  form[] = "0000-00-00T00:00:00.000Z ";

    for (i = 0; form[i] != '\0'; i++) {
        if (form[i] == '0' ? text[i] < '0' || text[i] > '9'
                           : text[i] != form[i])
        {
            fail_msg("no time: %s", text);
        }
    }

    return text + i;
}


static json_t *
object(void)
{
    json_t       *root;
    const char   *text = written();

    /* one line, which ends with its only line feed */
    assert_true(text[0] != '\0');
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    if (root == NULL) {
        fail_msg("no JSON: %s", text);
    }

    return root;
}


static const char *
member(const json_t *root, const char *name)
{
    const char  *text;

    text = json_string_value(json_object_get(root, name));

    return text == NULL ? "" : text;
}


static void
levels(void **state)
{
    int  of, now;

    static const char *const  names[] = { "debug", "info", "warn", "error" };

    (void) state;

    for (now = AS_LOG_DEBUG; now <= AS_LOG_ERROR; now++) {
        as_log_set(logger, (as_log_level_e) now, false);

        for (of = AS_LOG_DEBUG; of <= AS_LOG_ERROR; of++) {
            assert_int_equal(as_log_wants(logger, (as_log_level_e) of),
                             of >= now);
            as_log_write(logger, (as_log_level_e) of, "relay", "%d", of);
            as_log_order(logger, (as_log_level_e) of, "relay", order,
                         &no_trace, "%d", of);
            if (of < now) {
                assert_string_equal(written(), "");

            } else {
                assert_memory_equal(line(), names[of], strlen(names[of]));
            }
        }
    }
}


static void
text_lines(void **state)
{
    as_trace_t  trace;

    (void) state;

    as_log_write(logger, AS_LOG_WARN, "relay", "%s, %d", "no topic", 5);
    assert_string_equal(line(), "warn  relay: no topic, 5\n");

    as_log_order(logger, AS_LOG_ERROR, "consumer", order, &no_trace, "gone");
    assert_string_equal(line(), "error consumer: gone order="
                        "61010203-0405-0607-0800-000000000000\n");

    as_trace_read(&trace, TRACE);
    as_log_order(logger, AS_LOG_INFO, "relay", order, &trace, "sent");
    assert_string_equal(line(), "info  relay: sent order="
                        "61010203-0405-0607-0800-000000000000 trace="
                        "4bf92f3577b34da6a3ce929d0e0e4736\n");
}


static void
json_lines(void **state)
{
    json_t      *root;
    as_trace_t   trace;

    (void) state;
    as_log_set(logger, AS_LOG_INFO, true);

    as_log_write(logger, AS_LOG_WARN, "relay", "no \"topic\"");
    root = object();
    assert_int_equal(json_object_size(root), 4);
    assert_int_equal(strlen(member(root, "time")), 24);
    assert_string_equal(member(root, "level"), "warn");
    assert_string_equal(member(root, "part"), "relay");
    assert_string_equal(member(root, "message"), "no \"topic\"");
    json_decref(root);

    as_log_order(logger, AS_LOG_INFO, "consumer", order, &no_trace, "gone");
    root = object();
    assert_int_equal(json_object_size(root), 5);
    assert_string_equal(member(root, "order_id"),
                        "61010203-0405-0607-0800-000000000000");
    json_decref(root);

    as_trace_read(&trace, TRACE);
    as_log_order(logger, AS_LOG_INFO, "consumer", order, &trace, "sent");
    root = object();
    assert_int_equal(json_object_size(root), 6);
    assert_string_equal(member(root, "trace_id"),
                        "4bf92f3577b34da6a3ce929d0e0e4736");
    json_decref(root);
}


/* Text from outside neither ends a line nor moves a terminal's cursor. */
static void
forged(void **state)
{
    size_t   i;
    json_t  *root;

    static const struct {
        const char  *message;
        const char  *text;
    } cases[] = {
        { "a\nerror relay: b", "a error relay: b" },
        { "a\r\x1b[2Jb", "a  [2Jb" },
        { "a\tb\x7f", "a b " },
        { "\xea\xb0\x80", "\xea\xb0\x80" },
        { "%s%n", "%s%n" },
        { "", "" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char  expected[100];

        as_log_set(logger, AS_LOG_INFO, false);
        as_log_write(logger, AS_LOG_INFO, "x", "%s", cases[i].message);
        (void) snprintf(expected, sizeof(expected), "info  x: %s\n",
                        cases[i].text);
        assert_string_equal(line(), expected);

        /* JSON keeps what it escapes */
        as_log_set(logger, AS_LOG_INFO, true);
        as_log_write(logger, AS_LOG_INFO, "x", "%s", cases[i].message);
        root = object();
        assert_string_equal(member(root, "message"), cases[i].message);
        json_decref(root);
    }
}


/* A line is one write, however long it is; where it cannot be written, the
 * work goes on. */
static void
long_and_lost(void **state)
{
    char    message[3000];
    size_t  i;

    (void) state;

    memset(message, 'm', sizeof(message) - 1);
    message[sizeof(message) - 1] = '\0';
    as_log_write(logger, AS_LOG_INFO, "x", "%s", message);
    assert_int_equal(strlen(line()), strlen("info  x: \n") + 2999);

    /* a pipe that is full */
    for (i = 0; i < 100; i++) {
        as_log_write(logger, AS_LOG_INFO, "x", "%s", message);
    }

    while (written()[0] != '\0') {
        /* to its end */
    }

    as_log_write(logger, AS_LOG_INFO, "x", "after");
    assert_string_equal(line(), "info  x: after\n");
}


#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(levels),
        TEST(text_lines),
        TEST(json_lines),
        TEST(forged),
        TEST(long_and_lost)
    };

    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
