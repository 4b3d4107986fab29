/*
 * UUIDs as the tables store them: 16 bytes, big-endian (RFC 9562).
 */

#ifndef AS_UUID_H
#define AS_UUID_H

#include <stddef.h>
#include <stdint.h>


#define AS_UUID_LEN       16
#define AS_UUID_TEXT_LEN  36


/*
 * Time-ordered ids (version 7).  Every id of a generator is greater than the
 * one before it, even when the clock stands still or goes back.  A generator
 * belongs to one process: call as_uuid_init() after every fork().
 */
typedef struct {
    uint64_t  ms;                      /* of the last id */
    uint64_t  state[2];                /* of the random numbers */
    uint32_t  seq;                     /* within ms */
} as_uuid_gen_t;


/* Seeds from getrandom(2).  Returns 0, or -1 with errno set. */
int as_uuid_init(as_uuid_gen_t *gen);

/* Writes the next id; unix_ms is the time in milliseconds since 1970. */
void as_uuid_v7(as_uuid_gen_t *gen, uint64_t unix_ms,
    uint8_t id[AS_UUID_LEN]);

/*
 * The next 64 random bits, for ids that must not collide.  They can be
 * predicted: do not use them for secrets.
 */
uint64_t as_uuid_random(as_uuid_gen_t *gen);

/* Writes 36 lower-case characters without a terminator; returns their end. */
char *as_uuid_text(const uint8_t id[AS_UUID_LEN], char *text);

/*
 * Reads the 36-character form, upper or lower case.  Returns 0, or -1 for
 * anything else (including braces, "urn:uuid:", 32 digits without hyphens).
 */
int as_uuid_parse(const char *text, size_t len, uint8_t id[AS_UUID_LEN]);


#endif /* AS_UUID_H */
