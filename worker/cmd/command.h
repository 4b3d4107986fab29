/*
 * The commands, one file each (command_NAME.c); main.c has the table.
 */

#ifndef AS_COMMAND_H
#define AS_COMMAND_H

#include "base/exit.h"
#include "cmd/options.h"


typedef struct {
    const char         *name;
    const char         *arguments;     /* for the help: "list|show ORDER" */
    const char         *summary;       /* one line */
    const char         *description;   /* lines, or NULL */
    const as_option_t  *options;       /* as_options_none where none */
    int               (*run)(const as_options_t *options);
} as_command_t;


extern const as_command_t  as_command_run;
extern const as_command_t  as_command_provision;
extern const as_command_t  as_command_doctor;
extern const as_command_t  as_command_top;
extern const as_command_t  as_command_orders;
extern const as_command_t  as_command_dlq;
extern const as_command_t  as_command_sales;
extern const as_command_t  as_command_holds;
extern const as_command_t  as_command_stock;
extern const as_command_t  as_command_ledger;
extern const as_command_t  as_command_reconcile;
extern const as_command_t  as_command_check_config;
extern const as_command_t  as_command_version;


#endif /* AS_COMMAND_H */
