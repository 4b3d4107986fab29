#include "fs_factory.h"

#include "fs_request.h"

#include <string.h>

/*
 * The control port:
 *
 *   GET    /                 {"status":"ok"}
 *   GET    /faults           lists the faults that are still active
 *   POST   /faults           adds a fault (fs_fault.h)
 *   DELETE /faults           removes all faults, accepts connections again
 *   GET    /orders           lists the orders in production
 *   DELETE /orders           removes them, as a restart does
 *   GET    /counts           numbers of journal lines by event
 *   POST   /step             {"ms":N}: sets the duration of a production step
 */

static enum MHD_Result
fs_control_error(struct MHD_Connection *connection, unsigned status,
    const char *text)
{
    return fs_request_answer(connection, status, -1,
                             json_pack("{s:s}", "error", text));
}

static enum MHD_Result
fs_control_ok(struct MHD_Connection *connection)
{
    return fs_request_answer(connection, 200, -1,
                             json_pack("{s:s}", "status", "ok"));
}

static enum MHD_Result
fs_control_add_fault(fs_factory_t *factory,
    struct MHD_Connection *connection, const char *body)
{
    json_t      *asked;
    int64_t      refuse_ms;
    const char  *error;

    asked = json_loads(body, 0, NULL);
    error = fs_faults_add(factory->faults, asked, &refuse_ms);
    json_decref(asked);
    if (error != NULL) {
        return fs_control_error(connection, 400, error);
    }

    if (refuse_ms >= 0) {
        fs_factory_refuse(factory, refuse_ms);
    }
    return fs_control_ok(connection);
}

static enum MHD_Result
fs_control_faults(fs_factory_t *factory, struct MHD_Connection *connection,
    const char *method, const char *body)
{
    if (strcmp(method, "POST") == 0) {
        return fs_control_add_fault(factory, connection, body);
    }

    if (strcmp(method, "DELETE") == 0) {
        fs_faults_clear(factory->faults);
        fs_factory_refuse(factory, 0);
        return fs_control_ok(connection);
    }

    return fs_request_answer(connection, 200, -1,
                             fs_faults_list(factory->faults));
}

static enum MHD_Result
fs_control_orders(fs_factory_t *factory, struct MHD_Connection *connection,
    const char *method)
{
    size_t  n;

    if (strcmp(method, "DELETE") != 0) {
        return fs_request_answer(connection, 200, -1,
                                 fs_orders_list(factory->orders));
    }

    n = fs_orders_forget(factory->orders);
    fs_journal_write(factory->journal, "forgotten",
                     json_pack("{s:I}", "orders", (json_int_t) n));
    return fs_control_ok(connection);
}

static enum MHD_Result
fs_control_step(fs_factory_t *factory, struct MHD_Connection *connection,
    const char *body)
{
    json_t      *asked;
    json_int_t   ms;

    asked = json_loads(body, 0, NULL);
    ms = json_is_integer(json_object_get(asked, "ms"))
         ? json_integer_value(json_object_get(asked, "ms")) : -1;
    json_decref(asked);

    if (ms < 0) {
        return fs_control_error(connection, 400,
                                "expected {\"ms\":N}, N a whole number");
    }

    factory->step_ms = ms;
    return fs_control_ok(connection);
}

enum MHD_Result
fs_control_handle(void *data, struct MHD_Connection *connection,
    const char *url, const char *method, const char *version,
    const char *upload, size_t *upload_size, void **state)
{
    int            rc;
    fs_factory_t  *factory = data;
    fs_request_t  *request = NULL;

    (void) version;

    rc = fs_request_read(state, upload, upload_size, FS_BODY_MAX, &request);
    if (rc != 1) {
        return rc == 0 ? MHD_YES : MHD_NO;
    }

    if (strcmp(url, "/") == 0) {
        return fs_control_ok(connection);
    }
    if (strcmp(url, "/faults") == 0) {
        return fs_control_faults(factory, connection, method, request->body);
    }
    if (strcmp(url, "/orders") == 0) {
        return fs_control_orders(factory, connection, method);
    }
    if (strcmp(url, "/counts") == 0) {
        return fs_request_answer(connection, 200, -1,
                                 fs_journal_counts(factory->journal));
    }
    if (strcmp(url, "/step") == 0 && strcmp(method, "POST") == 0) {
        return fs_control_step(factory, connection, request->body);
    }
    return fs_control_error(connection, 404, "Not Found");
}
