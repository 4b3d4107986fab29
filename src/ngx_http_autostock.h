
/*
 * The configuration, and the types that several folders of src/ share.  Each
 * "autostock_database" block configures one database.  Each worker process has
 * its own pools and batches of a database (see ngx_http_autostock_pools.h,
 * ngx_http_autostock_batch.h).
 */


#ifndef _NGX_HTTP_AUTOSTOCK_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "as_version.h"


#define NGX_HTTP_AUTOSTOCK_VERSION       AUTOSTOCK_VERSION

#define NGX_HTTP_AUTOSTOCK_SKU_MAX       200          /* characters */
#define NGX_HTTP_AUTOSTOCK_SKU_BYTES     800
#define NGX_HTTP_AUTOSTOCK_QUANTITY_MAX  1000000

/* "2026-11-28T18:00:00.123Z" */
#define NGX_HTTP_AUTOSTOCK_TIME_LEN      24
#define NGX_HTTP_AUTOSTOCK_UUID_LEN      16

#define NGX_HTTP_AUTOSTOCK_DURABILITY_OFF      0
#define NGX_HTTP_AUTOSTOCK_DURABILITY_WARN     1
#define NGX_HTTP_AUTOSTOCK_DURABILITY_REQUIRE  2

/* autostock_trace */
#define NGX_HTTP_AUTOSTOCK_TRACE_OFF     0
#define NGX_HTTP_AUTOSTOCK_TRACE_ON      1            /* the request's trace */
#define NGX_HTTP_AUTOSTOCK_TRACE_ALWAYS  2            /* else a new trace */

/* what a location serves */
#define NGX_HTTP_AUTOSTOCK_PRODUCT   0x01             /* GET, HEAD */
#define NGX_HTTP_AUTOSTOCK_CHECKOUT  0x02             /* POST */
#define NGX_HTTP_AUTOSTOCK_RESTOCK   0x04             /* POST */
#define NGX_HTTP_AUTOSTOCK_STATUS    0x08             /* GET, HEAD */
#define NGX_HTTP_AUTOSTOCK_HOLD      0x10             /* POST */
#define NGX_HTTP_AUTOSTOCK_CONFIRM   0x20             /* POST */
#define NGX_HTTP_AUTOSTOCK_RELEASE   0x40             /* POST */
#define NGX_HTTP_AUTOSTOCK_RETURN    0x80             /* POST */
#define NGX_HTTP_AUTOSTOCK_PRODUCTS  0x100            /* GET, HEAD */

/* a location serves at most one operation of each group */
#define NGX_HTTP_AUTOSTOCK_GET                                                \
    (NGX_HTTP_AUTOSTOCK_PRODUCT|NGX_HTTP_AUTOSTOCK_PRODUCTS)
#define NGX_HTTP_AUTOSTOCK_POST                                               \
    (NGX_HTTP_AUTOSTOCK_CHECKOUT|NGX_HTTP_AUTOSTOCK_RESTOCK                   \
     |NGX_HTTP_AUTOSTOCK_HOLD|NGX_HTTP_AUTOSTOCK_CONFIRM                      \
     |NGX_HTTP_AUTOSTOCK_RELEASE|NGX_HTTP_AUTOSTOCK_RETURN)


typedef struct ngx_http_autostock_pools_s    ngx_http_autostock_pools_t;
typedef struct ngx_http_autostock_batch_s    ngx_http_autostock_batch_t;
typedef struct ngx_http_autostock_catalog_s  ngx_http_autostock_catalog_t;
typedef struct ngx_http_autostock_cell_s     ngx_http_autostock_cell_t;
typedef struct ngx_http_autostock_server_cell_s
    ngx_http_autostock_server_cell_t;


/* the kinds of log lines that may repeat often */
typedef enum {
    NGX_HTTP_AUTOSTOCK_REPEAT_REACH = 0,     /* no connection, or lost */
    NGX_HTTP_AUTOSTOCK_REPEAT_LOOKUP,        /* refused by the server */
    NGX_HTTP_AUTOSTOCK_REPEAT_SALE,
    NGX_HTTP_AUTOSTOCK_REPEAT_RECEIPT,
    NGX_HTTP_AUTOSTOCK_REPEAT_SETTLE,
    NGX_HTTP_AUTOSTOCK_REPEAT_SIGNATURE,
    NGX_HTTP_AUTOSTOCK_REPEATS
} ngx_http_autostock_repeat_e;


/* one kind of line in one worker process, see ngx_http_autostock_repeat.h */
typedef struct {
    ngx_msec_t                    since;    /* start of the period */
    ngx_uint_t                    lines;    /* written in the period */
    ngx_uint_t                    missed;   /* omitted since the last line */
    u_char                        note[64];
} ngx_http_autostock_repeat_t;


/* one "server" of an "autostock_database" block */
typedef struct {
    ngx_str_t                     name;     /* as configured, for the log */
    ngx_str_t                     label;    /* name, escaped for a string in
                                               metrics and JSON */

    /* addr for a socket or a numeric address; if NULL, host is resolved */
    ngx_addr_t                   *addr;
    ngx_str_t                     host;
    in_port_t                     port;

    ngx_flag_t                    tls;
    ngx_str_t                     tls_name;           /* default: host */

    ngx_uint_t                    max_fails;
    ngx_msec_t                    fail_timeout;
    time_t                        max_lag;            /* seconds */
    unsigned                      backup:1;
    unsigned                      replica:1;          /* look-ups only */

    /* counters of the worker process; NULL: none */
    ngx_http_autostock_server_cell_t  *cell;
} ngx_http_autostock_server_t;


typedef struct {
    ngx_str_t                     name;
    ngx_uint_t                    index;    /* in the main conf's databases */

    /*
     * In the order of preference: the servers that sales may use, without
     * "backup" and then with it; then the replicas.
     */
    ngx_array_t                   servers;  /* ngx_http_autostock_server_t */
    ngx_uint_t                    nprimaries;   /* that sales may use */
    ngx_uint_t                    synchronous;  /* a commit is on all servers */

    ngx_resolver_t               *resolver;
    ngx_msec_t                    resolver_timeout;

    /* login; NUL-terminated, since the library expects C strings */
    ngx_str_t                     user;
    ngx_str_t                     password;
    ngx_str_t                     database;

    /* TLS; the handshake runs in the thread pool */
    ngx_flag_t                    tls;
    ngx_str_t                     tls_ca;
    ngx_str_t                     tls_name;           /* default: a server's
                                                         host */
    ngx_str_t                     tls_certificate;
    ngx_str_t                     tls_certificate_key;
    ngx_thread_pool_t            *thread_pool;

    ngx_uint_t                    pool_size;          /* per worker process */
    ngx_uint_t                    backlog;            /* maximum of waiting
                                                         requests */
    ngx_uint_t                    batch_size;         /* requests per batch */
    ngx_uint_t                    durability;
    ngx_uint_t                    exact_sku;          /* 0: by collation */

    ngx_msec_t                    connect_timeout;
    ngx_msec_t                    query_timeout;
    ngx_uint_t                    query_timeout_set;  /* configured
                                                         explicitly */
    ngx_msec_t                    idle_timeout;
    ngx_msec_t                    lifetime;

    /* the place of the block; before it is read, of the first mention */
    ngx_uint_t                    defined;  /* the block was read */
    u_char                       *conf_file;
    ngx_uint_t                    conf_line;
    ngx_str_t                     password_file;
    ngx_str_t                     thread_pool_name;

    /* of the worker process, set in init_process */
    ngx_http_autostock_cell_t    *cell;     /* counters; NULL: none */
    ngx_http_autostock_pools_t   *pools;
    ngx_http_autostock_batch_t   *sales;
    ngx_http_autostock_batch_t   *lookups;
    ngx_http_autostock_batch_t   *reads;    /* look-ups on replicas; NULL: no
                                               replica */
    ngx_http_autostock_batch_t   *receipts;
    ngx_http_autostock_batch_t   *settlements;
    ngx_http_autostock_catalog_t *catalog;
    ngx_queue_t                   stuck;    /* receipts whose product row was
                                               locked */
    ngx_http_autostock_repeat_t   repeats[NGX_HTTP_AUTOSTOCK_REPEATS];
    ngx_uint_t                    sku_looked;     /* collation was checked */
    ngx_uint_t                    charset_logged; /* last value logged */
    ngx_uint_t                    durable_logged; /* last value logged */
    const char                   *refusal_logged; /* last value logged */
    ngx_http_autostock_server_t  *rights_of;      /* where rights were read */
    ngx_uint_t                    rights_missing; /* last value logged */
    ngx_msec_t                    rights_again;   /* time to the next check; 0:
                                                     none */
    ngx_uint_t                    traces;   /* the user may read and write the
                                               traces of orders */
    ngx_uint_t                    replays;  /* number of next flights that look
                                               for keys before they sell */
    ngx_uint_t                    reads_stock;  /* another trigger changes
                                                   LAST_INSERT_ID() */
} ngx_http_autostock_database_t;


typedef struct {
    ngx_array_t                   databases;
                                   /* ngx_http_autostock_database_t * */
    ngx_shm_zone_t               *status_zone;        /* NULL: no counters */
} ngx_http_autostock_main_conf_t;


typedef struct {
    ngx_http_autostock_database_t  *database;
    ngx_uint_t                    serves;             /* bits, see above */
    u_char                       *conf_file;          /* of the handler */
    ngx_uint_t                    conf_line;

    ngx_http_complex_value_t     *sku;                /* NULL: from the body */
    ngx_flag_t                    sku_pinned;
    ngx_flag_t                    sku_encoded;        /* decode
                                                         percent-encoding */

    ngx_http_complex_value_t     *idempotency_scope;  /* NULL: one scope */
    ngx_array_t                  *callback_secrets;   /* ngx_str_t, newest
                                                         first */
    ngx_http_complex_value_t     *cache_control;      /* of look-ups; NULL:
                                                         "no-store" */
    ngx_http_complex_value_t     *hold_id;            /* NULL: from the body */
    time_t                        hold_default;       /* seconds */
    time_t                        hold_max;           /* seconds */
    ngx_msec_t                    hold_grace;
    ngx_uint_t                    cart_lines;         /* at most */
    ngx_flag_t                    compat;
    ngx_flag_t                    subrequest;         /* POST in subrequests of
                                                         other modules */
    ngx_uint_t                    trace;
    size_t                        max_body_size;
    ngx_msec_t                    timeout;            /* of all but a
                                                         callback */
    ngx_msec_t                    restock_timeout;
    time_t                        retry_after;        /* seconds */
} ngx_http_autostock_loc_conf_t;


extern ngx_module_t  ngx_http_autostock_module;


#endif /* _NGX_HTTP_AUTOSTOCK_H_INCLUDED_ */
