/*
 * The HTTP server of the metrics.
 */

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <microhttpd.h>

#include "run/backlog.h"
#include "run/metrics.h"


#define AS_METRICS_PART     "metrics"
#define AS_METRICS_TICK_MS  1000
#define AS_METRICS_CLIENTS  16


struct as_metrics_s {
    as_worker_t          *worker;
    const as_consumer_t  *consumer;
    struct MHD_Daemon    *daemon;
    as_watch_t            watch;       /* of libmicrohttpd's epoll */
    as_timer_t            timer;       /* time-outs of its connections */
};


static enum MHD_Result
as_metrics_reply(struct MHD_Connection *connection, unsigned status,
    const char *type, const char *body, size_t len)
{
    enum MHD_Result       rc;
    struct MHD_Response  *response;

    response = MHD_create_response_from_buffer(len, (void *) body,
                                               MHD_RESPMEM_MUST_COPY);
    if (response == NULL) {
        return MHD_NO;
    }

    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    rc = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);

    return rc;
}


/*
 * 200 while every peer is in reach and holds are released in time, otherwise
 * 503 and what is not.  What is not known yet is no reason for a 503.
 */
static enum MHD_Result
as_metrics_health(const as_metrics_t *metrics,
    struct MHD_Connection *connection)
{
    bool                well, late;
    as_text_t           body = AS_TEXT_EMPTY;
    enum MHD_Result     rc;
    const as_worker_t  *worker = metrics->worker;

    late = as_backlog_holds_late(&worker->counters,
                                 as_loop_now(worker->loop));
    well = !worker->db.down && !worker->sns.down && !worker->sqs.down;
    as_text_printf(&body, "{\"status\":\"%s\",\"database\":\"%s\","
                   "\"sns\":\"%s\",\"sqs\":\"%s\",\"holds\":\"%s\"}\n",
                   !well ? "down" : late ? "late" : "ok",
                   worker->db.down ? "down" : "ok",
                   worker->sns.down ? "down" : "ok",
                   worker->sqs.down ? "down" : "ok",
                   late ? "late"
                   : as_backlog_holds_known(&worker->counters) ? "ok"
                   : "unknown");

    rc = as_metrics_reply(connection, well && !late ? 200 : 503,
                          "application/json",
                          as_text_get(&body), body.len);
    as_text_free(&body);

    return rc;
}


static enum MHD_Result
as_metrics_answer(void *data, struct MHD_Connection *connection,
    const char *url, const char *method, const char *version,
    const char *upload, size_t *upload_len, void **state)
{
    as_text_t        body = AS_TEXT_EMPTY;
    as_metrics_t    *metrics = data;
    enum MHD_Result  rc;

    (void) version;
    (void) upload;

    /* the first call has only the request's head */
    if (*state == NULL) {
        *state = metrics;
        return MHD_YES;
    }

    if (*upload_len != 0) {
        *upload_len = 0;
        return MHD_YES;
    }

    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        return as_metrics_reply(connection, 405, "text/plain",
                                "only GET and HEAD\n", 18);
    }

    if (strcmp(url, "/healthz") == 0) {
        return as_metrics_health(metrics, connection);
    }

    if (strcmp(url, "/metrics") != 0) {
        return as_metrics_reply(connection, 404, "text/plain",
                                "/metrics or /healthz\n", 21);
    }

    as_metrics_text_write(metrics->worker, metrics->consumer, &body);
    rc = as_metrics_reply(connection, 200,
                          "text/plain; version=0.0.4; charset=utf-8",
                          as_text_get(&body), body.len);
    as_text_free(&body);

    return rc;
}


static void
as_metrics_ready(void *data)
{
    as_metrics_t                *metrics = data;
    const union MHD_DaemonInfo  *info;

    MHD_run(metrics->daemon);

    /* the timer is needed only while there are connections */
    info = MHD_get_daemon_info(metrics->daemon,
                               MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
    if (info != NULL && info->num_connections > 0) {
        as_loop_within(metrics->worker->loop, &metrics->timer,
                       AS_METRICS_TICK_MS);
    }
}


static struct MHD_Daemon *
as_metrics_listen(as_metrics_t *metrics, uint16_t port)
{
    struct sockaddr_in  addr;

    memset(&addr, 0, sizeof(addr));
    addr.sin_family = AF_INET;
    addr.sin_port = htons(port);
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    return MHD_start_daemon(MHD_USE_EPOLL, port, NULL, NULL,
                            as_metrics_answer, metrics,
                            MHD_OPTION_SOCK_ADDR, &addr,
                            MHD_OPTION_CONNECTION_LIMIT, AS_METRICS_CLIENTS,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                            (size_t) 16384,
                            MHD_OPTION_CONNECTION_TIMEOUT, 10u,
                            MHD_OPTION_END);
}


as_metrics_t *
as_metrics_create(as_worker_t *worker, const as_consumer_t *consumer)
{
    uint16_t                     port;
    as_metrics_t                *metrics;
    const union MHD_DaemonInfo  *info;

    port = (uint16_t) worker->settings->metrics_port;
    if (port == 0) {
        return NULL;
    }

    metrics = calloc(1, sizeof(*metrics));
    if (metrics == NULL) {
        return NULL;
    }

    metrics->worker = worker;
    metrics->consumer = consumer;
    metrics->timer.fn = as_metrics_ready;
    metrics->timer.data = metrics;
    metrics->watch.fn = as_metrics_ready;
    metrics->watch.data = metrics;
    metrics->daemon = as_metrics_listen(metrics, port);
    info = metrics->daemon == NULL ? NULL
           : MHD_get_daemon_info(metrics->daemon, MHD_DAEMON_INFO_EPOLL_FD);

    if (info == NULL
        || as_loop_watch(worker->loop, &metrics->watch, info->epoll_fd,
                         AS_LOOP_READ) != 0)
    {
        as_log_write(worker->log, AS_LOG_WARN, AS_METRICS_PART, "cannot "
                     "listen on 127.0.0.1:%u: no metrics; choose another "
                     "AUTOSTOCK_METRICS_PORT, or 0", port);
        if (metrics->daemon != NULL) {
            MHD_stop_daemon(metrics->daemon);
        }
        free(metrics);
        return NULL;
    }

    as_log_write(worker->log, AS_LOG_INFO, AS_METRICS_PART,
                 "http://127.0.0.1:%u/metrics and /healthz", port);

    return metrics;
}


void
as_metrics_destroy(as_metrics_t *metrics)
{
    if (metrics == NULL) {
        return;
    }

    as_loop_unwatch(metrics->worker->loop, &metrics->watch);
    as_loop_clear(metrics->worker->loop, &metrics->timer);
    MHD_stop_daemon(metrics->daemon);
    free(metrics);
}
