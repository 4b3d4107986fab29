/*
 * Memory that ends: the n-th allocation of the worker's code fails, for every n
 * that an operation reaches.  What the libraries allocate does not fail.
 * t/unit.mk wraps the allocating functions of a test that includes this.
 */

#ifndef MEMORY_FIXTURE_H
#define MEMORY_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>


typedef enum {
    MEMORY_ERRNO = 0,                  /* it fails with ENOMEM */
    MEMORY_FAILS,                      /* it fails */
    MEMORY_ANY                         /* it may do without */
} memory_end_e;


/*
 * Runs the operation with no failure, then with each of its allocations
 * failing.  It fails the test where the operation does not end so, or where it
 * leaves anything allocated.
 *
 * The operation returns whether it succeeded, and frees what it created.
 */
void memory_fails(const char *name, bool (*operation)(void *data),
    void *data, memory_end_e end);


#endif /* MEMORY_FIXTURE_H */
