/*
 * The settings' default values, with values for those that have none.
 */

#ifndef SETTINGS_FIXTURE_H
#define SETTINGS_FIXTURE_H

#include "base/settings.h"


#define FIXTURE_QUEUE    "https://sqs.eu-west-1.amazonaws.com/1/q"
#define FIXTURE_DLQ      "https://sqs.eu-west-1.amazonaws.com/1/d"
#define FIXTURE_TOPIC    "arn:aws:sns:eu-west-1:1:t"
#define FIXTURE_FACTORY  "http://factory/api"


/* From the environment: the settings know no other source without a file.  Read
 * once, since that includes a check of all CA certificates.  Copy them to
 * change them. */
const as_settings_t *settings_fixture(void);


#endif /* SETTINGS_FIXTURE_H */
