/*
 * Reads what `top` shows.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/top.h"
#include "cmd/top_module.h"
#include "cmd/top_source.h"
#include "cmd/top_worker.h"
#include "db/db_thread.h"
#include "db/shop_view.h"


struct as_top_s {
    as_top_conf_t      conf;
    as_top_source_t    module;
    as_top_source_t    worker;

    int                null_fd;        /* /dev/null, for the log: its lines
                                          would overwrite the screen */
    as_log_t          *log;
    as_db_thread_t    *thread;         /* NULL: settings are missing */
    as_job_t           job;
    bool               reading;        /* the job runs */
    as_shop_view_t     reader;         /* the job's */
    json_t            *shop;           /* the last; NULL: none */
    char               error[AS_DB_ERROR_LEN];

    unsigned           awaited;        /* parts that have not answered */
};


static void
as_top_answered(void *data)
{
    as_top_t  *top = data;

    if (--top->awaited == 0) {
        top->conf.done(top->conf.data);
    }
}


/* In the database's thread. */
static as_db_status_e
as_top_shop_run(void *data, as_db_t *db)
{
    as_top_t  *top = data;

    return as_shop_view(&top->reader, db);
}


static void
as_top_shop_read(void *data, as_db_status_e status, const char *error)
{
    as_top_t  *top = data;

    top->reading = false;
    json_decref(top->shop);
    top->shop = NULL;
    top->error[0] = '\0';

    if (status == AS_DB_OK) {
        top->shop = top->reader.shop;
        top->reader.shop = NULL;
    } else {
        snprintf(top->error, sizeof(top->error), "%s", error);
    }

    as_top_answered(top);
}


static json_t *
as_top_report(const char *text)
{
    json_t  *report;

    report = json_loads(text, 0, NULL);

    if (!json_is_object(json_object_get(report, "databases"))) {
        json_decref(report);
        return NULL;
    }

    return report;
}


static void
as_top_sources(as_top_t *top)
{
    top->module.http = top->worker.http = top->conf.session->http;
    top->module.done = top->worker.done = as_top_answered;
    top->module.data = top->worker.data = top;

    top->module.url = top->conf.status_url;
    top->module.expected = "a status page of the module";
    top->module.parse = as_top_report;
    top->module.view = as_top_module;
    snprintf(top->module.error, sizeof(top->module.error), "%s",
             top->conf.status_url != NULL ? ""
             : "set AUTOSTOCK_STATUS_URL or --status-url to its status page");

    top->worker.url = top->conf.metrics_url;
    top->worker.expected = "the metrics of a worker";
    top->worker.parse = as_top_worker_metrics;
    top->worker.view = as_top_worker;
    snprintf(top->worker.error, sizeof(top->worker.error), "%s",
             top->conf.metrics_url != NULL ? ""
             : "AUTOSTOCK_METRICS_PORT is 0: set --metrics-url");
}


/* 0, or -1 with errno. */
static int
as_top_database(as_top_t *top)
{
    const as_settings_t  *settings = top->conf.session->settings;

    if (settings->db_username == NULL || settings->db_database == NULL) {
        snprintf(top->error, sizeof(top->error), "set DB_USERNAME and "
                 "DB_DATABASE");
        return 0;
    }

    top->job.run = as_top_shop_run;
    top->job.done = as_top_shop_read;
    top->job.data = top;
    top->null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    top->log = as_log_create(top->null_fd, AS_LOG_ERROR, false);
    if (top->log == NULL) {
        return -1;
    }

    top->thread = as_db_thread_create("top", top->conf.session->loop,
                                      settings, top->log);

    return top->thread == NULL ? -1 : 0;
}


as_top_t *
as_top_create(const as_top_conf_t *conf)
{
    int        failed;
    as_top_t  *top;

    top = calloc(1, sizeof(*top));
    if (top == NULL) {
        return NULL;
    }

    top->conf = *conf;
    top->null_fd = -1;
    as_top_sources(top);

    if (as_top_database(top) != 0) {
        failed = errno;
        as_top_destroy(top);
        errno = failed;
        return NULL;
    }

    return top;
}


void
as_top_destroy(as_top_t *top)
{
    if (top == NULL) {
        return;
    }

    as_top_source_free(&top->module);
    as_top_source_free(&top->worker);

    if (top->thread != NULL) {
        as_db_thread_abort(top->thread);
    }
    as_db_thread_destroy(top->thread);
    as_log_destroy(top->log);
    if (top->null_fd != -1) {
        close(top->null_fd);
    }

    json_decref(top->reader.shop);
    json_decref(top->shop);
    free(top);
}


void
as_top_read(as_top_t *top)
{
    top->awaited += as_top_source_read(&top->module);
    top->awaited += as_top_source_read(&top->worker);

    if (top->thread != NULL && !top->reading) {
        top->reading = true;
        top->awaited++;
        as_db_thread_submit(top->thread, &top->job);
    }

    if (top->awaited == 0) {
        top->conf.done(top->conf.data);
    }
}


json_t *
as_top_view(const as_top_t *top)
{
    char       text[32];
    time_t     now;
    json_t    *shop;
    struct tm  tm;

    now = time(NULL);
    gmtime_r(&now, &tm);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);

    shop = top->shop != NULL ? json_incref(top->shop)
           : json_pack("{s:s}", "error", top->error[0] != '\0' ? top->error
                       : "has not answered yet");

    return json_pack("{s:s, s:f, s:o, s:o, s:o}", "time", text, "interval_s",
                     top->conf.interval_s, "module",
                     as_top_source_view(&top->module), "worker",
                     as_top_source_view(&top->worker), "database", shop);
}


bool
as_top_failed(const json_t *view)
{
    json_t      *part;
    const char  *name;

    json_object_foreach((json_t *) view, name, part) {
        if (json_object_get(part, "error") != NULL) {
            return true;
        }
    }

    return false;
}
