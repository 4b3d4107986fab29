/*
 * The terminal while `top` runs.
 */

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "cmd/top_terminal.h"


/* The second screen (xterm's 1049: with the cursor's place), no cursor. */
#define AS_TOP_ENTER  "\033[?1049h\033[?25l\033[2J"
#define AS_TOP_LEAVE  "\033[0m\033[?25h\033[?1049l"

#define AS_TOP_CRASHES  (sizeof(as_top_crashes) / sizeof(as_top_crashes[0]))


static const int  as_top_crashes[] = {
    SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL
};

/* A signal's handler must reach them. */
static struct {
    volatile sig_atomic_t   entered;
    bool                    input;     /* the modes of stdin were changed */
    struct termios          before;
    struct sigaction        handlers[AS_TOP_CRASHES];
} as_top_terminal;


void
as_top_terminal_leave(void)
{
    size_t   i;
    ssize_t  rc;

    if (!as_top_terminal.entered) {
        return;
    }

    as_top_terminal.entered = 0;
    rc = write(STDOUT_FILENO, AS_TOP_LEAVE, strlen(AS_TOP_LEAVE));
    (void) rc;

    if (as_top_terminal.input) {
        (void) tcsetattr(STDIN_FILENO, TCSANOW, &as_top_terminal.before);
    }

    for (i = 0; i < AS_TOP_CRASHES; i++) {
        (void) sigaction(as_top_crashes[i], &as_top_terminal.handlers[i],
                         NULL);
    }
}


/* write(2), tcsetattr(3), sigaction(2) and raise(3) are safe in a handler. */
static void
as_top_terminal_crashed(int sig)
{
    as_top_terminal_leave();
    (void) raise(sig);
}


static void
as_top_terminal_input(void)
{
    struct termios  raw;

    if (tcgetattr(STDIN_FILENO, &as_top_terminal.before) != 0) {
        return;
    }

    raw = as_top_terminal.before;
    raw.c_lflag &= ~(tcflag_t) (ICANON | ECHO);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    as_top_terminal.input = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}


void
as_top_terminal_enter(void)
{
    size_t            i;
    ssize_t           rc;
    struct sigaction  crashed;

    if (as_top_terminal.entered) {
        return;
    }

    memset(&crashed, 0, sizeof(crashed));
    crashed.sa_handler = as_top_terminal_crashed;

    for (i = 0; i < AS_TOP_CRASHES; i++) {
        (void) sigaction(as_top_crashes[i], &crashed,
                         &as_top_terminal.handlers[i]);
    }

    as_top_terminal_input();
    as_top_terminal.entered = 1;
    rc = write(STDOUT_FILENO, AS_TOP_ENTER, strlen(AS_TOP_ENTER));
    (void) rc;
}


/* A number of the environment, or fallback. */
static int
as_top_terminal_number(const char *name, int fallback)
{
    long         n;
    const char  *text;

    text = getenv(name);
    n = text == NULL ? 0 : strtol(text, NULL, 10);

    return n < 1 || n > 10000 ? fallback : (int) n;
}


void
as_top_terminal_size(int *width, int *height)
{
    struct winsize  size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0
        && size.ws_row > 0)
    {
        *width = size.ws_col;
        *height = size.ws_row;
        return;
    }

    *width = as_top_terminal_number("COLUMNS", 80);
    *height = as_top_terminal_number("LINES", 24);
}
