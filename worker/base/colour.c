/*
 * Whether output is coloured.
 */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/colour.h"


bool
as_colour_wanted(const char *choice, int fd)
{
    const char  *no_color, *term;

    if (choice != NULL && strcmp(choice, "auto") != 0) {
        return strcmp(choice, "always") == 0;
    }

    no_color = getenv("NO_COLOR");
    term = getenv("TERM");

    return (no_color == NULL || *no_color == '\0')
           && term != NULL && strcmp(term, "dumb") != 0 && isatty(fd);
}
