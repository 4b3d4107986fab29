/*
 * The classes of the errors of server and library, and their messages.
 */

#include <stdio.h>

#include "as_sqlerror.h"
#include "db/db_parts.h"


#define AS_DB_ER_CONNECTIONS  1040     /* too many connections: try again
                                          later */


void
as_db_error_tell(char message[AS_DB_ERROR_LEN], unsigned error,
    const char *text)
{
    char         plain[AS_DB_ERROR_LEN / 2];
    const char  *name;

    name = as_sqlerror_name(error);
    as_sqlerror_text(plain, sizeof(plain), error, text);
    snprintf(message, AS_DB_ERROR_LEN, "%s: %s (error %u%s%s)",
             as_sqlerror_is_library(error) ? "unreachable" : "refused",
             plain, error, *name == '\0' ? "" : ", ", name);
}


as_db_status_e
as_db_error_status(unsigned error)
{
    switch (as_sqlerror(error)) {
    case AS_SQLERROR_CONFLICT:
    case AS_SQLERROR_LOCKED:
        return AS_DB_RETRY;

    case AS_SQLERROR_DUPLICATE:
        return AS_DB_DUPLICATE;

    case AS_SQLERROR_READ_ONLY:        /* a new connection may reach the new
                                          primary */
    case AS_SQLERROR_LOST:
        return AS_DB_GONE;

    default:
        return as_sqlerror_is_library(error) || error == AS_DB_ER_CONNECTIONS
               ? AS_DB_GONE : AS_DB_ERROR;
    }
}
