/*
 * autostock-worker: the table of commands.
 */

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "cmd/command.h"
#include "run/run.h"


static const as_command_t *const  commands[] = {
    &as_command_run,
    &as_command_provision,
    &as_command_doctor,
    &as_command_top,
    &as_command_orders,
    &as_command_dlq,
    &as_command_stock,
    &as_command_sales,
    &as_command_holds,
    &as_command_ledger,
    &as_command_reconcile,
    &as_command_check_config,
    &as_command_version,
};

#define COMMANDS  (sizeof(commands) / sizeof(commands[0]))


static void
as_main_usage(FILE *out)
{
    size_t  i;

    fprintf(out, "usage: autostock-worker COMMAND [OPTION]... "
            "[ARGUMENT]...\n\ncommands:\n");

    for (i = 0; i < COMMANDS; i++) {
        fprintf(out, "  %-14s %s\n", commands[i]->name,
                commands[i]->summary);
    }

    fprintf(out, "\n"
            "autostock-worker COMMAND --help describes a command.  Settings are"
            "\n"
            "environment variables, or lines of --env-file (see "
            "autostock-worker(8)).\n");
}


static void
as_main_help(const as_command_t *command)
{
    printf("usage: autostock-worker %s%s%s [OPTION]...\n\n%s\n\n",
           command->name, *command->arguments == '\0' ? "" : " ",
           command->arguments, command->summary);

    if (command->description != NULL) {
        printf("%s\n", command->description);
    }

    as_options_help(command->options, stdout);
}


static const as_command_t *
as_main_find(const char *name)
{
    size_t  i;

    for (i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }

    return NULL;
}


/*
 * Fails where stdout could not be written: a caller must not take truncated
 * output as complete.
 */
static int
as_main_written(int rc)
{
    bool  failed;

    failed = ferror(stdout) != 0;
    errno = 0;

    if (fflush(stdout) == 0 && !failed) {
        return rc;
    }

    fprintf(stderr, "the output could not be written%s%s; it is incomplete, "
            "but the command's changes remain\n",
            errno == 0 ? "" : ": ", errno == 0 ? "" : strerror(errno));

    return AS_EXIT_REACH;
}


static int
as_main_dispatch(int argc, char **argv)
{
    const char          *name;
    as_options_t         options;
    const as_command_t  *command;

    name = argc < 2 ? "" : argv[1];

    if (strcmp(name, "run") == 0) {
        as_run_block_signals();
    }

    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0
        || strcmp(name, "-h") == 0)
    {
        as_main_usage(stdout);
        return AS_EXIT_OK;
    }

    command = as_main_find(strcmp(name, "--version") == 0 ? "version" : name);
    if (command == NULL) {
        fprintf(stderr, "expected a command, found \"%s\"\n\n", name);
        as_main_usage(stderr);
        return AS_EXIT_USAGE;
    }

    if (as_options_parse(&options, command->options, argc - 2, argv + 2) != 0)
    {
        return AS_EXIT_USAGE;
    }

    if (as_options_get(&options, "help") != NULL) {
        as_main_help(command);
        return AS_EXIT_OK;
    }

    return command->run(&options);
}


int
main(int argc, char **argv)
{
    /* one arena: the database threads allocate little and briefly */
    mallopt(M_ARENA_MAX, 1);

    return as_main_written(as_main_dispatch(argc, argv));
}
