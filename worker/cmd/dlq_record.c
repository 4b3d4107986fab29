/*
 * A dead letter as it is shown.
 */

#include <time.h>

#include "cmd/dlq.h"
#include "db/record.h"


const char *
as_dlq_order(const as_dead_t *dead, char text[AS_UUID_TEXT_LEN + 1])
{
    if (!dead->letter->message.has_order) {
        return NULL;
    }

    *as_uuid_text(dead->letter->message.order_id, text) = '\0';

    return text;
}


static const char *
as_dlq_time(int64_t ms, char text[32])
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


json_t *
as_dlq_record(const as_dead_t *dead, bool body)
{
    char     order[AS_UUID_TEXT_LEN + 1], since[32];
    json_t  *record;

    record = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
        "message_id", as_record_text(dead->letter->id),
        "order_id", as_record_text(as_dlq_order(dead, order)),
        "sku", as_record_text(dead->sku),
        "dead_since", as_record_text(as_dlq_time(dead->sent_ms,
                                                       since)),
        "attempts", as_record_text(dead->attempts),
        "status", as_record_text(dead->status),
        "reason", as_record_text(dead->reason == NULL
                               ? "moved by SQS itself" : dead->reason),
        "worker", as_record_text(dead->worker));

    if (body && record != NULL) {
        (void) json_object_set_new(record, "body",
                                   as_record_text(dead->letter->body));
    }

    return record;
}
