/*
 * The terminal while `top` runs: its second screen, without echo and cursor.
 * Only one at a time.
 */

#ifndef AS_TOP_TERMINAL_H
#define AS_TOP_TERMINAL_H


/*
 * Changes the terminal of stdin and stdout, and restores it also where the
 * program crashes.
 */
void as_top_terminal_enter(void);

/* Restores it.  May be called again. */
void as_top_terminal_leave(void);

/* The size of stdout's terminal; COLUMNS and LINES, or 80 and 24, where it is
 * not known. */
void as_top_terminal_size(int *width, int *height);


#endif /* AS_TOP_TERMINAL_H */
