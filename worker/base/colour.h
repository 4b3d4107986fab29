/*
 * Whether output is coloured (https://no-color.org), and the colours.
 */

#ifndef AS_COLOUR_H
#define AS_COLOUR_H

#include <stdbool.h>


#define AS_COLOUR_RESET   "\033[0m"
#define AS_COLOUR_BOLD    "\033[1m"
#define AS_COLOUR_DIM     "\033[2m"
#define AS_COLOUR_RED     "\033[1;31m"
#define AS_COLOUR_GREEN   "\033[32m"
#define AS_COLOUR_YELLOW  "\033[33m"


/*
 * choice is "always", "never", "auto" or NULL, which is auto: on a terminal
 * that is not "dumb", unless NO_COLOR is set and not empty.
 */
bool as_colour_wanted(const char *choice, int fd);


#endif /* AS_COLOUR_H */
