/*
 * The database alone: the sale's transaction from N clients, each over its own
 * connection, one packet per transaction.  With --batch N a transaction has N
 * sales in one ledger row, as autostock's has; with --rows, a row for each
 * sale, as before 0.2.0.
 *
 *     BENCH_PASSWORD=... bare --socket PATH --user U --database D
 *         --product 32-HEX-DIGITS [--clients N] [--batch N] [--rows]
 *         [--seconds S] [--packet SQL] [--session SQL]
 *
 * --packet is another form of the transaction (bench/lib/packets.js), with {id}
 * for the transaction's id, {product}, and {n} for the number of sales.
 * --session is run once on each connection.
 *
 * Prints one line of JSON.  Exits with 1 if any transaction failed.
 */

#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <mysql.h>

#include "as_uuid.h"
#include "histogram.h"


#define CLIENTS_MAX  1024
#define BATCH_MAX    4096
#define ROW_MAX      128               /* bytes of one row's SQL, at most */
#define PACKET_MAX   4096              /* bytes of --packet, filled in */


typedef struct {
    const char  *socket;
    const char  *user;
    const char  *password;
    const char  *database;
    const char  *product;              /* 32 hexadecimal digits */
    const char  *packet;               /* NULL: one ledger row, or --rows */
    const char  *session;
    unsigned     clients;
    unsigned     batch;
    int          rows;                 /* a ledger row for each sale */
    double       seconds;
} bare_options_t;


typedef struct {
    const bare_options_t  *options;
    pthread_barrier_t     *start;
    pthread_t              thread;
    MYSQL                 *mysql;
    as_uuid_gen_t          ids;
    char                  *sql;
    uint64_t               from_us;
    uint64_t               to_us;
    int                    failed;
    histogram_t            latency;
} bare_client_t;


static uint64_t
bare_now_us(clockid_t clock)
{
    struct timespec  ts;

    clock_gettime(clock, &ts);

    return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}


static int
bare_run(MYSQL *mysql, const char *sql, size_t len)
{
    int         rc;
    MYSQL_RES  *result;

    if (mysql_real_query(mysql, sql, (unsigned long) len)) {
        return -1;
    }

    do {
        result = mysql_store_result(mysql);
        mysql_free_result(result);
        rc = mysql_next_result(mysql);
    } while (rc == 0);

    return rc < 0 ? 0 : -1;
}


static MYSQL *
bare_connect(const bare_options_t *options)
{
    MYSQL    *mysql;
    my_bool   on = 1;

    mysql = mysql_init(NULL);
    if (mysql == NULL) {
        return NULL;
    }

    mysql_options(mysql, MARIADB_OPT_MULTI_STATEMENTS, &on);
    mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_options(mysql, MYSQL_INIT_COMMAND,
                  "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");

    if (mysql_real_connect(mysql, NULL, options->user, options->password,
                           options->database, 0, options->socket,
                           CLIENT_MULTI_STATEMENTS | CLIENT_MULTI_RESULTS)
        == NULL
        || (options->session
            && bare_run(mysql, options->session, strlen(options->session))))
    {
        fprintf(stderr, "bare: connect to %s: %s\n", options->socket,
                mysql_error(mysql));
        mysql_close(mysql);
        return NULL;
    }

    return mysql;
}


static void
bare_id(bare_client_t *client, char *hex, uint64_t ms)
{
    uint8_t  id[AS_UUID_LEN];

    as_uuid_v7(&client->ids, ms, id);

    for (unsigned i = 0; i < AS_UUID_LEN; i++) {
        sprintf(hex + 2 * i, "%02x", id[i]);
    }
}


/* Returns 0 if the packet is too long. */
static size_t
bare_packet(bare_client_t *client)
{
    char                  *p, *last;
    char                   id[2 * AS_UUID_LEN + 1], n[16];
    const char            *from, *value;
    const bare_options_t  *options = client->options;

    bare_id(client, id, bare_now_us(CLOCK_REALTIME) / 1000);

    /* a transaction's id ends in two zero bytes */
    strcpy(id + 2 * AS_UUID_LEN - 4, "0000");
    sprintf(n, "%u", options->batch);

    p = client->sql;
    last = p + PACKET_MAX - 1;

    for (from = options->packet; *from; /* void */) {
        value = strncmp(from, "{id}", 4) == 0 ? id
                : strncmp(from, "{product}", 9) == 0 ? options->product
                : strncmp(from, "{n}", 3) == 0 ? n : NULL;

        if (last - p < 2 * AS_UUID_LEN) {
            return 0;
        }

        if (value == NULL) {
            *p++ = *from++;
            continue;
        }

        p = stpcpy(p, value);
        from = strchr(from, '}') + 1;
    }

    return (size_t) (p - client->sql);
}


/* Sales of one piece each: one row for all needs no list. */
static char *
bare_insert(bare_client_t *client, char *p)
{
    char                   hex[2 * AS_UUID_LEN + 1];
    uint64_t               ms;
    const bare_options_t  *options = client->options;

    ms = bare_now_us(CLOCK_REALTIME) / 1000;
    p = stpcpy(p, "INSERT INTO stock_movement"
               " (movement_id,product_id,kind,quantity,sales) VALUES ");

    if (!options->rows) {
        bare_id(client, hex, ms);

        /* a transaction's id ends in two zero bytes */
        strcpy(hex + 2 * AS_UUID_LEN - 4, "0000");
        return p + sprintf(p, "(X'%s',X'%s','sale',-%u,%u)", hex,
                           options->product, options->batch, options->batch);
    }

    for (unsigned i = 0; i < options->batch; i++) {
        bare_id(client, hex, ms);
        p += sprintf(p, "%s(X'%s',X'%s','sale',-1,1)", i ? "," : "", hex,
                     options->product);
    }

    return p;
}


/* Ledger first, the contended row last, next to COMMIT. */
static size_t
bare_statement(bare_client_t *client)
{
    char                  *p;
    const bare_options_t  *options = client->options;

    if (options->packet) {
        return bare_packet(client);
    }

    p = bare_insert(client, stpcpy(client->sql, "BEGIN;"));
    p += sprintf(p, ";UPDATE product SET stock=LAST_INSERT_ID(stock-%u)"
                 " WHERE product_id=X'%s';COMMIT", options->batch,
                 options->product);

    return (size_t) (p - client->sql);
}


static void *
bare_client(void *data)
{
    size_t          len;
    uint64_t        began, ended;
    bare_client_t  *client = data;

    pthread_barrier_wait(client->start);

    client->from_us = bare_now_us(CLOCK_MONOTONIC);
    client->to_us = client->from_us
                    + (uint64_t) (client->options->seconds * 1000000);
    ended = client->from_us;

    while (ended < client->to_us) {
        len = bare_statement(client);
        began = bare_now_us(CLOCK_MONOTONIC);

        if (len == 0 || bare_run(client->mysql, client->sql, len) != 0) {
            fprintf(stderr, "bare: %s\n",
                    len ? mysql_error(client->mysql) : "--packet too long");
            client->failed = 1;
            break;
        }

        ended = bare_now_us(CLOCK_MONOTONIC);
        histogram_add(&client->latency, ended - began);
    }

    client->to_us = ended;

    return NULL;
}


static int
bare_clients_open(bare_client_t *clients, const bare_options_t *options,
    pthread_barrier_t *start)
{
    for (unsigned i = 0; i < options->clients; i++) {
        clients[i].options = options;
        clients[i].start = start;
        clients[i].sql = malloc(PACKET_MAX
                                + (size_t) options->batch * ROW_MAX);
        clients[i].mysql = bare_connect(options);

        if (clients[i].sql == NULL || clients[i].mysql == NULL
            || as_uuid_init(&clients[i].ids) != 0)
        {
            return -1;
        }
    }

    return 0;
}


static int
bare_report(const bare_client_t *clients, const bare_options_t *options)
{
    int           failed = 0;
    double        seconds;
    uint64_t      from = UINT64_MAX, to = 0;
    histogram_t  *all;

    all = calloc(1, sizeof(histogram_t));
    if (all == NULL) {
        return -1;
    }

    for (unsigned i = 0; i < options->clients; i++) {
        histogram_merge(all, &clients[i].latency);
        failed |= clients[i].failed;
        from = clients[i].from_us < from ? clients[i].from_us : from;
        to = clients[i].to_us > to ? clients[i].to_us : to;
    }

    seconds = (double) (to - from) / 1000000;

    printf("{\"clients\":%u,\"batch\":%u,\"seconds\":%.3f,"
           "\"transactions\":%llu,\"sales\":%llu,"
           "\"transactions_per_second\":%.1f,\"sales_per_second\":%.1f,",
           options->clients, options->batch, seconds,
           (unsigned long long) all->count,
           (unsigned long long) all->count * options->batch,
           (double) all->count / seconds,
           (double) all->count * options->batch / seconds);
    histogram_print(all, stdout);
    printf("}\n");
    free(all);

    return failed ? -1 : 0;
}


static int
bare_options(bare_options_t *options, int argc, char **argv)
{
    int                         c;
    static const struct option  known[] = {
        { "socket",   required_argument, NULL, 's' },
        { "user",     required_argument, NULL, 'u' },
        { "database", required_argument, NULL, 'd' },
        { "product",  required_argument, NULL, 'p' },
        { "clients",  required_argument, NULL, 'c' },
        { "batch",    required_argument, NULL, 'b' },
        { "rows",     no_argument,       NULL, 'r' },
        { "seconds",  required_argument, NULL, 't' },
        { "packet",   required_argument, NULL, 'k' },
        { "session",  required_argument, NULL, 'i' },
        { NULL, 0, NULL, 0 }
    };

    while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (c) {
        case 's': options->socket = optarg; break;
        case 'u': options->user = optarg; break;
        case 'd': options->database = optarg; break;
        case 'p': options->product = optarg; break;
        case 'c': options->clients = (unsigned) strtoul(optarg, NULL, 10);
                  break;
        case 'b': options->batch = (unsigned) strtoul(optarg, NULL, 10);
                  break;
        case 'r': options->rows = 1; break;
        case 'k': options->packet = optarg; break;
        case 'i': options->session = optarg; break;
        case 't': options->seconds = strtod(optarg, NULL); break;
        default: return -1;
        }
    }

    options->password = getenv("BENCH_PASSWORD");

    if (options->socket == NULL || options->user == NULL
        || options->database == NULL || options->product == NULL
        || strlen(options->product) != 2 * AS_UUID_LEN
        || options->clients < 1 || options->clients > CLIENTS_MAX
        || options->batch < 1 || options->batch > BATCH_MAX
        || options->seconds <= 0)
    {
        return -1;
    }

    return 0;
}


int
main(int argc, char **argv)
{
    int                 rc = 1;
    bare_client_t      *clients;
    bare_options_t      options = { .clients = 1, .batch = 1, .seconds = 3 };
    pthread_barrier_t   start;

    if (bare_options(&options, argc, argv) != 0) {
        fprintf(stderr, "usage: BENCH_PASSWORD=... bare --socket PATH"
                " --user U --database D --product 32-HEX-DIGITS"
                " [--clients 1..%u] [--batch 1..%u] [--rows]"
                " [--seconds S]"
                " [--packet SQL] [--session SQL]\n",
                CLIENTS_MAX, BATCH_MAX);
        return 2;
    }

    clients = calloc(options.clients, sizeof(bare_client_t));
    if (clients == NULL || mysql_library_init(0, NULL, NULL) != 0) {
        return 1;
    }

    pthread_barrier_init(&start, NULL, options.clients);

    if (bare_clients_open(clients, &options, &start) != 0) {
        goto out;
    }

    for (unsigned i = 0; i < options.clients; i++) {
        if (pthread_create(&clients[i].thread, NULL, bare_client, &clients[i])
            != 0)
        {
            perror("bare: pthread_create");
            _exit(1);
        }
    }

    for (unsigned i = 0; i < options.clients; i++) {
        pthread_join(clients[i].thread, NULL);
    }

    rc = bare_report(clients, &options) == 0 ? 0 : 1;

out:

    for (unsigned i = 0; i < options.clients; i++) {
        if (clients[i].mysql) {
            mysql_close(clients[i].mysql);
        }

        free(clients[i].sql);
    }

    free(clients);
    mysql_library_end();

    return rc;
}
