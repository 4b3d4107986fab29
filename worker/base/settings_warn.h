/*
 * Warnings about settings that may still work: names that are no setting,
 * secrets with a byte order mark or several lines, files of secrets that all
 * users can read.
 */

#ifndef AS_SETTINGS_WARN_H
#define AS_SETTINGS_WARN_H

#include "base/settings.h"


/* Adds a line for each warning, without any secret. */
void as_settings_warn(const as_settings_t *settings, as_text_t *out);


#endif /* AS_SETTINGS_WARN_H */
