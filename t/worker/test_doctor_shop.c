/*
 * doctor's checks of the factories and of the callback URL: they order nothing
 * and book nothing.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/doctor_shop.h"
#include "fake_http.h"
#include "findings_fixture.h"
#include "run/callback_url.h"
#include "settings_fixture.h"
#include "sql_fixture.h"


#define UNKNOWN  "{\"type\":\"urn:autostock:problem:no-order\"}"


typedef struct {
    fake_t             *fake;
    as_settings_t       settings;
    as_doctor_http_t    http;
} test_t;


static test_t  test;


static int
setup(void **state)
{
    sql_reset();
    memset(&test, 0, sizeof(test));
    test.fake = fake_create();
    test.settings = *settings_fixture();
    test.http.findings = &findings;
    test.http.http = test.fake->http;
    test.http.settings = &test.settings;
    test.http.stop_fd = -1;

    return findings_setup(state);
}


static int
teardown(void **state)
{
    sql_reset();
    fake_destroy(test.fake);

    return findings_teardown(state);
}


static void
factory_answers(void **state)
{
    size_t  i;

    static const struct {
        int          status;
        const char  *level;
        const char  *what;
    } cases[] = {
        { 200, "fine", "answers (200 to a HEAD)" },
        { 404, "fine", "answers (404 to a HEAD)" },
        { 405, "fine", "answers (405 to a HEAD)" },
        { 500, "warning", FIXTURE_FACTORY " answers 500" },
        { 503, "warning", "contact the factory's operator" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) fake_answer(test.fake, cases[i].status, "");
        as_doctor_shop_factories(&test.http, sql_db);

        if (strcmp(cases[i].level, "fine") == 0) {
            findings_fine(cases[i].what);
        } else {
            findings_one(cases[i].level, "factory", cases[i].what);
        }

        /* nothing is ordered */
        assert_string_equal(test.fake->calls[i].method, "HEAD");
        assert_string_equal(test.fake->calls[i].body, "");
    }
}


static void
factory_does_not_answer(void **state)
{
    (void) state;

    (void) fake_error(test.fake, AS_HTTP_FORBIDDEN);
    as_doctor_shop_factories(&test.http, sql_db);
    findings_one("unreachable", "factory", "AUTOSTOCK_FACTORY_PRIVATE=on");

    (void) fake_error(test.fake, AS_HTTP_CONNECT);
    as_doctor_shop_factories(&test.http, sql_db);
    findings_one("unreachable", "factory", FIXTURE_FACTORY ": connect: ");

    test.fake->refuse = true;
    as_doctor_shop_factories(&test.http, sql_db);
    findings_one("unreachable", "factory", "not sent");
}


/* Each URL of factory.API once, and FACTORY_API_URL. */
static void
factories_of_the_table(void **state)
{
    (void) state;

    (void) sql_row(0, 0, 2, "FF-1", "http://one/");
    (void) sql_row(0, 0, 2, "FF-2", " http://two/ ");
    (void) sql_row(0, 0, 2, "FF-3", "http://one/");
    (void) sql_row(0, 0, 2, "FF-4", FIXTURE_FACTORY);
    (void) sql_row(0, 0, 2, "FF-5", "");
    (void) fake_answer_to(test.fake, FIXTURE_FACTORY, 200, "");
    (void) fake_answer_to(test.fake, "http://one/", 200, "");
    (void) fake_answer_to(test.fake, "http://two/", 500, "");
    as_doctor_shop_factories(&test.http, sql_db);
    assert_int_equal(test.fake->ncalls, 3);
    assert_int_equal(findings_of("fine", "factory"), 2);
    findings_one("warning", "factory", "http://two/ answers 500");

    (void) sql_row(1, 0, 2, "FF-6", "ftp://three/");
    (void) fake_answer_to(test.fake, FIXTURE_FACTORY, 200, "");
    as_doctor_shop_factories(&test.http, sql_db);
    findings_one("wrong", "factory", "factory.API of FF-6 is neither an http "
                 "or https URL nor empty: its orders fail");
}


/* Beyond twenty URLs the rest is omitted; no memory leaks. */
static void
many_factories(void **state)
{
    size_t       i;
    static char  urls[30][32];

    (void) state;

    for (i = 0; i < 30; i++) {
        (void) snprintf(urls[i], sizeof(urls[i]), "http://f%zu/", i);
        (void) sql_row(0, 0, 2, "FF", urls[i]);
        (void) fake_answer(test.fake, 200, "");
    }

    as_doctor_shop_factories(&test.http, sql_db);
    assert_int_equal(test.fake->ncalls, 21);
    assert_int_equal(findings_of("fine", "factory"), 21);

    /* the table cannot be read: another check reports it */
    findings_reset();
    sql.status[1] = AS_DB_GONE;
    as_doctor_shop_factories(&test.http, sql_db);
    findings_fine("answers (200");
}


/* nginx's response to the signed callback of an order that does not exist. */
static void
callback(void **state)
{
    size_t  i;

    static const struct {
        int          status;
        const char  *body;
        const char  *level;
        const char  *what;
    } cases[] = {
        { 404, UNKNOWN, "fine", "nginx accepts the worker's signature" },
        { 400, "{\"message\":\"주문 없음\"}", "fine", "nginx accepts" },
        { 401, "{}", "wrong", "refuses the worker's signature: the secrets" },
        { 404, "<html>", "wrong", "answers 404: no location there books" },
        { 405, "", "wrong", "answers 405: no location there books" },
        { 503, "{}", "wrong", "nginx's database is unreachable or refuses" },
        { 200, "{}", "wrong", "answers 200, expected 404 for an unknown" },
        { 302, "", "wrong", "answers 302, expected 404 for an unknown" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) fake_answer(test.fake, cases[i].status, cases[i].body);
        as_doctor_shop_callback(&test.http, "CP \"1\"");

        if (strcmp(cases[i].level, "fine") == 0) {
            findings_fine(cases[i].what);
        } else {
            findings_one(cases[i].level, "callback", cases[i].what);
        }
    }

    /* as the factory sends it */
    assert_string_equal(test.fake->calls[0].method, "POST");
    assert_string_equal(test.fake->calls[0].body,
                        "{\"MessageAttributeProductCnt\":\"1\","
                        "\"MessageAttributeProductId\":\"CP \\\"1\\\"\"}");
    assert_non_null(strstr(test.fake->calls[0].url,
                           "http://shop/CP%20%221%22?order="));
    assert_string_equal(fake_header(test.fake, 0, "Content-Type"),
                        "application/json");

    /* of another order each time */
    assert_string_not_equal(test.fake->calls[0].url, test.fake->calls[1].url);
}


static void
callback_does_not_arrive(void **state)
{
    (void) state;

    (void) fake_error(test.fake, AS_HTTP_RESOLVE);
    as_doctor_shop_callback(&test.http, "A");
    findings_one("unreachable", "callback", "http://shop/{sku}: resolve: ");
}


/* The URL that the factory gets: one query, before a fragment. */
static void
callback_urls(void **state)
{
    size_t     i;
    uint8_t    order[AS_UUID_LEN];
    as_text_t  url = AS_TEXT_EMPTY;

    static const struct {
        const char  *base;
        const char  *begin;
    } cases[] = {
        { "http://s/p", "http://s/p?order=01010101-" },
        { "http://s/p?a=1", "http://s/p?a=1&order=01010101-" },
        { "http://s/{sku}", "http://s/%EB%8F%84%2F1?order=01010101-" },
        { "http://s/{sku}/{sku}", "http://s/%EB%8F%84%2F1/{sku}?order=" },
        { "http://s/?p={sku}", "http://s/?p=%EB%8F%84%2F1&order=01010101-" },
        { "http://s/p#top", "http://s/p?order=01010101-" },
        { "http://s/p#{sku}", "http://s/p?order=01010101-" }
    };

    (void) state;

    memset(order, 1, sizeof(order));

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        as_text_clear(&url);
        assert_int_equal(as_callback_url(&url, cases[i].base, "도/1", "secret",
                                         order), 0);

        if (strncmp(as_text_get(&url), cases[i].begin,
                    strlen(cases[i].begin)) != 0)
        {
            fail_msg("%s: %s", cases[i].base, as_text_get(&url));
        }

        /* HMAC-SHA256 over the id's text, in hexadecimal, and nothing after */
        assert_int_equal(strspn(strstr(as_text_get(&url), "&signature=") + 11,
                                "0123456789abcdef"), 64);
        assert_int_equal(strlen(strstr(as_text_get(&url), "&signature=")), 75);
    }

    as_text_free(&url);
}


#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(factory_answers),
        TEST(factory_does_not_answer),
        TEST(factories_of_the_table),
        TEST(many_factories),
        TEST(callback),
        TEST(callback_does_not_arrive),
        TEST(callback_urls)
    };

    return cmocka_run_group_tests_name("doctor_shop", tests, NULL, NULL);
}
