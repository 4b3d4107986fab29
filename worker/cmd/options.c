/*
 * Parses a command's options.
 */

#include <string.h>

#include "cmd/options.h"


const as_option_t  as_options_common[] = {
    { "env-file", "FILE", "settings as NAME=VALUE lines; they win over the "
      "environment" },
    { "output", "text|json", "for people (default) or for programs" },
    { "yes", NULL, "do not ask before anything destructive" },
    { "help", NULL, "this" },
    { NULL, NULL, NULL }
};


const as_option_t  as_options_none[] = { { NULL, NULL, NULL } };


/*
 * The index of an option in both tables, the common one first; -1 where it is
 * unknown.
 */
static int
as_options_find(const as_option_t *table, const char *name, size_t len,
    const as_option_t **found)
{
    int                 i, place;
    const as_option_t  *tables[2];

    tables[0] = as_options_common;
    tables[1] = table;

    for (i = 0, place = 0; i < 2; i++) {
        for ( /* void */ ; tables[i]->name != NULL; tables[i]++, place++) {
            if (strlen(tables[i]->name) == len
                && memcmp(tables[i]->name, name, len) == 0)
            {
                *found = tables[i];
                return place;
            }
        }
    }

    return -1;
}


static int
as_options_one(as_options_t *options, int argc, char **argv, int *i)
{
    int                 place;
    size_t              len;
    const char         *name, *value;
    const as_option_t  *option;

    name = argv[*i] + 2;
    len = strcspn(name, "=");
    value = name[len] == '=' ? name + len + 1 : NULL;
    place = as_options_find(options->table, name, len, &option);

    if (place < 0 || place >= AS_OPTIONS_MAX) {
        fprintf(stderr, "%s: expected one of this command's options, found "
                "it not among them; --help lists them\n", argv[*i]);
        return -1;
    }

    if (option->value == NULL && value != NULL) {
        fprintf(stderr, "--%s: expected no value, found \"%s\"; leave it "
                "out\n", option->name, value);
        return -1;
    }

    if (option->value != NULL && value == NULL) {
        if (*i + 1 == argc) {
            fprintf(stderr, "--%s: expected %s after it, found nothing\n",
                    option->name, option->value);
            return -1;
        }
        value = argv[++*i];
    }

    options->values[place] = value == NULL ? "" : value;

    return 0;
}


int
as_options_parse(as_options_t *options, const as_option_t *table, int argc,
    char **argv)
{
    int          i;
    bool         only_arguments;
    const char  *output;

    memset(options, 0, sizeof(*options));
    options->table = table;

    for (i = 0, only_arguments = false; i < argc; i++) {
        if (!only_arguments && strcmp(argv[i], "--") == 0) {
            only_arguments = true;
            continue;
        }

        if (!only_arguments && strcmp(argv[i], "-h") == 0) {
            argv[i] = "--help";
        }

        if (!only_arguments && strncmp(argv[i], "--", 2) == 0) {
            if (as_options_one(options, argc, argv, &i) != 0) {
                return -1;
            }
            continue;
        }

        if (options->narguments == AS_ARGUMENTS_MAX) {
            fprintf(stderr, "expected at most %d arguments, found more\n",
                    AS_ARGUMENTS_MAX);
            return -1;
        }
        options->arguments[options->narguments++] = argv[i];
    }

    output = as_options_get(options, "output");
    if (output != NULL && strcmp(output, "json") != 0
        && strcmp(output, "text") != 0)
    {
        fprintf(stderr, "--output: expected json or text, found \"%s\"\n",
                output);
        return -1;
    }

    return 0;
}


const char *
as_options_get(const as_options_t *options, const char *name)
{
    int                 place;
    const as_option_t  *option;

    place = as_options_find(options->table, name, strlen(name), &option);

    return place < 0 ? NULL : options->values[place];
}


bool
as_options_json(const as_options_t *options)
{
    const char  *output;

    output = as_options_get(options, "output");

    return output != NULL && strcmp(output, "json") == 0;
}


static void
as_options_help_table(const as_option_t *table, FILE *out)
{
    char  name[80];

    for ( /* void */ ; table->name != NULL; table++) {
        snprintf(name, sizeof(name), "--%s%s%s", table->name,
                 table->value == NULL ? "" : " ",
                 table->value == NULL ? "" : table->value);
        fprintf(out, "  %-22s %s\n", name, table->meaning);
    }
}


void
as_options_help(const as_option_t *table, FILE *out)
{
    fprintf(out, "options:\n");
    as_options_help_table(table, out);
    as_options_help_table(as_options_common, out);
}
