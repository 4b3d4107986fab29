/*
 * A connection to the shop's database.  Its calls block, up to the time-outs.
 * Only one thread may use a connection at a time.
 */

#ifndef AS_DB_H
#define AS_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/settings.h"
#include "base/text.h"


#define AS_DB_STATEMENTS_MAX  256      /* of one packet, for as_db_affected() */
#define AS_DB_PACKET_MIN      1048576  /* max_allowed_packet, bytes: enough for
                                          any packet that the worker sends */
#define AS_DB_ERROR_LEN       512


typedef struct as_db_s  as_db_t;

typedef enum {
    AS_DB_OK = 0,
    AS_DB_RETRY,                       /* deadlock, lock wait or certification
                                          failure: rolled back, run it again */
    AS_DB_DUPLICATE,                   /* a unique key exists; rolled back */
    AS_DB_GONE,                        /* connection lost: the transaction may
                                          or may not be committed */
    AS_DB_ERROR                        /* the server refuses the statement */
} as_db_status_e;

/*
 * Receives one row: the number of its statement in the packet (from 0), and its
 * columns as text, NULL for NULL.  The row is valid until the callback returns.
 */
typedef void (*as_db_row_pt)(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n);


/*
 * Connects at the first use.  NULL where memory is out.  The settings must
 * outlive the connection.
 */
as_db_t *as_db_create(const as_settings_t *settings);
void as_db_destroy(as_db_t *db);

/*
 * Runs the statements of one packet, separated by ";", and reads all results.
 * The first statement that fails ends the packet; an open transaction is rolled
 * back. row may be NULL.
 */
as_db_status_e as_db_run(as_db_t *db, const as_text_t *sql, as_db_row_pt row,
    void *data);

/* The same for a constant text. */
as_db_status_e as_db_exec(as_db_t *db, const char *sql, as_db_row_pt row,
    void *data);

/*
 * Appends the condition "column = sku" for product.sku.  It uses the column's
 * index, compares as AUTOSTOCK_SKU_MATCH says, and works for any character set.
 * It matches no row where the column cannot hold sku or sku is not UTF-8.
 * Connects where necessary.
 */
void as_db_sku(as_db_t *db, as_text_t *sql, const char *column,
    const char *sku);

/* The same for "column > sku", in the order of the column's index. */
void as_db_sku_after(as_db_t *db, as_text_t *sql, const char *column,
    const char *sku);

/* The column's character set and collation.  Empty: binary, or not known. */
const char *as_db_sku_charset(const as_db_t *db);
const char *as_db_sku_collation(const as_db_t *db);

/*
 * Rows that the n-th statement of the last packet inserted or deleted, or that
 * an UPDATE found, also where it left their values as they were
 * (CLIENT_FOUND_ROWS).  0 where it did not run, or for n from
 * AS_DB_STATEMENTS_MAX on.
 */
uint64_t as_db_affected(const as_db_t *db, unsigned statement);

/*
 * Why the last call failed: "refused: ..." (by the server), "unreachable:
 * ...", or what the worker itself found ("out of memory").  For the log:
 * contains no parameters and no values.
 */
const char *as_db_error(const as_db_t *db);
unsigned as_db_errno(const as_db_t *db);

/* Connects unless there is a connection already. */
as_db_status_e as_db_connect(as_db_t *db);
void as_db_close(as_db_t *db);

/*
 * Whether the server of the current or last connection is MariaDB (not MySQL).
 */
bool as_db_is_mariadb(const as_db_t *db);

/*
 * True where the server writes its binary log by statement and the session may
 * not change that.  Then every write fails.
 */
bool as_db_by_statement(const as_db_t *db);

/* The server's max_allowed_packet, in bytes; 0: not known. */
size_t as_db_packet_max(const as_db_t *db);

/*
 * Called from another thread.  Uses these settings from the next connection on.
 * They must outlive the connection.
 */
void as_db_reload(as_db_t *db, const as_settings_t *settings);

/*
 * Called from another thread.  Makes a blocking call return soon, and prevents
 * any further connection.
 */
void as_db_abort(as_db_t *db);


#endif /* AS_DB_H */
