/*
 * A command's options: "--name value", "--name=value", "--flag"; the rest
 * are arguments.
 */

#ifndef AS_OPTIONS_H
#define AS_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>


#define AS_OPTIONS_MAX    24
#define AS_ARGUMENTS_MAX  64


/* A table of them ends with name NULL.  value NULL: a flag; otherwise what
 * the help calls its value. */
typedef struct {
    const char  *name;
    const char  *value;
    const char  *meaning;
} as_option_t;

typedef struct {
    const as_option_t  *table;         /* the command's own */
    const char         *values[AS_OPTIONS_MAX];  /* by place in the tables;
                                          a flag's is "" */
    const char         *arguments[AS_ARGUMENTS_MAX];
    int                 narguments;
} as_options_t;


/* What every command takes: --env-file, --output, --yes, --help. */
extern const as_option_t  as_options_common[];

/* 0; -1 after a sentence on stderr. */
int as_options_parse(as_options_t *options, const as_option_t *table,
    int argc, char **argv);

/* NULL where it was not given. */
const char *as_options_get(const as_options_t *options, const char *name);
bool as_options_json(const as_options_t *options);

void as_options_help(const as_option_t *table, FILE *out);


#endif /* AS_OPTIONS_H */
