/*
 * The events of a life.
 */

#include <string.h>

#include "db/life_event.h"


void
as_life_event_add(json_t *life, const char *at, const char *event,
    json_t *more)
{
    size_t   i;
    json_t  *events, *entry;

    if (at == NULL) {
        json_decref(more);
        return;
    }

    entry = json_pack("{s:s, s:s}", "at", at, "event", event);
    (void) json_object_update(entry, more);
    json_decref(more);

    events = json_object_get(life, "events");
    for (i = 0; i < json_array_size(events); i++) {
        if (strcmp(at, json_string_value(json_object_get(
                           json_array_get(events, i), "at"))) > 0)
        {
            break;
        }
    }

    (void) json_array_insert_new(events, i, entry);
}


/* The event's other members: values of the order. */
static json_t *
as_life_event_state(const json_t *order, const char *quantity,
    const char *note)
{
    json_t  *more;

    more = json_pack("{s:O}", "id", json_object_get(order, "order_id"));

    if (quantity != NULL) {
        (void) json_object_set(more, "quantity",
                               json_object_get(order, quantity));
    }

    if (note != NULL) {
        (void) json_object_set(more, "note", json_object_get(order, note));
    }

    return more;
}


void
as_life_event_order(json_t *life, const json_t *order)
{
    size_t  i;

    static const struct {
        const char  *at;
        const char  *event;
        const char  *quantity;
        const char  *note;
    } states[] = {
        { "pending_at", "order.pending", "quantity", NULL },
        { "published_at", "order.published", NULL, NULL },
        { "requested_at", "order.requested", NULL, NULL },
        { "fulfilled_at", "order.fulfilled", "received", NULL },
        { "failed_at", "order.failed", NULL, "last_error" },
        { "cancelled_at", "order.cancelled", NULL, NULL }
    };

    for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        as_life_event_add(life, json_string_value(json_object_get(order,
                                    states[i].at)),
                          states[i].event,
                          as_life_event_state(order, states[i].quantity,
                                              states[i].note));
    }
}
