/*
 * sd_notify(3)'s protocol: datagrams to $NOTIFY_SOCKET.
 */

#ifndef AS_NOTIFY_H
#define AS_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>


typedef struct as_notify_s  as_notify_t;


/*
 * NULL only where memory is out.  Does nothing where NOTIFY_SOCKET is not set.
 */
as_notify_t *as_notify_create(void);
void as_notify_destroy(as_notify_t *notify);

/*
 * Sends "READY=1", "STOPPING=1", "STATUS=...", "WATCHDOG=1"; several as lines.
 */
void as_notify_send(as_notify_t *notify, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Whether a service manager listens. */
bool as_notify_listens(const as_notify_t *notify);

/*
 * The watchdog time-out: systemd expects WATCHDOG=1 within this many ms; 0:
 * none.
 */
int64_t as_notify_watchdog_ms(const as_notify_t *notify);


#endif /* AS_NOTIFY_H */
