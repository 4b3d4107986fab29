#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aws/aws_endpoint.h"
#include "aws/profile.h"


const char *
as_aws_endpoint_service(as_aws_service_e service)
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


/* A partition: its DNS suffixes and its FIPS names (AWS Fault Isolation
 * Boundaries, appendix; the endpoint rule sets of SNS, SQS and STS). */
typedef struct {
    const char  *prefix;               /* of its regions */
    const char  *suffix;
    const char  *dualstack;            /* NULL: none */
    const char  *fips;                 /* "sns" FIPS; NULL: none */
} as_aws_partition_t;


static const as_aws_partition_t *
as_aws_endpoint_partition(const char *region)
{
    size_t                            i;
    static const as_aws_partition_t   partitions[] = {
        { "cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn", NULL },
        { "us-gov-", "amazonaws.com", "api.aws", "" },
        { "us-isob-", "sc2s.sgov.gov", NULL, "-fips" },
        { "us-isof-", "csp.hci.ic.gov", NULL, "-fips" },
        { "us-iso-", "c2s.ic.gov", NULL, "-fips" },
        { "eu-isoe-", "cloud.adc-e.uk", NULL, "-fips" },
        { "eusc-", "amazonaws.eu", "api.amazonwebservices.eu", "-fips" },
        { "", "amazonaws.com", "api.aws", "-fips" }
    };

    for (i = 0; ; i++) {
        if (strncmp(region, partitions[i].prefix,
                    strlen(partitions[i].prefix)) == 0)
        {
            return &partitions[i];
        }
    }
}


/* A setting: the environment variable, or else the profile.  Allocated; NULL
 * where it is in neither. variable NULL: only the profile. */
static char *
as_aws_endpoint_get(as_fetch_t *fetch, const char *variable,
    const char *name)
{
    char        *profile, *found;
    const char  *value;

    value = variable ? as_fetch_env(fetch, variable) : NULL;
    if (value != NULL) {
        return strdup(value);
    }

    profile = as_profile_name(fetch);
    found = profile ? as_profile_get(fetch, profile, name) : NULL;
    free(profile);

    return found;
}


/* 1, 0, or -1 with a message in err. */
static int
as_aws_endpoint_flag(as_fetch_t *fetch, const char *variable,
    const char *name, char err[AS_AWS_ERROR_LEN])
{
    int    rc;
    char  *value;

    value = as_aws_endpoint_get(fetch, variable, name);
    rc = value == NULL || strcasecmp(value, "false") == 0 ? 0
         : strcasecmp(value, "true") == 0 ? 1 : -1;

    if (rc == -1) {
        (void) snprintf(err, AS_AWS_ERROR_LEN, "%s, or %s of the profile: "
                        "expected true or false, found \"%.40s\"", variable,
                        name, value);
    }

    free(value);

    return rc;
}


/* The configured URL (SDKs and Tools Reference Guide, "Service-specific
 * endpoints"), allocated; NULL where there is none. */
static char *
as_aws_endpoint_setting(as_fetch_t *fetch, const char *service)
{
    char         name[64], *p, *services, *found;
    const char  *value;

    (void) snprintf(name, sizeof(name), "AWS_ENDPOINT_URL_%s", service);
    for (p = name; *p != '\0'; p++) {
        *p = (char) toupper((unsigned char) *p);
    }

    value = as_fetch_env(fetch, name);
    if (value == NULL) {
        value = as_fetch_env(fetch, "AWS_ENDPOINT_URL");
    }

    if (value != NULL) {
        return strdup(value);
    }

    services = as_aws_endpoint_get(fetch, NULL, "services");
    found = services ? as_profile_service(fetch, services, service,
                                          "endpoint_url") : NULL;
    free(services);

    return found ? found : as_aws_endpoint_get(fetch, NULL, "endpoint_url");
}


/* Restricts a region to what a host name may contain. */
static bool
as_aws_endpoint_region(const char *region)
{
    return *region != '\0' && strlen(region) < 64
           && region[strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-")]
              == '\0';
}


/* AWS's default endpoint of a region. */
static int
as_aws_endpoint_own(as_aws_endpoint_t *ep, const char *service,
    const char *region, bool fips, bool dualstack,
    char err[AS_AWS_ERROR_LEN])
{
    char                       url[192];
    const as_aws_partition_t  *partition;

    partition = as_aws_endpoint_partition(region);

    if ((fips && partition->fips == NULL)
        || (dualstack && partition->dualstack == NULL))
    {
        (void) snprintf(err, AS_AWS_ERROR_LEN, "%s is true, and the region "
                        "%s has no such endpoint; unset it", fips
                        && partition->fips == NULL
                        ? "AWS_USE_FIPS_ENDPOINT"
                        : "AWS_USE_DUALSTACK_ENDPOINT", region);
        return -1;
    }

    (void) snprintf(url, sizeof(url), "https://%s%s.%s.%s/", service,
                    !fips ? "" : dualstack ? "-fips" : partition->fips,
                    region, dualstack ? partition->dualstack
                                      : partition->suffix);

    return as_aws_endpoint_parse(ep, url, err);
}


int
as_aws_endpoint_find(as_aws_endpoint_t *ep, as_aws_service_e service,
    const char *region, as_getenv_pt get, void *data,
    char err[AS_AWS_ERROR_LEN])
{
    int          rc, fips, dualstack;
    bool         ignore;
    char        *value;
    as_fetch_t   fetch;
    const char  *name;

    name = as_aws_endpoint_service(service);

    if (!as_aws_endpoint_region(region)) {
        (void) snprintf(err, AS_AWS_ERROR_LEN, "AWS_REGION must be a name "
                        "such as ap-northeast-2");
        return -1;
    }

    /* only as much as reading settings needs */
    memset(&fetch, 0, sizeof(fetch));
    fetch.getenv = get;
    fetch.getenv_data = data;

    fips = as_aws_endpoint_flag(&fetch, "AWS_USE_FIPS_ENDPOINT",
                                "use_fips_endpoint", err);
    dualstack = fips == -1 ? -1
                : as_aws_endpoint_flag(&fetch, "AWS_USE_DUALSTACK_ENDPOINT",
                                       "use_dualstack_endpoint", err);
    if (dualstack == -1) {
        return -1;
    }

    value = as_aws_endpoint_get(&fetch, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                                "ignore_configured_endpoint_urls");
    ignore = value != NULL && strcasecmp(value, "true") == 0;
    free(value);

    value = ignore ? NULL : as_aws_endpoint_setting(&fetch, name);
    if (value == NULL) {
        return as_aws_endpoint_own(ep, name, region, fips, dualstack, err);
    }

    if (fips || dualstack) {
        (void) snprintf(err, AS_AWS_ERROR_LEN, "%s is true, and an endpoint "
                        "for %s is configured too; AWS's SDKs refuse both "
                        "at once: unset one", fips ? "AWS_USE_FIPS_ENDPOINT"
                        : "AWS_USE_DUALSTACK_ENDPOINT", name);
        rc = -1;

    } else {
        rc = as_aws_endpoint_parse(ep, value, err);
        ep->configured = true;
    }

    free(value);

    return rc;
}
