/*
 * What `top` shows of nginx.
 */

#include <stddef.h>
#include <time.h>

#include "cmd/top_module.h"
#include "cmd/top_rate.h"


/* Counters of a database, and the names of their rates. */
static const char *const  as_top_module_rates[][2] = {
    { "sales", "sales_per_s" },
    { "holds", "holds_per_s" },
    { "confirms", "confirms_per_s" },
    { "releases", "releases_per_s" },
    { "returns", "returns_per_s" },
    { "lookups", "lookups_per_s" },
    { "receipts", "receipts_per_s" },
};

/* Other results of requests.  The screen shows those that occur. */
static const char *const  as_top_module_results[] = {
    "replays", "refusals", "not_found", "key_conflicts", "bad_requests",
    "unauthorized", "overloads", "unavailable", "unknown", "in_doubt"
};

static const char *const  as_top_module_gauges[] = {
    "waiting", "in_flight", "connections", "connections_idle"
};

#define AS_TOP_MODULE_COUNT(array)  (sizeof(array) / sizeof((array)[0]))


/* The mean number of sales of a transaction; null where there was none. */
static json_t *
as_top_module_batch(const json_t *before, const json_t *now)
{
    double         sum, count;
    const json_t  *old, *new;

    new = json_object_get(json_object_get(now, "histograms"), "batch_size");
    old = json_object_get(json_object_get(before, "histograms"), "batch_size");
    sum = as_top_rate_number(new, "sum") - as_top_rate_number(old, "sum");
    count = as_top_rate_number(new, "count")
            - as_top_rate_number(old, "count");

    return count > 0 && old != NULL ? json_real(sum / count) : json_null();
}


static json_t *
as_top_module_database(const char *name, const json_t *before,
    const json_t *now, double seconds)
{
    size_t         i;
    json_t        *shown, *results;
    const char    *const *rate;
    const json_t  *old, *new, *gauges;

    old = json_object_get(before, "counters");
    new = json_object_get(now, "counters");
    gauges = json_object_get(now, "gauges");
    shown = json_object();
    results = json_object();
    (void) json_object_set_new(shown, "name", json_string(name));

    for (i = 0; i < AS_TOP_MODULE_COUNT(as_top_module_rates); i++) {
        rate = as_top_module_rates[i];
        (void) json_object_set_new(shown, rate[1],
                                   as_top_rate(old, new, rate[0], seconds));
    }

    for (i = 0; i < AS_TOP_MODULE_COUNT(as_top_module_results); i++) {
        (void) json_object_set_new(results, as_top_module_results[i],
            as_top_rate(old, new, as_top_module_results[i], seconds));
    }

    for (i = 0; i < AS_TOP_MODULE_COUNT(as_top_module_gauges); i++) {
        (void) json_object_set_new(shown, as_top_module_gauges[i],
            json_integer((json_int_t) as_top_rate_number(gauges,
                                                  as_top_module_gauges[i])));
    }

    (void) json_object_set_new(shown, "results_per_s", results);
    (void) json_object_set_new(shown, "batch_size",
                               as_top_module_batch(before, now));
    (void) json_object_set(shown, "durable", json_object_get(now, "durable"));
    (void) json_object_set_new(shown, "missing_rights",
        json_integer((json_int_t) json_array_size(json_object_get(now,
                                                        "missing_rights"))));

    return shown;
}


json_t *
as_top_module(const json_t *before, const json_t *now, double seconds)
{
    json_t      *shown, *list, *databases, *database;
    const char  *name;

    databases = json_object_get(now, "databases");
    if (!json_is_object(databases)) {
        return NULL;
    }

    list = json_array();

    json_object_foreach(databases, name, database) {
        (void) json_array_append_new(list, as_top_module_database(name,
            json_object_get(json_object_get(before, "databases"), name),
            database, seconds));
    }

    shown = json_object();
    (void) json_object_set(shown, "version", json_object_get(now, "version"));
    (void) json_object_set(shown, "nginx", json_object_get(now, "nginx"));
    (void) json_object_set(shown, "workers", json_object_get(now, "workers"));
    (void) json_object_set_new(shown, "uptime_s",
        json_integer((json_int_t) time(NULL)
                     - (json_int_t) as_top_rate_number(now, "started")));
    (void) json_object_set_new(shown, "databases", list);

    return shown;
}
