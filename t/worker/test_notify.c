/*
 * sd_notify(3)'s protocol: one datagram for each message, to the socket in the
 * environment, if there is one.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "run/notify.h"


typedef struct {
    int                 fd;            /* the service manager's end */
    char                dir[32];
    char                path[64];
    char                got[2048];
} test_t;


static int
setup(void **state)
{
    test_t              *t;
    struct sockaddr_un   to;

    t = calloc(1, sizeof(*t));
    (void) snprintf(t->dir, sizeof(t->dir), "/tmp/autostock-XXXXXX");
    assert_non_null(mkdtemp(t->dir));
    (void) snprintf(t->path, sizeof(t->path), "%s/notify", t->dir);

    memset(&to, 0, sizeof(to));
    to.sun_family = AF_UNIX;
    memcpy(to.sun_path, t->path, strlen(t->path));
    t->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(t->fd, (struct sockaddr *) &to, sizeof(to)), 0);
    (void) unsetenv("WATCHDOG_USEC");
    (void) unsetenv("WATCHDOG_PID");
    *state = t;

    return 0;
}


static int
teardown(void **state)
{
    test_t  *t = *state;

    (void) close(t->fd);
    (void) unlink(t->path);
    (void) rmdir(t->dir);
    (void) unsetenv("NOTIFY_SOCKET");
    free(t);

    return 0;
}


/* The next datagram, "" where there is none. */
static const char *
received(test_t *t)
{
    ssize_t  n;

    n = recv(t->fd, t->got, sizeof(t->got) - 1, 0);
    t->got[n > 0 ? n : 0] = '\0';

    return t->got;
}


static void
sends(void **state)
{
    test_t       *t = *state;
    as_notify_t  *notify;

    (void) setenv("NOTIFY_SOCKET", t->path, 1);
    notify = as_notify_create();
    assert_true(as_notify_listens(notify));
    as_notify_send(notify, "READY=1\nSTATUS=%zu of %s", (size_t) 3, "x");
    as_notify_send(notify, "STOPPING=1");
    assert_string_equal(received(t), "READY=1\nSTATUS=3 of x");
    assert_string_equal(received(t), "STOPPING=1");
    assert_string_equal(received(t), "");
    as_notify_destroy(notify);
}


/* A name in the abstract namespace has no file. */
static void
abstract(void **state)
{
    int                  fd;
    char                 name[64];
    test_t              *t = *state;
    as_notify_t         *notify;
    struct sockaddr_un   to;

    (void) snprintf(name, sizeof(name), "@autostock-%ld", (long) getpid());
    memset(&to, 0, sizeof(to));
    to.sun_family = AF_UNIX;
    memcpy(to.sun_path + 1, name + 1, strlen(name + 1));
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(fd, (struct sockaddr *) &to, (socklen_t)
                          (offsetof(struct sockaddr_un, sun_path)
                           + strlen(name))), 0);
    (void) close(t->fd);
    t->fd = fd;

    (void) setenv("NOTIFY_SOCKET", name, 1);
    notify = as_notify_create();
    as_notify_send(notify, "READY=1");
    assert_string_equal(received(t), "READY=1");
    as_notify_destroy(notify);
}


/* Without a service manager, or with an invalid address. */
static void
no_manager(void **state)
{
    size_t        i;
    char          longer[200];
    test_t       *t = *state;
    as_notify_t  *notify;

    static const char *const  names[] = { NULL, "", "relative", "vsock:2:9" };

    memset(longer, 'x', sizeof(longer));
    longer[0] = '/';
    longer[sizeof(longer) - 1] = '\0';
    (void) setenv("WATCHDOG_USEC", "30000000", 1);

    for (i = 0; i < 5; i++) {
        (void) unsetenv("NOTIFY_SOCKET");
        if (i == 4 || names[i] != NULL) {
            (void) setenv("NOTIFY_SOCKET", i == 4 ? longer : names[i], 1);
        }

        notify = as_notify_create();
        assert_false(as_notify_listens(notify));
        as_notify_send(notify, "READY=1");
        assert_string_equal(received(t), "");

        /* no service manager expects it */
        assert_int_equal(as_notify_watchdog_ms(notify), 0);
        as_notify_destroy(notify);
    }

    as_notify_destroy(NULL);
}


/* The manager has closed, or reads too slowly: nothing blocks,
 * nothing fails. */
static void
manager_is_away(void **state)
{
    size_t        i;
    test_t       *t = *state;
    as_notify_t  *notify;

    (void) setenv("NOTIFY_SOCKET", t->path, 1);
    notify = as_notify_create();

    for (i = 0; i < 5000; i++) {
        as_notify_send(notify, "STATUS=%zu", i);
    }
    assert_string_equal(received(t), "STATUS=0");

    (void) close(t->fd);
    (void) unlink(t->path);
    as_notify_send(notify, "STOPPING=1");
    as_notify_destroy(notify);
    t->fd = -1;
}


/* A message that is too long is truncated, not dropped. */
static void
long_message(void **state)
{
    char          text[1500];
    test_t       *t = *state;
    as_notify_t  *notify;

    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    (void) setenv("NOTIFY_SOCKET", t->path, 1);
    notify = as_notify_create();
    as_notify_send(notify, "%s", text);
    assert_int_equal(strlen(received(t)), 1023);
    as_notify_destroy(notify);
}


/* The watchdog's time is used only if it is for this process. */
static void
watchdog(void **state)
{
    size_t        i;
    char          own[32];
    test_t       *t = *state;
    as_notify_t  *notify;

    static const struct {
        const char  *usec;
        const char  *pid;              /* "": this process */
        int64_t      ms;
    } cases[] = {
        { NULL, NULL, 0 },
        { "30000000", NULL, 30000 },
        { "30000000", "", 30000 },
        { "30000000", "1", 0 },
        { "1500", NULL, 1 },
        { "gibberish", NULL, 0 }
    };

    (void) setenv("NOTIFY_SOCKET", t->path, 1);
    (void) snprintf(own, sizeof(own), "%ld", (long) getpid());

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) unsetenv("WATCHDOG_USEC");
        (void) unsetenv("WATCHDOG_PID");

        if (cases[i].usec != NULL) {
            (void) setenv("WATCHDOG_USEC", cases[i].usec, 1);
        }

        if (cases[i].pid != NULL) {
            (void) setenv("WATCHDOG_PID", *cases[i].pid == '\0' ? own
                          : cases[i].pid, 1);
        }

        notify = as_notify_create();
        assert_int_equal(as_notify_watchdog_ms(notify), cases[i].ms);
        as_notify_destroy(notify);
    }
}


#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(sends),
        TEST(abstract),
        TEST(no_manager),
        TEST(manager_is_away),
        TEST(long_message),
        TEST(watchdog)
    };

    return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
