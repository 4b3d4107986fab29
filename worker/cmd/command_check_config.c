/*
 * autostock-worker check-config
 */

#include <stdio.h>
#include <string.h>

#include "cmd/command.h"
#include "base/settings.h"
#include "base/settings_warn.h"
#include "run/run.h"


static void
as_command_check_config_warn(const as_settings_t *settings)
{
    char       *line, *save;
    as_text_t   text = AS_TEXT_EMPTY;

    as_settings_warn(settings, &text);

    for (line = text.data ? strtok_r(text.data, "\n", &save) : NULL;
         line != NULL;
         line = strtok_r(NULL, "\n", &save))
    {
        fprintf(stderr, "warning: %s\n", line);
    }

    as_text_free(&text);
}


static int
as_command_check_config_run(const as_options_t *options)
{
    int             rc;
    as_text_t       text = AS_TEXT_EMPTY;
    as_settings_t  *settings;

    settings = as_settings_create(as_options_get(options, "env-file"),
                                  AS_NEED_RUN, &text);
    if (settings == NULL || as_run_check(settings, &text) != 0) {
        fputs(as_text_get(&text), stderr);
        rc = AS_EXIT_FINDINGS;

    } else {
        as_command_check_config_warn(settings);
        as_settings_describe(settings, as_options_json(options), &text);
        fputs(as_text_get(&text), stdout);
        rc = AS_EXIT_OK;
    }

    as_settings_destroy(settings);
    as_text_free(&text);

    return rc;
}


const as_command_t  as_command_check_config = {
    "check-config", "", "check the settings and show them",
    "Reads only the environment, --env-file, the files of secrets and AWS's\n"
    "profile files.  Exits with 1 if run would refuse to start.  A probable\n"
    "mistake that does not prevent a start is a warning.  Shows no secret.\n",
    as_options_none, as_command_check_config_run
};
