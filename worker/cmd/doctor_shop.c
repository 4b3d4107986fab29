/*
 * doctor's checks of the factory and the callback.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "run/callback_url.h"
#include "cmd/doctor_shop.h"
#include "run/factory.h"
#include "base/url.h"
#include "base/url_shown.h"


#define AS_DOCTOR_FACTORIES  20


static void
as_doctor_shop_factory_begin(const as_doctor_http_t *shop, const char *url,
    as_doctor_answer_t *a)
{
    as_http_request_t  rq;

    memset(&rq, 0, sizeof(rq));
    rq.method = "HEAD";
    rq.url = url;
    rq.flags = as_factory_flags(shop->settings, url);

    as_doctor_http_begin(shop, &rq, a);
}


static void
as_doctor_shop_factory_tell(const as_doctor_http_t *shop, const char *url,
    as_doctor_answer_t *a)
{
    char  shown[AS_URL_SHOWN_LEN];

    (void) as_url_shown(url, shown);

    if (as_doctor_http_wait(shop, a) != 0) {
        as_findings_say(shop->findings, AS_DOCTOR_UNREACHABLE, "factory",
                        a->error == AS_HTTP_FORBIDDEN
                        ? "if the factory is in your own network: "
                          "AUTOSTOCK_FACTORY_PRIVATE=on"
                        : "check that the factory is up, that FACTORY_API_URL "
                          "(or factory.API) is correct, and that no firewall "
                          "blocks the connection", "%s: %s: %s", shown,
                        as_http_error_text(a->error), a->reason);

    } else if (a->status >= 500) {
        as_findings_say(shop->findings, AS_DOCTOR_WARNING, "factory",
                        "contact the factory's operator; orders wait meanwhile",
                        "%s answers %d", shown, a->status);
    } else {
        as_findings_say(shop->findings, AS_DOCTOR_FINE, "factory", "",
                        "%s answers (%d to a HEAD)", shown, a->status);
    }

    as_text_free(&a->body);
}


typedef struct {
    const as_doctor_http_t  *shop;
    char                    *urls[AS_DOCTOR_FACTORIES];
    size_t                   n;
} as_doctor_urls_t;


/* False where the URL was seen before. */
static bool
as_doctor_shop_url_is_new(const as_doctor_urls_t *urls, const char *url)
{
    size_t  i;

    for (i = 0; i < urls->n; i++) {
        if (strcmp(urls->urls[i], url) == 0) {
            return false;
        }
    }

    return strcmp(url, urls->shop->settings->factory_api_url) != 0;
}


/* Two columns: factory.identifier, factory.API. */
static void
as_doctor_shop_url_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    char              *url;
    ptrdiff_t          len;
    as_doctor_urls_t  *urls = data;

    (void) statement;

    url = n == 2 ? malloc(lengths[1] + 1) : NULL;
    if (url == NULL) {
        return;
    }

    len = as_url_http(columns[1], url);

    if (len < 0) {
        as_findings_say(urls->shop->findings, AS_DOCTOR_WRONG, "factory",
                        "UPDATE factory SET API = 'https://...', or '' for "
                        "FACTORY_API_URL; then autostock-worker orders now SKU",
                        "factory.API of %s is neither an http or https URL "
                        "nor empty: its orders fail", columns[0]);

    } else if (len > 0 && urls->n < AS_DOCTOR_FACTORIES
               && as_doctor_shop_url_is_new(urls, url))
    {
        urls->urls[urls->n++] = url;
        return;
    }

    free(url);
}


/* In parallel, so that time-outs overlap. */
void
as_doctor_shop_factories(const as_doctor_http_t *shop, as_db_t *db)
{
    size_t               i;
    as_doctor_urls_t     urls;
    as_doctor_answer_t   answers[AS_DOCTOR_FACTORIES + 1];

    memset(&urls, 0, sizeof(urls));
    urls.shop = shop;

    /* database errors are reported by other checks */
    (void) as_db_exec(db, "SELECT identifier, COALESCE(API, '')"
                      " FROM factory"
                      " ORDER BY identifier LIMIT 1000", as_doctor_shop_url_row,
                      &urls);

    as_doctor_shop_factory_begin(shop, shop->settings->factory_api_url,
                                 &answers[AS_DOCTOR_FACTORIES]);
    for (i = 0; i < urls.n; i++) {
        as_doctor_shop_factory_begin(shop, urls.urls[i], &answers[i]);
    }

    as_doctor_shop_factory_tell(shop, shop->settings->factory_api_url,
                                &answers[AS_DOCTOR_FACTORIES]);
    for (i = 0; i < urls.n; i++) {
        as_doctor_shop_factory_tell(shop, urls.urls[i], &answers[i]);
        free(urls.urls[i]);
    }
}


/* Sends a callback as the factory does, for one item. */
static int
as_doctor_shop_call_back(const as_doctor_http_t *shop, const char *url,
    const char *sku, as_doctor_answer_t *a)
{
    int                        rc;
    as_text_t                  body = AS_TEXT_EMPTY;
    as_http_request_t          rq;
    static const char *const   headers[] = {
        "Content-Type: application/json"
    };

    as_text_put(&body, "{\"MessageAttributeProductCnt\":\"1\","
                "\"MessageAttributeProductId\":");
    as_text_json_string(&body, sku, strlen(sku));
    as_text_put(&body, "}");

    memset(&rq, 0, sizeof(rq));
    rq.method = "POST";
    rq.url = url;
    rq.headers = headers;
    rq.nheaders = 1;
    rq.body = as_text_get(&body);
    rq.body_len = body.len;
    rq.flags = AS_HTTP_PRIVATE;

    rc = as_doctor_http_ask(shop, &rq, a);
    as_text_free(&body);

    return rc;
}


/* Whether the answer is that of an unknown order, in the current or the
 * compatible form. */
static bool
as_doctor_shop_is_unknown(const as_doctor_answer_t *a)
{
    return strstr(as_text_get(&a->body), "urn:autostock:problem:no-order")
           != NULL
           || strstr(as_text_get(&a->body), "주문 없음") != NULL;
}


static void
as_doctor_shop_signed_tell(const as_doctor_http_t *shop,
    const as_doctor_answer_t *a)
{
    char         shown[AS_URL_SHOWN_LEN];
    const char  *url;

    url = as_url_shown(shop->settings->callback_url, shown);

    if (as_doctor_shop_is_unknown(a)) {
        as_findings_say(shop->findings, AS_DOCTOR_FINE, "callback", "",
                        "%s: nginx accepts the worker's signature", url);
        return;
    }

    switch (a->status) {
    case 401:
        as_findings_say(shop->findings, AS_DOCTOR_WRONG, "callback",
                        "add the worker's AUTOSTOCK_CALLBACK_SECRET(_FILE) to "
                        "nginx's autostock_callback_secret_file, then nginx -s "
                        "reload", "%s: nginx refuses the worker's "
                        "signature: the secrets differ", url);
        return;

    case 404:
    case 405:
        as_findings_say(shop->findings, AS_DOCTOR_WRONG, "callback",
                        "set CALLBACK_URL to a location with "
                        "autostock_restock", "%s answers %d: no location there "
                        "books goods", url, a->status);
        return;

    case 503:
        as_findings_say(shop->findings, AS_DOCTOR_WRONG, "callback",
                        "check nginx's error log, and its database settings",
                        "%s answers 503: nginx's database is unreachable or "
                        "refuses",
                        url);
        return;

    default:
        as_findings_say(shop->findings, AS_DOCTOR_WRONG, "callback",
                        "check which server answers there; the URL must name a "
                        "location with autostock_restock, without redirect or "
                        "login",
                        "%s answers %d, expected 404 for an unknown "
                        "order", url, a->status);
    }
}


void
as_doctor_shop_callback(const as_doctor_http_t *shop, const char *sku)
{
    char                  shown[AS_URL_SHOWN_LEN];
    uint8_t               order[AS_UUID_LEN];
    as_text_t             url = AS_TEXT_EMPTY;
    as_uuid_gen_t         gen;
    as_doctor_answer_t    a;
    const as_settings_t  *settings = shop->settings;

    if (as_uuid_init(&gen) != 0) {
        return;
    }

    memset(&a, 0, sizeof(a));
    as_uuid_v7(&gen, (uint64_t) time(NULL) * 1000, order);

    if (as_callback_url(&url, settings->callback_url, sku,
                        settings->callback_secret, order) != 0
        || !as_text_ok(&url))
    {
        as_findings_say(shop->findings, AS_DOCTOR_UNREACHABLE, "callback",
                        "autostock-worker check-config shows CALLBACK_URL and "
                        "whether there is a secret",
                        "the callback cannot be signed");

    } else if (as_doctor_shop_call_back(shop, as_text_get(&url), sku, &a)
               != 0)
    {
        as_findings_say(shop->findings, AS_DOCTOR_UNREACHABLE, "callback",
                        "check that nginx is up, that CALLBACK_URL is correct, "
                        "and that the factory can reach it too", "%s: %s: "
                        "%s", as_url_shown(settings->callback_url, shown),
                        as_http_error_text(a.error), a.reason);
    } else {
        as_doctor_shop_signed_tell(shop, &a);
    }

    as_text_free(&a.body);
    as_text_free(&url);
}
