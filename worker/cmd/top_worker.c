/*
 * What `top` shows of the worker.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/top_rate.h"
#include "cmd/top_worker.h"


#define AS_TOP_WORKER_PREFIX  "autostock_worker_"
#define AS_TOP_WORKER_NAME    80       /* bytes */
#define AS_TOP_WORKER_COUNT(array)  (sizeof(array) / sizeof((array)[0]))


/* Counters, and the names of their rates. */
static const char *const  as_top_worker_rates[][2] = {
    { "orders_published_total", "published_per_s" },
    { "orders_requested_total", "requested_per_s" },
    { "messages_received_total", "received_per_s" },
    { "messages_dead_total", "dead_per_s" },
    { "holds_expired_total", "holds_expired_per_s" },
};

/* -1 where the worker does not know. */
static const char *const  as_top_worker_gauges[] = {
    "in_flight", "outbox_pending", "outbox_oldest_seconds", "orders_overdue",
    "queue_visible", "queue_in_flight", "dlq_visible"
};


/*
 * The value of the first label, which is written as a JSON string is; NULL
 * where it is malformed. *rest is what follows the labels.
 */
static json_t *
as_top_worker_label(const char *at, const char **rest)
{
    const char  *from, *end;

    from = strchr(at, '"');
    if (from == NULL) {
        return NULL;
    }

    for (end = from + 1; *end != '"' && *end != '\0' && *end != '\n'; end++) {
        end += *end == '\\' && end[1] != '\0';
    }

    *rest = strchr(end, '}');
    if (*end != '"' || *rest == NULL) {
        return NULL;
    }

    (*rest)++;

    return json_loadb(from, (size_t) (end + 1 - from), JSON_DECODE_ANY, NULL);
}


/* One line, after the prefix. */
static void
as_top_worker_sample(json_t *metrics, const char *line)
{
    char         name[AS_TOP_WORKER_NAME], *end;
    double       value;
    json_t      *label = NULL, *values;
    size_t       len;
    const char  *at;

    len = strcspn(line, "{ \n");
    at = line + len;
    snprintf(name, sizeof(name), "%.*s", (int) len, line);

    if (*at == '{') {
        label = as_top_worker_label(at, &at);
        if (label == NULL) {
            return;
        }
    }

    value = strtod(at, &end);

    if (end == at) {
        /* no number */

    } else if (label == NULL) {
        (void) json_object_set_new(metrics, name, json_real(value));

    } else {
        values = json_object_get(metrics, name);
        if (values == NULL) {
            values = json_object();
            (void) json_object_set_new(metrics, name, values);
        }
        (void) json_object_set_new(values, json_string_value(label),
                                   json_real(value));
    }

    json_decref(label);
}


json_t *
as_top_worker_metrics(const char *text)
{
    json_t      *metrics;
    size_t       len;
    const char  *line;

    metrics = json_object();
    len = strlen(AS_TOP_WORKER_PREFIX);

    for (line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, AS_TOP_WORKER_PREFIX, len) == 0) {
            as_top_worker_sample(metrics, line + len);
        }
    }

    if (!json_is_object(json_object_get(metrics, "up"))) {
        json_decref(metrics);
        return NULL;
    }

    return metrics;
}


static json_t *
as_top_worker_peers(const json_t *now)
{
    json_t      *peers, *value;
    const char  *name;

    peers = json_object();

    json_object_foreach(json_object_get(now, "up"), name, value) {
        (void) json_object_set_new(peers, name,
                                   json_boolean(json_number_value(value)
                                                == 1));
    }

    return peers;
}


static json_t *
as_top_worker_factories(const json_t *now)
{
    json_t      *list, *value;
    const char  *name;

    list = json_array();

    json_object_foreach(json_object_get(now, "breaker_open"), name, value) {
        (void) json_array_append_new(list, json_pack("{s:s, s:b, s:I, s:I}",
            "factory", name, "breaker_open", json_number_value(value) != 0,
            "waiting", (json_int_t) as_top_rate_number(
                json_object_get(now, "factory_waiting"), name),
            "in_flight", (json_int_t) as_top_rate_number(
                json_object_get(now, "factory_in_flight"), name)));
    }

    return list;
}


json_t *
as_top_worker(const json_t *before, const json_t *now, double seconds)
{
    size_t               i;
    json_t              *shown, *value;
    const char          *version = NULL, *name;
    const char  *const  *rate;

    if (now == NULL) {
        return NULL;
    }

    json_object_foreach(json_object_get(now, "build_info"), name, value) {
        version = name;
    }

    shown = json_pack("{s:s?}", "version", version);

    for (i = 0; i < AS_TOP_WORKER_COUNT(as_top_worker_rates); i++) {
        rate = as_top_worker_rates[i];
        (void) json_object_set_new(shown, rate[1],
                                   as_top_rate(before, now, rate[0],
                                               seconds));
    }

    for (i = 0; i < AS_TOP_WORKER_COUNT(as_top_worker_gauges); i++) {
        name = as_top_worker_gauges[i];
        (void) json_object_set_new(shown, name,
            json_integer((json_int_t) as_top_rate_number(now, name)));
    }

    (void) json_object_set_new(shown, "peers", as_top_worker_peers(now));
    (void) json_object_set_new(shown, "factories",
                               as_top_worker_factories(now));

    return shown;
}
