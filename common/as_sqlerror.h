/*
 * The classes of the server's errors, in one list for all code that uses the
 * database.  The names are those of MariaDB's and MySQL's own lists.
 */

#ifndef AS_SQLERROR_H
#define AS_SQLERROR_H


#include <stddef.h>


/* The numbers that callers compare. */
#define AS_ER_DUP_ENTRY                  1062
#define AS_ER_TABLEACCESS_DENIED_ERROR   1142
#define AS_ER_COLUMNACCESS_DENIED_ERROR  1143
#define AS_ER_ERROR_DURING_COMMIT        1180
#define AS_ER_LOCK_WAIT_TIMEOUT          1205
#define AS_ER_SP_DOES_NOT_EXIST          1305
#define AS_ER_SP_WRONG_NO_OF_ARGS        1318
#define AS_ER_PROCACCESS_DENIED_ERROR    1370


typedef enum {
    /*
     * Not in the list.  It concerns one statement, row or value; the other
     * items would succeed without it.
     */
    AS_SQLERROR_ITEM = 0,

    /* The transaction conflicted with another and is rolled back: retry it. */
    AS_SQLERROR_CONFLICT,

    /* A lock wait timed out; the transaction is still open: roll back. */
    AS_SQLERROR_LOCKED,

    /* An operator or a time limit ended the statement. */
    AS_SQLERROR_ENDED,

    /* This server accepts no writes: retry on another connection. */
    AS_SQLERROR_READ_ONLY,

    /*
     * Incompatible collations: a column has changed since the session began.
     * Retry on another connection.
     */
    AS_SQLERROR_ALTERED,

    /* The key exists already. */
    AS_SQLERROR_DUPLICATE,

    /* A number is out of range, or a CHECK constraint rejects it. */
    AS_SQLERROR_RANGE,

    /* Every request would get it: privileges, tables, disk space, memory. */
    AS_SQLERROR_ALL,

    /* The session has ended or will end soon: close the connection. */
    AS_SQLERROR_LOST
} as_sqlerror_t;


/* The class of an error number. */
as_sqlerror_t as_sqlerror(unsigned int number);

/* The servers' name of the error, "ER_..."; "" if it is not in the list. */
const char *as_sqlerror_name(unsigned int number);

/* 1 if the user lacks a privilege on a table, column or routine. */
int as_sqlerror_is_denied(unsigned int number);

/*
 * 1 if the error is the client library's, such as a lost connection: the server
 * has refused nothing.
 */
int as_sqlerror_is_library(unsigned int number);

/*
 * Copies the error's text as one line without the values that it may quote from
 * statements or rows.  Writes at most size bytes, including the NUL.
 */
void as_sqlerror_text(char *to, size_t size, unsigned int number,
    const char *text);


#endif /* AS_SQLERROR_H */
