/*
 * A dead letter: reads it, with the worker's attributes, and writes it as JSON.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "db/record.h"
#include "run/dead.h"


static char *
as_dead_copy(const as_sqs_message_t *message, const char *name)
{
    const char  *value;

    value = as_sqs_answer_attribute(message, name);

    return value == NULL ? NULL : strdup(value);
}


int
as_dead_read(as_dead_t *dead, const as_sqs_message_t *message)
{
    memset(dead, 0, sizeof(*dead));
    dead->delivery = as_delivery_create(NULL, message);
    if (dead->delivery == NULL) {
        return -1;
    }

    dead->reason = as_dead_copy(message, AS_DEAD_REASON);
    dead->status = as_dead_copy(message, AS_DEAD_STATUS);
    dead->attempts = as_dead_copy(message, AS_DEAD_ATTEMPTS);
    dead->worker = as_dead_copy(message, AS_DEAD_WORKER);
    dead->sent_ms = message->sent_ms;

    return 0;
}


void
as_dead_free(as_dead_t *dead)
{
    if (dead->delivery != NULL) {
        as_delivery_destroy(dead->delivery);
    }

    free(dead->receipt);
    free(dead->reason);
    free(dead->status);
    free(dead->attempts);
    free(dead->worker);
    free(dead->sku);
}


void
as_dead_forget(as_dead_t *dead)
{
    char  *receipt;

    receipt = strdup(dead->delivery->receipt);
    if (receipt == NULL) {
        return;                        /* it is kept */
    }

    as_dead_free(dead);
    memset(dead, 0, sizeof(*dead));
    dead->receipt = receipt;
}


const char *
as_dead_order(const as_dead_t *dead, char text[AS_UUID_TEXT_LEN + 1])
{
    if (!dead->delivery->message.has_order) {
        return NULL;
    }

    *as_uuid_text(dead->delivery->message.order_id, text) = '\0';

    return text;
}


static const char *
as_dead_time(int64_t ms, char text[32])
{
    time_t     seconds;
    struct tm  tm;

    if (ms == 0) {
        return NULL;
    }

    seconds = (time_t) (ms / 1000);
    gmtime_r(&seconds, &tm);
    strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);

    return text;
}


/*
 * A number where the text is one: an attribute of another sender may have any
 * value.
 */
static json_t *
as_dead_number(const char *text)
{
    char       *end;
    long long   n;

    if (text == NULL || *text < '0' || *text > '9') {
        return as_record_text(text);
    }

    errno = 0;
    n = strtoll(text, &end, 10);

    return errno == 0 && *end == '\0' ? json_integer(n)
                                      : as_record_text(text);
}


json_t *
as_dead_record(const as_dead_t *dead, bool body)
{
    char     order[AS_UUID_TEXT_LEN + 1], since[32];
    json_t  *record;

    record = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
        "message_id", as_record_text(dead->delivery->id),
        "order_id", as_record_text(as_dead_order(dead, order)),
        "sku", as_record_text(dead->sku),
        "dead_since", as_record_text(as_dead_time(dead->sent_ms, since)),
        "attempts", as_dead_number(dead->attempts),
        "status", as_dead_number(dead->status),
        "reason", as_record_text(dead->reason == NULL
                                 ? "moved by SQS itself" : dead->reason),
        "worker", as_record_text(dead->worker));

    if (body && record != NULL) {
        (void) json_object_set_new(record, "body",
                                   as_record_text(dead->delivery->body));
    }

    return record;
}
