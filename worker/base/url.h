/*
 * URLs from settings, tables and messages, as operators typed them.
 */

#ifndef AS_URL_H
#define AS_URL_H

#include <stddef.h>


/*
 * Finds the http or https URL in a text: removes surrounding blanks and the
 * byte order mark that editors leave, and puts the scheme in lower case.
 * Writes it to url, which must have room for strlen(text) + 1 bytes.  Returns
 * its length; 0 where the text is blank; -1 where it is no such URL or has no
 * host.
 */
ptrdiff_t as_url_http(const char *text, char *url);


#endif /* AS_URL_H */
