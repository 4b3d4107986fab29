/*
 * doctor's checks of the running processes.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/doctor_life.h"
#include "base/url_shown.h"


#define AS_DOCTOR_ALIVE_MS   120000    /* ms since a worker's last action: it
                                          runs */
#define AS_DOCTOR_PAGE       (1 << 20) /* bytes of a metrics page */
#define AS_DOCTOR_LABEL      256


/* One sample of Prometheus's text format with one label, or two. */
typedef struct {
    char    label[AS_DOCTOR_LABEL];    /* the label's value, as written */
    char    second[AS_DOCTOR_LABEL];   /* the same; "" where there is one */
    double  value;
} as_doctor_sample_t;


/* Reads the labels and the value that follow a name. */
static bool
as_doctor_life_labels(const char *text, as_doctor_sample_t *s)
{
    s->second[0] = '\0';

    return sscanf(text, "{%*[a-z]=\"%255[^\"]\"} %lf", s->label, &s->value)
           == 2
           || sscanf(text, "{%*[a-z]=\"%255[^\"]\",%*[a-z]=\"%255[^\"]\"} %lf",
                     s->label, s->second, &s->value) == 3;
}


/*
 * Finds the next sample of name{label="..."} from *at on; false where there is
 * none.
 */
static bool
as_doctor_life_sample(const char **at, const char *name, as_doctor_sample_t *s)
{
    size_t       len;
    const char  *end;

    len = strlen(name);

    while (**at != '\0') {
        end = strchr(*at, '\n');

        if (strncmp(*at, name, len) == 0 && (*at)[len] == '{'
            && as_doctor_life_labels(*at + len, s))
        {
            *at = end == NULL ? "" : end + 1;
            return true;
        }

        *at = end == NULL ? "" : end + 1;
    }

    return false;
}


/* The value of the sample with that label, or fallback. */
static double
as_doctor_life_value(const char *page, const char *name, const char *label,
    double fallback)
{
    as_doctor_sample_t  s;

    while (as_doctor_life_sample(&page, name, &s)) {
        if (strcmp(s.label, label) == 0) {
            return s.value;
        }
    }

    return fallback;
}


/* 0, or -1 where the page cannot be read. */
static int
as_doctor_life_page(const as_doctor_http_t *http, const char *url,
    as_doctor_answer_t *answer)
{
    as_http_request_t  rq;

    memset(&rq, 0, sizeof(rq));
    rq.method = "GET";
    rq.url = url;
    rq.flags = AS_HTTP_PRIVATE;
    rq.max_answer = AS_DOCTOR_PAGE;

    return as_doctor_http_ask(http, &rq, answer);
}


static void
as_doctor_life_peers(const as_doctor_http_t *http, const char *page)
{
    char                when[64];
    double              last;
    const char         *at = page;
    as_doctor_sample_t  s;

    while (as_doctor_life_sample(&at, "autostock_worker_up", &s)) {
        if (s.value == 1) {
            continue;
        }

        last = as_doctor_life_value(page,
                                    "autostock_worker_last_success_seconds",
                                    s.label, 0);
        if (last == 0) {
            snprintf(when, sizeof(when), "and has not reached it since its "
                                  "start");
        } else {
            snprintf(when, sizeof(when), "last reached it %.0f s ago",
                     (double) time(NULL) - last);
        }

        as_findings_say(http->findings, AS_DOCTOR_WRONG, "worker-peer",
                        "see its findings and the worker's log; the worker "
                        "continues when the peer answers again",
                        "the worker does not reach %s, %s", s.label, when);
    }
}


static void
as_doctor_life_circuits(const as_doctor_http_t *http, const char *page)
{
    const char         *at = page;
    as_doctor_sample_t  s;

    while (as_doctor_life_sample(&at, "autostock_worker_breaker_open", &s)) {
        if (s.value == 0) {
            continue;
        }

        as_findings_say(http->findings, AS_DOCTOR_WARNING, "circuit",
                        "see the finding for the factory; orders wait, and the "
                        "worker continues when the factory answers again",
                        "the circuit of %s is open, %.0f messages wait",
                        s.label, as_doctor_life_value(page,
                                 "autostock_worker_factory_waiting", s.label,
                                 0));
    }
}


/* No worker answers on this host: checks for signs of one on another host. */
static void
as_doctor_life_worker_unseen(const as_doctor_http_t *http,
    const as_doctor_signs_t *signs, const char *why)
{
    char  last[80];

    if (signs->known && (signs->leases > 0
                         || (signs->last_ms >= 0
                             && signs->last_ms < AS_DOCTOR_ALIVE_MS)))
    {
        as_findings_say(http->findings, AS_DOCTOR_FINE, "worker", "",
                        "%s; but a worker on another machine has leases of %"
                        PRId64 " orders, and was active %" PRId64 " s ago", why,
                        signs->leases, signs->last_ms / 1000);
        return;
    }

    if (!signs->known) {
        snprintf(last, sizeof(last), "and the orders cannot be read");
    } else if (signs->last_ms < 0) {
        snprintf(last, sizeof(last), "and no order was published yet");
    } else {
        snprintf(last, sizeof(last), "and no worker was active for %" PRId64 " "
                 "s", signs->last_ms / 1000);
    }

    as_findings_say(http->findings, signs->stuck ? AS_DOCTOR_WRONG
                    : AS_DOCTOR_WARNING, "worker",
                    "start it: systemctl start autostock-worker; if it runs on "
                    "another machine, run doctor there",
                    "no worker was found: %s, %s", why, last);
}


void
as_doctor_life_worker(const as_doctor_http_t *http,
    const as_doctor_signs_t *signs)
{
    char                 url[64], why[400];
    const char          *page;
    as_doctor_answer_t   a;

    if (http->settings->metrics_port == 0) {
        as_doctor_life_worker_unseen(http, signs, "AUTOSTOCK_METRICS_PORT is "
                                     "0, so that this machine's worker cannot "
                                     "be checked");
        return;
    }

    snprintf(url, sizeof(url), "http://127.0.0.1:%" PRId64 "/metrics",
             http->settings->metrics_port);

    if (as_doctor_life_page(http, url, &a) != 0) {
        snprintf(why, sizeof(why), "%s does not answer (%s: %s)", url,
                 as_http_error_text(a.error), a.reason);
        as_doctor_life_worker_unseen(http, signs, why);
        as_text_free(&a.body);
        return;
    }

    page = as_text_get(&a.body);

    if (a.status != 200 || strstr(page, "\nautostock_worker_up{") == NULL) {
        as_findings_say(http->findings, AS_DOCTOR_WRONG, "worker",
                        "give the worker another AUTOSTOCK_METRICS_PORT, and "
                        "restart it",
                        "the server at %s is not an autostock-worker", url);
    } else {
        as_findings_say(http->findings, AS_DOCTOR_FINE, "worker", "",
                        "a worker answers at %s", url);
        as_doctor_life_peers(http, page);
        as_doctor_life_circuits(http, page);
    }

    as_text_free(&a.body);
}


/* Reports the rights that nginx's user lacks there; returns their number. */
static int
as_doctor_life_nginx_rights(const as_doctor_http_t *http, const char *page,
    const char *database)
{
    int                 n = 0;
    as_text_t           missing;
    as_doctor_sample_t  s;

    memset(&missing, 0, sizeof(missing));

    while (as_doctor_life_sample(&page, "autostock_right", &s)) {
        if (strcmp(s.label, database) == 0 && s.value == 0) {
            as_text_printf(&missing, "%s%s", n++ > 0 ? ", " : "", s.second);
        }
    }

    if (n > 0) {
        as_findings_say(http->findings, AS_DOCTOR_WRONG, "nginx-rights",
                        "nginx's error log names the columns; as an "
                        "administrator, with nginx's user in it, mariadb "
                        "DATABASE < sql/grants.sql; nginx notices it within "
                        "seconds, or with its next connection",
                        "database \"%s\" of nginx: its user lacks %s",
                        database, as_text_get(&missing));
    }

    as_text_free(&missing);

    return n;
}


/* Checks a database as nginx reports it. */
static void
as_doctor_life_nginx_database(const as_doctor_http_t *http, const char *page,
    const as_doctor_sample_t *failed)
{
    double  now = (double) time(NULL), committed;

    if (as_doctor_life_nginx_rights(http, page, failed->label) > 0) {
        /* which has its own remedy */
        return;
    }

    committed = as_doctor_life_value(page, "autostock_last_commit_seconds",
                                     failed->label, 0);

    if (failed->value > committed) {
        as_findings_say(http->findings, AS_DOCTOR_WRONG, "nginx-database",
                        "nginx's error log contains the database's error; a "
                        "successful checkout clears this finding",
                        "database \"%s\" of nginx: %.0f s ago a request was "
                        "answered 503, and no transaction followed",
                        failed->label, now - failed->value);

    } else if (committed > 0) {
        as_findings_say(http->findings, AS_DOCTOR_FINE, "nginx-database", "",
                        "database \"%s\" of nginx: the last transaction was "
                        "%.0f s ago", failed->label, now - committed);
    } else {
        as_findings_say(http->findings, AS_DOCTOR_FINE, "nginx-database", "",
                        "database \"%s\" of nginx: no transaction yet",
                        failed->label);
    }
}


void
as_doctor_life_nginx(const as_doctor_http_t *http)
{
    char                 shown[AS_URL_SHOWN_LEN];
    const char          *at, *page, *url = http->settings->status_url;
    as_doctor_answer_t   a;
    as_doctor_sample_t   s;

    if (url == NULL) {
        as_findings_say(http->findings, AS_DOCTOR_FINE, "nginx", "",
                        "not checked: AUTOSTOCK_STATUS_URL names no status "
                        "page");
        return;
    }

    (void) as_url_shown(url, shown);

    if (as_doctor_life_page(http, url, &a) != 0) {
        as_findings_say(http->findings, AS_DOCTOR_UNREACHABLE, "nginx",
                        "check that nginx is up, and that AUTOSTOCK_STATUS_URL "
                        "is correct", "%s: %s: %s", shown,
                        as_http_error_text(a.error), a.reason);
        as_text_free(&a.body);
        return;
    }

    page = at = as_text_get(&a.body);

    if (a.status != 200
        || strstr(page, "\nautostock_last_unavailable_seconds{") == NULL)
    {
        as_findings_say(http->findings, AS_DOCTOR_WRONG, "nginx",
                        "set AUTOSTOCK_STATUS_URL to a location with "
                        "autostock_status that allows this machine, and set "
                        "autostock_status_zone",
                        "%s answers %d, and not with a status page of the "
                        "module",
                        shown, a.status);
    } else {
        as_findings_say(http->findings, AS_DOCTOR_FINE, "nginx", "",
                        "its status page answers at %s", shown);
    }

    while (as_doctor_life_sample(&at, "autostock_last_unavailable_seconds",
                                 &s))
    {
        as_doctor_life_nginx_database(http, page, &s);
    }

    as_text_free(&a.body);
}
