/*
 * The HTTP server of the metrics and of the dashboard's JSON.
 */

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <jansson.h>
#include <microhttpd.h>

#include "run/backlog.h"
#include "run/dashboard.h"
#include "run/metrics.h"


#define AS_METRICS_PART     "metrics"
#define AS_METRICS_TICK_MS  1000
#define AS_METRICS_CLIENTS  16
#define AS_METRICS_BOARD    "/dashboard/"


struct as_metrics_s {
    as_worker_t          *worker;
    const as_consumer_t  *consumer;
    as_dashboard_t       *dashboard;   /* NULL: off */
    struct MHD_Daemon    *daemon;
    as_watch_t            watch;       /* of libmicrohttpd's epoll */
    as_timer_t            timer;       /* time-outs of its connections */
};

/* A request; it may wait for the database. */
typedef struct {
    as_metrics_t           *metrics;
    struct MHD_Connection  *connection;
    bool                    asked;     /* the query has begun */
    as_dashboard_query_t    query;
} as_metrics_request_t;


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
 * 200 while every peer is reachable and holds are released in time, otherwise
 * 503.  The body has each state.  An unknown state is no reason for a 503.
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


/* The client is a page of the same host.  It must not cache the answer. */
static enum MHD_Result
as_metrics_json(struct MHD_Connection *connection, unsigned status,
    const json_t *json)
{
    char                 *body;
    enum MHD_Result       rc;
    struct MHD_Response  *response;

    body = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);
    if (body == NULL) {
        return MHD_NO;
    }

    response = MHD_create_response_from_buffer(strlen(body), body,
                                               MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        free(body);
        return MHD_NO;
    }

    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                            "application/json");
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL,
                            "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    rc = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);

    return rc;
}


static enum MHD_Result
as_metrics_overview(const as_metrics_request_t *request)
{
    json_t           *json;
    enum MHD_Result   rc;

    json = as_dashboard_overview(request->metrics->dashboard);
    rc = as_metrics_json(request->connection, 200, json);
    json_decref(json);

    return rc;
}


static void
as_metrics_queried(void *data)
{
    as_metrics_t          *metrics;
    as_metrics_request_t  *request = data;

    metrics = request->metrics;
    MHD_resume_connection(request->connection);
    as_loop_after(metrics->worker->loop, &metrics->timer, 0);
}


/* Called again after the query is done. */
static enum MHD_Result
as_metrics_query(as_metrics_request_t *request, as_dashboard_kind_e kind,
    const char *name)
{
    const char            *asked;
    as_dashboard_query_t  *query = &request->query;

    if (!request->asked) {
        asked = MHD_lookup_connection_value(request->connection,
                                            MHD_GET_ARGUMENT_KIND, name);
        asked = asked == NULL ? "" : asked;
        if (strlen(asked) > AS_DASHBOARD_ASKED) {
            return as_metrics_reply(request->connection, 414, "text/plain",
                                    "the argument is too long\n", 25);
        }

        strcpy(query->asked, asked);
        query->kind = kind;
        query->done = as_metrics_queried;
        query->data = request;
        request->asked = true;

        if (as_dashboard_query(request->metrics->dashboard, query)) {
            MHD_suspend_connection(request->connection);
            return MHD_YES;
        }
    }

    return as_metrics_json(request->connection, query->status, query->answer);
}


/*
 * False for another name than this host's: a page of a foreign site whose name
 * was made to resolve to 127.0.0.1 must not read the answer in a browser here.
 */
static bool
as_metrics_is_local(struct MHD_Connection *connection)
{
    size_t       i, len;
    const char  *host;

    static const char *const  names[] = { "127.0.0.1", "localhost" };

    host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                       MHD_HTTP_HEADER_HOST);

    for (i = 0; host != NULL && i < 2; i++) {
        len = strlen(names[i]);
        if (strncmp(host, names[i], len) == 0
            && (host[len] == '\0' || host[len] == ':'))
        {
            return true;
        }
    }

    return false;
}


static enum MHD_Result
as_metrics_board(as_metrics_request_t *request, const char *what)
{
    if (request->metrics->dashboard == NULL) {
        return as_metrics_reply(request->connection, 404, "text/plain",
                                "set AUTOSTOCK_DASHBOARD=on\n", 27);
    }

    if (!as_metrics_is_local(request->connection)) {
        return as_metrics_reply(request->connection, 403, "text/plain",
                                "Host must be 127.0.0.1 or localhost\n", 36);
    }

    if (strcmp(what, "overview") == 0) {
        return as_metrics_overview(request);
    }

    if (strcmp(what, "find") == 0) {
        return as_metrics_query(request, AS_DASHBOARD_FIND, "q");
    }

    if (strcmp(what, "products") == 0) {
        return as_metrics_query(request, AS_DASHBOARD_PAGE, "after");
    }

    return as_metrics_reply(request->connection, 404, "text/plain",
                            "overview, find or products\n", 27);
}


static enum MHD_Result
as_metrics_page(as_metrics_t *metrics, struct MHD_Connection *connection)
{
    as_text_t        body = AS_TEXT_EMPTY;
    enum MHD_Result  rc;

    as_metrics_text_write(metrics->worker, metrics->consumer, &body);
    rc = as_metrics_reply(connection, 200,
                          "text/plain; version=0.0.4; charset=utf-8",
                          as_text_get(&body), body.len);
    as_text_free(&body);

    return rc;
}


static enum MHD_Result
as_metrics_answer(void *data, struct MHD_Connection *connection,
    const char *url, const char *method, const char *version,
    const char *upload, size_t *upload_len, void **state)
{
    as_metrics_t          *metrics = data;
    as_metrics_request_t  *request = *state;

    (void) version;
    (void) upload;

    /* the first call has only the request's head */
    if (request == NULL) {
        request = calloc(1, sizeof(*request));
        if (request == NULL) {
            return MHD_NO;
        }
        request->metrics = metrics;
        request->connection = connection;
        *state = request;
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

    if (strcmp(url, "/metrics") == 0) {
        return as_metrics_page(metrics, connection);
    }

    if (strncmp(url, AS_METRICS_BOARD, sizeof(AS_METRICS_BOARD) - 1) == 0) {
        return as_metrics_board(request, url + sizeof(AS_METRICS_BOARD) - 1);
    }

    return as_metrics_reply(connection, 404, "text/plain",
                            "/metrics or /healthz\n", 21);
}


/* A connection that waits for a query is not ended before that is done. */
static void
as_metrics_ended(void *data, struct MHD_Connection *connection, void **state,
    enum MHD_RequestTerminationCode code)
{
    as_metrics_request_t  *request = *state;

    (void) data;
    (void) connection;
    (void) code;

    if (request != NULL) {
        json_decref(request->query.answer);
        free(request);
        *state = NULL;
    }
}


static void
as_metrics_ready(void *data)
{
    int64_t                      ms;
    as_metrics_t                *metrics = data;
    MHD_UNSIGNED_LONG_LONG       left;
    const union MHD_DaemonInfo  *info;

    MHD_run(metrics->daemon);

    /* the timer is needed only while there are connections */
    info = MHD_get_daemon_info(metrics->daemon,
                               MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
    if (info == NULL || info->num_connections == 0) {
        return;
    }

    /* at once where libmicrohttpd has work that its epoll does not report, as
     * after a connection was resumed */
    ms = MHD_get_timeout(metrics->daemon, &left) == MHD_YES && left == 0
         ? 1 : AS_METRICS_TICK_MS;
    as_loop_within(metrics->worker->loop, &metrics->timer, ms);
}


static struct MHD_Daemon *
as_metrics_listen(as_metrics_t *metrics, uint16_t port)
{
    struct sockaddr_in  addr;

    memset(&addr, 0, sizeof(addr));
    addr.sin_family = AF_INET;
    addr.sin_port = htons(port);
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME,
                            port, NULL, NULL,
                            as_metrics_answer, metrics,
                            MHD_OPTION_SOCK_ADDR, &addr,
                            MHD_OPTION_CONNECTION_LIMIT, AS_METRICS_CLIENTS,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                            (size_t) 16384,
                            MHD_OPTION_CONNECTION_TIMEOUT, 10u,
                            MHD_OPTION_NOTIFY_COMPLETED, as_metrics_ended,
                            NULL,
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

    if (worker->settings->dashboard == AS_ON) {
        metrics->dashboard = as_dashboard_create(worker, consumer);
        if (metrics->dashboard == NULL) {
            as_log_write(worker->log, AS_LOG_WARN, AS_METRICS_PART, "cannot "
                         "start the dashboard's database thread: no "
                         "dashboard");
        }
    }

    as_log_write(worker->log, AS_LOG_INFO, AS_METRICS_PART,
                 "http://127.0.0.1:%u/metrics and /healthz%s", port,
                 metrics->dashboard == NULL ? ""
                 : ", the dashboard at " AS_METRICS_BOARD);

    return metrics;
}


void
as_metrics_destroy(as_metrics_t *metrics)
{
    if (metrics == NULL) {
        return;
    }

    /* libmicrohttpd cannot stop while connections wait */
    as_dashboard_destroy(metrics->dashboard);
    as_loop_unwatch(metrics->worker->loop, &metrics->watch);
    as_loop_clear(metrics->worker->loop, &metrics->timer);
    MHD_stop_daemon(metrics->daemon);
    free(metrics);
}


void
as_metrics_reload(as_metrics_t *metrics)
{
    if (metrics != NULL && metrics->dashboard != NULL) {
        as_dashboard_reload(metrics->dashboard);
    }
}
