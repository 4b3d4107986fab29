#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "as_sqlerror.h"


/*
 * Numbers up to 1885 are the same on both servers.  From 1886 on, MariaDB and
 * MySQL may use one number for different errors; only the listed error can
 * occur here.
 */
static const struct {
    unsigned int number;
    as_sqlerror_t what;
    const char *name;
} as_sqlerrors[] = {
    /* MariaDB 11.6 and on */
    { 1020, AS_SQLERROR_CONFLICT, "ER_CHECKREAD" },
    { 1021, AS_SQLERROR_ALL, "ER_DISK_FULL" },
    { 1030, AS_SQLERROR_ALL, "ER_GET_ERRNO" },
    { 1036, AS_SQLERROR_READ_ONLY, "ER_OPEN_AS_READONLY" },
    { 1037, AS_SQLERROR_ALL, "ER_OUTOFMEMORY" },
    { 1040, AS_SQLERROR_ALL, "ER_CON_COUNT_ERROR" },
    { 1041, AS_SQLERROR_ALL, "ER_OUT_OF_RESOURCES" },
    { 1044, AS_SQLERROR_ALL, "ER_DBACCESS_DENIED_ERROR" },
    { 1045, AS_SQLERROR_ALL, "ER_ACCESS_DENIED_ERROR" },
    { 1046, AS_SQLERROR_ALL, "ER_NO_DB_ERROR" },
    /* Galera's "node not prepared" */
    { 1047, AS_SQLERROR_READ_ONLY, "ER_UNKNOWN_COM_ERROR" },
    { 1049, AS_SQLERROR_ALL, "ER_BAD_DB_ERROR" },
    { 1053, AS_SQLERROR_LOST, "ER_SERVER_SHUTDOWN" },
    { 1054, AS_SQLERROR_ALL, "ER_BAD_FIELD_ERROR" },
    { 1062, AS_SQLERROR_DUPLICATE, "ER_DUP_ENTRY" },
    /* KILL QUERY while the server parsed */
    { 1064, AS_SQLERROR_ENDED, "ER_PARSE_ERROR" },
    { 1080, AS_SQLERROR_LOST, "ER_FORCING_CLOSE" },
    { 1109, AS_SQLERROR_ALL, "ER_UNKNOWN_TABLE" },
    { 1114, AS_SQLERROR_ALL, "ER_RECORD_FILE_FULL" },
    { 1142, AS_SQLERROR_ALL, "ER_TABLEACCESS_DENIED_ERROR" },
    { 1143, AS_SQLERROR_ALL, "ER_COLUMNACCESS_DENIED_ERROR" },
    { 1146, AS_SQLERROR_ALL, "ER_NO_SUCH_TABLE" },
    { 1152, AS_SQLERROR_LOST, "ER_ABORTING_CONNECTION" },
    { 1156, AS_SQLERROR_LOST, "ER_NET_PACKETS_OUT_OF_ORDER" },
    { 1158, AS_SQLERROR_LOST, "ER_NET_READ_ERROR" },
    { 1159, AS_SQLERROR_LOST, "ER_NET_READ_INTERRUPTED" },
    { 1160, AS_SQLERROR_LOST, "ER_NET_ERROR_ON_WRITE" },
    { 1161, AS_SQLERROR_LOST, "ER_NET_WRITE_INTERRUPTED" },
    { 1184, AS_SQLERROR_LOST, "ER_NEW_ABORTING_CONNECTION" },
    { 1205, AS_SQLERROR_LOCKED, "ER_LOCK_WAIT_TIMEOUT" },
    { 1206, AS_SQLERROR_ALL, "ER_LOCK_TABLE_FULL" },
    /* also Galera's certification failure */
    { 1213, AS_SQLERROR_CONFLICT, "ER_LOCK_DEADLOCK" },
    { 1264, AS_SQLERROR_RANGE, "ER_WARN_DATA_OUT_OF_RANGE" },
    { 1267, AS_SQLERROR_ALTERED, "ER_CANT_AGGREGATE_2COLLATIONS" },
    { 1270, AS_SQLERROR_ALTERED, "ER_CANT_AGGREGATE_3COLLATIONS" },
    { 1271, AS_SQLERROR_ALTERED, "ER_CANT_AGGREGATE_NCOLLATIONS" },
    /* --read-only */
    { 1290, AS_SQLERROR_READ_ONLY, "ER_OPTION_PREVENTS_STATEMENT" },
    { 1317, AS_SQLERROR_ENDED, "ER_QUERY_INTERRUPTED" },
    { 1370, AS_SQLERROR_ALL, "ER_PROCACCESS_DENIED_ERROR" },
    /* of a trigger */
    { 1449, AS_SQLERROR_ALL, "ER_NO_SUCH_USER" },
    { 1637, AS_SQLERROR_ALL, "ER_TOO_MANY_CONCURRENT_TRXS" },
    { 1665, AS_SQLERROR_ALL, "ER_BINLOG_STMT_MODE_AND_ROW_ENGINE" },
    { 1690, AS_SQLERROR_RANGE, "ER_DATA_OUT_OF_RANGE" },
    { 1792, AS_SQLERROR_READ_ONLY,
      "ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION" },
    { 1836, AS_SQLERROR_READ_ONLY, "ER_READ_ONLY_MODE" },
    { 1874, AS_SQLERROR_READ_ONLY, "ER_INNODB_READ_ONLY" },
    /* MariaDB */
    { 1927, AS_SQLERROR_LOST, "ER_CONNECTION_KILLED" },
    /* MariaDB */
    { 1969, AS_SQLERROR_ENDED, "ER_STATEMENT_TIMEOUT" },
    /* MySQL */
    { 3024, AS_SQLERROR_ENDED, "ER_QUERY_TIMEOUT" },
    /* MySQL's group replication */
    { 3101, AS_SQLERROR_CONFLICT, "ER_TRANSACTION_ROLLBACK_DURING_COMMIT" },
    /* MySQL */
    { 3819, AS_SQLERROR_RANGE, "ER_CHECK_CONSTRAINT_VIOLATED" },
    /* MySQL */
    { 3854, AS_SQLERROR_ALTERED, "ER_CANNOT_CONVERT_STRING" },
    /* MySQL */
    { 3988, AS_SQLERROR_ALTERED, "ER_IMPOSSIBLE_STRING_CONVERSION" },
    /* MySQL */
    { 3989, AS_SQLERROR_READ_ONLY, "ER_SCHEMA_READ_ONLY" },
    /* MariaDB */
    { 4025, AS_SQLERROR_RANGE, "ER_CONSTRAINT_FAILED" },
    /* MySQL */
    { 4031, AS_SQLERROR_LOST, "ER_CLIENT_INTERACTION_TIMEOUT" },
    /* MySQL */
    { 4094, AS_SQLERROR_READ_ONLY,
      "ER_OPERATION_NOT_ALLOWED_WHILE_PRIMARY_CHANGE_IS_RUNNING" },
};


/*
 * These quote names (of users, tables, columns), never values.  Their texts say
 * what to repair, and are logged in full.
 */
static const uint16_t as_sqlerror_whole[] = {
    1044, 1045, 1049, 1109, 1142, 1143, 1146, 1227, 1370,
    1048, 1054, 1264, 1305, 1364, 1406, 1449,
    1290, 3819, 4025
};


as_sqlerror_t
as_sqlerror(unsigned int number)
{
    size_t i;

    for (i = 0; i < sizeof(as_sqlerrors) / sizeof(as_sqlerrors[0]); i++) {
        if (as_sqlerrors[i].number == number) {
            return as_sqlerrors[i].what;
        }
    }

    return AS_SQLERROR_ITEM;
}


const char *
as_sqlerror_name(unsigned int number)
{
    size_t i;

    for (i = 0; i < sizeof(as_sqlerrors) / sizeof(as_sqlerrors[0]); i++) {
        if (as_sqlerrors[i].number == number) {
            return as_sqlerrors[i].name;
        }
    }

    return "";
}


int
as_sqlerror_is_denied(unsigned int number)
{
    return number == AS_ER_TABLEACCESS_DENIED_ERROR
           || number == AS_ER_COLUMNACCESS_DENIED_ERROR
           || number == AS_ER_PROCACCESS_DENIED_ERROR;
}


int
as_sqlerror_is_library(unsigned int number)
{
    return (number >= 2000 && number < 3000)
           || (number >= 5000 && number < 6000);
}


/* The library's own errors quote addresses and files. */
static int
as_sqlerror_is_whole(unsigned int number)
{
    size_t i;

    if (as_sqlerror_is_library(number)) {
        return 1;
    }

    for (i = 0; i < sizeof(as_sqlerror_whole) / sizeof(as_sqlerror_whole[0]);
         i++)
    {
        if (as_sqlerror_whole[i] == number) {
            return 1;
        }
    }

    return 0;
}


/*
 * A value may contain quotes, so everything from the first quote to the last
 * one is removed.
 */
void
as_sqlerror_text(char *to, size_t size, unsigned int number,
    const char *text)
{
    size_t first, end, i, n;
    const char *gone;

    first = as_sqlerror_is_whole(number) ? strlen(text)
                                         : strcspn(text, "'\"");
    end = first;

    for (i = first; text[i] != '\0'; i++) {
        if (text[i] == '\'' || text[i] == '"') {
            end = i + 1;
        }
    }

    for (i = 0, n = 0; text[i] != '\0' && n + 1 < size; i++) {
        if (i == first && end > first) {
            for (gone = "'...'"; *gone != '\0' && n + 1 < size; gone++) {
                to[n++] = *gone;
            }

            i = end - 1;
            continue;
        }

        to[n++] = (unsigned char) text[i] < 0x20 || text[i] == 0x7f
                  ? ' ' : text[i];
    }

    to[n] = '\0';
}
