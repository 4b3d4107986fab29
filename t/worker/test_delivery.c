/*
 * A message in hand: its kept parts, and the ids that are derived from it.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "run/delivery.h"


#define UUID  "0190a3f0-1111-7abc-8def-0123456789ab"


/* attributes: JSON as SQS sends it, or NULL. */
static as_delivery_t *
create(const char *id, const char *body, const char *attributes)
{
    json_t            *json;
    as_delivery_t     *delivery;
    as_sqs_message_t   message;

    memset(&message, 0, sizeof(message));
    message.id = id;
    message.receipt = "r";
    message.body = body;
    message.body_len = strlen(body);
    message.receive_count = 2;
    json = attributes == NULL ? NULL : json_loads(attributes, 0, NULL);
    message.attributes = json;

    delivery = as_delivery_create((as_consumer_t *) &message, &message);
    assert_non_null(delivery);
    json_decref(json);

    return delivery;
}


static void
is_a_copy(void **state)
{
    char            id[8] = "m", body[8] = "b";
    as_delivery_t  *delivery;

    (void) state;

    delivery = create(id, body, NULL);
    id[0] = body[0] = 'x';
    assert_string_equal(delivery->id, "m");
    assert_string_equal(delivery->receipt, "r");
    assert_string_equal(delivery->body, "b");
    assert_null(delivery->group_id);
    assert_int_equal(delivery->receive_count, 2);
    assert_int_equal(delivery->stage, AS_DELIVERY_DB);
    assert_non_null(delivery->message.poison);
    as_delivery_destroy(delivery);
    as_delivery_destroy(NULL);
}


/* Its fields come from its attributes; a binary attribute is ignored. */
static void
attributes(void **state)
{
    as_delivery_t  *delivery;

    (void) state;

    delivery = create("m", "x", "{\"MessageAttributeOrderId\":{\"DataType\":"
                      "\"String\",\"StringValue\":\"" UUID "\"},\"a\":{"
                      "\"DataType\":\"Binary\",\"BinaryValue\":\"AAAA\"}}");
    assert_true(delivery->message.has_order);
    assert_int_equal(delivery->nattributes, 2);
    assert_false(delivery->was_dead);
    as_delivery_destroy(delivery);

    delivery = create("m", "x", "{\"MessageAttributeOrderId\":{\"DataType\":"
                      "\"Binary\",\"BinaryValue\":\"" UUID "\"}}");
    assert_false(delivery->message.has_order);
    assert_non_null(delivery->message.poison);
    as_delivery_destroy(delivery);
}


/* The worker's own attributes show that it was a dead letter.  They are not
 * kept: a next time they are written anew. */
static void
was_dead(void **state)
{
    as_delivery_t  *delivery;

    (void) state;

    delivery = create("m", "x", "{\"AutostockReason\":{\"DataType\":"
                      "\"String\",\"StringValue\":\"no\"},\"a\":{"
                      "\"DataType\":\"String\",\"StringValue\":\"v\"}}");
    assert_true(delivery->was_dead);
    assert_int_equal(delivery->nattributes, 1);
    assert_string_equal(delivery->attributes[0].name, "a");
    as_delivery_destroy(delivery);
}


/* Messages of one order have the same key, others another one. */
static void
keys(void **state)
{
    as_delivery_t  *a, *b;

    (void) state;

    a = create("m1", "x", NULL);
    b = create("m2", "x", NULL);
    assert_true(as_delivery_key(a) == as_delivery_key(b));
    a->lease.id[15] = 1;
    assert_true(as_delivery_key(a) != as_delivery_key(b));
    b->lease.id[15] = 1;
    assert_true(as_delivery_key(a) == as_delivery_key(b));
    as_delivery_destroy(a);
    as_delivery_destroy(b);
}


/* The order that a message opens has the message's id where that is a UUID. */
static void
order_ids(void **state)
{
    uint8_t         id[2][AS_UUID_LEN], uuid[AS_UUID_LEN];
    as_delivery_t  *delivery;

    (void) state;

    delivery = create(UUID, "x", NULL);
    assert_int_equal(as_delivery_order_id(delivery, id[0]), 0);
    assert_int_equal(as_uuid_parse(UUID, strlen(UUID), uuid), 0);
    assert_memory_equal(id[0], uuid, AS_UUID_LEN);
    as_delivery_destroy(delivery);

    delivery = create("m1", "x", NULL);
    assert_int_equal(as_delivery_order_id(delivery, id[0]), 0);
    assert_int_equal(as_delivery_order_id(delivery, id[1]), 0);
    assert_memory_equal(id[0], id[1], AS_UUID_LEN);
    as_delivery_destroy(delivery);

    delivery = create("m2", "x", NULL);
    assert_int_equal(as_delivery_order_id(delivery, id[1]), 0);
    assert_memory_not_equal(id[0], id[1], AS_UUID_LEN);
    as_delivery_destroy(delivery);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(is_a_copy),
        cmocka_unit_test(attributes),
        cmocka_unit_test(was_dead),
        cmocka_unit_test(keys),
        cmocka_unit_test(order_ids)
    };

    return cmocka_run_group_tests_name("delivery", tests, NULL, NULL);
}
