#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "memory_fixture.h"


#define MEMORY_LIVE  4096
#define MEMORY_MAX   500               /* allocations of an operation */


void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *p);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);


static struct {
    bool    counts;
    size_t  calls;
    size_t  fails_at;                  /* 0: none */
    void   *live[MEMORY_LIVE];
    size_t  nlive;
} memory;


static bool
memory_ends(void)
{
    if (!memory.counts || ++memory.calls != memory.fails_at) {
        return false;
    }

    errno = ENOMEM;

    return true;
}


static void *
memory_keep(void *p)
{
    if (memory.counts && p != NULL) {
        assert_true(memory.nlive < MEMORY_LIVE);
        memory.live[memory.nlive++] = p;
    }

    return p;
}


static void
memory_forget(const void *p)
{
    size_t  i;

    for (i = 0; memory.counts && i < memory.nlive; i++) {
        if (memory.live[i] == p) {
            memory.live[i] = memory.live[--memory.nlive];
            return;
        }
    }
}


void *
__wrap_malloc(size_t size)
{
    return memory_ends() ? NULL : memory_keep(__real_malloc(size));
}


void *
__wrap_calloc(size_t n, size_t size)
{
    return memory_ends() ? NULL : memory_keep(__real_calloc(n, size));
}


void *
__wrap_realloc(void *old, size_t size)
{
    if (memory_ends()) {
        return NULL;
    }

    memory_forget(old);

    return memory_keep(__real_realloc(old, size));
}


void
__wrap_free(void *p)
{
    memory_forget(p);
    __real_free(p);
}


char *
__wrap_strndup(const char *s, size_t n)
{
    char    *copy;
    size_t   len;

    len = strnlen(s, n);
    copy = __wrap_malloc(len + 1);

    if (copy != NULL) {
        memcpy(copy, s, len);
        copy[len] = '\0';
    }

    return copy;
}


char *
__wrap_strdup(const char *s)
{
    return __wrap_strndup(s, PTRDIFF_MAX);
}


static bool
memory_run(bool (*operation)(void *data), void *data, size_t fails_at)
{
    bool  ok;

    memory.calls = memory.nlive = 0;
    memory.fails_at = fails_at;
    memory.counts = true;
    errno = 0;
    ok = operation(data);
    memory.counts = false;

    return ok;
}


void
memory_fails(const char *name, bool (*operation)(void *data), void *data,
    memory_end_e end)
{
    bool    ok;
    int     error;
    size_t  i, n;

    if (!memory_run(operation, data, 0)) {
        fail_msg("%s fails", name);
    }

    n = memory.calls;
    assert_in_range(n, 1, MEMORY_MAX);

    for (i = 1; i <= n; i++) {
        ok = memory_run(operation, data, i);
        error = errno;

        if (memory.nlive != 0) {
            fail_msg("%s, allocation %zu of %zu: %zu are left", name, i, n,
                     memory.nlive);
        }

        if (memory.calls >= i && end != MEMORY_ANY
            && (ok || (end == MEMORY_ERRNO && error != ENOMEM)))
        {
            fail_msg("%s, allocation %zu of %zu: %s, errno %d", name, i, n,
                     ok ? "it succeeded" : "it failed", error);
        }
    }
}
