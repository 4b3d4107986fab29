/*
 * A connection to the shop's database.  Its calls block, within the time-outs;
 * a connection belongs to one thread at a time.
 */

#ifndef AS_DB_H
#define AS_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/settings.h"
#include "base/text.h"


#define AS_DB_STATEMENTS_MAX  256      /* of one packet */
#define AS_DB_PACKET_MIN      1048576  /* of max_allowed_packet, so that any
                                          of our packets passes */
#define AS_DB_ERROR_LEN       512


typedef struct as_db_s  as_db_t;

typedef enum {
    AS_DB_OK = 0,
    AS_DB_RETRY,                       /* deadlock, lock wait, certification:
                                          rolled back, run it again */
    AS_DB_DUPLICATE,                   /* a unique key; rolled back */
    AS_DB_GONE,                        /* no connection; what was under way
                                          may be committed or not */
    AS_DB_ERROR                        /* the statement is refused */
} as_db_status_e;

/* One row: the number of its statement in the packet (from 0), its columns
 * as text, NULL for NULL.  Lives until it returns. */
typedef void (*as_db_row_pt)(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n);


/* Connects when first needed.  NULL where memory is out.  The settings must
 * outlive it. */
as_db_t *as_db_create(const as_settings_t *settings);
void as_db_destroy(as_db_t *db);

/*
 * Runs the statements of one packet, separated by ";", and reads all their
 * results.  The first that fails ends it; an open transaction is rolled
 * back.  row may be NULL.
 */
as_db_status_e as_db_run(as_db_t *db, const as_text_t *sql, as_db_row_pt row,
    void *data);

/* The same of a fixed text. */
as_db_status_e as_db_exec(as_db_t *db, const char *sql, as_db_row_pt row,
    void *data);

/*
 * "column = sku", of product.sku, by its key: as AUTOSTOCK_SKU_MATCH says, and
 * whatever the column's character set.  Of no row where the column cannot
 * hold it, or it is no UTF-8.  Connects.
 */
void as_db_sku(as_db_t *db, as_text_t *sql, const char *column,
    const char *sku);

/* The column's character set and collation; empty: bytes, or not known. */
const char *as_db_sku_charset(const as_db_t *db);
const char *as_db_sku_collation(const as_db_t *db);

/* Rows that the n-th statement of the last packet changed; 0 where it was
 * not reached. */
uint64_t as_db_affected(const as_db_t *db, unsigned statement);

/* Why the last call failed, "refused: ..." by the server or "out of reach:
 * ...": for the log; has no parameters and no values. */
const char *as_db_error(const as_db_t *db);
unsigned as_db_errno(const as_db_t *db);

/* Connected, or does so now. */
as_db_status_e as_db_connect(as_db_t *db);
void as_db_close(as_db_t *db);

/* MariaDB rather than MySQL; of the connection there is, or was. */
bool as_db_is_mariadb(const as_db_t *db);

/* True where the binary log is written by statement, and the session may not
 * change that: nothing can be written. */
bool as_db_by_statement(const as_db_t *db);

/* The server's max_allowed_packet, in bytes; 0: not known. */
size_t as_db_packet_max(const as_db_t *db);

/* From another thread: the next connection is made with these, which must
 * outlive it. */
void as_db_reload(as_db_t *db, const as_settings_t *settings);

/* From another thread, for good: what blocks in the connection returns soon,
 * and it connects no more. */
void as_db_abort(as_db_t *db);


#endif /* AS_DB_H */
