/*
 * What every fuzzer needs: an input with no readable byte beyond its end, and
 * an assertion that ends the run when it is false.
 */

#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


#define FUZZ_MUST(promise)                                                    \
    do {                                                                      \
        if (!(promise)) {                                                     \
            fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__,        \
                    #promise);                                                \
            abort();                                                          \
        }                                                                     \
    } while (0)


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


/* A copy of exactly this size, so that the sanitizer finds a read beyond it.
 * The caller frees it. */
static inline uint8_t *
fuzz_copy(const uint8_t *data, size_t size)
{
    uint8_t  *copy;

    copy = malloc(size ? size : 1);
    FUZZ_MUST(copy != NULL);

    if (size) {
        memcpy(copy, data, size);
    }

    return copy;
}


#endif /* FUZZ_H */
