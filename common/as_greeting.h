/*
 * A server reports progress as an error packet with number 65535.  If that
 * arrives instead of the greeting, libmariadb searches for a name in the
 * server's version, which is NULL then, and crashes.  So a version of ours is
 * set before the connection is opened.  The library frees it if it gives up
 * before the greeting, and forgets it when the greeting has set the server's
 * own version (and its thread id).
 */

#ifndef AS_GREETING_H
#define AS_GREETING_H

#include <stdlib.h>

#include <mysql.h>


/* Before mysql_real_connect() or its _start. */
static inline char *
as_greeting_expect(MYSQL *mysql)
{
    mysql->server_version = calloc(1, 1);

    return mysql->server_version;
}


/*
 * After it, and after each step of a connection that is opened in steps.
 * Returns the version while it is in place, NULL once it is gone.
 */
static inline char *
as_greeting_seen(MYSQL *mysql, char *version)
{
    if (version == NULL || mysql->server_version == version) {
        return version;
    }

    if (mysql->server_version != NULL || mysql->thread_id != 0) {
        free(version);
    }

    return NULL;
}


#endif /* AS_GREETING_H */
