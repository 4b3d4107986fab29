/*
 * Prints a list page by page: a list of any length needs the memory of one
 * page.  On a terminal it is shown by $PAGER.
 */

#ifndef AS_PAGES_H
#define AS_PAGES_H

#include "cmd/session.h"
#include "db/page.h"


typedef struct {
    const char         *what;          /* "orders" */
    const char         *key;           /* the column for --after */
    const char         *options;       /* "--state selects" */
    bool                continued;     /* it begins after a given row */
    const char *const  *columns;
    as_page_t          *page;
    as_page_pt          read;
    as_page_pt          count;
    void               *list;
} as_pages_t;


/*
 * Prints up to limit rows from the list's place on, and says on stderr where
 * more match.  Returns an exit code.
 */
int as_pages_print(as_session_t *session, const as_pages_t *pages,
    int64_t limit);


#endif /* AS_PAGES_H */
