/*
 * The steps of provision, as they are reported.
 */

#include <string.h>

#include "cmd/provision_parts.h"


void
as_provision_step(as_provision_t *p, const char *kind, const char *name,
    const char *verb, const char *detail)
{
    bool         would;
    const char  *prefix;

    would = p->conf->dry_run && strcmp(verb, "found") != 0;
    prefix = would ? "would be " : "";
    p->pending += would;

    if (p->conf->json) {
        (void) json_array_append_new(p->steps,
                   json_pack("{s:s, s:s, s:s, s:b, s:s}", "kind", kind,
                             "name", name, "action", verb,
                             "would_be", would, "detail", detail));
        return;
    }

    (void) fprintf(p->out, "%s %s: %s%s%s%s\n", kind, name, prefix, verb,
                   *detail ? ": " : "", detail);
}


int
as_provision_step_failed(as_provision_t *p, const char *kind,
    const char *name)
{
    const as_aws_error_t  *e = &p->sync.error;

    if (p->conf->json) {
        (void) json_array_append_new(p->steps,
                   json_pack("{s:s, s:s, s:s, s:s, s:s, s:i}", "kind", kind,
                             "name", name, "action", "failed", "code",
                             e->code, "detail", e->message, "status",
                             e->status));
    } else {
        (void) fprintf(p->out, "%s %s: failed: %s: %s\n", kind, name,
                       e->code, e->message);
    }

    return 3;
}
