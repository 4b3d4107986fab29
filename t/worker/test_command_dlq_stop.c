/*
 * The command `dlq` that ends before its last letter: by a signal, where the
 * queue is lost, and with letters that cannot be read.  What it has not moved
 * is visible in the queue again.
 */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd/progress.h"
#include "db/order.h"
#include "dlq_fixture.h"


#define RUN(...)  command_run(&as_command_dlq, __VA_ARGS__, NULL)


static int       fds[2];               /* readable after the signal */
static uint64_t  signal_after;         /* letters; 0: there is none */


/* What the command calls after each letter. */
void
as_progress_to(as_progress_t *progress, double part, double whole,
    uint64_t done)
{
    (void) progress;
    (void) part;
    (void) whole;

    if (done == signal_after) {
        assert_int_equal(write(fds[1], "s", 1), 1);
    }
}


as_db_status_e
as_order_reopen(as_db_t *conn, as_order_reopen_t *reopen)
{
    assert_ptr_equal(conn, sql_db);
    reopen->outcome = AS_REOPEN_DONE;

    return AS_DB_OK;
}


static int
setup(void **state)
{
    int  rc;

    rc = dlq_setup(state);
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    command.stop_fd = fds[0];
    signal_after = 0;

    return rc;
}


static int
teardown(void **state)
{
    (void) close(fds[0]);
    (void) close(fds[1]);

    return command_teardown(state);
}


static void
letters(unsigned n)
{
    char      id[8];
    unsigned  i;

    for (i = 1; i <= n; i++) {
        (void) snprintf(id, sizeof(id), "m%u", i);
        dlq_letter(id, NULL, true);
    }

    dlq_queue();
}


/* The letter under way is finished; the others are given back at once, also
 * after the signal. */
static void
by_a_signal(void **state)
{
    size_t                 i;
    const as_http_call_t  *back;

    static const char *const  verbs[] = { "redrive", "drop" };

    for (i = 0; i < 2; i++) {
        (void) teardown(state);
        (void) setup(state);
        letters(3);
        dlq_accepts(3, 3);
        signal_after = 1;

        assert_int_equal(RUN(verbs[i], "--yes"), AS_EXIT_FINDINGS);
        command_told("stopped by a signal after 1");
        command_wrote(i == 0 ? "sent again" : "dropped");
        command_wrote("m1 ");
        assert_null(strstr(command.out, "m2 "));
        assert_int_equal(dlq_calls(SEND, NULL), i == 0);
        assert_int_equal(dlq_calls(DELETE, NULL), 1);
        assert_int_equal(dlq_calls(BACK, &back), 1);
        assert_null(strstr(back->body, "\"r-m1\""));
        assert_non_null(strstr(back->body, "\"r-m2\""));
        assert_non_null(strstr(back->body, "\"r-m3\""));
        assert_non_null(strstr(back->body, "\"VisibilityTimeout\":0"));
    }
}


/* Twelve letters, in two receives. */
static void
twelve(void)
{
    char         id[8];
    unsigned     i;
    static char  receive[5000];

    for (i = 1; i <= 12; i++) {
        (void) snprintf(id, sizeof(id), "m%u", i);
        dlq_letter(id, NULL, true);

        if (i == 6) {
            (void) snprintf(receive, sizeof(receive), "{\"Messages\":[%s]}",
                            dlq_letters);
            (void) fake_answer_to(command.fake, RECEIVE, 200, receive);
            dlq_letters[0] = '\0';
        }
    }
}


/* Ten letters are given back in a call; where one fails, the others come back
 * by themselves. */
static void
gives_back_many(void **state)
{
    const as_http_call_t  *back;

    twelve();
    dlq_queue();
    (void) fake_answer_to(command.fake, BACK, 200,
                          "{\"Successful\":[],\"Failed\":[]}");
    assert_int_equal(RUN("redrive"), AS_EXIT_FINDINGS);
    command_told("send 12 dead letters to the queue again?");
    assert_int_equal(dlq_calls(BACK, &back), 2);
    assert_null(strstr(back->body, "\"r-m10\""));
    assert_non_null(strstr(back->body, "\"r-m11\""));
    assert_non_null(strstr(back->body, "\"r-m12\""));

    (void) teardown(state);
    (void) setup(state);
    twelve();
    (void) fake_answer_to(command.fake, BACK, 403,
                          "{\"__type\":\"AccessDenied\"}");
    dlq_queue();
    assert_int_equal(RUN("redrive"), AS_EXIT_FINDINGS);
    assert_int_equal(dlq_calls(BACK, NULL), 1);
}


/* Those that can be read are shown, and the others are told of. */
static void
unreadable(void **state)
{
    (void) state;

    (void) fake_answer_to(command.fake, RECEIVE, 200,
        "{\"Messages\":[{\"MessageId\":\"m1\",\"ReceiptHandle\":\"r-m1\","
        "\"Body\":\"\xff\"},{\"MessageId\":\"m2\",\"ReceiptHandle\":\"r-m2\","
        "\"Body\":\"a\",\"Attributes\":{},\"MessageAttributes\":{}}]}");
    dlq_queue();
    (void) RUN("list");
    command_wrote("m2");
    assert_null(strstr(command.out, "m1"));
    command_told("they are not UTF-8");
}


/* The shop's own attributes go with the message, with their types. */
static void
attributes(void **state)
{
    const as_http_call_t  *sent;

    (void) state;

    (void) fake_answer_to(command.fake, RECEIVE, 200,
        "{\"Messages\":[{\"MessageId\":\"m1\",\"ReceiptHandle\":\"r-m1\","
        "\"Body\":\"x\",\"Attributes\":{},\"MessageAttributes\":{"
        "\"MessageAttributeOrderId\":{\"DataType\":\"String\",\"StringValue\":"
        "\"" ORDER "\"},\"shop\":{\"DataType\":\"Number\",\"StringValue\":"
        "\"7\"},\"AutostockReason\":{\"DataType\":\"String\",\"StringValue\":"
        "\"refused\"}}}]}");
    (void) fake_answer_to(command.fake, RECEIVE, 200, "{}");
    (void) fake_answer_to(command.fake, RECEIVE, 200, "{}");
    dlq_accepts(1, 1);
    assert_int_equal(RUN("redrive", "--yes"), AS_EXIT_OK);
    assert_int_equal(dlq_calls(SEND, &sent), 1);
    assert_non_null(strstr(sent->body, "\"MessageBody\":\"x\""));
    assert_non_null(strstr(sent->body, "\"MessageAttributeOrderId\":{"));
    assert_non_null(strstr(sent->body, "\"shop\":{\"DataType\":\"Number\","
                           "\"StringValue\":\"7\"}"));
    assert_null(strstr(sent->body, "AutostockReason"));
}


#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(by_a_signal),
        TEST(gives_back_many),
        TEST(unreadable),
        TEST(attributes)
    };

    return cmocka_run_group_tests_name("command_dlq_stop", tests, NULL, NULL);
}
