/*
 * A URL as it may be shown: log, metrics, doctor, check-config.
 */

#ifndef AS_URL_SHOWN_H
#define AS_URL_SHOWN_H

#include <stddef.h>


#define AS_URL_SHOWN_LEN  512


/*
 * The URL with "***" for its user and password and for each value of its
 * query, without its fragment; cut where it is longer.  Also of what is no
 * whole URL, as a proxy may be ("user:password@host:3128").  Returns out.
 */
const char *as_url_shown(const char *url, char out[AS_URL_SHOWN_LEN]);


#endif /* AS_URL_SHOWN_H */
