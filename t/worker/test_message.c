/*
 * The contents of a message, and why it is invalid.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "run/message.h"


#define TRACE  "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
#define ORDER    "0190a3f0-1111-7abc-8def-0123456789ab"
#define PRODUCT  "213175b4-c9bf-11ec-a849-0a5824c89b02"


typedef struct {
    const char  *name;
    const char  *value;
} pair_t;


static const char *
lookup(void *data, const char *name)
{
    const pair_t  *pair;

    for (pair = data; pair != NULL && pair->name != NULL; pair++) {
        if (strcmp(pair->name, name) == 0) {
            return pair->value;
        }
    }

    return NULL;
}


static as_message_t
parse(const char *body, const pair_t *attributes)
{
    as_message_t  message;

    as_message_parse(&message, body, strlen(body), lookup,
                     (void *) attributes);

    return message;
}


static void
envelope(void **state)
{
    as_message_t  m;

    (void) state;

    m = parse("{\"Type\":\"Notification\",\"Subject\":\"도너츠 재고 부족\","
              "\"Message\":\"도너츠 재고가 없습니다.\","
              "\"MessageAttributes\":{"
              "\"MessageAttributeOrderId\":{\"Type\":\"String\","
              "\"Value\":\"" ORDER "\"},"
              "\"MessageAttributeProductId\":{\"Type\":\"String\","
              "\"Value\":\"" PRODUCT "\"},"
              "\"MessageAttributeProductCnt\":{\"Type\":\"String\","
              "\"Value\":\"10\"},"
              "\"MessageAttributeRequester\":{\"Type\":\"String\","
              "\"Value\":\"홍길동\"}}}", NULL);

    assert_null(m.poison);
    assert_true(m.has_order);
    assert_int_equal(m.order_id[0], 0x01);
    assert_int_equal(m.order_id[15], 0xab);
    assert_string_equal(m.product, PRODUCT);
    assert_string_equal(m.requester, "홍길동");
    assert_int_equal(m.quantity, 10);
    as_message_free(&m);
}


static void
raw_delivery(void **state)
{
    as_message_t         m;
    static const pair_t  attributes[] = {
        { "MessageAttributeProductId", "CP-502101" },
        { "MessageAttributeProductCnt", "7" },
        { NULL, NULL }
    };

    (void) state;

    m = parse("도너츠 재고가 없습니다.", attributes);
    assert_null(m.poison);
    assert_false(m.has_order);
    assert_string_equal(m.product, "CP-502101");
    assert_int_equal(m.quantity, 7);
    assert_null(m.requester);
    as_message_free(&m);
}


static void
by_hand(void **state)
{
    as_message_t  m;

    (void) state;

    m = parse("{\"MessageAttributeProductId\":\"CP-1\","
              "\"MessageAttributeProductCnt\":12}", NULL);
    assert_null(m.poison);
    assert_string_equal(m.product, "CP-1");
    assert_int_equal(m.quantity, 12);
    as_message_free(&m);

    m = parse("{\"Type\":\"Notification\",\"Message\":"
              "\"{\\\"MessageAttributeProductId\\\":\\\"CP-2\\\"}\"}", NULL);
    assert_null(m.poison);
    assert_string_equal(m.product, "CP-2");
    assert_int_equal(m.quantity, 0);
    as_message_free(&m);
}


static void
poison(void **state)
{
    size_t                    i;
    as_message_t              m;
    static const char *const  bodies[] = {
        "", "not JSON", "[]", "{}", "\"text\"", "1", "null",
        "{\"Message\":\"hello\"}", "{\"Message\":\"[1]\"}",
        "{\"Type\":\"Notification\",\"MessageAttributes\":{}}",
        "{\"Type\":\"Notification\",\"MessageAttributes\":[]}",
        "{\"MessageAttributeProductId\":\"\"}",
        "{\"MessageAttributeProductId\":{}}",
        "{\"MessageAttributeProductId\":[1]}",
        "{\"MessageAttributeProductId\":\"x\\u0000y\"}",
        "{\"MessageAttributeProductId\":\"CP-1\"",
        "{\"MessageAttributeOrderId\":\"12\"}",
    };

    (void) state;

    for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        m = parse(bodies[i], NULL);
        if (m.poison == NULL) {
            fail_msg("no poison: %s", bodies[i]);
        }
        as_message_free(&m);
    }
}


/* A wrong order id is not treated as a missing one: the order would be opened
 * again under another id. */
static void
wrong_order(void **state)
{
    char                      body[200];
    size_t                    i;
    as_message_t              m;
    static const char *const  wrong[] = {
        "\"zzz\"", "\"\"", "1", "null", "{}", "[]"
    };

    (void) state;

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        snprintf(body, sizeof(body), "{\"MessageAttributeOrderId\":%s,"
                 "\"MessageAttributeProductId\":\"CP-1\"}", wrong[i]);
        m = parse(body, NULL);
        assert_non_null(m.poison);
        assert_string_equal(m.poison, "the order id is not a UUID");
        as_message_free(&m);
    }
}


static void
quantities(void **state)
{
    char                      body[200];
    size_t                    i;
    as_message_t              m;
    static const char *const  none[] = {
        "0", "-1", "1000001", "\"\"", "\"x\"", "\"1.5\"", "1.5", "null",
        "true", "\" 1\"", "\"99999999999999999999\"", "\"10x\"", "[1]",
        "{}", "{\"Type\":\"Number\"}", "{\"Type\":\"Binary\",\"Value\":"
        "\"MTA=\"}", "1e1", "{\"StringValue\":\"\"}", "\"1\\u0000\""
    };

    (void) state;

    for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        snprintf(body, sizeof(body), "{\"MessageAttributeProductId\":\"C\","
                 "\"MessageAttributeProductCnt\":%s}", none[i]);
        m = parse(body, NULL);
        if (m.poison == NULL || strstr(m.poison, "count") == NULL) {
            fail_msg("%s is read as %d", none[i], m.quantity);
        }
        as_message_free(&m);
    }

    m = parse("{\"MessageAttributeProductId\":\"C\","
              "\"MessageAttributeProductCnt\":\"1000000\"}", NULL);
    assert_int_equal(m.quantity, 1000000);
    as_message_free(&m);
}


/* If the count occurs twice, that of the envelope's attributes is used; an
 * order has its own. */
static void
quantity_that_counts(void **state)
{
    as_message_t         m;
    static const pair_t  odd[] = {
        { "MessageAttributeProductId", "C" },
        { "MessageAttributeProductCnt", "" },
        { NULL, NULL }
    };

    (void) state;

    m = parse("{\"MessageAttributeProductCnt\":\"x\",\"MessageAttributes\":{"
              "\"MessageAttributeProductCnt\":{\"Value\":\"3\"},"
              "\"MessageAttributeProductId\":{\"Value\":\"C\"}}}", NULL);
    assert_null(m.poison);
    assert_int_equal(m.quantity, 3);
    as_message_free(&m);

    m = parse("{\"MessageAttributes\":{\"MessageAttributeProductCnt\":{"
              "\"Value\":\"x\"},\"MessageAttributeProductId\":{\"Value\":"
              "\"C\"}},\"MessageAttributeProductCnt\":\"3\"}", NULL);
    assert_non_null(m.poison);
    as_message_free(&m);

    m = parse("{\"MessageAttributeOrderId\":\"" ORDER "\","
              "\"MessageAttributeProductCnt\":\"x\"}", NULL);
    assert_null(m.poison);
    as_message_free(&m);

    m = parse("x", odd);
    assert_non_null(m.poison);
    as_message_free(&m);

    m = parse("{\"MessageAttributeProductId\":\"C\"}", NULL);
    assert_null(m.poison);
    as_message_free(&m);
}


static void
long_product(void **state)
{
    char          body[1200], name[900];
    as_message_t  m;

    (void) state;

    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    snprintf(body, sizeof(body), "{\"MessageAttributeProductId\":\"%s\"}",
             name);

    m = parse(body, NULL);
    assert_non_null(m.poison);
    as_message_free(&m);
}


/* From an envelope, a raw delivery, or a message of an operator; an invalid
 * trace is ignored. */
static void
traces(void **state)
{
    size_t        i;
    as_message_t  m;

    static const pair_t  raw[] = {
        { "MessageAttributeOrderId", ORDER },
        { "traceparent", TRACE },
        { NULL, NULL }
    };

    static const struct {
        const char    *body;
        const pair_t  *attributes;
        bool           trace;
    } cases[] = {
        { "{\"Message\":\"x\",\"MessageAttributes\":{"
          "\"MessageAttributeOrderId\":{\"Type\":\"String\",\"Value\":\""
          ORDER "\"},\"traceparent\":{\"Type\":\"String\",\"Value\":\""
          TRACE "\"}}}", NULL, true },
        { "x", raw, true },
        { "{\"MessageAttributeProductId\":\"CP-1\",\"traceparent\":\""
          TRACE "\"}", NULL, true },
        { "{\"MessageAttributeProductId\":\"CP-1\"}", NULL, false },
        { "{\"MessageAttributeProductId\":\"CP-1\",\"traceparent\":\"00-1\"}",
          NULL, false },
        { "{\"MessageAttributeProductId\":\"CP-1\",\"traceparent\":{}}", NULL,
          false }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        m = parse(cases[i].body, cases[i].attributes);
        assert_null(m.poison);
        assert_int_equal(as_trace_is_set(&m.trace), cases[i].trace);
        assert_int_equal(m.trace.id[0], cases[i].trace ? 0x4b : 0);
        as_message_free(&m);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(envelope),
        cmocka_unit_test(raw_delivery),
        cmocka_unit_test(by_hand),
        cmocka_unit_test(poison),
        cmocka_unit_test(wrong_order),
        cmocka_unit_test(quantities),
        cmocka_unit_test(quantity_that_counts),
        cmocka_unit_test(long_product),
        cmocka_unit_test(traces),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
