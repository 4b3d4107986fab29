#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "settings_fixture.h"


/* Settings without a default. */
static const char *const  fixture_settings[][2] = {
    { "DB_HOSTNAME", "127.0.0.1" },
    { "DB_USERNAME", "shop" },
    { "DB_DATABASE", "shop" },
    { "TOPIC_ARN", FIXTURE_TOPIC },
    { "QUEUE_URL", FIXTURE_QUEUE },
    { "DLQ_URL", FIXTURE_DLQ },
    { "FACTORY_API_URL", FIXTURE_FACTORY },
    { "CALLBACK_URL", "http://shop/{sku}" },
    { "AUTOSTOCK_CALLBACK_SECRET", "s3cret-of-the-test" },
    { "AUTOSTOCK_WORKER_NAME", "w" }
};


const as_settings_t *
settings_fixture(void)
{
    size_t                 i, n;
    as_text_t              errors = AS_TEXT_EMPTY;
    static as_settings_t  *settings;

    if (settings != NULL) {
        return settings;
    }

    n = sizeof(fixture_settings) / sizeof(fixture_settings[0]);

    for (i = 0; i < n; i++) {
        (void) setenv(fixture_settings[i][0], fixture_settings[i][1], 1);
    }

    settings = as_settings_create(NULL, AS_NEED_RUN, &errors);
    if (settings == NULL) {
        fail_msg("%s", as_text_get(&errors));
    }

    for (i = 0; i < n; i++) {
        (void) unsetenv(fixture_settings[i][0]);
    }

    as_text_free(&errors);

    return settings;
}
