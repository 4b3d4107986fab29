/*
 * The events of a life (life.h).
 */

#ifndef AS_LIFE_EVENT_H
#define AS_LIFE_EVENT_H

#include <jansson.h>


/*
 * Adds an event to the object's "events", the newest first; none where at is
 * NULL.  more, the event's other members, may be NULL; its reference is taken
 * over.
 */
void as_life_event_add(json_t *life, const char *at, const char *event,
    json_t *more);

/* Adds the states of an order (as_order_show() has its columns). */
void as_life_event_order(json_t *life, const json_t *order);


#endif /* AS_LIFE_EVENT_H */
