/*
 * The signer with AWS's published vectors (aws-sig-v4-test-suite): requests and
 * their expected signatures.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aws/sigv4.h"


#define DATE    "20150830T123600Z"
#define KEY     "AKIDEXAMPLE"
#define SECRET  "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define HOST    { "Host", "example.amazonaws.com" }
#define AT      { "X-Amz-Date", DATE }
#define ALL                                                                   \
    "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define TOKEN                                                                 \
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWs"  \
    "KWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGde"  \
    "ehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8T"  \
    "x6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FD"  \
    "rypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="


typedef struct {
    const char         *name;
    const char         *method;
    const char         *path;
    const char         *query;
    as_sigv4_header_t   headers[6];
    const char         *body;
    const char         *signed_names;
    const char         *signature;
} vector_t;


static const vector_t  vectors[] = {
    { "get-vanilla", "GET", "/", "", { HOST, AT }, "", "host;x-amz-date",
      "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31" },
    { "post-vanilla", "POST", "/", "", { HOST, AT }, "", "host;x-amz-date",
      "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b" },
    { "get-header-key-duplicate", "GET", "/", "",
      { HOST, { "My-Header1", "value2" }, { "My-Header1", "value2" },
        { "My-Header1", "value1" }, AT }, "", "host;my-header1;x-amz-date",
      "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea" },
    { "get-header-value-order", "GET", "/", "",
      { HOST, { "My-Header1", "value4" }, { "My-Header1", "value1" },
        { "My-Header1", "value3" }, { "My-Header1", "value2" }, AT }, "",
      "host;my-header1;x-amz-date",
      "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01" },
    { "get-header-value-trim", "GET", "/", "",
      { HOST, { "My-Header1", " value1" },
        { "My-Header2", " \"a   b   c\"" }, AT }, "",
      "host;my-header1;my-header2;x-amz-date",
      "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736" },
    { "get-unreserved", "GET", "/" ALL, "", { HOST, AT }, "",
      "host;x-amz-date",
      "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f" },
    { "get-utf8", "GET", "/\xe1\x88\xb4", "", { HOST, AT }, "",
      "host;x-amz-date",
      "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85" },
    { "get-vanilla-query-order-key-case", "GET", "/",
      "Param2=value2&Param1=value1", { HOST, AT }, "", "host;x-amz-date",
      "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500" },
    { "get-vanilla-query-order-key", "GET", "/",
      "Param1=value2&Param1=Value1", { HOST, AT }, "", "host;x-amz-date",
      "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1" },
    { "get-vanilla-empty-query-key", "GET", "/", "Param1=value1",
      { HOST, AT }, "", "host;x-amz-date",
      "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb" },
    { "get-vanilla-query-unreserved", "GET", "/", ALL "=" ALL, { HOST, AT },
      "", "host;x-amz-date",
      "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197" },
    { "get-vanilla-utf8-query", "GET", "/", "%E1%88%B4=bar", { HOST, AT },
      "", "host;x-amz-date",
      "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04" },
    { "get-slashes", "GET", "//", "", { HOST, AT }, "", "host;x-amz-date",
      "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31" },
    { "get-relative-relative", "GET", "/example1/example2/../..", "",
      { HOST, AT }, "", "host;x-amz-date",
      "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31" },
    { "post-header-key-sort", "POST", "/", "",
      { AT, { "My-Header1", "value1" }, HOST }, "",
      "host;my-header1;x-amz-date",
      "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c" },
    { "post-header-value-case", "POST", "/", "",
      { HOST, { "My-Header1", "VALUE1" }, AT }, "",
      "host;my-header1;x-amz-date",
      "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d" },
    { "post-sts-header-before", "POST", "/", "",
      { HOST, { "X-Amz-Security-Token", TOKEN }, AT }, "",
      "host;x-amz-date;x-amz-security-token",
      "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead" },
    { "post-vanilla-query", "POST", "/", "Param1=value1", { HOST, AT }, "",
      "host;x-amz-date",
      "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11" },
    { "post-vanilla-query-nonunreserved", "POST", "/",
      "%40%23%24%25%5E=&%2B=%2F%2C%3F%3E%3C%60%22%3B%3A%5C%7C%5D%5B%7B%7D",
      { HOST, AT }, "", "host;x-amz-date",
      "66c82657c86e26fb25238d0e69f011edc4c6df5ae71119d7cb98ed9b87393c1e" },
    { "post-vanilla-query-space", "POST", "/", "p=", { HOST, AT }, "",
      "host;x-amz-date",
      "e71688addb58a26418614085fb730ba3faa623b461c17f48f2fbdb9361b94a9b" },
    { "post-x-www-form-urlencoded", "POST", "/", "",
      { { "Content-Type", "application/x-www-form-urlencoded" }, HOST, AT },
      "Param1=value1", "content-type;host;x-amz-date",
      "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a" }
};


static void
request(const vector_t *v, as_sigv4_request_t *rq)
{
    memset(rq, 0, sizeof(*rq));
    rq->method = v->method;
    rq->path = v->path;
    rq->query = v->query;
    rq->headers = v->headers;
    rq->body = v->body;
    rq->body_len = strlen(v->body);

    while (rq->nheaders < 6 && v->headers[rq->nheaders].name != NULL) {
        rq->nheaders++;
    }
}


static void
test_vectors(void **state)
{
    char                value[2048], *got;
    size_t              i;
    as_sigv4_t         *signer;
    as_sigv4_request_t  rq;

    (void) state;

    signer = as_sigv4_create("us-east-1", "service");
    assert_non_null(signer);

    for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        request(&vectors[i], &rq);
        got = as_sigv4_sign(signer, &rq, KEY, SECRET, DATE);
        assert_non_null(got);

        strcpy(value, "AWS4-HMAC-SHA256 Credential=" KEY
               "/20150830/us-east-1/service/aws4_request, SignedHeaders=");
        strcat(value, vectors[i].signed_names);
        strcat(value, ", Signature=");
        strcat(value, vectors[i].signature);

        if (strcmp(got, value) != 0) {
            print_error("vector %s\n", vectors[i].name);
        }

        assert_string_equal(got, value);
        free(got);
    }

    as_sigv4_destroy(signer);
}


static void
test_steps(void **state)
{
    char                *got;
    as_sigv4_t          *signer;
    as_sigv4_request_t   rq;

    (void) state;

    signer = as_sigv4_create("us-east-1", "service");
    request(&vectors[0], &rq);

    got = as_sigv4_canonical(&rq);
    assert_string_equal(got,
        "GET\n/\n\nhost:example.amazonaws.com\nx-amz-date:" DATE "\n\n"
        "host;x-amz-date\n"
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    free(got);

    got = as_sigv4_string_to_sign(signer, &rq, DATE);
    assert_string_equal(got,
        "AWS4-HMAC-SHA256\n" DATE "\n"
        "20150830/us-east-1/service/aws4_request\n"
        "bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63");
    free(got);

    as_sigv4_destroy(signer);
}


/* The cached key changes with the day and the secret. */
static void
test_key_is_not_stale(void **state)
{
    char                *first, *other, *again;
    as_sigv4_t          *signer;
    as_sigv4_request_t   rq;

    (void) state;

    signer = as_sigv4_create("us-east-1", "service");
    request(&vectors[0], &rq);

    first = as_sigv4_sign(signer, &rq, KEY, SECRET, DATE);
    other = as_sigv4_sign(signer, &rq, KEY, "another", DATE);
    assert_string_not_equal(first, other);
    free(other);

    other = as_sigv4_sign(signer, &rq, KEY, SECRET, "20150831T123600Z");
    assert_string_not_equal(first, other);
    free(other);

    again = as_sigv4_sign(signer, &rq, KEY, SECRET, DATE);
    assert_string_equal(first, again);
    free(again);
    free(first);

    as_sigv4_destroy(signer);
}


static void
test_refused(void **state)
{
    as_sigv4_t          *signer;
    as_sigv4_header_t    headers[33];
    as_sigv4_request_t   rq;
    size_t               i;

    (void) state;

    signer = as_sigv4_create("us-east-1", "service");
    request(&vectors[0], &rq);

    rq.headers++;
    rq.nheaders--;
    assert_null(as_sigv4_sign(signer, &rq, KEY, SECRET, DATE));

    for (i = 0; i < 33; i++) {
        headers[i].name = "host";
        headers[i].value = "x";
    }

    rq.headers = headers;
    rq.nheaders = 33;
    assert_null(as_sigv4_sign(signer, &rq, KEY, SECRET, DATE));

    as_sigv4_destroy(signer);
}


static void
test_date(void **state)
{
    char  date[AS_SIGV4_DATE_LEN + 1];

    (void) state;

    as_sigv4_date(1440938160, date);
    assert_string_equal(date, DATE);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_key_is_not_stale),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_date)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
