/*
 * The interface between the consumer's parts: intake (receives letters), desk
 * (runs their database jobs in batches) and course (the steps of one letter).
 * Only the consumer's files include this.
 */

#ifndef AS_CONSUMER_PARTS_H
#define AS_CONSUMER_PARTS_H

#include "run/refusal.h"
#include "db/clerk.h"
#include "run/consumer.h"
#include "run/tray.h"


#define AS_CONSUMER_PART    "consumer"
#define AS_INTAKE_CALLS     16
#define AS_DESK_MAX         200        /* in one transaction */
#define AS_CONSUMER_KEEP_MS 500        /* ms between checks of visibility */


typedef struct {
    as_consumer_t  *consumer;
    as_aws_call_t  *call;              /* NULL: free */
    size_t          asked;
    int64_t         asked_at;
    uint64_t        number;            /* sequence number of the poll */
    unsigned        wait_s;
} as_intake_call_t;

struct as_consumer_s {
    as_worker_t        *worker;
    as_factories_t     *factories;
    as_tray_t          *tray;
    as_letters_t        all;
    size_t              in_hand;
    unsigned            max_receive;
    int64_t             progress;
    as_refusal_t        refusal;
    as_timer_t          keeper;

    /* intake */
    as_intake_call_t    calls[AS_INTAKE_CALLS];
    size_t              ncalls;
    size_t              asked;         /* messages requested now */
    size_t              eager;         /* number of parallel polls wanted */
    size_t              most;          /* messages per call: fewer after answers
                                          that were too large */
    uint64_t            polls;
    unsigned            hasty;         /* empty answers without wait, in a
                                          row */
    uint64_t            hasty_poll;    /* the last poll sent before those */
    as_timer_t          intake_timer;  /* back-off */

    /* desk */
    as_clerk_t         *clerk;
    uint64_t            token;
    as_letters_t        desk;          /* letters that wait for the clerk */
    size_t              ndesk;
    as_job_t            job;
    bool                working;
    as_timer_t          desk_soon;
    as_letter_t        *batch[AS_DESK_MAX];
    as_lease_t         *leases[AS_DESK_MAX];
    size_t              nbatch;
    int64_t             batch_at;
    as_timer_t          desk_timer;

    /* stop */
    bool                stopping;
    bool                hurried;       /* the time to stop is over */
    void              (*stopped)(void *data);
    void               *stopped_data;
};


/* Intake: sends receives while there is room for letters. */
void as_intake_go(as_consumer_t *consumer);
void as_intake_cancel(as_consumer_t *consumer);

/*
 * Desk: queues the database job of a letter's order: the one that lease.kind
 * names, or to open an order.
 */
void as_desk_add(as_letter_t *letter, as_lease_kind_e kind);
void as_desk_go(void *data);

/*
 * Gives back the letters that wait for the database, and aborts the current
 * job.
 */
void as_desk_hurry(as_consumer_t *consumer);

/* Course: the steps of a letter. */
void as_course_arrived(as_letter_t *letter);
void as_course_opened(as_letter_t *letter);
void as_course_reopened(as_letter_t *letter);
void as_course_leased(as_letter_t *letter);
void as_course_noted(as_letter_t *letter);
void as_course_buried(void *data, as_letter_t *letter, bool done);
void as_course_give_back(as_letter_t *letter, int64_t ms);
void as_course_later(as_letter_t *letter, int64_t ms);
void as_course_say(as_letter_t *letter, as_log_level_e level,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));


#endif /* AS_CONSUMER_PARTS_H */
