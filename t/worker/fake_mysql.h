/*
 * The client library of the database, instead of libmariadb: the test sets its
 * answers, and only the test advances the clock.
 */

#ifndef FAKE_MYSQL_H
#define FAKE_MYSQL_H

#include "db/db_parts.h"


#define FAKE_RESULTS  32
#define FAKE_ROWS     4
#define FAKE_QUERIES  32


/* The result of one statement. */
typedef struct {
    unsigned     error;
    unsigned     columns;              /* 0: it returns no rows */
    unsigned     nrows;
    const char  *rows[FAKE_ROWS][2];
    uint64_t     affected;
    bool         more;                 /* the packet has another statement */
    bool         cut;                  /* the connection ends after the rows */
} fake_result_t;

typedef struct {
    as_settings_t   settings;
    as_db_t        *db;

    bool            no_memory;
    unsigned        connect_error;
    bool            mysql;             /* not MariaDB */
    bool            in_transaction;
    bool            endless;           /* rows, or results, do not end */
    bool            slow;              /* a row takes 40 s */
    bool            rollback_fails;
    bool            no_binlog;

    fake_result_t   results[FAKE_RESULTS];
    size_t          nresults;
    size_t          at;
    unsigned        row;

    MYSQL           conn;
    MYSQL_RES       result;
    unsigned        error;
    int             fds[2];
    int64_t         now_s;

    char           *queries[FAKE_QUERIES];
    size_t          nqueries;
    unsigned        connects;
    unsigned        closes;
    char            options[2000];     /* texts that were set */
    unsigned        enforced;          /* options of TLS */
    const char     *host;
    const char     *socket;
    unsigned long   flags;

    char            got[200];          /* rows, as the callback saw them */
} fake_mysql_t;


extern fake_mysql_t  lib;


/* As cmocka's setup and teardown, with a connection in lib.db that is not
 * connected. */
int fake_mysql_setup(void **state);
int fake_mysql_teardown(void **state);

/* The result of the next statement; its rows. */
fake_result_t *fake_add_result(unsigned columns);
void fake_add_row(fake_result_t *r, const char *one, const char *two);

/* The answer to the first query of a connection: the server's properties. */
void fake_add_server(const char *wsrep, const char *format, const char *packet,
    const char *charset);


#endif /* FAKE_MYSQL_H */
