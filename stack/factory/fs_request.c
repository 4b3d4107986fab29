#include "fs_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
fs_request_append(fs_request_t *request, const char *data, size_t len,
    size_t max)
{
    char  *body;

    if (request->too_big || request->len + len > max) {
        request->too_big = 1;
        return 0;
    }

    body = realloc(request->body, request->len + len + 1);
    if (body == NULL) {
        return -1;
    }

    memcpy(body + request->len, data, len);
    request->body = body;
    request->len += len;
    body[request->len] = '\0';
    return 0;
}

int
fs_request_read(void **state, const char *upload, size_t *upload_size,
    size_t max, fs_request_t **request)
{
    fs_request_t  *r = *state;

    if (r == NULL) {
        r = calloc(1, sizeof(*r));
        *state = r;
        return r == NULL || fs_request_append(r, "", 0, max) ? -1 : 0;
    }

    if (*upload_size > 0) {
        if (fs_request_append(r, upload, *upload_size, max)) {
            return -1;
        }
        *upload_size = 0;
        return 0;
    }

    *request = r;
    return 1;
}

void
fs_request_done(void *data, struct MHD_Connection *connection, void **state,
    enum MHD_RequestTerminationCode code)
{
    fs_request_t  *request = *state;

    (void) data;
    (void) connection;
    (void) code;

    if (request != NULL) {
        free(request->body);
        free(request);
    }
    *state = NULL;
}

enum MHD_Result
fs_request_answer(struct MHD_Connection *connection, unsigned status,
    int retry_after, json_t *json)
{
    char                  seconds[16], *text;
    enum MHD_Result       result;
    struct MHD_Response  *response;

    text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(json);
    if (text == NULL) {
        return MHD_NO;
    }

    response = MHD_create_response_from_buffer(strlen(text), text,
                                               MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        free(text);
        return MHD_NO;
    }

    MHD_add_response_header(response, "Content-Type", "application/json");
    if (retry_after >= 0) {
        snprintf(seconds, sizeof(seconds), "%d", retry_after);
        MHD_add_response_header(response, "Retry-After", seconds);
    }

    result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}
