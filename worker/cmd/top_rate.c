/*
 * Rates from two readings of counters.
 */

#include "cmd/top_rate.h"


double
as_top_rate_number(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}


json_t *
as_top_rate(const json_t *before, const json_t *now, const char *name,
    double seconds)
{
    double  old, new;

    if (before == NULL || seconds <= 0) {
        return json_null();
    }

    old = as_top_rate_number(before, name);
    new = as_top_rate_number(now, name);

    return json_real((new < old ? new : new - old) / seconds);
}
