/*
 * Credentials over a fake HTTP, clock, environment and profile files.
 */

#ifndef CREDS_FIXTURE_H
#define CREDS_FIXTURE_H

#include "aws/credentials.h"
#include "fake_http.h"


#define STS                                                                   \
    "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/"  \
    "doc/2011-06-15/\"><AssumeRoleWithWebIdentityResult><Credentials>"       \
    "<SessionToken>tok</SessionToken><SecretAccessKey>sec</SecretAccessKey>" \
    "<Expiration>2015-08-30T13:36:00Z</Expiration>"                          \
    "<AccessKeyId>ASIA1</AccessKeyId></Credentials>"                         \
    "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"

#define KEYS                                                                  \
    "{\"Code\":\"Success\",\"AccessKeyId\":\"ASIA2\",\"SecretAccessKey\":"   \
    "\"sec2\",\"Token\":\"tok2\",\"Expiration\":\"2015-08-30T13:36:00Z\"}"


typedef struct {
    fake_t            *fake;
    as_credentials_t  *creds;
    as_environ_pt      environ;        /* of a credential_process */
    int                told;
    char               access[64];
    char               secret[64];
    char               token[64];
    char               source[128];
    char               error[1024];
    char               dir[64];
} test_t;


int creds_setup(void **state);
int creds_teardown(void **state);

/* The callback that fills the test; a get with it, run to its end. */
void creds_told(void *data, const as_credentials_keys_t *keys,
    const char *error);
void creds_get(test_t *t);

/* Writes a file into the test's folder; its path is valid for two calls. */
char *creds_file(test_t *t, const char *name, const char *text);

/* The two profile files. */
void creds_profiles(test_t *t, const char *credentials, const char *config);


#endif /* CREDS_FIXTURE_H */
