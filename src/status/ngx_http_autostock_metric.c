
#include "ngx_http_autostock_metric.h"


/* in the order of ngx_http_autostock_counter_e */

ngx_http_autostock_metric_t  ngx_http_autostock_metric_counters[] = {
    { "sales", "Checkouts sold and committed." },
    { "sold_pieces", "Pieces sold." },
    { "holds", "Holds taken and committed." },
    { "replays", "Checkouts answered again by their Idempotency-Key." },
    { "refusals", "Checkouts refused: not enough stock." },
    { "key_conflicts", "Idempotency-Keys used for another request." },
    { "confirms", "Holds confirmed and committed." },
    { "releases", "Holds released and committed." },
    { "returns", "Returns committed." },
    { "returned_pieces", "Pieces of these returns." },
    { "lookups", "Product look-ups answered." },
    { "not_found", "Requests for an unknown product." },
    { "receipts", "Restock callbacks booked." },
    { "receipt_replays", "Restock callbacks of orders booked before." },
    { "receipt_refusals", "Restock callbacks refused: order or goods." },
    { "receipts_failed", "Restock callbacks whose goods could not be booked." },
    { "receipts_given_up", "Restock callbacks that reached their deadline." },
    { "unauthorized", "Restock callbacks without a valid signature." },
    { "bad_requests", "Requests with an invalid form (400, 405, 413)." },
    { "overloads", "Requests refused: the backlog was full." },
    { "unavailable", "Requests failed: no database in time." },
    { "unknown", "Requests answered 503: outcome unknown." },
    { "orders_opened", "Restock orders opened by sales." },
    { "batches", "Transactions committed." },
    { "batch_retries", "Transactions run again." },
    { "in_doubt", "Transactions that may have been committed or not." },
    { "connects", "Connections made to the database." },
    { "connect_failures", "Connections to the database that failed." },
    { "closes", "Connections closed." }
};

/* in the order of ngx_http_autostock_gauge_e */

ngx_http_autostock_metric_t  ngx_http_autostock_metric_gauges[] = {
    { "waiting", "Requests that wait for a batch." },
    { "in_flight", "Requests in a running batch." },
    { "connections", "Open connections to the database." },
    { "connections_idle", "Idle connections to the database." },
    { "connections_connecting", "Connections that are being established." }
};

/* in the order of ngx_http_autostock_moment_e */

ngx_http_autostock_metric_t  ngx_http_autostock_metric_moments[] = {
    { "last_commit", "Unix time of the last transaction; 0: none." },
    { "last_unavailable", "Unix time of the last 503 because of the database; "
      "0: none." }
};

/* in the order of ngx_http_autostock_histogram_e, without the results */

ngx_http_autostock_metric_t  ngx_http_autostock_metric_histograms[] = {
    { "batch_size", "Requests per transaction." },
    { "batch_duration_seconds", "Duration of a transaction." },
    { "checkout_wait_seconds", "Time that a checkout or hold waited for its "
      "batch." },
    { "checkout_database_seconds", "Time that the batch of a checkout or hold "
      "took." },
    { "checkout_duration_seconds", "Time from the arrival of a checkout or "
      "hold, with its body, to its answer." }
};

/* in the order of ngx_http_autostock_metric_setting() */

ngx_http_autostock_metric_t  ngx_http_autostock_metric_settings[] = {
    { "pool_size", "Maximum connections per worker process." },
    { "backlog", "Maximum waiting requests per worker process." },
    { "batch_size", "Maximum requests per transaction." },
    { "durability", "Configured durability: 0 off, 1 warn, 2 require." }
};

/* in the order of ngx_http_autostock_result_e */

char  *ngx_http_autostock_metric_results[] = {
    "sold", "replayed", "refused", "rejected", "unavailable", "unknown",
    "abandoned", "done", "found", "booked", "held", "confirmed", "released",
    "returned"
};

/* in the order of ngx_http_autostock_durable_e */

char  *ngx_http_autostock_metric_durable[] = { "unknown", "no", "yes" };

/* in the order of ngx_http_autostock_right_e */

char  *ngx_http_autostock_metric_rights[] = {
    "SELECT ON product",
    "UPDATE ON product",
    "SELECT ON stock_movement",
    "INSERT ON stock_movement",
    "SELECT ON stock_movement_key",
    "INSERT ON stock_movement_key",
    "SELECT ON restock_order",
    "INSERT ON restock_order",
    "UPDATE ON restock_order",
    "SELECT ON stock_hold",
    "INSERT ON stock_hold",
    "UPDATE ON stock_hold",
    "SELECT ON stock_hold_line",
    "INSERT ON stock_hold_line",
    "SELECT ON stock_return",
    "INSERT ON stock_return",
    "SELECT ON restock_order_trace",
    "INSERT ON restock_order_trace"
};


ngx_uint_t
ngx_http_autostock_metric_setting(ngx_http_autostock_database_t *db,
    ngx_uint_t n)
{
    switch (n) {

    case 0:
        return db->pool_size;

    case 1:
        return db->backlog;

    case 2:
        return db->batch_size;

    default:
        return db->durability;
    }
}
