/*
 * Reads a request's body and sends the JSON answer.
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
 * An access handler calls this first: 1 when the request is complete (in
 * *request), 0 when more data follows, -1 where memory is out.
 */
int fs_request_read(void **state, const char *upload, size_t *upload_size,
    size_t max, fs_request_t **request);

/* MHD_RequestCompletedCallback */
void fs_request_done(void *data, struct MHD_Connection *connection,
    void **state, enum MHD_RequestTerminationCode code);

/* Takes ownership of the reference.  Sorts the keys. */
enum MHD_Result fs_request_answer(struct MHD_Connection *connection,
    unsigned status, int retry_after, json_t *json);

#endif
