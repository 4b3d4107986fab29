#include "fs_callback.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#define FS_CALLBACK_CONNECT_SECONDS  8L
#define FS_CALLBACK_ANSWER_USEC      5000000
#define FS_CALLBACK_LOOK_MS          100

/* A callback in flight. */
typedef struct fs_callback_s  fs_callback_t;

struct fs_callback_s {
    CURL           *easy;
    fs_order_t     *order;
    fs_callback_t  *next;
};

struct fs_callbacks {
    CURLM               *multi;
    fs_callback_t       *first;
    int                  running;
    struct curl_slist   *headers;
    fs_journal_t        *journal;
};

fs_callbacks_t *
fs_callbacks_create(fs_journal_t *journal)
{
    fs_callbacks_t  *callbacks;

    callbacks = calloc(1, sizeof(*callbacks));
    if (callbacks == NULL) {
        return NULL;
    }

    callbacks->journal = journal;
    callbacks->multi = curl_multi_init();
    callbacks->headers = curl_slist_append(NULL,
                                           "Content-Type: application/json");
    if (callbacks->multi == NULL || callbacks->headers == NULL) {
        fs_callbacks_destroy(callbacks);
        return NULL;
    }
    return callbacks;
}

/* Removes it from the list and frees all that it holds. */
static void
fs_callback_destroy(fs_callbacks_t *callbacks, fs_callback_t *callback)
{
    fs_callback_t  **link;

    for (link = &callbacks->first; *link != callback; link = &(*link)->next) {
        /* void: the callback is in the list */
    }
    *link = callback->next;

    curl_multi_remove_handle(callbacks->multi, callback->easy);
    curl_easy_cleanup(callback->easy);
    fs_order_destroy(callback->order);
    free(callback);
}

void
fs_callbacks_destroy(fs_callbacks_t *callbacks)
{
    if (callbacks == NULL) {
        return;
    }
    /* callbacks in flight end with the process, as those of the factory do */
    while (callbacks->first != NULL) {
        fs_callback_destroy(callbacks, callbacks->first);
    }
    if (callbacks->multi != NULL) {
        curl_multi_cleanup(callbacks->multi);
    }
    curl_slist_free_all(callbacks->headers);
    free(callbacks);
}

static size_t
fs_callback_discard(char *data, size_t size, size_t n, void *unused)
{
    (void) data;
    (void) unused;
    return size * n;
}

/*
 * libcurl has no separate time-out for the answer: it is measured from the time
 * the connection was established.
 */
static int
fs_callback_watch(void *data, curl_off_t dltotal, curl_off_t dlnow,
    curl_off_t ultotal, curl_off_t ulnow)
{
    CURL        *easy = data;
    curl_off_t   connected = 0, elapsed = 0;

    (void) dltotal;
    (void) dlnow;
    (void) ultotal;
    (void) ulnow;

    curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
    curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &elapsed);

    return connected > 0 && elapsed - connected > FS_CALLBACK_ANSWER_USEC;
}

static void
fs_callback_set(fs_callbacks_t *callbacks, fs_callback_t *callback)
{
    CURL        *easy = callback->easy;
    fs_order_t  *order = callback->order;

    curl_easy_setopt(easy, CURLOPT_URL, order->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, callbacks->headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, order->body);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long) strlen(order->body));
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, fs_callback_discard);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, callback);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT,
                     FS_CALLBACK_CONNECT_SECONDS);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, fs_callback_watch);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, easy);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
}

static void
fs_callback_note(fs_callbacks_t *callbacks, const fs_order_t *order,
    long status, const char *error)
{
    json_t  *fields;

    fields = json_pack("{s:s, s:I, s:o}", "id", order->id,
                       "status", (json_int_t) status,
                       "body", json_loads(order->body, 0, NULL));
    if (fields == NULL) {
        return;
    }
    if (error != NULL) {
        json_object_set_new(fields, "error", json_string(error));
    }
    fs_journal_write(callbacks->journal, "callback", fields);
}

static void
fs_callback_lost(fs_callbacks_t *callbacks, const fs_order_t *order,
    const char *reason)
{
    fs_journal_write(callbacks->journal, "callback_lost",
                     json_pack("{s:s, s:s}", "id", order->id,
                               "reason", reason));
}

/* Takes ownership of the order. */
static void
fs_callback_create(fs_callbacks_t *callbacks, fs_order_t *order)
{
    fs_callback_t  *callback;

    callback = calloc(1, sizeof(*callback));
    if (callback == NULL) {
        fs_callback_lost(callbacks, order, "no memory");
        fs_order_destroy(order);
        return;
    }

    callback->order = order;
    callback->next = callbacks->first;
    callbacks->first = callback;

    callback->easy = curl_easy_init();
    if (callback->easy != NULL) {
        fs_callback_set(callbacks, callback);
    }
    if (callback->easy == NULL
        || curl_multi_add_handle(callbacks->multi, callback->easy))
    {
        fs_callback_lost(callbacks, order, "no memory");
        fs_callback_destroy(callbacks, callback);
    }
}

void
fs_callbacks_start(fs_callbacks_t *callbacks, fs_order_t *order)
{
    if (order->lost || order->url == NULL) {
        fs_callback_lost(callbacks, order, order->url == NULL
                                           ? "no CallbackUrl" : "by option");
        fs_order_destroy(order);
        return;
    }

    fs_callback_create(callbacks, order);
}

static void
fs_callbacks_finish(fs_callbacks_t *callbacks, CURLMsg *message)
{
    long            status = 0;
    char           *private = NULL;
    CURL           *easy = message->easy_handle;
    CURLcode        code = message->data.result;
    fs_callback_t  *callback;

    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    callback = (fs_callback_t *) (void *) private;

    fs_callback_note(callbacks, callback->order, status,
                     code == CURLE_OK ? NULL
                     : code == CURLE_ABORTED_BY_CALLBACK ? "no answer"
                     : curl_easy_strerror(code));

    fs_callback_destroy(callbacks, callback);
}

int
fs_callbacks_run(fs_callbacks_t *callbacks, int timeout_ms, int fd)
{
    int                  n;
    CURLMsg             *message;
    struct curl_waitfd   wait = { fd, CURL_WAIT_POLLIN, 0 };

    if (callbacks->running > 0 && timeout_ms > FS_CALLBACK_LOOK_MS) {
        timeout_ms = FS_CALLBACK_LOOK_MS;
    }

    curl_multi_poll(callbacks->multi, &wait, 1, timeout_ms, NULL);
    curl_multi_perform(callbacks->multi, &callbacks->running);

    while ((message = curl_multi_info_read(callbacks->multi, &n)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            fs_callbacks_finish(callbacks, message);
        }
    }
    return wait.revents != 0;
}

void
fs_callbacks_wake(fs_callbacks_t *callbacks)
{
    curl_multi_wakeup(callbacks->multi);
}
