#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "as_sqlerror.h"


static void
test_classes(void **state)
{
    static const unsigned int read_only[] = { 1290, 1792, 1836, 1047, 4094 };
    size_t i;

    (void) state;

    for (i = 0; i < sizeof(read_only) / sizeof(read_only[0]); i++) {
        assert_int_equal(as_sqlerror(read_only[i]), AS_SQLERROR_READ_ONLY);
    }

    assert_int_equal(as_sqlerror(1213), AS_SQLERROR_CONFLICT);
    assert_int_equal(as_sqlerror(3101), AS_SQLERROR_CONFLICT);
    assert_int_equal(as_sqlerror(AS_ER_LOCK_WAIT_TIMEOUT),
                     AS_SQLERROR_LOCKED);
    assert_int_equal(as_sqlerror(AS_ER_DUP_ENTRY), AS_SQLERROR_DUPLICATE);
    assert_int_equal(as_sqlerror(1927), AS_SQLERROR_LOST);
    assert_int_equal(as_sqlerror(1270), AS_SQLERROR_ALTERED);
}


/* errors of a shop's trigger, and unknown ones */

static void
test_others(void **state)
{
    (void) state;

    assert_int_equal(as_sqlerror(1644), AS_SQLERROR_ITEM);
    assert_int_equal(as_sqlerror(1366), AS_SQLERROR_ITEM);
    assert_int_equal(as_sqlerror(0), AS_SQLERROR_ITEM);
    assert_int_equal(as_sqlerror(99999), AS_SQLERROR_ITEM);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
