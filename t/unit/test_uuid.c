#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "as_uuid.h"


#define MS  UINT64_C(1668772172000)


static void
test_layout(void **state)
{
    as_uuid_gen_t gen;
    uint8_t id[AS_UUID_LEN];
    uint64_t ms = 0;
    int i;

    (void) state;

    assert_int_equal(as_uuid_init(&gen), 0);
    as_uuid_v7(&gen, MS, id);

    for (i = 0; i < 6; i++) {
        ms = ms << 8 | id[i];
    }

    assert_true(ms == MS);
    assert_int_equal(id[6] >> 4, 7);
    assert_int_equal(id[8] >> 6, 2);
}


static void
test_order_within_a_millisecond(void **state)
{
    as_uuid_gen_t gen;
    uint8_t last[AS_UUID_LEN] = { 0 };
    uint8_t id[AS_UUID_LEN];
    int i;

    (void) state;

    assert_int_equal(as_uuid_init(&gen), 0);

    for (i = 0; i < 100000; i++) {
        as_uuid_v7(&gen, MS, id);
        assert_true(memcmp(last, id, sizeof(id)) < 0);
        memcpy(last, id, sizeof(id));
    }
}


static void
test_order_when_the_clock_goes_back(void **state)
{
    as_uuid_gen_t gen;
    uint8_t first[AS_UUID_LEN], second[AS_UUID_LEN], third[AS_UUID_LEN];

    (void) state;

    assert_int_equal(as_uuid_init(&gen), 0);
    as_uuid_v7(&gen, MS, first);
    as_uuid_v7(&gen, MS - 5000, second);
    as_uuid_v7(&gen, MS + 1, third);

    assert_true(memcmp(first, second, sizeof(first)) < 0);
    assert_true(memcmp(second, third, sizeof(first)) < 0);
}


static void
test_a_full_counter_borrows_a_millisecond(void **state)
{
    as_uuid_gen_t gen;
    uint8_t before[AS_UUID_LEN], after[AS_UUID_LEN];

    (void) state;

    assert_int_equal(as_uuid_init(&gen), 0);
    as_uuid_v7(&gen, MS, before);
    gen.seq = (UINT32_C(1) << 26) - 2;
    as_uuid_v7(&gen, MS, before);
    as_uuid_v7(&gen, MS, after);

    assert_true(memcmp(before, after, sizeof(after)) < 0);
    assert_true(gen.ms == MS + 1);
    assert_int_equal(after[6] >> 4, 7);
    assert_int_equal(after[8] >> 6, 2);
}


static void
test_generators_differ(void **state)
{
    as_uuid_gen_t one, other;
    uint8_t a[AS_UUID_LEN], b[AS_UUID_LEN];

    (void) state;

    assert_int_equal(as_uuid_init(&one), 0);
    assert_int_equal(as_uuid_init(&other), 0);
    as_uuid_v7(&one, MS, a);
    as_uuid_v7(&other, MS, b);

    assert_memory_not_equal(a + 10, b + 10, 6);
}


static void
test_text_and_back(void **state)
{
    static const char text[] = "213175b4-c9bf-11ec-a849-0a5824c89b02";

    uint8_t id[AS_UUID_LEN];
    char out[AS_UUID_TEXT_LEN];

    (void) state;

    assert_int_equal(as_uuid_parse(text, AS_UUID_TEXT_LEN, id), 0);
    assert_int_equal(id[0], 0x21);
    assert_int_equal(id[15], 0x02);
    assert_ptr_equal(as_uuid_text(id, out), out + AS_UUID_TEXT_LEN);
    assert_memory_equal(out, text, AS_UUID_TEXT_LEN);

    assert_int_equal(as_uuid_parse("213175B4-C9BF-11EC-A849-0A5824C89B02",
                                   AS_UUID_TEXT_LEN, id), 0);
    as_uuid_text(id, out);
    assert_memory_equal(out, text, AS_UUID_TEXT_LEN);
}


static void
test_text_that_is_none(void **state)
{
    static const char *texts[] = {
        "", "213175b4-c9bf-11ec-a849-0a5824c89b0",
        "213175b4-c9bf-11ec-a849-0a5824c89b021",
        "213175b4c9bf11eca8490a5824c89b02",
        "{13175b4-c9bf-11ec-a849-0a5824c89b0}",
        "213175b4-c9bf-11ec-a849_0a5824c89b02",
        "213175b4-c9bf-11ec-a849-0a5824c89b0g",
        "213175b4-c9bf-11ec-a849-0a5824c89b0 ",
        "-13175b4-c9bf-11ec-a849-0a5824c89b02",
        "213175b4c-9bf-11ec-a849-0a5824c89b02",
        "213175b4-c9bf-11ec-a849-0a5824c89b\xb0\xb2",
    };

    uint8_t id[AS_UUID_LEN];
    size_t i;

    (void) state;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(as_uuid_parse(texts[i], strlen(texts[i]), id), -1);
    }
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_order_within_a_millisecond),
        cmocka_unit_test(test_order_when_the_clock_goes_back),
        cmocka_unit_test(test_a_full_counter_borrows_a_millisecond),
        cmocka_unit_test(test_generators_differ),
        cmocka_unit_test(test_text_and_back),
        cmocka_unit_test(test_text_that_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
