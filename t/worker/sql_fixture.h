/*
 * A fake connection (instead of db/db.c): it records the SQL, and returns the
 * rows, counts and errors that the test sets.
 */

#ifndef SQL_FIXTURE_H
#define SQL_FIXTURE_H

#include "db/db.h"


#define SQL_PACKETS  64
#define SQL_ROWS     64
#define SQL_COLUMNS  24


typedef struct {
    size_t          packet;            /* of which it is a result, from 0 */
    const char     *to;                /* not NULL: of the next packet that has
                                          this text */
    unsigned        statement;
    unsigned        n;
    const char     *columns[SQL_COLUMNS];
    unsigned long   lengths[SQL_COLUMNS];
} sql_row_t;

typedef struct {
    char           *packets[SQL_PACKETS];      /* what was run, in order */
    size_t          npackets;
    sql_row_t       rows[SQL_ROWS];
    size_t          nrows;
    as_db_status_e  status[SQL_PACKETS];       /* how they end */
    const char     *fails;             /* packets that have this text end with
                                          fails_with; NULL: none */
    as_db_status_e  fails_with;
    uint64_t        affected[SQL_PACKETS];     /* by the last packet, by
                                                  statement */
    bool            mysql;             /* not MariaDB */
    as_db_status_e  connect;
    unsigned        error;             /* the number of the last failure */
} sql_fixture_t;


extern sql_fixture_t  sql;

/* Any as_db_t; it must not be used but for this fixture's functions. */
extern as_db_t *const  sql_db;


/* As cmocka's setup and teardown. */
int sql_setup(void **state);
int sql_teardown(void **state);

/* Clears the recorded SQL and the results. */
void sql_reset(void);

/* A row of the packet: n texts, NULL for NULL. */
sql_row_t *sql_row(size_t packet, unsigned statement, unsigned n, ...);

/* The same, of the next packet that has this text. */
sql_row_t *sql_row_to(const char *to, unsigned statement, unsigned n, ...);

/* A UUID, or n of them one after the other, whose bytes are all this one (not
 * 0); for a column. */
const char *sql_id(unsigned char byte);
const char *sql_ids(unsigned char byte, unsigned n);

/* Its first column is a UUID whose bytes are all this one. */
sql_row_t *sql_row_id(size_t packet, unsigned statement, unsigned char byte,
    unsigned n, ...);

/* Whether the packet (from 0) has this text. */
bool sql_has(size_t packet, const char *text);

/* The first packet that has this text; fails if there is none. */
size_t sql_find(const char *text);

/* The statements of the packet that begin with this text. */
size_t sql_count(size_t packet, const char *text);


#endif /* SQL_FIXTURE_H */
