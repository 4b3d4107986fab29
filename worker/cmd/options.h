/*
 * Parses a command's options: "--name value", "--name=value", "--flag".  The
 * other words are arguments.
 */

#ifndef AS_OPTIONS_H
#define AS_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>


#define AS_OPTIONS_MAX    24
#define AS_ARGUMENTS_MAX  64


/* A table ends with name NULL. value NULL: a flag; otherwise the name of its
 * value in the help. */
typedef struct {
    const char  *name;
    const char  *value;
    const char  *meaning;
} as_option_t;

typedef struct {
    const as_option_t  *table;         /* the command's own */
    const char         *values[AS_OPTIONS_MAX];  /* by index in the tables; of a
                                                    flag: "" */
    const char         *arguments[AS_ARGUMENTS_MAX];
    int                 narguments;
    const char         *given[AS_ARGUMENTS_MAX]; /* values of all options, in
                                                    order */
    int                 places[AS_ARGUMENTS_MAX];      /* their indexes in the
                                                          tables */
    int                 ngiven;
} as_options_t;


/* The options of every command: --env-file, --output, --yes, --help. */
extern const as_option_t  as_options_common[];

/* For a command that has no others. */
extern const as_option_t  as_options_none[];

/* 0, or -1 after a message on stderr. */
int as_options_parse(as_options_t *options, const as_option_t *table,
    int argc, char **argv);

/* The values of an option that may be given several times: *i is 0 first.  NULL
 * after the last. */
const char *as_options_next(const as_options_t *options, const char *name,
    int *i);

/* NULL where the option is absent; the last value where it was repeated. */
const char *as_options_get(const as_options_t *options, const char *name);
bool as_options_json(const as_options_t *options);

void as_options_help(const as_option_t *table, FILE *out);


#endif /* AS_OPTIONS_H */
