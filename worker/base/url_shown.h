/*
 * A URL in the form that may be shown: log, metrics, doctor, check-config.
 */

#ifndef AS_URL_SHOWN_H
#define AS_URL_SHOWN_H

#include <stddef.h>


#define AS_URL_SHOWN_LEN  512


/*
 * Replaces user and password and each value of the query with "***", removes
 * the fragment, and cuts the URL to the buffer.  Also handles what is not a
 * whole URL, such as a proxy ("user:password@host:3128").  Returns out.
 */
const char *as_url_shown(const char *url, char out[AS_URL_SHOWN_LEN]);


#endif /* AS_URL_SHOWN_H */
