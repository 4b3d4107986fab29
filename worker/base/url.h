/*
 * URLs that people wrote.
 */

#ifndef AS_URL_H
#define AS_URL_H

#include <stddef.h>


/*
 * The http or https URL of a text: without the blanks around it (and the byte
 * order mark that editors leave), its scheme in lower case.  Returns its
 * length, or -1 where the text is none, or has no host; 0 where nothing but
 * blanks is there.  The URL is written to url, which has room for
 * strlen(text) + 1 bytes.
 */
ptrdiff_t as_url_http(const char *text, char *url);


#endif /* AS_URL_H */
