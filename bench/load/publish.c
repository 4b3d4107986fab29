/*
 * A bare loop of PublishBatch: the cost of publishing orders without an
 * outbox, a lease or a record of the result.  It also fills the queue for the
 * consumers.
 *
 *     publish ENDPOINT REGION TOPIC_ARN < orders
 *
 * An order is a line: ORDER_UUID PRODUCT_UUID FACTORY QUANTITY.  Credentials
 * from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.  One connection, signed,
 * ten messages a call, one call after the other.  Prints one line of JSON.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>


#define BATCH      10
#define ORDER_MAX  512
#define BODY_MAX   65536

#define ENTRY  "&PublishBatchRequestEntries.member.%d."
#define ATTRIBUTE  "MessageAttributes.entry.%d."


typedef struct {
    CURL      *curl;
    char      *prefix;                 /* escaped, up to the entries */
    char      *subject;
    char      *text;
    char       body[BODY_MAX];
    size_t     used;
    int        entries;
    char       answer[BODY_MAX];
    size_t     answered;
    uint64_t   published;
    uint64_t   calls;
} publish_t;


static double
publish_now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}


static size_t
publish_answer(char *data, size_t size, size_t n, void *to)
{
    publish_t  *p = to;

    if (p->answered + n >= BODY_MAX) {
        return 0;
    }

    memcpy(p->answer + p->answered, data, n);
    p->answered += n;
    p->answer[p->answered] = '\0';

    return size * n;
}


static void
publish_put(publish_t *p, int entry, const char *name, const char *value)
{
    p->used += (size_t) snprintf(p->body + p->used, BODY_MAX - p->used,
                                 ENTRY "%s=%s", entry, name, value);
}


static void
publish_attribute(publish_t *p, int entry, int number, const char *name,
    const char *value)
{
    p->used += (size_t) snprintf(p->body + p->used, BODY_MAX - p->used,
        ENTRY ATTRIBUTE "Name=MessageAttribute%s"
        ENTRY ATTRIBUTE "Value.DataType=String"
        ENTRY ATTRIBUTE "Value.StringValue=%s",
        entry, number, name, entry, number, entry, number, value);
}


static int
publish_send(publish_t *p)
{
    long      status = 0;
    CURLcode  rc;

    p->answered = 0;
    curl_easy_setopt(p->curl, CURLOPT_POSTFIELDSIZE, (long) p->used);
    curl_easy_setopt(p->curl, CURLOPT_POSTFIELDS, p->body);

    rc = curl_easy_perform(p->curl);
    curl_easy_getinfo(p->curl, CURLINFO_RESPONSE_CODE, &status);

    if (rc != CURLE_OK || status != 200
        || strstr(p->answer, "<BatchResultErrorEntry>"))
    {
        fprintf(stderr, "publish: %s, status %ld: %.300s\n",
                curl_easy_strerror(rc), status, p->answer);
        return -1;
    }

    p->published += (uint64_t) p->entries;
    p->calls++;
    p->entries = 0;
    p->used = 0;

    return 0;
}


static int
publish_order(publish_t *p, char *line)
{
    int    n = p->entries + 1;
    char   id[16];
    char  *save, *order, *product, *factory, *quantity;

    order = strtok_r(line, " \t\n", &save);
    product = strtok_r(NULL, " \t\n", &save);
    factory = strtok_r(NULL, " \t\n", &save);
    quantity = strtok_r(NULL, " \t\n", &save);

    if (quantity == NULL) {
        fprintf(stderr, "publish: a line must be ORDER PRODUCT FACTORY"
                " QUANTITY\n");
        return -1;
    }

    if (p->entries == 0) {
        p->used = (size_t) snprintf(p->body, BODY_MAX, "%s", p->prefix);
    }

    snprintf(id, sizeof(id), "%d", n);
    publish_put(p, n, "Id", id);
    publish_put(p, n, "Message", p->text);
    publish_put(p, n, "Subject", p->subject);
    publish_attribute(p, n, 1, "ProductId", product);
    publish_attribute(p, n, 2, "FactoryId", factory);
    publish_attribute(p, n, 3, "ProductCnt", quantity);
    publish_attribute(p, n, 4, "Requester", "autostock");
    publish_attribute(p, n, 5, "OrderId", order);

    if (p->used >= BODY_MAX - 1) {
        fprintf(stderr, "publish: a call over %d bytes\n", BODY_MAX);
        return -1;
    }

    p->entries = n;

    return n == BATCH ? publish_send(p) : 0;
}


static int
publish_prepare(publish_t *p, const char *endpoint, const char *region,
    const char *topic)
{
    char        text[512], signer[128], credentials[512];
    char       *arn;
    const char *key = getenv("AWS_ACCESS_KEY_ID");
    const char *secret = getenv("AWS_SECRET_ACCESS_KEY");

    p->curl = curl_easy_init();
    if (p->curl == NULL || key == NULL || secret == NULL) {
        fprintf(stderr, "publish: no curl or no AWS_ACCESS_KEY_ID,"
                " AWS_SECRET_ACCESS_KEY\n");
        return -1;
    }

    arn = curl_easy_escape(p->curl, topic, 0);
    snprintf(text, sizeof(text), "Action=PublishBatch&Version=2010-03-31"
             "&TopicArn=%s", arn);
    curl_free(arn);
    p->prefix = strdup(text);
    p->subject = curl_easy_escape(p->curl, "도너츠 재고 부족", 0);
    p->text = curl_easy_escape(p->curl, "도너츠 재고가 없습니다. 제품을 "
        "생산해주세요! \n메시지 작성 시각: 2026-01-01T00:00:00Z", 0);

    snprintf(signer, sizeof(signer), "aws:amz:%s:sns", region);
    snprintf(credentials, sizeof(credentials), "%s:%s", key, secret);

    curl_easy_setopt(p->curl, CURLOPT_URL, endpoint);
    curl_easy_setopt(p->curl, CURLOPT_AWS_SIGV4, signer);
    curl_easy_setopt(p->curl, CURLOPT_USERPWD, credentials);
    curl_easy_setopt(p->curl, CURLOPT_WRITEFUNCTION, publish_answer);
    curl_easy_setopt(p->curl, CURLOPT_WRITEDATA, p);
    curl_easy_setopt(p->curl, CURLOPT_TIMEOUT, 30L);

    return p->prefix && p->subject && p->text ? 0 : -1;
}


int
main(int argc, char **argv)
{
    int               rc = 1;
    char              line[ORDER_MAX];
    double            began, seconds;
    static publish_t  p;

    if (argc != 4) {
        fprintf(stderr, "usage: publish ENDPOINT REGION TOPIC_ARN"
                " < orders\n");
        return 2;
    }

    curl_global_init(CURL_GLOBAL_DEFAULT);

    if (publish_prepare(&p, argv[1], argv[2], argv[3]) != 0) {
        goto out;
    }

    began = publish_now();

    while (fgets(line, sizeof(line), stdin)) {
        if (publish_order(&p, line) != 0) {
            goto out;
        }
    }

    if (p.entries && publish_send(&p) != 0) {
        goto out;
    }

    seconds = publish_now() - began;
    printf("{\"published\":%llu,\"calls\":%llu,\"seconds\":%.6f,"
           "\"per_second\":%.1f}\n", (unsigned long long) p.published,
           (unsigned long long) p.calls, seconds,
           (double) p.published / seconds);
    rc = 0;

out:

    curl_free(p.text);
    curl_free(p.subject);
    free(p.prefix);
    curl_easy_cleanup(p.curl);
    curl_global_cleanup();

    return rc;
}
