/*
 * The commands `dlq list` and `dlq show`: the letters that they read, and that
 * they give them back.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dlq_fixture.h"


#define RUN(...)  command_run(&as_command_dlq, __VA_ARGS__, NULL)


static void
usage(void **state)
{
    size_t  i;

    static const char *const  cases[][3] = {
        { NULL, NULL, NULL }, { "send", NULL, NULL }, { "show", NULL, NULL },
        { "list", "--limit", "0" }, { "list", "--limit", "100001" },
        { "redrive", "--rate", "1001" }, { "list", "--older-than", "soon" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(RUN(cases[i][0], cases[i][1], cases[i][2]),
                         AS_EXIT_USAGE);
        assert_string_not_equal(command.err, "");
    }

    assert_int_equal(command.opened, 0);
    command.open = AS_EXIT_USAGE;
    assert_int_equal(RUN("list"), AS_EXIT_USAGE);
    assert_int_equal(command.need, AS_NEED_DB | AS_NEED_QUEUE | AS_NEED_DLQ);
    assert_int_equal(command.fake->ncalls, 0);
}


static void
list(void **state)
{
    json_t                *rows, *row;
    const as_http_call_t  *back;

    (void) state;

    dlq_letter("m1", "refused: 400", true);
    dlq_letter("m2", NULL, false);
    dlq_queue();
    (void) sql_row_to(ORDERS, 0, 1, "CP-1");
    rows = command_json(AS_EXIT_OK, &as_command_dlq, "list", NULL);
    assert_int_equal(json_array_size(rows), 2);
    row = json_array_get(rows, 0);
    assert_string_equal(json_string_value(json_object_get(row, "sku")),
                        "CP-1");
    assert_string_equal(json_string_value(json_object_get(row, "order_id")),
                        ORDER);
    assert_int_equal(json_integer_value(json_object_get(row, "status")), 400);
    assert_string_equal(json_string_value(json_object_get(row, "attempts")),
                        "many");
    assert_string_equal(json_string_value(json_object_get(row, "dead_since")),
                        "2015-08-30T12:36:00Z");
    assert_null(json_object_get(row, "body"));
    row = json_array_get(rows, 1);
    assert_string_equal(json_string_value(json_object_get(row, "reason")),
                        "moved by SQS itself");
    assert_true(json_is_null(json_object_get(row, "order_id")));
    json_decref(rows);

    /* they are visible again at once */
    assert_int_equal(dlq_calls(BACK, &back), 1);
    assert_non_null(strstr(back->body, "\"r-m1\""));
    assert_non_null(strstr(back->body, "\"r-m2\""));
    assert_non_null(strstr(back->body, "\"VisibilityTimeout\":0"));
    assert_int_equal(dlq_calls(DELETE, NULL) + dlq_calls(SEND, NULL), 0);
}


static void
list_nothing(void **state)
{
    (void) state;

    dlq_queue();
    assert_int_equal(RUN("list"), AS_EXIT_OK);
    command_told("the dead-letter queue is empty");
    assert_int_equal(dlq_calls(BACK, NULL), 0);

    dlq_letter("m1", "refused: 400", false);
    dlq_queue();
    assert_int_equal(RUN("list", "--reason", "404"), AS_EXIT_OK);
    command_told("none of the 1 dead letters matches the options");
    dlq_queue();
    assert_int_equal(RUN("show", "m7"), AS_EXIT_FINDINGS);
    command_told("none of the 1 dead letters has that id");
}


static void
list_filters(void **state)
{
    size_t  i;

    static const struct {
        const char  *option;
        const char  *value;
        bool         first;            /* m1 is shown, m2 */
        bool         second;
    } cases[] = {
        { "--reason", "refused", true, false },
        { "--reason", "", true, false },
        { "--older-than", "1h", true, true },
        { "--sku", "a", true, false },
        { "--sku", "Z", false, false }
    };

    (void) state;

    dlq_letter("m1", "refused: 400", true);
    dlq_letter("m2", NULL, false);

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sql_reset();
        dlq_queue();
        (void) sql_row_to(ORDERS, 0, 1, "A");

        /* the SKU as it is spelled in the product's row */
        if (strcmp(cases[i].value, "a") == 0) {
            (void) sql_row_to("X'61'", 0, 1, "A");
        }

        assert_int_equal(RUN("list", cases[i].option, cases[i].value),
                         AS_EXIT_OK);

        if ((strstr(command.out, "m1 ") != NULL) != cases[i].first
            || (strstr(command.out, "m2 ") != NULL) != cases[i].second)
        {
            fail_msg("%s %s: %s", cases[i].option, cases[i].value,
                     command.out);
        }
    }
}


static void
show(void **state)
{
    (void) state;

    dlq_letter("m1", "refused: 400", true);
    dlq_letter("m2", NULL, false);
    dlq_queue();
    assert_int_equal(RUN("show", "m1"), AS_EXIT_OK);
    command_wrote("message_id         m1");
    command_wrote("body               {\"MessageAttributeProductId\":\"A\"");
    assert_null(strstr(command.out, "m2"));
}


/* Without the database the letters are shown, but none is sent. */
static void
database_is_away(void **state)
{
    (void) state;

    dlq_letter("m1", "refused: 400", true);
    dlq_queue();
    sql.fails = ORDERS;
    sql.fails_with = AS_DB_GONE;
    assert_int_equal(RUN("list"), AS_EXIT_OK);
    command_wrote("m1");

    dlq_queue();
    assert_int_equal(RUN("list", "--sku", "A"), AS_EXIT_REACH);
    dlq_queue();
    assert_int_equal(RUN("redrive", "--yes"), AS_EXIT_REACH);
    assert_int_equal(dlq_calls(DELETE, NULL) + dlq_calls(SEND, NULL), 0);
    assert_int_equal(dlq_calls(BACK, NULL), 3);
}


static void
queue_is_away(void **state)
{
    size_t  i;

    (void) state;

    for (i = 0; i < 6; i++) {
        (void) fake_answer_to(command.fake, RECEIVE, 503, "");
    }

    assert_int_equal(RUN("list"), AS_EXIT_REACH);
    command_told("SQS is unreachable or refuses: ");
    assert_string_equal(command.out, "");

    (void) fake_answer_to(command.fake, RECEIVE, 403,
                          "{\"__type\":\"AccessDenied\",\"message\":\"no\"}");
    assert_int_equal(RUN("list"), AS_EXIT_REACH);
    command_told("AccessDenied: no");
}


/* A response that is too large: the next call asks for fewer letters. */
static void
large_letters(void **state)
{
    const as_http_call_t  *last;

    (void) state;

    fake_answer_to(command.fake, RECEIVE, 200, "")->error = AS_HTTP_TOO_LARGE;
    dlq_letter("m1", NULL, false);
    dlq_queue();
    assert_int_equal(RUN("list"), AS_EXIT_OK);
    command_wrote("m1");
    (void) dlq_calls(RECEIVE, &last);
    assert_non_null(strstr(last->body, "\"MaxNumberOfMessages\":5"));
    assert_non_null(strstr(command.fake->calls[0].body,
                           "\"MaxNumberOfMessages\":10"));
}


static void
limit(void **state)
{
    const as_http_call_t  *last;

    (void) state;

    dlq_letter("m1", NULL, false);
    dlq_queue();
    assert_int_equal(RUN("list", "--limit", "1"), AS_EXIT_OK);
    command_told("read 1 messages; there may be more: raise --limit");
    assert_int_equal(dlq_calls(RECEIVE, &last), 1);
    assert_non_null(strstr(last->body, "\"MaxNumberOfMessages\":1,"));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        dlq_test(usage),
        dlq_test(list),
        dlq_test(list_nothing),
        dlq_test(list_filters),
        dlq_test(show),
        dlq_test(database_is_away),
        dlq_test(queue_is_away),
        dlq_test(large_letters),
        dlq_test(limit)
    };

    return cmocka_run_group_tests_name("command_dlq", tests, NULL, NULL);
}
