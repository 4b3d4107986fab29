/*
 * What `top` shows of nginx: rates and gauges from two of its status reports.
 */

#ifndef AS_TOP_MODULE_H
#define AS_TOP_MODULE_H

#include <jansson.h>


/*
 * before is an earlier report, or NULL: the rates are then null. seconds is the
 * time between them.  NULL where now is not a report of the module.
 */
json_t *as_top_module(const json_t *before, const json_t *now,
    double seconds);


#endif /* AS_TOP_MODULE_H */
