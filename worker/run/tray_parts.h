/*
 * Shared by the tray's two files: the waiting entries (tray.c) and the calls
 * (tray_call.c).  No other file includes this.
 */

#ifndef AS_TRAY_PARTS_H
#define AS_TRAY_PARTS_H

#include <sys/queue.h>

#include "run/tray.h"


#define AS_TRAY_CALLS  6               /* parallel calls of one kind */


typedef enum {
    AS_TRAY_DELETE = 0,
    AS_TRAY_GIVE_BACK,
    AS_TRAY_EXTEND,
    AS_TRAY_BURY,
    AS_TRAY_KINDS
} as_tray_kind_e;

typedef struct {
    as_tray_t       *tray;
    as_tray_kind_e   kind;
    as_aws_call_t   *call;             /* NULL: free */
    as_letter_t     *letters[AS_SQS_BATCH_MAX];
    size_t           n;
} as_tray_batch_t;

/*
 * A letter has a separate entry for its extension: it may be leaving at the
 * same time.
 */
typedef TAILQ_HEAD(as_tray_items_s, as_tray_item_s)  as_tray_items_t;

struct as_tray_s {
    as_worker_t      *worker;
    as_tray_left_pt   left;
    as_tray_left_pt   dead;
    void             *data;
    as_tray_items_t   items[AS_TRAY_KINDS];
    size_t            nitems[AS_TRAY_KINDS];
    size_t            ncalls[AS_TRAY_KINDS];
    as_tray_batch_t   batches[AS_TRAY_KINDS][AS_TRAY_CALLS];
    as_health_t       allowed[AS_TRAY_KINDS];
    as_timer_t        timers[AS_TRAY_KINDS];     /* set while SQS is out of
                                                    reach */
    as_timer_t        soon;
};


/* Starts the call of a batch.  NULL with errno. */
as_aws_call_t *as_tray_call(as_tray_batch_t *batch,
    as_sqs_batch_done_pt done);


#endif /* AS_TRAY_PARTS_H */
