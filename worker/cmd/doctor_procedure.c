/*
 * doctor's check of the procedure autostock_sell.
 */

#include <stdio.h>
#include <string.h>

#include "cmd/doctor_procedure.h"
#include "as_procedure.h"


typedef struct {
    bool  clustered;                   /* a Galera node */
    bool  may_see;                     /* a procedure that exists */
    bool  there;
    char  comment[64];
} as_doctor_procedure_t;


/* The number of the statement in the packet identifies its rows. */
static void
as_doctor_procedure_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    as_doctor_procedure_t  *p = data;

    (void) lengths;

    if (n != 1 || columns[0] == NULL) {
        return;
    }

    switch (statement) {
    case 0:
        p->clustered = strcmp(columns[0], "ON") == 0;
        break;

    case 1:
        p->may_see = columns[0][0] != '0';
        break;

    default:
        p->there = true;
        snprintf(p->comment, sizeof(p->comment), "%s", columns[0]);
    }
}


/* The server shows a routine only to a user with a right on it. */
static as_db_status_e
as_doctor_procedure_read(as_db_t *db, as_doctor_procedure_t *p)
{
    return as_db_exec(db,
        "SELECT VARIABLE_VALUE FROM information_schema.SESSION_VARIABLES"
        " WHERE VARIABLE_NAME = 'WSREP_ON';"

        "SELECT (SELECT COUNT(*) FROM information_schema.USER_PRIVILEGES"
        " WHERE PRIVILEGE_TYPE = 'EXECUTE') + (SELECT COUNT(*) FROM"
        " information_schema.SCHEMA_PRIVILEGES WHERE PRIVILEGE_TYPE ="
        " 'EXECUTE' AND DATABASE() LIKE TABLE_SCHEMA);"

        "SELECT ROUTINE_COMMENT FROM information_schema.ROUTINES WHERE"
        " ROUTINE_SCHEMA = DATABASE() AND"
        " ROUTINE_NAME = '" AS_PROCEDURE_NAME "'"
        " AND ROUTINE_TYPE = 'PROCEDURE'", as_doctor_procedure_row, p);
}


static void
as_doctor_procedure_tell(as_findings_t *findings,
    const as_doctor_procedure_t *p, const char *database)
{
    char  mend[400];

    if (p->there && strcmp(p->comment, AS_PROCEDURE_VERSION) != 0) {
        snprintf(mend, sizeof(mend), "as an administrator: mariadb %s < "
                 "sql/procedure.sql", database);
        as_findings_say(findings, AS_DOCTOR_WARNING, "procedure", mend,
                        "autostock_sell is of version \"%s\", not \"%s\": "
                        "nginx sells without it", p->comment,
                        AS_PROCEDURE_VERSION);

    } else if (p->there) {
        as_findings_say(findings, AS_DOCTOR_FINE, "procedure", "",
                        "autostock_sell exists: sales use it if nginx's user "
                        "has the right EXECUTE on it");

    } else if (p->may_see) {
        as_findings_say(findings, AS_DOCTOR_FINE, "procedure", "",
                        "autostock_sell, which is optional, does not exist; "
                        "mariadb %s < sql/procedure.sql creates it", database);
    } else {
        as_findings_say(findings, AS_DOCTOR_FINE, "procedure", "",
                        "this user sees no autostock_sell, which is optional; "
                        "mariadb %s < sql/procedure.sql creates it, and the "
                        "right EXECUTE shows it", database);
    }
}


void
as_doctor_procedure(as_findings_t *findings, as_db_t *db,
    const char *database)
{
    as_doctor_procedure_t  p;

    memset(&p, 0, sizeof(p));

    if (!as_db_is_mariadb(db)) {
        as_findings_say(findings, AS_DOCTOR_FINE, "procedure", "",
                        "nginx uses autostock_sell on MariaDB only");

    } else if (as_doctor_procedure_read(db, &p) != AS_DB_OK) {
        as_findings_say(findings, AS_DOCTOR_WARNING, "procedure",
                        "run doctor again", "autostock_sell cannot be "
                        "checked: %s", as_db_error(db));

    } else if (p.clustered) {
        as_findings_say(findings, AS_DOCTOR_FINE, "procedure", "",
                        "nginx does not use autostock_sell in a Galera "
                        "cluster");

    } else {
        as_doctor_procedure_tell(findings, &p, database);
    }
}
