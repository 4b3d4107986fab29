/*
 * The commands `dlq redrive` and `dlq drop`: the calls for each letter, and
 * their order.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "db/order.h"
#include "dlq_fixture.h"


#define RUN(...)  command_run(&as_command_dlq, __VA_ARGS__, NULL)


static struct {
    as_db_status_e      status[8];     /* of the calls, in order */
    unsigned            calls;
    as_order_reopen_t   reopen;
    unsigned            looks;
    unsigned            without;       /* checks of messages without order */
} db;


as_db_status_e
as_order_reopen(as_db_t *conn, as_order_reopen_t *reopen)
{
    bool  look = reopen->look;

    assert_ptr_equal(conn, sql_db);
    assert_int_equal(reopen->id[0], 1);
    assert_int_equal(reopen->published, !look);
    db.looks += look;
    *reopen = db.reopen;
    reopen->look = look;

    return db.status[db.calls++];
}


as_db_status_e
as_order_reopen_without(as_db_t *conn, const char *product, int64_t since_ms,
    as_order_reopen_t *reopen)
{
    assert_ptr_equal(conn, sql_db);
    assert_string_equal(product, "A");
    assert_true(since_ms > 0);
    db.without++;
    *reopen = db.reopen;

    return db.status[db.calls++];
}


static int
setup(void **state)
{
    memset(&db, 0, sizeof(db));

    return dlq_setup(state);
}


static void
asks(void **state)
{
    (void) state;

    dlq_letter("m1", NULL, true);
    dlq_letter("m2", NULL, true);
    dlq_queue();
    command_asks("send 2 dead letters to the queue again?", &as_command_dlq,
                 "redrive");
    dlq_queue();
    command_asks("drop 1 dead letters permanently?", &as_command_dlq, "drop",
                 "m2");
    assert_int_equal(dlq_calls(DELETE, NULL) + dlq_calls(SEND, NULL), 0);
    assert_int_equal(dlq_calls(BACK, NULL), 2);
}


/* The order first, then the message, then the dead one. */
static void
redrive(void **state)
{
    const as_http_call_t  *sent, *deleted;

    (void) state;

    dlq_letter("m1", "refused: 400", true);
    dlq_queue();
    dlq_accepts(1, 1);
    assert_int_equal(RUN("redrive", "--yes"), AS_EXIT_OK);
    command_wrote("m1          " ORDER "  yes   sent again");
    assert_int_equal(db.calls, 2);
    assert_int_equal(db.looks, 1);
    assert_int_equal(dlq_calls(SEND, &sent), 1);
    assert_int_equal(dlq_calls(DELETE, &deleted), 1);
    assert_true(sent < deleted);
    assert_non_null(strstr(sent->body, FIXTURE_QUEUE "\""));
    assert_non_null(strstr(deleted->body, FIXTURE_DLQ "\""));
    assert_non_null(strstr(deleted->body, "\"r-m1\""));

    /* without the worker's attributes; no letter to give back */
    assert_null(strstr(sent->body, "AutostockReason"));
    assert_int_equal(dlq_calls(BACK, NULL), 0);
}


/* Letters that must not be sent again: each with its reason; the others are
 * sent. */
static void
redrive_refused(void **state)
{
    size_t  i;

    static const struct {
        as_reopen_e   outcome;
        const char   *state;
        const char   *says;            /* NULL: it is sent */
    } cases[] = {
        { AS_REOPEN_UNKNOWN, "", "refused: the order is unknown" },
        { AS_REOPEN_NEWER, "failed", "; drop the message" },
        { AS_REOPEN_STATE, "requested", "refused: the order is requested" },
        { AS_REOPEN_STATE, "fulfilled", "refused: the order is fulfilled" },
        { AS_REOPEN_STATE, "published", NULL },
        { AS_REOPEN_STATE, "pending", NULL }
    };

    (void) state;

    dlq_letter("m1", NULL, true);

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        db.calls = 0;
        db.reopen.outcome = cases[i].outcome;
        (void) snprintf(db.reopen.state, 16, "%s", cases[i].state);
        (void) snprintf(db.reopen.newer_state, 16, "pending");
        dlq_queue();

        if (cases[i].says == NULL) {
            dlq_accepts(1, 1);
        }

        assert_int_equal(RUN("redrive", "--yes"), cases[i].says == NULL
                         ? AS_EXIT_OK : AS_EXIT_FINDINGS);
        command_wrote(cases[i].says == NULL ? "sent again" : cases[i].says);
    }

    assert_int_equal(dlq_calls(SEND, NULL), 2);
    assert_int_equal(dlq_calls(DELETE, NULL), 2);
}


/* A letter that can never succeed opens no order. */
static void
redrive_poison(void **state)
{
    (void) state;

    (void) snprintf(dlq_letters, sizeof(dlq_letters), "{\"MessageId\":\"m1\","
                    "\"ReceiptHandle\":\"r-m1\",\"Body\":\"gibberish\"}");
    dlq_queue();
    assert_int_equal(RUN("redrive", "--yes"), AS_EXIT_FINDINGS);
    command_wrote("refused: ");
    command_wrote("; drop the message");
    assert_int_equal(db.calls, 0);

    dlq_queue();
    dlq_accepts(0, 1);
    assert_int_equal(RUN("drop", "--yes"), AS_EXIT_OK);
    command_wrote("dropped");
    assert_int_equal(dlq_calls(DELETE, NULL), 1);
}


/* A message without an order id: the consumer opens its order. */
static void
redrive_without_order(void **state)
{
    (void) state;

    dlq_letter("m1", NULL, false);
    dlq_queue();
    dlq_accepts(1, 1);
    db.reopen.product = true;
    (void) snprintf(db.reopen.sku, sizeof(db.reopen.sku), "A");
    db.reopen.stock = 50;
    db.reopen.reorder_point = 5;
    db.reopen.quantity = 10;
    assert_int_equal(RUN("redrive", "--yes"), AS_EXIT_OK);
    assert_int_equal(db.without, 1);
    assert_int_equal(db.calls, 1);
    command_told("warning: message m1: ");
    command_wrote("sent again");
}


/* A failed call ends the command; the remaining letters stay. */
static void
redrive_fails(void **state)
{
    size_t  i;

    (void) state;

    dlq_letter("m1", NULL, true);
    dlq_letter("m2", NULL, true);

    /* the check before the question; the order */
    for (i = 0; i < 2; i++) {
        db.calls = 0;
        db.status[0] = i == 0 ? AS_DB_GONE : AS_DB_OK;
        db.status[2] = i == 1 ? AS_DB_GONE : AS_DB_OK;
        dlq_queue();
        assert_int_equal(RUN("redrive", "--yes"), AS_EXIT_REACH);
        command_told("database: refused: as the test says");
    }

    assert_int_equal(dlq_calls(SEND, NULL), 0);

    /* the message; then its deletion: it exists twice, but is not lost */
    for (i = 0; i < 2; i++) {
        db.calls = 0;
        db.status[2] = AS_DB_OK;
        dlq_queue();
        dlq_accepts(i == 0 ? 0 : 1, 0);
        (void) fake_answer_to(command.fake, i == 0 ? SEND : DELETE, 403,
                              "{\"__type\":\"AccessDenied\"}");
        assert_int_equal(RUN("redrive", "--yes"), AS_EXIT_REACH);
        command_told("SQS is unreachable or refuses: AccessDenied");
    }

    assert_int_equal(dlq_calls("\"r-m2\"", NULL), 4);
}


/* A FIFO queue returns only the heads of its groups: the command reads until
 * none follows, and each attempt to send has one de-duplication id. */
static void
fifo(void **state)
{
    static char            first[5000], second[5000];
    const as_http_call_t  *sent;

    (void) state;

    command.settings.queue_url = FIXTURE_QUEUE ".fifo";
    command.settings.dlq_url = FIXTURE_DLQ ".fifo";
    dlq_letter("m1", NULL, true);
    (void) snprintf(first, sizeof(first), "{\"Messages\":[%s]}", dlq_letters);
    dlq_letters[0] = '\0';
    dlq_letter("m2", NULL, true);
    (void) snprintf(second, sizeof(second), "{\"Messages\":[%s]}", dlq_letters);

    (void) fake_answer_to(command.fake, RECEIVE, 200, first);
    (void) fake_answer_to(command.fake, RECEIVE, 200, "{}");
    (void) fake_answer_to(command.fake, RECEIVE, 200, "{}");
    (void) fake_answer_to(command.fake, RECEIVE, 200, second);
    (void) fake_answer_to(command.fake, RECEIVE, 200, "{}");
    (void) fake_answer_to(command.fake, RECEIVE, 200, "{}");
    (void) fake_answer_to(command.fake, RECEIVE, 200, "{}");
    (void) fake_answer_to(command.fake, RECEIVE, 200, "{}");
    dlq_accepts(2, 2);
    assert_int_equal(RUN("redrive", "--yes"), AS_EXIT_OK);
    command_wrote("m1 ");
    command_wrote("m2 ");
    assert_int_equal(dlq_calls(SEND, &sent), 2);
    assert_non_null(strstr(sent->body, "\"MessageDeduplicationId\":\"m2-"));
}


#define TEST(name)                                                            \
    cmocka_unit_test_setup_teardown(name, setup, command_teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(asks),
        TEST(redrive),
        TEST(redrive_refused),
        TEST(redrive_poison),
        TEST(redrive_without_order),
        TEST(redrive_fails),
        TEST(fifo)
    };

    return cmocka_run_group_tests_name("command_dlq_redrive", tests, NULL,
                                       NULL);
}
