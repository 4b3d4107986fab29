#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "creds_fixture.h"


void
creds_told(void *data, const as_credentials_keys_t *keys, const char *error)
{
    test_t  *t = data;

    t->told++;
    t->access[0] = t->secret[0] = t->token[0] = t->error[0] = '\0';

    if (keys == NULL) {
        (void) snprintf(t->error, sizeof(t->error), "%s", error);
        return;
    }

    (void) snprintf(t->access, sizeof(t->access), "%s", keys->access_key);
    (void) snprintf(t->secret, sizeof(t->secret), "%s", keys->secret_key);
    (void) snprintf(t->token, sizeof(t->token), "%s",
                    keys->session_token ? keys->session_token : "");
    (void) snprintf(t->source, sizeof(t->source), "%s", keys->source);
}


int
creds_setup(void **state)
{
    test_t  *t;

    t = calloc(1, sizeof(test_t));
    t->fake = fake_create();
    strcpy(t->dir, "/tmp/autostock-test-XXXXXX");
    assert_non_null(mkdtemp(t->dir));
    *state = t;

    return 0;
}


int
creds_teardown(void **state)
{
    char     path[128];
    size_t   i;
    test_t  *t = *state;

    static const char *const  names[] = { "credentials", "config", "token" };

    for (i = 0; i < 3; i++) {
        (void) snprintf(path, sizeof(path), "%s/%s", t->dir, names[i]);
        (void) unlink(path);
    }

    (void) rmdir(t->dir);
    as_credentials_destroy(t->creds);
    fake_destroy(t->fake);
    free(t);

    return 0;
}


char *
creds_file(test_t *t, const char *name, const char *text)
{
    FILE         *f;
    static char   path[3][128];
    static int    n;

    n = (n + 1) % 3;
    (void) snprintf(path[n], sizeof(path[n]), "%s/%s", t->dir, name);
    f = fopen(path[n], "w");
    assert_non_null(f);
    (void) fputs(text, f);
    (void) fclose(f);

    return path[n];
}


void
creds_profiles(test_t *t, const char *credentials, const char *config)
{
    fake_setenv(t->fake, "AWS_SHARED_CREDENTIALS_FILE",
                creds_file(t, "credentials", credentials));
    fake_setenv(t->fake, "AWS_CONFIG_FILE", creds_file(t, "config", config));
}


void
creds_get(test_t *t)
{
    if (t->creds == NULL) {
        t->creds = as_credentials_create(t->fake->http, &t->fake->clock,
                                         fake_getenv, t->fake);
    }

    assert_int_equal(as_credentials_get(t->creds, creds_told, t), 0);
    fake_run(t->fake);
}
