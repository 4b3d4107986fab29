/*
 * How the factory is asked to behave worse than FACTORY.md says: a list of
 * faults, each for so many requests, filled at the start (--fault) and while
 * it runs (the control port).  Thread-safe.
 *
 * As JSON:
 *
 *     {"fault":"status","status":503,"retry_after":7,"times":1,"skip":0,
 *      "match":"CP-502101"}
 *
 *     status          answered so; nothing is produced
 *     slow            answered after "ms"; produced
 *     drop            produced, but the connection closed without an answer
 *     reset           the connection closed, nothing produced
 *     no_callback     produced, but the callback is lost
 *     callback_twice  the callback goes out twice
 *     callback_late   the callback goes out "ms" later
 *     callback_count  the callback tells "count"
 *     refuse          connections are refused for "ms" from now on
 *
 * "times" (1; 0: until taken back) requests, after "skip" others went by,
 * whose body has "match" in it.
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

/* All that happens to one request: several faults may meet in it. */
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

/* NULL, or what is wrong with it; *refuse_ms is set by a "refuse", which is
 * the caller's to do, and -1 otherwise */
const char *fs_faults_add(fs_faults_t *faults, const json_t *asked,
    int64_t *refuse_ms);
void fs_faults_clear(fs_faults_t *faults);

void fs_faults_take(fs_faults_t *faults, const char *body, fs_fate_t *fate);

/* The list as it stands; the caller's reference. */
json_t *fs_faults_list(fs_faults_t *faults);

#define fs_fate_has(fate, kind)  (((fate)->set & (1u << (kind))) != 0)

#endif
