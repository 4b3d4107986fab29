/*
 * Faults: how the simulator deviates from the Factory API.  A list of faults,
 * each for a number of requests, set at the start (--fault) and at run time
 * (the control port).  Thread-safe.
 *
 * As JSON:
 *
 *   {"fault":"status","status":503,"retry_after":7,"times":1,"skip":0,
 *    "match":"CP-502101"}
 *
 *   status          answers with this status; produces nothing
 *   slow            answers after "ms"; produces
 *   drop            produces, but closes the connection without an answer
 *   reset           closes the connection; produces nothing
 *   no_callback     produces, but makes no callback
 *   callback_twice  makes the callback twice
 *   callback_late   makes the callback "ms" later
 *   callback_count  makes the callback with "count"
 *   refuse          refuses connections for "ms" from now on
 *
 * A fault applies to "times" requests (default 1; 0: until removed) whose body
 * contains "match", after "skip" others that match.
 */

#ifndef FS_FAULT_H
#define FS_FAULT_H

#include <jansson.h>
#include <stdint.h>

typedef enum {
    FS_FAULT_STATUS = 0,
    FS_FAULT_SLOW,
    FS_FAULT_DROP,
    FS_FAULT_RESET,
    FS_FAULT_NO_CALLBACK,
    FS_FAULT_CALLBACK_TWICE,
    FS_FAULT_CALLBACK_LATE,
    FS_FAULT_CALLBACK_COUNT,
    FS_FAULT_REFUSE,
    FS_FAULT_KINDS
} fs_fault_kind_e;

/* All faults of one request; there may be several. */
typedef struct {
    unsigned  set;             /* bits 1 << kind */
    int       status;
    int       retry_after;     /* seconds; -1: no header */
    int64_t   slow_ms;
    int64_t   late_ms;
    int64_t   count;
} fs_fate_t;

typedef struct fs_faults  fs_faults_t;

fs_faults_t *fs_faults_create(void);
void fs_faults_destroy(fs_faults_t *faults);

/* NULL, or a message about what is wrong. *refuse_ms is set by a "refuse",
 * which the caller must perform, otherwise it is -1. */
const char *fs_faults_add(fs_faults_t *faults, const json_t *asked,
    int64_t *refuse_ms);
void fs_faults_clear(fs_faults_t *faults);

void fs_faults_take(fs_faults_t *faults, const char *body, fs_fate_t *fate);

/* The current list; the caller releases the reference. */
json_t *fs_faults_list(fs_faults_t *faults);

#define fs_fate_has(fate, kind)  (((fate)->set & (1u << (kind))) != 0)

#endif
