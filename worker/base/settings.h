/*
 * The worker's settings, checked.  Times are in milliseconds.
 */

#ifndef AS_SETTINGS_H
#define AS_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/env.h"
#include "base/text.h"


/* What a command requires; a bit mask. */
#define AS_NEED_DB        0x01
#define AS_NEED_TOPIC     0x02
#define AS_NEED_QUEUE     0x04
#define AS_NEED_DLQ       0x08
#define AS_NEED_FACTORY   0x10
#define AS_NEED_CALLBACK  0x20
#define AS_NEED_RUN       0x3f


/* Strings live as long as the settings; NULL where unset. */
typedef struct {
    as_env_t    *env;

    const char  *db_hostname;
    int64_t      db_port;
    const char  *db_socket;
    const char  *db_username;
    const char  *db_password;
    const char  *db_database;
    int64_t      db_tls;               /* AS_OFF, AS_ON */
    const char  *db_tls_ca;
    int64_t      db_connect_timeout;
    int64_t      db_query_timeout;
    int64_t      sku_match;            /* AS_COLLATION, AS_EXACT */

    const char  *topic_arn;
    const char  *queue_url;
    const char  *dlq_url;

    const char  *factory_api_url;
    int64_t      factory_timeout;
    int64_t      factory_concurrency;
    int64_t      factory_rate;         /* calls per second; 0: no limit */
    int64_t      factory_private;      /* AS_OFF, AS_ON, AS_AUTO */
    const char  *callback_url;
    const char  *callback_secret;
    const char  *requester;
    int64_t      callback_timeout;
    int64_t      callback_attempts;
    int64_t      lost_answer;          /* AS_RETRY, AS_STOP */
    int64_t      failure_pause_min;
    int64_t      failure_pause_max;

    int64_t      in_flight;
    int64_t      visibility;
    int64_t      backoff_min;
    int64_t      backoff_max;
    int64_t      breaker_min;
    int64_t      breaker_max;
    int64_t      relay_interval;
    int64_t      watchdog_interval;
    int64_t      idempotency_retention;
    int64_t      stop_timeout;

    char        *worker_name;          /* an allocated copy */
    int64_t      metrics_port;         /* 0: no metrics */
    int64_t      dashboard;            /* AS_OFF, AS_ON */
    int64_t      log_format;           /* AS_TEXT_LINES, AS_JSON_LINES */
    int64_t      log_level;            /* as_log_level_e */
    const char  *status_url;           /* nginx's, for doctor */
    const char  *otlp_endpoint;        /* NULL: none; its traces are at
                                          /v1/traces */
    const char  *otlp_traces_endpoint; /* the whole URL, instead */
    const char  *service_name;
    const char  *proxy;
    const char  *ca_bundle;
    int64_t      aws_private;          /* AS_OFF, AS_ON */
} as_settings_t;


enum {
    AS_OFF = 0,
    AS_ON = 1,
    AS_AUTO = 2,

    AS_COLLATION = 0,
    AS_EXACT = 1,

    AS_RETRY = 0,
    AS_STOP = 1,

    AS_TEXT_LINES = 0,
    AS_JSON_LINES = 1
};


/*
 * Reads and checks all settings.  NULL where one is wrong or one of need is
 * missing; errors then has a line for each, without any secret.
 */
as_settings_t *as_settings_create(const char *env_file, unsigned need,
    as_text_t *errors);
void as_settings_destroy(as_settings_t *settings);

/* Replaces worker_name.  0, or -1 with errno ENOMEM. */
int as_settings_rename(as_settings_t *settings, const char *name);

/* Parses a time as settings have it: "500ms", "10s", "5m", "1h", "7d"; a number
 * alone is in seconds.  0, or -1 where text is not one. */
int as_settings_time(const char *text, int64_t *ms);

/* Checks further requirements after create.  0, or -1 with lines in errors. */
int as_settings_require(const as_settings_t *settings, unsigned need,
    as_text_t *errors);

/*
 * Writes NAME=value lines of all settings, or one JSON object, secrets as
 * "(set)"; for check-config.
 */
void as_settings_describe(const as_settings_t *settings, bool json,
    as_text_t *out);


#endif /* AS_SETTINGS_H */
