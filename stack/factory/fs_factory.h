/*
 * The state that the simulator's two servers share: the API port, which is the
 * legacy Factory API, and the control port, by which tests control the
 * simulator.
 */

#ifndef FS_FACTORY_H
#define FS_FACTORY_H

#include "fs_callback.h"
#include "fs_fault.h"
#include "fs_journal.h"
#include "fs_orders.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#define FS_BODY_MAX  (1024 * 1024)

typedef struct {
    fs_journal_t       *journal;
    fs_orders_t        *orders;
    fs_faults_t        *faults;
    fs_callbacks_t     *callbacks;

    _Atomic int64_t     step_ms;     /* one of four steps of a production */

    /* until when connections are refused; 0: not at all */
    _Atomic int64_t     refuse_until;

    /* delayed answers wait here, so that a stop need not wait for them */
    pthread_mutex_t     mutex;
    pthread_cond_t      closing_cond;
    int                 closing;
} fs_factory_t;

/* Waits for ms, or returns at once when the API port is being closed. */
void fs_factory_linger(fs_factory_t *factory, int64_t ms);

/* Refuses connections for ms from now on. */
void fs_factory_refuse(fs_factory_t *factory, int64_t ms);

/*
 * Request handlers of the two ports, and the function that frees a request's
 * body.
 */
enum MHD_Result fs_api_handle(void *data, struct MHD_Connection *connection,
    const char *url, const char *method, const char *version,
    const char *upload, size_t *upload_size, void **state);
enum MHD_Result fs_control_handle(void *data,
    struct MHD_Connection *connection, const char *url, const char *method,
    const char *version, const char *upload, size_t *upload_size,
    void **state);

#endif
