#include "fs_factory.h"

#include "fs_clock.h"
#include "fs_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define FS_API_PATH           "/api/manufactures"
#define FS_API_STEPS          4
#define FS_API_COUNT          "MessageAttributeProductCnt"
#define FS_API_REQUESTER      "MessageAttributeRequester"
#define FS_API_CALLBACK       "CallbackUrl"

/* 100 ns intervals between 1582-10-15 and 1970-01-01: RFC 9562, section 5.1 */
#define FS_API_UUID_EPOCH     0x01b21dd213814000ULL

/* The factory's ids are UUIDs of version 1. */
static void
fs_api_make_id(char id[37])
{
    uint64_t         ticks;
    unsigned char    rest[8];
    struct timespec  ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    ticks = (uint64_t) ts.tv_sec * 10000000 + (uint64_t) ts.tv_nsec / 100
            + FS_API_UUID_EPOCH;
    if (getrandom(rest, sizeof(rest), 0) != sizeof(rest)) {
        memset(rest, 0, sizeof(rest));
    }

    snprintf(id, 37, "%08x-%04x-1%03x-%02x%02x-%02x%02x%02x%02x%02x%02x",
             (unsigned) (ticks & 0xffffffff),
             (unsigned) ((ticks >> 32) & 0xffff),
             (unsigned) ((ticks >> 48) & 0x0fff),
             (rest[0] & 0x3fu) | 0x80u, rest[1], rest[2] | 1u, rest[3],
             rest[4], rest[5], rest[6], rest[7]);
}

static enum MHD_Result
fs_api_error(struct MHD_Connection *connection, unsigned status,
    int retry_after, const char *text)
{
    return fs_request_answer(connection, status, retry_after,
                             json_pack("{s:s}", "error", text));
}

/* The body of the callback: the whole request, or with another count. */
static char *
fs_api_echo(json_t *request, const fs_fate_t *fate)
{
    char     text[24], *echo;
    json_t  *copy, *count;

    copy = json_deep_copy(request);
    if (fs_fate_has(fate, FS_FAULT_CALLBACK_COUNT) && json_is_object(copy)) {
        snprintf(text, sizeof(text), "%lld", (long long) fate->count);
        count = json_is_string(json_object_get(copy, FS_API_COUNT))
                ? json_string(text) : json_integer(fate->count);
        json_object_set_new(copy, FS_API_COUNT, count);
    }

    echo = json_dumps(copy, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(copy);
    return echo;
}

static int
fs_api_produce(fs_factory_t *factory, json_t *request, const char *id,
    const fs_fate_t *fate)
{
    int         rc;
    json_t     *url;
    fs_order_t  order;

    url = json_object_get(request, FS_API_CALLBACK);

    memset(&order, 0, sizeof(order));
    memcpy(order.id, id, sizeof(order.id));
    order.url = json_is_string(url) ? (char *) json_string_value(url) : NULL;
    order.due = fs_clock_now() + FS_API_STEPS * factory->step_ms
                + fate->late_ms;
    order.lost = fs_fate_has(fate, FS_FAULT_NO_CALLBACK);
    order.body = fs_api_echo(request, fate);
    if (order.body == NULL) {
        return -1;
    }

    rc = fs_orders_add(factory->orders, &order);
    if (rc == 0 && fs_fate_has(fate, FS_FAULT_CALLBACK_TWICE)) {
        rc = fs_orders_add(factory->orders, &order);
    }

    free(order.body);
    fs_callbacks_wake(factory->callbacks);
    return rc;
}

static void
fs_api_note(fs_factory_t *factory, struct MHD_Connection *connection,
    unsigned status, const char *id, json_t *request)
{
    json_t      *fields;
    const char  *trace;

    fields = json_pack("{s:i}", "status", (int) status);
    if (id != NULL) {
        json_object_set_new(fields, "id", json_string(id));
    }
    if (request != NULL) {
        json_object_set(fields, "body", request);
    }

    trace = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                        "traceparent");
    if (trace != NULL) {
        json_object_set_new(fields, "traceparent", json_string(trace));
    }
    fs_journal_write(factory->journal, "request", fields);
}

/*
 * Answers 201 with the request, the factory's id, and the misspelt key of the
 * Factory API.
 */
static enum MHD_Result
fs_api_accept(fs_factory_t *factory, struct MHD_Connection *connection,
    json_t *request, const fs_fate_t *fate)
{
    char     id[37];
    json_t  *data, *requester;

    /* status 0 with an id: accepted, but the client received no answer */
    fs_api_make_id(id);
    fs_api_note(factory, connection,
                fs_fate_has(fate, FS_FAULT_DROP) ? 0 : 201, id, request);

    if (fs_api_produce(factory, request, id, fate) != 0) {
        return fs_api_error(connection, 500, -1, "no memory");
    }
    if (fs_fate_has(fate, FS_FAULT_DROP)) {
        return MHD_NO;
    }

    data = json_pack("{s:O, s:s}", "data", request, "id", id);
    requester = json_object_get(request, FS_API_REQUESTER);
    if (requester != NULL) {
        json_object_set(data, "reqestor", requester);
    }
    return fs_request_answer(connection, 201, -1,
                             json_pack("{s:o}", "data", data));
}

static enum MHD_Result
fs_api_manufacture(fs_factory_t *factory, struct MHD_Connection *connection,
    const char *body)
{
    json_t           *request;
    fs_fate_t         fate;
    enum MHD_Result   result;

    fs_faults_take(factory->faults, body, &fate);
    request = json_loads(body, 0, NULL);

    if (fs_fate_has(&fate, FS_FAULT_SLOW)) {
        fs_factory_linger(factory, fate.slow_ms);
    }

    if (fs_fate_has(&fate, FS_FAULT_RESET)) {
        fs_api_note(factory, connection, 0, NULL, request);
        result = MHD_NO;

    } else if (fs_fate_has(&fate, FS_FAULT_STATUS)) {
        fs_api_note(factory, connection, (unsigned) fate.status, NULL,
                    request);
        result = fs_api_error(connection, (unsigned) fate.status,
                              fate.retry_after, "refused by option");

    } else if (request == NULL) {
        fs_api_note(factory, connection, 400, NULL, NULL);
        result = fs_api_error(connection, 400, -1, "broken JSON");

    } else {
        result = fs_api_accept(factory, connection, request, &fate);
    }

    json_decref(request);
    return result;
}

enum MHD_Result
fs_api_handle(void *data, struct MHD_Connection *connection,
    const char *url, const char *method, const char *version,
    const char *upload, size_t *upload_size, void **state)
{
    int             rc;
    fs_request_t   *request = NULL;

    (void) version;

    rc = fs_request_read(state, upload, upload_size, FS_BODY_MAX, &request);
    if (rc != 1) {
        return rc == 0 ? MHD_YES : MHD_NO;
    }

    if (strcmp(url, FS_API_PATH) != 0 || strcmp(method, "POST") != 0) {
        return fs_api_error(connection, 404, -1, "Not Found");
    }
    if (request->too_big) {
        return fs_api_error(connection, 413, -1, "too large");
    }
    return fs_api_manufacture(data, connection, request->body);
}
