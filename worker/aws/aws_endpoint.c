#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aws/aws_endpoint.h"


const char *
as_aws_service_name(as_aws_service_e service)
{
    static const char *const  names[] = { "sns", "sqs", "sts" };

    return names[service];
}


void
as_aws_endpoint_free(as_aws_endpoint_t *ep)
{
    free(ep->url);
    free(ep->host);
    free(ep->path);
    memset(ep, 0, sizeof(as_aws_endpoint_t));
}


/* The Host header as libcurl sends it: without the scheme's own port. */
static char *
as_aws_endpoint_host(const char *p, size_t len, bool tls)
{
    size_t       n;
    const char  *port;

    port = tls ? ":443" : ":80";
    n = strlen(port);

    if (len > n && strncmp(p + len - n, port, n) == 0) {
        len -= n;
    }

    return strndup(p, len);
}


int
as_aws_endpoint_parse(as_aws_endpoint_t *ep, const char *url,
    char err[AS_AWS_ERROR_LEN])
{
    bool         tls;
    size_t       len;
    const char  *p;

    memset(ep, 0, sizeof(as_aws_endpoint_t));

    tls = strncasecmp(url, "https://", 8) == 0;

    if (!tls && strncasecmp(url, "http://", 7) != 0) {
        (void) snprintf(err, AS_AWS_ERROR_LEN,
                        "an endpoint must begin with http:// or https://");
        return -1;
    }

    p = url + (tls ? 8 : 7);
    len = strcspn(p, "/?#");

    if (len == 0 || memchr(p, '@', len) != NULL
        || strpbrk(url, "?# \t\r\n") != NULL)
    {
        (void) snprintf(err, AS_AWS_ERROR_LEN, "an endpoint must be "
                        "scheme://host[:port][/path], nothing more");
        return -1;
    }

    ep->host = as_aws_endpoint_host(p, len, tls);
    ep->path = strdup(p[len] ? p + len : "/");
    ep->url = strdup(url);

    if (ep->host == NULL || ep->path == NULL || ep->url == NULL) {
        as_aws_endpoint_free(ep);
        (void) snprintf(err, AS_AWS_ERROR_LEN, "out of memory");
        return -1;
    }

    return 0;
}


/* The partition's DNS suffix (AWS Fault Isolation Boundaries, appendix). */
static const char *
as_aws_endpoint_suffix(const char *region)
{
    size_t  i;

    static const struct {
        const char  *prefix;
        const char  *suffix;
    } partitions[] = {
        { "cn-", "amazonaws.com.cn" },
        { "us-isob-", "sc2s.sgov.gov" },
        { "us-iso-", "c2s.ic.gov" },
        { "eusc-", "amazonaws.eu" }
    };

    for (i = 0; i < sizeof(partitions) / sizeof(partitions[0]); i++) {
        if (strncmp(region, partitions[i].prefix,
                    strlen(partitions[i].prefix)) == 0)
        {
            return partitions[i].suffix;
        }
    }

    return "amazonaws.com";
}


static const char *
as_aws_endpoint_setting(const char *service, as_getenv_pt get, void *data)
{
    char         name[64], *p;
    const char  *value;

    value = get(data, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
    if (value != NULL && strcasecmp(value, "true") == 0) {
        return NULL;
    }

    (void) snprintf(name, sizeof(name), "AWS_ENDPOINT_URL_%s", service);
    for (p = name; *p != '\0'; p++) {
        *p = (char) toupper((unsigned char) *p);
    }

    value = get(data, name);
    if (value == NULL || *value == '\0') {
        value = get(data, "AWS_ENDPOINT_URL");
    }

    return value != NULL && *value != '\0' ? value : NULL;
}


/* A region goes into a host name: nothing else may come with it. */
static bool
as_aws_endpoint_region(const char *region)
{
    return *region != '\0' && strlen(region) < 64
           && region[strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-")]
              == '\0';
}


int
as_aws_endpoint_find(as_aws_endpoint_t *ep, as_aws_service_e service,
    const char *region, as_getenv_pt get, void *data,
    char err[AS_AWS_ERROR_LEN])
{
    int          rc;
    char         url[192];
    const char  *name, *value;

    name = as_aws_service_name(service);

    if (!as_aws_endpoint_region(region)) {
        (void) snprintf(err, AS_AWS_ERROR_LEN, "AWS_REGION must be a name "
                        "such as ap-northeast-2");
        return -1;
    }

    value = as_aws_endpoint_setting(name, get, data);
    if (value != NULL) {
        rc = as_aws_endpoint_parse(ep, value, err);
        ep->configured = true;
        return rc;
    }

    (void) snprintf(url, sizeof(url), "https://%s.%s.%s/", name, region,
                    as_aws_endpoint_suffix(region));

    return as_aws_endpoint_parse(ep, url, err);
}
