#include "fs_fault.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct fs_faults {
    json_t           *list;      /* JSON objects as posted, with defaults */
    pthread_mutex_t   mutex;
};

static const char *const  fs_fault_names[FS_FAULT_KINDS] = {
    "status", "slow", "drop", "reset", "no_callback", "callback_twice",
    "callback_late", "callback_count", "refuse"
};

static const struct {
    const char   *name;
    json_int_t    value;
} fs_fault_defaults[] = {
    { "times", 1 },
    { "skip", 0 },
    { "status", 503 },
    { "retry_after", -1 },
    { "ms", 1000 },
    { "count", 0 }
};

#define FS_FAULT_DEFAULTS                                                   \
    (sizeof(fs_fault_defaults) / sizeof(fs_fault_defaults[0]))

fs_faults_t *
fs_faults_create(void)
{
    fs_faults_t  *faults;

    faults = calloc(1, sizeof(*faults));
    if (faults == NULL) {
        return NULL;
    }

    faults->list = json_array();
    if (faults->list == NULL) {
        free(faults);
        return NULL;
    }

    pthread_mutex_init(&faults->mutex, NULL);
    return faults;
}

void
fs_faults_destroy(fs_faults_t *faults)
{
    if (faults != NULL) {
        json_decref(faults->list);
        free(faults);
    }
}

static int
fs_fault_kind(const json_t *fault)
{
    int          i;
    const char  *name;

    name = json_string_value(json_object_get(fault, "fault"));
    for (i = 0; name != NULL && i < FS_FAULT_KINDS; i++) {
        if (strcmp(name, fs_fault_names[i]) == 0) {
            return i;
        }
    }
    return -1;
}

static const char *
fs_fault_complete(json_t *fault)
{
    size_t   i;
    json_t  *value;

    for (i = 0; i < FS_FAULT_DEFAULTS; i++) {
        value = json_object_get(fault, fs_fault_defaults[i].name);
        if (value == NULL) {
            json_object_set_new(fault, fs_fault_defaults[i].name,
                                json_integer(fs_fault_defaults[i].value));

        } else if (!json_is_integer(value)) {
            return "times, skip, status, retry_after, ms and count must be "
                   "whole numbers";
        }
    }

    value = json_object_get(fault, "match");
    return value == NULL || json_is_string(value)
           ? NULL : "\"match\" must be a string";
}

const char *
fs_faults_add(fs_faults_t *faults, const json_t *asked, int64_t *refuse_ms)
{
    int          kind;
    json_t      *fault;
    const char  *error;

    *refuse_ms = -1;
    kind = json_is_object(asked) ? fs_fault_kind(asked) : -1;
    if (kind == -1) {
        return "\"fault\" must be one of status, slow, drop, reset, "
               "no_callback, callback_twice, callback_late, callback_count, "
               "refuse";
    }

    fault = json_deep_copy(asked);
    error = fs_fault_complete(fault);
    if (error != NULL) {
        json_decref(fault);
        return error;
    }

    if (kind == FS_FAULT_REFUSE) {
        *refuse_ms = json_integer_value(json_object_get(fault, "ms"));
        json_decref(fault);
        return NULL;
    }

    pthread_mutex_lock(&faults->mutex);
    json_array_append_new(faults->list, fault);
    pthread_mutex_unlock(&faults->mutex);
    return NULL;
}

void
fs_faults_clear(fs_faults_t *faults)
{
    pthread_mutex_lock(&faults->mutex);
    json_array_clear(faults->list);
    pthread_mutex_unlock(&faults->mutex);
}

static json_int_t
fs_fault_number(const json_t *fault, const char *name)
{
    return json_integer_value(json_object_get(fault, name));
}

static void
fs_fate_add(fs_fate_t *fate, const json_t *fault)
{
    int  kind = fs_fault_kind(fault);

    fate->set |= 1u << kind;

    switch (kind) {
    case FS_FAULT_STATUS:
        fate->status = (int) fs_fault_number(fault, "status");
        fate->retry_after = (int) fs_fault_number(fault, "retry_after");
        break;
    case FS_FAULT_SLOW:
        fate->slow_ms = fs_fault_number(fault, "ms");
        break;
    case FS_FAULT_CALLBACK_LATE:
        fate->late_ms = fs_fault_number(fault, "ms");
        break;
    case FS_FAULT_CALLBACK_COUNT:
        fate->count = fs_fault_number(fault, "count");
        break;
    }
}

/* 1: this fault applies to the request; *spent: for the last time */
static int
fs_fault_meets(json_t *fault, const char *body, int *spent)
{
    json_int_t   skip, times;
    const char  *match;

    *spent = 0;
    match = json_string_value(json_object_get(fault, "match"));
    if (match != NULL && strstr(body, match) == NULL) {
        return 0;
    }

    skip = fs_fault_number(fault, "skip");
    if (skip > 0) {
        json_object_set_new(fault, "skip", json_integer(skip - 1));
        return 0;
    }

    times = fs_fault_number(fault, "times");
    if (times > 0) {
        json_object_set_new(fault, "times", json_integer(times - 1));
        *spent = (times == 1);
    }
    return 1;
}

void
fs_faults_take(fs_faults_t *faults, const char *body, fs_fate_t *fate)
{
    int      spent;
    size_t   i;
    json_t  *fault;

    memset(fate, 0, sizeof(*fate));

    pthread_mutex_lock(&faults->mutex);

    for (i = 0; i < json_array_size(faults->list); /* void */ ) {
        fault = json_array_get(faults->list, i);
        if (fs_fault_meets(fault, body, &spent)) {
            fs_fate_add(fate, fault);
        }
        if (spent) {
            json_array_remove(faults->list, i);
        } else {
            i++;
        }
    }

    pthread_mutex_unlock(&faults->mutex);
}

json_t *
fs_faults_list(fs_faults_t *faults)
{
    json_t  *copy;

    pthread_mutex_lock(&faults->mutex);
    copy = json_deep_copy(faults->list);
    pthread_mutex_unlock(&faults->mutex);

    return copy;
}
