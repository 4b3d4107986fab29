/*
 * autostock-worker run
 */

#include <stdio.h>

#include "cmd/command.h"
#include "run/run.h"


static int
as_command_run_run(const as_options_t *options)
{
    as_text_t       errors = AS_TEXT_EMPTY;
    const char     *env_file;
    as_settings_t  *settings;

    env_file = as_options_get(options, "env-file");
    settings = as_settings_create(env_file, AS_NEED_RUN, &errors);

    if (settings == NULL || as_run_check(settings, &errors) != 0) {
        fputs(as_text_get(&errors), stderr);
        as_text_free(&errors);
        as_settings_destroy(settings);
        return AS_EXIT_USAGE;
    }

    as_text_free(&errors);

    return as_run(settings, env_file);
}


const as_command_t  as_command_run = {
    "run", "", "publish orders, call the factory, watch for overdue orders",
    "On SIGTERM the worker finishes the work in progress and exits; a second\n"
    "SIGTERM exits at once.  On SIGHUP it reads settings and secrets again.\n",
    as_options_none, as_command_run_run
};
