/*
 * Parses a command's options.
 */

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/options.h"


#define AS_OPTIONS_VALUE  256          /* of getopt_long()'s first option */


const as_option_t  as_options_common[] = {
    { "env-file", "FILE", "settings as NAME=VALUE lines; they override the "
      "environment" },
    { "output", "text|json", "for people (default) or for programs" },
    { "yes", NULL, "do not ask for confirmation of irreversible operations" },
    { "help", NULL, "show this help" },
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


/* For getopt_long(): both tables, the values being places plus 256. */
static int
as_options_table(struct option *all, const as_option_t *table)
{
    int                 i, n;
    const as_option_t  *tables[2];

    memset(all, 0, (AS_OPTIONS_MAX + 1) * sizeof(*all));
    tables[0] = as_options_common;
    tables[1] = table;

    for (i = 0, n = 0; i < 2; i++) {
        for ( /* void */ ; tables[i]->name != NULL; tables[i]++, n++) {
            if (n == AS_OPTIONS_MAX) {
                return -1;
            }

            all[n].name = tables[i]->name;
            all[n].has_arg = tables[i]->value == NULL ? no_argument
                                                      : required_argument;
            all[n].val = AS_OPTIONS_VALUE + n;
        }
    }

    return 0;
}


/*
 * For getopt_long(): a program name, then the arguments.  What begins with one
 * "-", such as a negative number, is an argument: it is hidden as "".
 */
static char **
as_options_hidden(int argc, char **argv)
{
    int          i;
    char       **copy;
    static char  empty[] = "", help[] = "--help";

    copy = calloc((size_t) argc + 2, sizeof(*copy));
    if (copy == NULL) {
        return NULL;
    }

    copy[0] = empty;
    for (i = 0; i < argc; i++) {
        copy[i + 1] = strcmp(argv[i], "-h") == 0 ? help
                      : argv[i][0] == '-' && argv[i][1] != '-' ? empty
                      : argv[i];
    }

    return copy;
}


/* Handles an option that getopt_long() found: c is its result. text is the
 * option as it was given, value what follows it. */
static int
as_options_one(as_options_t *options, int c, const char *text,
    const char *value)
{
    int                 place;
    size_t              len;
    const as_option_t  *option;

    /* getopt_long() accepts abbreviations */
    len = strcspn(text + 2, "=");
    place = as_options_find(options->table, text + 2, len, &option);

    if (place < 0) {
        fprintf(stderr, "%s: expected an option of this command; --help lists "
                "them\n", text);
        return -1;
    }

    if (c == '?') {
        fprintf(stderr, "--%s: expected no value, found \"%s\"; leave it "
                "out\n", option->name, text + 2 + len + 1);
        return -1;
    }

    if (c == ':') {
        fprintf(stderr, "--%s: expected %s after it, found nothing\n",
                option->name, option->value);
        return -1;
    }

    if (options->ngiven == AS_ARGUMENTS_MAX) {
        fprintf(stderr, "expected at most %d options, found more\n",
                AS_ARGUMENTS_MAX);
        return -1;
    }

    options->values[place] = value == NULL ? "" : value;
    options->given[options->ngiven] = options->values[place];
    options->places[options->ngiven++] = place;

    return 0;
}


static int
as_options_argument(as_options_t *options, const char *text)
{
    if (options->narguments == AS_ARGUMENTS_MAX) {
        fprintf(stderr, "expected at most %d arguments, found more\n",
                AS_ARGUMENTS_MAX);
        return -1;
    }

    options->arguments[options->narguments++] = text;

    return 0;
}


/* argv[optind - 2] is the last of what getopt_long() has read: its copy has a
 * program name in front. */
static int
as_options_read(as_options_t *options, int argc, char **argv, char **copy,
    const struct option *all)
{
    int   c, rc;
    bool  next;

    opterr = 0;
    optind = 0;                        /* begins anew (getopt(3), GNU) */

    while ((c = getopt_long(argc + 1, copy, "-:", all, NULL)) != -1) {
        next = c >= AS_OPTIONS_VALUE && optarg == copy[optind - 1];

        rc = c == 1 ? as_options_argument(options, argv[optind - 2])
             : as_options_one(options, c, next ? copy[optind - 2]
                              : copy[optind - 1],
                              next ? argv[optind - 2] : optarg);
        if (rc != 0) {
            return -1;
        }
    }

    for ( /* void */ ; optind <= argc; optind++) {
        if (as_options_argument(options, argv[optind - 1]) != 0) {
            return -1;
        }
    }

    return 0;
}


int
as_options_parse(as_options_t *options, const as_option_t *table, int argc,
    char **argv)
{
    int             rc;
    char          **copy;
    const char     *output;
    struct option   all[AS_OPTIONS_MAX + 1];

    memset(options, 0, sizeof(*options));
    options->table = table;

    copy = as_options_hidden(argc, argv);
    if (copy == NULL || as_options_table(all, table) != 0) {
        fprintf(stderr, "out of memory\n");
        free(copy);
        return -1;
    }

    rc = as_options_read(options, argc, argv, copy, all);
    free(copy);
    if (rc != 0) {
        return -1;
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


const char *
as_options_next(const as_options_t *options, const char *name, int *i)
{
    int                 place;
    const as_option_t  *option;

    place = as_options_find(options->table, name, strlen(name), &option);

    for ( /* void */ ; *i < options->ngiven; (*i)++) {
        if (options->places[*i] == place) {
            return options->given[(*i)++];
        }
    }

    return NULL;
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
