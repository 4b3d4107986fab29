/*
 * A request's body as it comes in, and the JSON that goes out.
 */

#ifndef FS_REQUEST_H
#define FS_REQUEST_H

#include <jansson.h>
#include <microhttpd.h>
#include <stddef.h>

typedef struct {
    char    *body;             /* NUL-terminated */
    size_t   len;
    int      too_big;
} fs_request_t;

/*
 * To be called first by an access handler: 1 when the request is complete
 * (*request is it), 0 when there is more to come, -1 on no memory.
 */
int fs_request_read(void **state, const char *upload, size_t *upload_size,
    size_t max, fs_request_t **request);

/* MHD_RequestCompletedCallback */
void fs_request_done(void *data, struct MHD_Connection *connection,
    void **state, enum MHD_RequestTerminationCode code);

/* Takes the reference; keys sorted. */
enum MHD_Result fs_request_answer(struct MHD_Connection *connection,
    unsigned status, int retry_after, json_t *json);

#endif
