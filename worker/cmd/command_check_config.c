/*
 * autostock-worker check-config
 */

#include <stdio.h>

#include "cmd/command.h"
#include "base/settings.h"


static int
as_command_check_config_run(const as_options_t *options)
{
    int             rc;
    as_text_t       text = AS_TEXT_EMPTY;
    as_settings_t  *settings;

    settings = as_settings_create(as_options_get(options, "env-file"),
                                  AS_NEED_RUN, &text);
    if (settings == NULL) {
        fputs(as_text_get(&text), stderr);
        rc = AS_EXIT_FINDINGS;

    } else {
        as_settings_describe(settings, as_options_json(options), &text);
        fputs(as_text_get(&text), stdout);
        rc = AS_EXIT_OK;
    }

    as_settings_destroy(settings);
    as_text_free(&text);

    return rc;
}


const as_command_t  as_command_check_config = {
    "check-config", "", "check the settings, and show them",
    "Reads nothing but the environment, --env-file and the files of secrets.\n"
    "Exits 1 where run would refuse to start.  No secret is shown.\n",
    as_options_none, as_command_check_config_run
};
