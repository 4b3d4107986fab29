/*
 * The metrics in Prometheus's text format.
 */

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include <curl/curl.h>

#include "as_version.h"
#include "run/backlog.h"
#include "run/metrics.h"


#define AS_AT(field)  offsetof(as_counters_t, field)


static const struct {
    const char  *name;                 /* autostock_worker_... */
    const char  *help;
    size_t       offset;
} as_metrics_counters[] = {
    { "orders_claimed_total", "orders taken from the outbox", AS_AT(claimed) },
    { "orders_published_total", "orders published to SNS", AS_AT(published) },
    { "orders_publish_failures_total", "publications that failed",
      AS_AT(publish_failed) },
    { "orders_paused_total", "orders delayed after failures", AS_AT(paused) },
    { "messages_received_total", "messages received from SQS",
      AS_AT(received) },
    { "messages_deleted_total", "messages deleted", AS_AT(deleted) },
    { "messages_delete_failures_total", "messages that could not be deleted",
      AS_AT(delete_failed) },
    { "messages_backed_off_total", "messages returned to the queue for later",
      AS_AT(backed_off) },
    { "messages_dead_total", "messages moved to the dead letters",
      AS_AT(dead) },
    { "messages_duplicate_total", "messages that needed no request",
      AS_AT(duplicates) },
    { "messages_joined_total", "messages that joined an open order",
      AS_AT(joined) },
    { "messages_opened_total", "messages that opened an order",
      AS_AT(opened) },
    { "orders_requested_total", "orders accepted by the factory",
      AS_AT(requested) },
    { "orders_asked_again_total", "overdue orders published again",
      AS_AT(asked_again) },
    { "orders_overdue_failed_total", "orders failed without callback",
      AS_AT(overdue_failed) },
    { "orders_restocked_total", "orders opened by the watchdog",
      AS_AT(restocked) },
    { "openings_written_total", "opening movements written by the watchdog",
      AS_AT(openings) },
    { "idempotency_keys_cleared_total", "expired keys deleted",
      AS_AT(forgotten) },
    { "holds_expired_total", "holds released since they were due",
      AS_AT(holds_expired) },
    { "spans_exported_total", "spans that the collector accepted",
      AS_AT(spans_exported) },
    { "spans_dropped_total", "spans dropped: the collector was away or refused "
      "them", AS_AT(spans_dropped) },
};


static void
as_metrics_text_head(as_text_t *out, const char *name, const char *help,
    const char *type)
{
    as_text_printf(out, "# HELP autostock_worker_%s %s\n"
                   "# TYPE autostock_worker_%s %s\n", name, help, name,
                   type);
}


static void
as_metrics_text_gauge(as_text_t *out, const char *name, const char *help,
    double value)
{
    as_metrics_text_head(out, name, help, "gauge");
    as_text_printf(out, "autostock_worker_%s %.15g\n", name, value);
}


static void
as_metrics_text_calls(const as_counters_t *counters, as_text_t *out)
{
    int       i;
    double    limit;
    uint64_t  sum;

    as_metrics_text_head(out, "factory_calls_total",
                         "calls by status; none: no answer", "counter");
    as_text_printf(out, "autostock_worker_factory_calls_total{code=\"none\"}"
                   " %" PRIu64 "\n", counters->calls[0]);
    for (i = 1; i < AS_STATUS_CODES; i++) {
        if (counters->calls[i] > 0) {
            as_text_printf(out, "autostock_worker_factory_calls_total"
                           "{code=\"%d\"} %" PRIu64 "\n", i,
                           counters->calls[i]);
        }
    }

    as_metrics_text_head(out, "factory_call_seconds", "duration of calls",
                         "histogram");
    for (i = 0, sum = 0, limit = 0.001; i < AS_LATENCY_BUCKETS; i++) {
        sum += counters->call_us[i];
        as_text_printf(out, "autostock_worker_factory_call_seconds_bucket"
                       "{le=\"%g\"} %" PRIu64 "\n", limit, sum);
        limit *= 2;
    }

    sum += counters->call_us[AS_LATENCY_BUCKETS];
    as_text_printf(out, "autostock_worker_factory_call_seconds_bucket"
                   "{le=\"+Inf\"} %" PRIu64 "\n"
                   "autostock_worker_factory_call_seconds_sum %.6f\n"
                   "autostock_worker_factory_call_seconds_count %" PRIu64
                   "\n", sum, (double) counters->call_us_sum / 1e6, sum);
}


typedef enum {
    AS_METRICS_BREAKER = 0,
    AS_METRICS_WAITING,
    AS_METRICS_CALLS,
    AS_METRICS_SUCCESS,
    AS_METRICS_KINDS
} as_metrics_kind_e;

typedef struct {
    as_text_t          *out;
    as_metrics_kind_e   kind;
    const char         *name;
    int64_t             skew;          /* Unix time minus the loop's time */
} as_metrics_visit_t;


static void
as_metrics_text_factory(void *data, const as_factory_view_t *view)
{
    double               value;
    as_metrics_visit_t  *visit = data;

    switch (visit->kind) {
    case AS_METRICS_BREAKER:
        value = view->open;
        break;

    case AS_METRICS_WAITING:
        value = (double) view->waiting;
        break;

    case AS_METRICS_CALLS:
        value = (double) view->calls;
        break;

    default:
        value = (double) (view->success_at + visit->skew) / 1000;
        if (view->success_at < 0) {
            return;
        }
    }

    as_text_printf(visit->out, "autostock_worker_%s{factory=", visit->name);
    as_text_json_string(visit->out, view->name, strlen(view->name));
    as_text_printf(visit->out, "} %.15g\n", value);
}


/* The format requires that all lines of a metric are adjacent. */
static void
as_metrics_text_factories(const as_worker_t *worker,
    const as_consumer_t *consumer, as_text_t *out)
{
    int                       kind;
    as_metrics_visit_t        visit;
    static const char *const  texts[AS_METRICS_KINDS][2] = {
        { "breaker_open", "1 while the factory's circuit is open" },
        { "factory_waiting", "messages that wait for the factory" },
        { "factory_in_flight", "running calls to the factory" },
        { "factory_last_success_seconds",
          "Unix time when the factory last accepted or refused a request" }
    };

    visit.out = out;
    visit.skew = as_loop_unix_ms(worker->loop) - as_loop_now(worker->loop);

    for (kind = 0; kind < AS_METRICS_KINDS; kind++) {
        visit.kind = (as_metrics_kind_e) kind;
        visit.name = texts[kind][0];
        as_metrics_text_head(out, texts[kind][0], texts[kind][1], "gauge");
        as_factories_visit(as_consumer_factories(consumer),
                           as_metrics_text_factory, &visit);
    }
}


static void
as_metrics_text_peers(const as_worker_t *worker, as_text_t *out)
{
    size_t              i;
    int64_t             skew;
    const as_health_t  *peers[3];

    peers[0] = &worker->db;
    peers[1] = &worker->sns;
    peers[2] = &worker->sqs;
    skew = as_loop_unix_ms(worker->loop) - as_loop_now(worker->loop);

    as_metrics_text_head(out, "up", "1 while the peer is reachable", "gauge");
    for (i = 0; i < 3; i++) {
        as_text_printf(out, "autostock_worker_up{peer=\"%s\"} %d\n",
                       peers[i]->name, !peers[i]->down);
    }

    as_metrics_text_head(out, "last_success_seconds",
                         "Unix time of the peer's last successful answer",
                         "gauge");
    for (i = 0; i < 3; i++) {
        if (peers[i]->ok_ms > 0) {
            as_text_printf(out, "autostock_worker_last_success_seconds"
                           "{peer=\"%s\"} %.3f\n", peers[i]->name,
                           (double) (peers[i]->ok_ms + skew) / 1000);
        }
    }
}


static void
as_metrics_text_holds(const as_backlog_view_t *view, as_text_t *out)
{
    as_metrics_text_gauge(out, "holds_open", "open holds; -1: not known",
                          view->holds_open);
    as_metrics_text_gauge(out, "holds_pieces", "pieces in open holds",
                          view->holds_pieces);
    as_metrics_text_gauge(out, "holds_due", "holds past their time, not yet "
                          "released", view->holds_due);
    as_metrics_text_gauge(out, "holds_due_oldest_seconds", "how long the "
                          "oldest of them is due", view->holds_due_oldest_s);
}


static void
as_metrics_text_gauges(const as_worker_t *worker, const as_consumer_t *consumer,
    as_text_t *out)
{
    int64_t               now;
    as_backlog_view_t     view;
    const as_counters_t  *c = &worker->counters;

    now = as_loop_now(worker->loop);
    as_backlog_view(c, now, as_loop_unix_ms(worker->loop) - now, &view);

    as_metrics_text_gauge(out, "in_flight", "messages in flight",
                          (double) as_consumer_in_hand(consumer));
    as_metrics_text_gauge(out, "outbox_pending",
                          "orders not published; -1: not known", view.pending);
    as_metrics_text_gauge(out, "outbox_oldest_seconds",
                          "age of the oldest order that is due",
                          view.pending_oldest_s);
    as_metrics_text_gauge(out, "orders_published", "orders published, not yet "
                          "requested", view.published);
    as_metrics_text_gauge(out, "orders_requested",
                          "orders requested, goods not yet arrived",
                          view.requested);
    as_metrics_text_gauge(out, "orders_overdue", "orders whose callback is "
                          "overdue", view.overdue);
    as_metrics_text_gauge(out, "orders_counted_seconds",
                          "Unix time of the last count of the orders",
                          view.counted_s);
    as_metrics_text_holds(&view, out);
    as_metrics_text_gauge(out, "queue_visible",
                          "messages in the queue; -1: not known",
                          (double) c->queue_visible);
    as_metrics_text_gauge(out, "queue_in_flight", "messages in flight in all "
                          "workers",
                          (double) c->queue_in_flight);
    as_metrics_text_gauge(out, "dlq_visible", "dead letters, also those that "
                          "a reader holds; -1: not known",
                          (double) c->dlq_visible);
}


static void
as_metrics_text_build(as_text_t *out)
{
    as_metrics_text_head(out, "build_info", "version of the worker and of its "
                         "library for HTTP", "gauge");
    as_text_printf(out, "autostock_worker_build_info{version=\"%s\","
                   "libcurl=\"%s\"} 1\n", AUTOSTOCK_VERSION,
                   curl_version_info(CURLVERSION_NOW)->version);
}


void
as_metrics_text_write(const as_worker_t *worker, const as_consumer_t *consumer,
    as_text_t *out)
{
    size_t                i;
    const as_counters_t  *c = &worker->counters;

    as_metrics_text_build(out);

    for (i = 0; i < sizeof(as_metrics_counters)
                    / sizeof(as_metrics_counters[0]); i++)
    {
        as_metrics_text_head(out, as_metrics_counters[i].name,
                             as_metrics_counters[i].help, "counter");
        as_text_printf(out, "autostock_worker_%s %" PRIu64 "\n",
                       as_metrics_counters[i].name,
                       *(const uint64_t *) ((const char *) c
                       + as_metrics_counters[i].offset));
    }

    as_metrics_text_gauges(worker, consumer, out);
    as_metrics_text_calls(c, out);

    as_metrics_text_head(out, "order_lead_seconds",
                         "from an order's opening to the factory's acceptance",
                         "summary");
    as_text_printf(out, "autostock_worker_order_lead_seconds_sum %.6f\n"
                   "autostock_worker_order_lead_seconds_count %" PRIu64 "\n",
                   c->lead_sum_s, c->lead_count);

    as_metrics_text_peers(worker, out);
    as_metrics_text_factories(worker, consumer, out);
}
