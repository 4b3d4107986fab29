/*
 * sd_notify(3)'s protocol.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "run/notify.h"


struct as_notify_s {
    int                 fd;            /* -1: no service manager */
    struct sockaddr_un  to;
    socklen_t           to_len;
    int64_t             watchdog_ms;
};


static int64_t
as_notify_watchdog_setting(void)
{
    const char  *usec, *pid;

    usec = getenv("WATCHDOG_USEC");
    pid = getenv("WATCHDOG_PID");

    if (usec == NULL || (pid != NULL && atol(pid) != (long) getpid())) {
        return 0;
    }

    return strtoll(usec, NULL, 10) / 1000;
}


as_notify_t *
as_notify_create(void)
{
    size_t        len;
    const char   *path;
    as_notify_t  *notify;

    notify = calloc(1, sizeof(*notify));
    if (notify == NULL) {
        return NULL;
    }

    notify->fd = -1;
    path = getenv("NOTIFY_SOCKET");

    if (path == NULL || (path[0] != '/' && path[0] != '@')
        || strlen(path) >= sizeof(notify->to.sun_path))
    {
        return notify;
    }

    len = strlen(path);
    notify->to.sun_family = AF_UNIX;
    memcpy(notify->to.sun_path, path, len);
    if (path[0] == '@') {
        notify->to.sun_path[0] = '\0';         /* a name in the abstract
                                                  namespace */
    }

    notify->to_len = (socklen_t) (offsetof(struct sockaddr_un, sun_path)
                                  + len);
    notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
                        0);
    notify->watchdog_ms = as_notify_watchdog_setting();

    return notify;
}


void
as_notify_destroy(as_notify_t *notify)
{
    if (notify != NULL && notify->fd != -1) {
        close(notify->fd);
    }

    free(notify);
}


void
as_notify_send(as_notify_t *notify, const char *fmt, ...)
{
    int      n;
    char     text[1024];
    va_list  args;

    if (notify->fd == -1) {
        return;
    }

    va_start(args, fmt);
    n = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);

    if (n > 0 && sendto(notify->fd, text, strlen(text), MSG_NOSIGNAL,
                        (struct sockaddr *) &notify->to, notify->to_len) < 0)
    {
        /* systemd is restarting or its queue is full: the next message
         * replaces this one */
        return;
    }
}


int64_t
as_notify_watchdog_ms(const as_notify_t *notify)
{
    return notify->fd == -1 ? 0 : notify->watchdog_ms;
}


bool
as_notify_listens(const as_notify_t *notify)
{
    return notify->fd != -1;
}
