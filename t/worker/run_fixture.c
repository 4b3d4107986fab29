#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "run_fixture.h"


run_fixture_t  parts;


static void
event(const char *part, const char *what)
{
    size_t  len;

    len = strlen(parts.shared->events);
    (void) snprintf(parts.shared->events + len,
                    sizeof(parts.shared->events) - len, "%s%s ", part, what);
}


/* The pointer of a fake part; it must not be used. */
static void *
part(const char *name)
{
    static char  any;

    event(name, "+");

    return parts.fails != NULL && strcmp(parts.fails, name) == 0 ? NULL : &any;
}


as_consumer_t *
as_consumer_create(as_worker_t *w)
{
    parts.worker = w;
    parts.timer.fn = parts.step;
    as_loop_after(w->loop, &parts.timer, RUN_STEP_MS);

    return part("consumer");
}


void
as_consumer_destroy(as_consumer_t *consumer)
{
    if (consumer != NULL) {
        event("consumer", "-");
        (void) snprintf(parts.shared->level, sizeof(parts.shared->level), "%d",
                        (int) parts.worker->settings->log_level);
        as_loop_clear(parts.worker->loop, &parts.timer);
    }
}


void
as_consumer_wake(as_consumer_t *consumer)
{
    assert_non_null(consumer);
    event("consumer", " wakes");
}


void
as_consumer_reload(as_consumer_t *consumer)
{
    assert_non_null(consumer);
    event("consumer", "~");
}


void
as_consumer_stop(as_consumer_t *consumer, void (*stopped)(void *data),
    void *data)
{
    assert_non_null(consumer);
    event("consumer", "!");
    parts.consumer_stopped = stopped;
    parts.consumer_data = data;
}


void
as_consumer_hurry(as_consumer_t *consumer)
{
    assert_non_null(consumer);
    event("consumer", " hurries");

    parts.consumer_stopped(parts.consumer_data);
}


void
as_consumer_set_max_receive(as_consumer_t *consumer, unsigned n)
{
    assert_non_null(consumer);
    assert_int_equal(n, 7);
    event("consumer", " knows");
}


size_t
as_consumer_in_hand(const as_consumer_t *consumer)
{
    assert_non_null(consumer);

    return (size_t) parts.in_hand;
}


const as_factories_t *
as_consumer_factories(const as_consumer_t *consumer)
{
    return (const as_factories_t *) consumer;
}


void
as_factories_visit(const as_factories_t *all, as_factory_visit_pt fn,
    void *data)
{
    as_factory_view_t  view;

    assert_non_null(all);
    memset(&view, 0, sizeof(view));
    fn(data, &view);
    view.open = parts.open_circuit;
    fn(data, &view);
}


bool
as_consumer_waits(const as_consumer_t *consumer)
{
    assert_non_null(consumer);

    return false;
}


static int64_t
progress(const void *any)
{
    assert_non_null(any);

    return as_loop_now(parts.worker->loop);
}


int64_t
as_consumer_progress(const as_consumer_t *consumer)
{
    return progress(consumer);
}


as_relay_t *
as_relay_create(as_worker_t *w)
{
    assert_ptr_equal(w, parts.worker);

    return part("relay");
}


void
as_relay_destroy(as_relay_t *relay)
{
    if (relay != NULL) {
        event("relay", "-");
    }
}


void
as_relay_reload(as_relay_t *relay)
{
    assert_non_null(relay);
    event("relay", "~");
}


void
as_relay_stop(as_relay_t *relay, void (*stopped)(void *data), void *data)
{
    assert_non_null(relay);
    event("relay", "!");
    parts.relay_stopped = stopped;
    parts.relay_data = data;
}


int64_t
as_relay_progress(const as_relay_t *relay)
{
    return progress(relay) - parts.stuck_ms;
}


as_watchdog_t *
as_watchdog_create(as_worker_t *w, const as_watchdog_hooks_t *h)
{
    assert_ptr_equal(w, parts.worker);
    parts.hooks = *h;

    return part("watchdog");
}


void
as_watchdog_destroy(as_watchdog_t *watchdog)
{
    if (watchdog != NULL) {
        event("watchdog", "-");
    }
}


void
as_watchdog_reload(as_watchdog_t *watchdog)
{
    assert_non_null(watchdog);
    event("watchdog", "~");
}


void
as_watchdog_stop(as_watchdog_t *watchdog)
{
    assert_non_null(watchdog);
    event("watchdog", "!");
}


int64_t
as_watchdog_progress(const as_watchdog_t *watchdog)
{
    return progress(watchdog);
}


as_backlog_t *
as_backlog_create(as_worker_t *w)
{
    assert_ptr_equal(w, parts.worker);

    return part("backlog");
}


void
as_backlog_destroy(as_backlog_t *backlog)
{
    if (backlog != NULL) {
        event("backlog", "-");
    }
}


void
as_backlog_reload(as_backlog_t *backlog)
{
    assert_non_null(backlog);
}


void
as_backlog_stop(as_backlog_t *backlog)
{
    assert_non_null(backlog);
}


as_expiry_t *
as_expiry_create(as_worker_t *w)
{
    assert_ptr_equal(w, parts.worker);

    return part("expiry");
}


void
as_expiry_destroy(as_expiry_t *expiry)
{
    if (expiry != NULL) {
        event("expiry", "-");
    }
}


void
as_expiry_reload(as_expiry_t *expiry)
{
    assert_non_null(expiry);
}


void
as_expiry_stop(as_expiry_t *expiry)
{
    assert_non_null(expiry);
    event("expiry", "!");
}


int64_t
as_expiry_progress(const as_expiry_t *expiry)
{
    return progress(expiry);
}


/* The metrics may be missing: the worker runs nevertheless. */
as_metrics_t *
as_metrics_create(as_worker_t *w, const as_consumer_t *consumer)
{
    assert_ptr_equal(w, parts.worker);
    assert_non_null(consumer);
    event("metrics", "+");

    return NULL;
}


void
as_metrics_destroy(as_metrics_t *metrics)
{
    assert_null(metrics);
}


void
as_metrics_reload(as_metrics_t *metrics)
{
    assert_null(metrics);
}
