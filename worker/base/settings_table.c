/*
 * The table of settings.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/settings_table.h"


#define AS_AT(field)  offsetof(as_settings_t, field)

#define AS_SECOND     INT64_C(1000)
#define AS_MINUTE     (60 * AS_SECOND)
#define AS_HOUR       (60 * AS_MINUTE)
#define AS_DAY        (24 * AS_HOUR)

#define AS_TEXT(name, field, fallback, need, meaning)                         \
    { name, AS_KIND_TEXT, AS_AT(field), fallback, 0, 0, NULL, need, meaning }
#define AS_SECRET(name, field, min, need, meaning)                            \
    { name, AS_KIND_SECRET, AS_AT(field), NULL, min, 0, NULL, need, meaning }
#define AS_URL(name, field, need, meaning)                                    \
    { name, AS_KIND_URL, AS_AT(field), NULL, 0, 0, NULL, need, meaning }
#define AS_ARN(name, field, need, meaning)                                    \
    { name, AS_KIND_ARN, AS_AT(field), NULL, 0, 0, NULL, need, meaning }
#define AS_NUMBER(name, field, fallback, min, max, meaning)                   \
    { name, AS_KIND_NUMBER, AS_AT(field), fallback, min, max, NULL, 0,        \
      meaning }
#define AS_TIME(name, field, fallback, min, max, meaning)                     \
    { name, AS_KIND_TIME, AS_AT(field), fallback, min, max, NULL, 0, meaning }
#define AS_CHOICE(name, field, fallback, choices, meaning)                    \
    { name, AS_KIND_CHOICE, AS_AT(field), fallback, 0, 0, choices, 0, meaning }


const as_setting_t  as_settings_table[] = {
    AS_TEXT("DB_HOSTNAME", db_hostname, NULL, 0,
            "the database's host; not needed with DB_SOCKET"),
    AS_NUMBER("DB_PORT", db_port, "3306", 1, 65535, "its TCP port"),
    AS_TEXT("DB_SOCKET", db_socket, NULL, 0, "the database's unix socket, "
    "instead of the host"),
    AS_TEXT("DB_USERNAME", db_username, NULL, AS_NEED_DB, "the database user"),
    AS_SECRET("DB_PASSWORD", db_password, 0, 0, "the password of the database "
    "user"),
    AS_TEXT("DB_DATABASE", db_database, NULL, AS_NEED_DB, "the schema"),
    AS_CHOICE("DB_TLS", db_tls, "off", "off|on",
              "TLS to the database, always verified"),
    AS_TEXT("DB_TLS_CA", db_tls_ca, NULL, 0,
            "PEM file of the CAs for the database's certificate"),
    AS_TIME("AUTOSTOCK_DB_CONNECT_TIMEOUT", db_connect_timeout, "2s",
            AS_SECOND, AS_MINUTE, "time-out for connecting to the database"),
    AS_TIME("AUTOSTOCK_DB_QUERY_TIMEOUT", db_query_timeout, "10s",
            AS_SECOND, 10 * AS_MINUTE, "time-out for the answer to a "
    "statement"),
    AS_CHOICE("AUTOSTOCK_SKU_MATCH", sku_match, "collation",
              "collation|exact", "how SKUs are compared, as nginx's sku_match"),

    AS_ARN("TOPIC_ARN", topic_arn, AS_NEED_TOPIC,
           "the SNS topic of restock orders"),
    AS_URL("QUEUE_URL", queue_url, AS_NEED_QUEUE, "the SQS queue behind it"),
    AS_URL("DLQ_URL", dlq_url, AS_NEED_DLQ, "its dead-letter queue"),

    AS_URL("FACTORY_API_URL", factory_api_url, AS_NEED_FACTORY,
           "the Factory API for products whose factory.API is empty"),
    AS_TIME("AUTOSTOCK_FACTORY_TIMEOUT", factory_timeout, "10s",
            100, 10 * AS_MINUTE, "time-out for a call to a factory"),
    AS_NUMBER("AUTOSTOCK_FACTORY_CONCURRENCY", factory_concurrency, "64",
              1, 1000, "concurrent calls to one factory"),
    AS_NUMBER("AUTOSTOCK_FACTORY_RATE", factory_rate, "0", 0, 100000,
              "calls to one factory per second; 0: no limit"),
    AS_CHOICE("AUTOSTOCK_FACTORY_PRIVATE", factory_private, "auto",
              "off|on|auto", "whether factory.API may name a private address; "
              "auto: if FACTORY_API_URL does"),
    AS_URL("CALLBACK_URL", callback_url, AS_NEED_CALLBACK,
           "the URL that the factory calls back; may contain {sku}"),
    /* nginx's minimum */
    AS_SECRET("AUTOSTOCK_CALLBACK_SECRET", callback_secret, 16,
              AS_NEED_CALLBACK, "the secret that signs the callback; nginx "
    "needs the same"),
    AS_TEXT("AUTOSTOCK_REQUESTER", requester, "autostock", 0,
            "the requester's name in requests to the factory"),
    AS_TIME("AUTOSTOCK_CALLBACK_TIMEOUT", callback_timeout, "10m",
            100, 30 * AS_DAY, "the time after which a callback is overdue"),
    AS_NUMBER("AUTOSTOCK_CALLBACK_ATTEMPTS", callback_attempts, "3", 1, 1000,
              "requests of one order before it fails"),
    AS_CHOICE("AUTOSTOCK_LOST_ANSWER", lost_answer, "retry", "retry|stop",
              "the reaction to a lost answer of the factory"),
    AS_TIME("AUTOSTOCK_FAILURE_PAUSE_MIN", failure_pause_min, "1m", 0,
            AS_DAY, "the pause before a product's next order after a failed "
    "one"),
    AS_TIME("AUTOSTOCK_FAILURE_PAUSE_MAX", failure_pause_max, "1h", 0,
            30 * AS_DAY, "the longest such pause"),

    AS_NUMBER("AUTOSTOCK_IN_FLIGHT", in_flight, "200", 1, 10000,
              "messages processed at the same time"),
    AS_TIME("AUTOSTOCK_VISIBILITY", visibility, "60s", 2 * AS_SECOND,
            11 * AS_HOUR, "visibility time-out of a message in flight"),
    AS_TIME("AUTOSTOCK_BACKOFF_MIN", backoff_min, "2s", 0, AS_HOUR,
            "the first back-off of a failed message"),
    AS_TIME("AUTOSTOCK_BACKOFF_MAX", backoff_max, "5m", 0, 11 * AS_HOUR,
            "the longest back-off"),
    AS_TIME("AUTOSTOCK_BREAKER_MIN", breaker_min, "1s", 10, AS_HOUR,
            "the time from the circuit's opening to its first probe"),
    AS_TIME("AUTOSTOCK_BREAKER_MAX", breaker_max, "30s", 10, AS_HOUR,
            "the longest time between probes"),
    AS_TIME("AUTOSTOCK_RELAY_INTERVAL", relay_interval, "10ms", 1, AS_MINUTE,
            "the interval at which the relay polls the outbox"),
    AS_TIME("AUTOSTOCK_WATCHDOG_INTERVAL", watchdog_interval, "10s", 50,
            AS_HOUR, "the interval at which the watchdog checks for overdue "
            "orders"),
    AS_TIME("AUTOSTOCK_IDEMPOTENCY_RETENTION", idempotency_retention, "7d",
            AS_MINUTE, 3650 * AS_DAY,
            "how long the key of a sale, hold or return is kept"),
    AS_TIME("AUTOSTOCK_STOP_TIMEOUT", stop_timeout, "25s", 0, AS_HOUR,
            "the time for the work in progress after SIGTERM"),

    AS_TEXT("AUTOSTOCK_WORKER_NAME", worker_name, NULL, 0,
            "the worker's name in leases and messages; default host:pid"),
    AS_NUMBER("AUTOSTOCK_METRICS_PORT", metrics_port, "9508", 0, 65535,
              "on 127.0.0.1: /metrics, /healthz; 0: none"),
    AS_CHOICE("AUTOSTOCK_DASHBOARD", dashboard, "off", "off|on",
              "whether the dashboard's JSON is served on the metrics port"),
    AS_URL("AUTOSTOCK_STATUS_URL", status_url, 0,
           "the URL of nginx's status page, which doctor checks"),
    AS_URL("OTEL_EXPORTER_OTLP_ENDPOINT", otlp_endpoint, 0,
           "the collector of traces (OTLP/HTTP, JSON); none: no spans"),
    AS_URL("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", otlp_traces_endpoint, 0,
           "the same as a whole URL, otherwise /v1/traces of that"),
    AS_TEXT("OTEL_SERVICE_NAME", service_name, "autostock-worker", 0,
            "the service's name in these spans"),
    AS_CHOICE("AUTOSTOCK_LOG_FORMAT", log_format, "text", "text|json",
              "the format of the lines on stderr"),
    AS_CHOICE("AUTOSTOCK_LOG_LEVEL", log_level, "info",
              "debug|info|warn|error", "the lowest level that is logged"),
    { "AUTOSTOCK_PROXY", AS_KIND_PROXY, AS_AT(proxy), NULL, 0, 0, NULL, 0,
      "an HTTP proxy" },
    AS_CHOICE("AUTOSTOCK_AWS_PRIVATE", aws_private, "off", "off|on",
              "whether AWS host names may resolve to private addresses, as "
              "those of VPC endpoints do"),
    AS_TEXT("AWS_CA_BUNDLE", ca_bundle, NULL, 0,
            "PEM file of the CAs for HTTPS"),
};

const size_t  as_settings_count = sizeof(as_settings_table)
                                  / sizeof(as_settings_table[0]);
