/*
 * A server reports progress as an error packet with number 65535.  If such a
 * packet arrives instead of the greeting, libmariadb searches the server's
 * version, which is still NULL, for a name, and crashes.  So an empty version
 * is set before the connection is opened.  The library frees it if it gives up
 * before the greeting.  When the greeting arrives, the library overwrites the
 * pointer with the server's own version, and sets the thread id.
 */

#ifndef AS_GREETING_H
#define AS_GREETING_H

#include <stdlib.h>

#include <mysql.h>


/*
 * Call it before mysql_real_connect() or mysql_real_connect_start().  Returns
 * the empty version, or NULL if there is no memory.
 */
static inline char *
as_greeting_expect(MYSQL *mysql)
{
    mysql->server_version = calloc(1, 1);

    return mysql->server_version;
}


/*
 * Call it after mysql_real_connect(), or after each step of a connection that
 * is opened in steps, with the last value returned.  Returns version while the
 * library has it.  Later returns NULL, and has freed version if the library has
 * not.
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
