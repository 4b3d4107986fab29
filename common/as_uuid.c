#include <string.h>
#include <sys/random.h>

#include "as_hex.h"
#include "as_uuid.h"


/*
 * RFC 9562, 5.7 with a counter of fixed length (6.2, method 1): 48 bits of
 * milliseconds, 26 bits of counter (12 in rand_a, 14 in rand_b), 48 random
 * bits.  The counter restarts at a random value in each millisecond, with its
 * top bit clear, so that 2^25 ids fit before it uses the next millisecond.
 */
#define AS_UUID_SEQ_BITS    26
#define AS_UUID_SEQ_RANDOM  (UINT64_C(0x1ffffff))


/* a bit for each byte before which the text has a hyphen */
#define AS_UUID_HYPHENS  ((1 << 4) | (1 << 6) | (1 << 8) | (1 << 10))


int
as_uuid_init(as_uuid_gen_t *gen)
{
    memset(gen, 0, sizeof(*gen));

    if (getrandom(gen->state, sizeof(gen->state), 0)
        != (ssize_t) sizeof(gen->state))
    {
        return -1;
    }

    /* the one state that xoroshiro cannot leave */
    if (gen->state[0] == 0 && gen->state[1] == 0) {
        gen->state[0] = 1;
    }

    return 0;
}


static uint64_t
as_uuid_rotate(uint64_t value, unsigned bits)
{
    return (value << bits) | (value >> (64 - bits));
}


/* xoroshiro128+ */
uint64_t
as_uuid_random(as_uuid_gen_t *gen)
{
    uint64_t a = gen->state[0];
    uint64_t b = gen->state[1];
    uint64_t sum = a + b;

    b ^= a;
    gen->state[0] = as_uuid_rotate(a, 24) ^ b ^ (b << 16);
    gen->state[1] = as_uuid_rotate(b, 37);

    return sum;
}


void
as_uuid_v7(as_uuid_gen_t *gen, uint64_t unix_ms, uint8_t id[AS_UUID_LEN])
{
    uint64_t random = as_uuid_random(gen);
    uint64_t seq;
    int i;

    if (unix_ms > gen->ms) {
        gen->ms = unix_ms;
        gen->seq = (uint32_t) (as_uuid_random(gen) >> 32 & AS_UUID_SEQ_RANDOM);

    } else if (++gen->seq >> AS_UUID_SEQ_BITS) {
        gen->ms++;
        gen->seq = 0;
    }

    seq = gen->seq;

    for (i = 0; i < 6; i++) {
        id[i] = (uint8_t) (gen->ms >> (40 - 8 * i));
    }

    id[6] = (uint8_t) (0x70 | seq >> 22);
    id[7] = (uint8_t) (seq >> 14);
    id[8] = (uint8_t) (0x80 | (seq >> 8 & 0x3f));
    id[9] = (uint8_t) seq;

    random >>= 16;

    for (i = 0; i < 6; i++) {
        id[10 + i] = (uint8_t) (random >> (40 - 8 * i));
    }
}


char *
as_uuid_text(const uint8_t id[AS_UUID_LEN], char *text)
{
    uint8_t digits[2 * AS_UUID_LEN];

    as_hex(digits, id, AS_UUID_LEN);

    memcpy(text, digits, 8);
    text[8] = '-';
    memcpy(text + 9, digits + 8, 4);
    text[13] = '-';
    memcpy(text + 14, digits + 12, 4);
    text[18] = '-';
    memcpy(text + 19, digits + 16, 4);
    text[23] = '-';
    memcpy(text + 24, digits + 20, 12);

    return text + AS_UUID_TEXT_LEN;
}


static int
as_uuid_digit(char ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }

    ch |= 0x20;

    return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}


int
as_uuid_parse(const char *text, size_t len, uint8_t id[AS_UUID_LEN])
{
    int i, high, low;

    if (len != AS_UUID_TEXT_LEN) {
        return -1;
    }

    for (i = 0; i < AS_UUID_LEN; i++) {
        if ((AS_UUID_HYPHENS >> i & 1) && *text++ != '-') {
            return -1;
        }

        high = as_uuid_digit(*text++);
        low = as_uuid_digit(*text++);

        if (high < 0 || low < 0) {
            return -1;
        }

        id[i] = (uint8_t) (high << 4 | low);
    }

    return 0;
}
