/*
 * What a server's error means for who asked, by the names of MariaDB's and
 * MySQL's own lists: one list for all that speak to the database.
 */

#ifndef AS_SQLERROR_H
#define AS_SQLERROR_H


#include <stddef.h>


/* Those that a caller tells apart. */
#define AS_ER_DUP_ENTRY          1062
#define AS_ER_LOCK_WAIT_TIMEOUT  1205


typedef enum {
    /*
     * Not in the list: something about what was asked.  It is for one
     * statement, row or value; the same without it goes well.
     */
    AS_SQLERROR_ITEM = 0,

    /* The transaction was in another's way and is undone: run it again. */
    AS_SQLERROR_CONFLICT,

    /* A lock was not had in time; the transaction is open: roll back. */
    AS_SQLERROR_LOCKED,

    /* The statement was ended, by an operator or by its time limit. */
    AS_SQLERROR_ENDED,

    /* This server takes no writes: run it again on another connection. */
    AS_SQLERROR_READ_ONLY,

    /*
     * Collations do not go together: a column is not what it was when the
     * session began.  Run it again on another connection.
     */
    AS_SQLERROR_ALTERED,

    /* A key is there already. */
    AS_SQLERROR_DUPLICATE,

    /* A number is out of its range, or a CHECK forbids it. */
    AS_SQLERROR_RANGE,

    /* It would be said to everybody: rights, tables, space, memory. */
    AS_SQLERROR_EVERYBODY,

    /* The session is over, or about to be: close the connection. */
    AS_SQLERROR_LOST
} as_sqlerror_t;


as_sqlerror_t as_sqlerror(unsigned int number);

/* The servers' name of it, "ER_..."; "" where it is not in the list. */
const char *as_sqlerror_name(unsigned int number);

/* 1 where it is the client library's and not the server's: then nothing was
 * refused, nobody was there. */
int as_sqlerror_is_library(unsigned int number);

/*
 * The text without what it may quote of a statement's or a row's values, on
 * one line, cut to size bytes with the NUL.
 */
void as_sqlerror_text(char *to, size_t size, unsigned int number,
    const char *text);


#endif /* AS_SQLERROR_H */
