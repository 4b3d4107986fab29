#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "dlq_fixture.h"


char  dlq_letters[4096];


int
dlq_setup(void **state)
{
    dlq_letters[0] = '\0';

    return command_setup(state);
}


void
dlq_letter(const char *id, const char *reason, bool order)
{
    size_t  len;

    len = strlen(dlq_letters);
    (void) snprintf(dlq_letters + len, sizeof(dlq_letters) - len,
        "%s{\"MessageId\":\"%s\",\"ReceiptHandle\":\"r-%s\",\"Body\":"
        "\"{\\\"MessageAttributeProductId\\\":\\\"A\\\","
        "\\\"MessageAttributeProductCnt\\\":\\\"10\\\"%s}\",\"Attributes\":{"
        "\"SentTimestamp\":\"1440938160123\"},\"MessageAttributes\":{%s%s%s}}",
        len == 0 ? "" : ",", id, id, order ? ",\\\"MessageAttributeOrderId\\\""
        ":\\\"" ORDER "\\\"" : "", reason == NULL ? ""
        : "\"AutostockReason\":{\"DataType\":\"String\",\"StringValue\":\"",
        reason == NULL ? "" : reason, reason == NULL ? ""
        : "\"},\"AutostockStatus\":{\"DataType\":\"String\",\"StringValue\":"
          "\"400\"},\"AutostockAttempts\":{\"DataType\":\"String\","
          "\"StringValue\":\"many\"}");
}


void
dlq_queue(void)
{
    static char  receive[5000];

    (void) snprintf(receive, sizeof(receive), "{\"Messages\":[%s]}",
                    dlq_letters);
    (void) fake_answer_to(command.fake, RECEIVE, 200, receive);
    (void) fake_answer_to(command.fake, RECEIVE, 200, "{}");
    (void) fake_answer_to(command.fake, RECEIVE, 200, "{}");
    (void) fake_answer_to(command.fake, BACK, 200,
                          "{\"Successful\":[],\"Failed\":[]}");
}


void
dlq_accepts(unsigned sends, unsigned deletes)
{
    while (sends-- > 0) {
        (void) fake_answer_to(command.fake, SEND, 200,
                              "{\"MessageId\":\"new\"}");
    }

    while (deletes-- > 0) {
        (void) fake_answer_to(command.fake, DELETE, 200, "{}");
    }
}


unsigned
dlq_calls(const char *text, const as_http_call_t **last)
{
    size_t    i;
    unsigned  n;

    for (i = 0, n = 0; i < command.fake->ncalls; i++) {
        if (fake_is_to(&command.fake->calls[i], text)) {
            n++;
            if (last != NULL) {
                *last = &command.fake->calls[i];
            }
        }
    }

    return n;
}
