/*
 * doctor's check of the rights of the worker's user.
 */

#include <string.h>

#include "cmd/doctor_db_rights.h"
#include "as_sqlerror.h"


#define AS_DOCTOR_ER_BINLOG 1665       /* needs a binary log by row */

/* An id that no row has: a statement with it tests a right and changes
 * nothing. */
#define AS_DOCTOR_NO_ID  "X'00000000000000000000000000000000'"


/* A statement that changes nothing, and the right that it requires. */
typedef struct {
    const char  *may;
    const char  *sql;
} as_doctor_right_t;

static const as_doctor_right_t  as_doctor_rights[] = {
    { "lock a product's row",
      "SELECT stock FROM product WHERE product_id = " AS_DOCTOR_NO_ID
      " FOR UPDATE" },

    { "read the factories",
      "SELECT identifier, API FROM factory LIMIT 0" },

    { "open orders",
      "INSERT INTO restock_order (order_id, product_id, quantity) SELECT "
      AS_DOCTOR_NO_ID ", " AS_DOCTOR_NO_ID ", 1 FROM DUAL WHERE FALSE;INSERT"
      " INTO restock_order_trace (order_id, product_id, traceparent) SELECT"
      " order_id, product_id, '' FROM restock_order WHERE FALSE" },

    { "change orders",
      "UPDATE restock_order SET state = state, attempts = attempts,"
      " lease_until = NULL WHERE order_id = " AS_DOCTOR_NO_ID },

    { "write opening movements",
      "INSERT INTO stock_movement (movement_id, product_id, kind, quantity,"
      " idempotency_key) SELECT " AS_DOCTOR_NO_ID ", " AS_DOCTOR_NO_ID
      ", 'opening', 1, NULL FROM DUAL WHERE FALSE;INSERT INTO"
      " stock_movement_key (idempotency_key, movement_id, product_id) SELECT "
      AS_DOCTOR_NO_ID ", " AS_DOCTOR_NO_ID ", " AS_DOCTOR_NO_ID
      " FROM DUAL WHERE FALSE" },

    { "delete idempotency keys",
      "UPDATE stock_movement SET idempotency_key = NULL, fingerprint = NULL"
      " WHERE movement_id = " AS_DOCTOR_NO_ID ";DELETE FROM"
      " stock_movement_key WHERE idempotency_key = " AS_DOCTOR_NO_ID },

    { "release holds that are due",
      "UPDATE stock_hold SET state = 'expired', settled_at = NULL,"
      " settled_id = NULL WHERE hold_id = " AS_DOCTOR_NO_ID ";INSERT INTO"
      " stock_movement (movement_id, product_id, kind, quantity, sales)"
      " SELECT " AS_DOCTOR_NO_ID ", l.product_id, 'release', 1, 1 FROM"
      " stock_hold_line l WHERE FALSE;UPDATE product SET stock = stock,"
      " held = held WHERE product_id = " AS_DOCTOR_NO_ID },

    { "read returns",
      "SELECT sale_id, product_id, already, quantity FROM stock_return"
      " LIMIT 0" },
};

#define AS_DOCTOR_RIGHTS                                                      \
    (sizeof(as_doctor_rights) / sizeof(as_doctor_rights[0]))


typedef struct {
    as_findings_t  *findings;
    as_db_t        *db;
    const char     *database;
    bool            read_only;
} as_doctor_db_rights_t;


/* True where the statement failed for another reason than a missing right, so
 * that no further test is possible. */
static bool
as_doctor_db_rights_end(as_doctor_db_rights_t *r, as_db_status_e status)
{
    /* no such table or column: reported as a finding of the schema */
    if (as_db_errno(r->db) == 1146 || as_db_errno(r->db) == 1054) {
        return true;
    }

    /* reported as the finding of the binary log */
    if (as_db_by_statement(r->db)
        && as_db_errno(r->db) == AS_DOCTOR_ER_BINLOG)
    {
        return true;
    }

    if (as_sqlerror(as_db_errno(r->db)) == AS_SQLERROR_READ_ONLY) {
        r->read_only = true;
        return true;
    }

    if (status == AS_DB_GONE) {
        as_findings_say(r->findings, AS_DOCTOR_UNREACHABLE, "grants",
                        "see the finding for the database, or run doctor again",
                        "the rights of the user are not known: %s",
                        as_db_error(r->db));
    }

    return status == AS_DB_GONE;
}


static void
as_doctor_db_rights_user_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    (void) statement;
    (void) lengths;
    (void) n;

    as_text_put(data, columns[0]);
}


/* sql/grants.sql is written for one user name. */
static void
as_doctor_db_rights_mend(as_doctor_db_rights_t *r, as_text_t *mend)
{
    as_text_t   user = AS_TEXT_EMPTY;
    const char  own[] = "autostock_worker@localhost";

    (void) as_db_exec(r->db, "SELECT CURRENT_USER()",
                      as_doctor_db_rights_user_row, &user);

    if (strcmp(as_text_get(&user), own) == 0) {
        as_text_printf(mend, "as an administrator: mariadb %s < "
                       "sql/grants.sql", r->database);
    } else {
        as_text_printf(mend, "as an administrator: sed 's/%s/%.*s@\"%s\"/' "
                       "sql/grants.sql | mariadb %s", own,
                       (int) strcspn(as_text_get(&user), "@"),
                       as_text_get(&user), as_text_get(&user)
                       + strcspn(as_text_get(&user), "@")
                       + (strchr(as_text_get(&user), '@') != NULL),
                       r->database);
    }

    as_text_free(&user);
}


/* Tests each right: the error of its statement shows that it is missing. */
static void
as_doctor_db_rights_look(as_doctor_db_rights_t *r)
{
    size_t          i;
    as_text_t       missing = AS_TEXT_EMPTY, mend = AS_TEXT_EMPTY;
    as_db_status_e  status;

    for (i = 0; i < AS_DOCTOR_RIGHTS; i++) {
        status = as_db_exec(r->db, as_doctor_rights[i].sql, NULL, NULL);

        if (status == AS_DB_OK) {
            continue;
        }

        if (as_doctor_db_rights_end(r, status)) {
            goto out;
        }

        as_text_printf(&missing, "%s%s (%s)", missing.len > 0 ? ", " : "",
                       as_doctor_rights[i].may, as_db_error(r->db));
    }

    if (missing.len == 0) {
        as_findings_say(r->findings, AS_DOCTOR_FINE, "grants", "",
                        "the worker's user has the rights that run needs");
    } else {
        as_doctor_db_rights_mend(r, &mend);
        as_findings_say(r->findings, AS_DOCTOR_WRONG, "grants",
                        as_text_get(&mend), "the worker's user may not %.900s",
                        as_text_get(&missing));
    }

out:

    as_text_free(&missing);
    as_text_free(&mend);
}


bool
as_doctor_db_rights(as_findings_t *findings, as_db_t *db, const char *database)
{
    as_doctor_db_rights_t  r;

    memset(&r, 0, sizeof(r));
    r.findings = findings;
    r.db = db;
    r.database = database;
    as_doctor_db_rights_look(&r);

    return !r.read_only;
}
