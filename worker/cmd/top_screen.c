/*
 * The screen of `top`.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/colour.h"
#include "base/glyph.h"
#include "cmd/top_lines.h"


#define AS_TOP_LABEL   9               /* columns of the labels on the left */
#define AS_TOP_NUMBER  9               /* of a column of numbers */
#define AS_TOP_STATE   11              /* of an order's state */
#define AS_TOP_SKU     24              /* of a SKU, at most */


static int64_t
as_top_screen_integer(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}


static const char *
as_top_screen_string(const json_t *object, const char *name)
{
    const char  *text;

    text = json_string_value(json_object_get(object, name));

    return text == NULL ? "?" : text;
}


/* "12 s", "5 m", "3 h", "9 d" */
static const char *
as_top_screen_age(int64_t s, char text[24])
{
    bool  minutes = s >= 120, hours = s >= 7200, days = s >= 172800;

    snprintf(text, 24, "%" PRId64 " %s", days ? s / 86400 : hours ? s / 3600
             : minutes ? s / 60 : s, days ? "d" : hours ? "h"
             : minutes ? "m" : "s");

    return text;
}


/* A rate, or "-" where it is not known yet. */
static void
as_top_screen_rate(as_top_lines_t *lines, const char *colour,
    const json_t *object, const char *name, const char *unit)
{
    double         value;
    const json_t  *rate;

    rate = json_object_get(object, name);
    value = json_number_value(rate);

    if (!json_is_number(rate)) {
        as_top_lines_put(lines, NULL, "- %s", unit);
    } else {
        as_top_lines_put(lines, value > 0 ? colour : NULL, "%.*f %s",
                         value > 0 && value < 10 ? 1 : 0, value, unit);
    }
}


static void
as_top_screen_label(as_top_lines_t *lines, const char *label)
{
    as_top_lines_cell(lines, AS_COLOUR_BOLD, label, AS_TOP_LABEL, false);
}


/* Writes the error of a part that is unreachable.  False where it has none. */
static bool
as_top_screen_error(as_top_lines_t *lines, const char *label,
    const json_t *part)
{
    if (json_object_get(part, "error") == NULL && part != NULL) {
        return false;
    }

    as_top_screen_label(lines, label);
    as_top_lines_put(lines, AS_COLOUR_RED, "%s",
                     part == NULL ? "no answer yet"
                                  : as_top_screen_string(part, "error"));
    as_top_lines_next(lines);

    return true;
}


/* Writes the other results of requests, as far as there are any. */
static void
as_top_screen_results(as_top_lines_t *lines, const json_t *database)
{
    bool         any = false;
    json_t      *rate;
    const char  *name;

    json_object_foreach(json_object_get(database, "results_per_s"), name,
                        rate)
    {
        if (json_number_value(rate) > 0) {
            as_top_lines_put(lines, strcmp(name, "replays") == 0 ? NULL
                             : AS_COLOUR_YELLOW, "%s%s %.1f/s",
                             any ? "  " : "", name, json_number_value(rate));
            any = true;
        }
    }

    if (!any) {
        as_top_lines_put(lines, AS_COLOUR_DIM, "no refusals, no failures");
    }
}


/* Writes what an operator must repair; doctor shows how. */
static void
as_top_screen_faults(as_top_lines_t *lines, const json_t *database)
{
    bool  lossy, rights;

    lossy = strcmp(as_top_screen_string(database, "durable"), "no") == 0;
    rights = as_top_screen_integer(database, "missing_rights") > 0;

    if (lossy || rights) {
        as_top_screen_label(lines, "");
        as_top_lines_put(lines, AS_COLOUR_RED, "%s%s%s; see doctor",
                         lossy ? "not durable" : "", lossy && rights ? ", "
                         : "", rights ? "rights are missing" : "");
        as_top_lines_next(lines);
    }
}


static void
as_top_screen_database(as_top_lines_t *lines, const json_t *database)
{
    const json_t  *batch;

    as_top_screen_label(lines, as_top_screen_string(database, "name"));
    as_top_screen_rate(lines, AS_COLOUR_GREEN, database, "sales_per_s",
                       "sales/s");
    as_top_lines_put(lines, NULL, "  ");
    as_top_screen_rate(lines, NULL, database, "holds_per_s", "holds/s");
    as_top_lines_put(lines, NULL, "  ");
    as_top_screen_rate(lines, NULL, database, "lookups_per_s", "look-ups/s");
    as_top_lines_put(lines, NULL, "  ");
    as_top_screen_results(lines, database);
    as_top_lines_next(lines);

    batch = json_object_get(database, "batch_size");

    as_top_screen_label(lines, "");
    if (json_is_number(batch)) {
        as_top_lines_put(lines, NULL, "batch %.1f", json_number_value(batch));
    } else {
        as_top_lines_put(lines, NULL, "batch -");
    }
    as_top_lines_put(lines, NULL, "  queue %" PRId64 "  in flight %" PRId64
                     "  connections %" PRId64 " (%" PRId64 " idle)",
                     as_top_screen_integer(database, "waiting"),
                     as_top_screen_integer(database, "in_flight"),
                     as_top_screen_integer(database, "connections"),
                     as_top_screen_integer(database, "connections_idle"));
    as_top_lines_next(lines);
    as_top_screen_faults(lines, database);
}


static void
as_top_screen_module(as_top_lines_t *lines, const json_t *module)
{
    char     age[24];
    size_t   i;
    json_t  *database;

    if (as_top_screen_error(lines, "nginx", module)) {
        return;
    }

    as_top_screen_label(lines, "nginx");
    as_top_lines_put(lines, NULL, "%s, module %s, %" PRId64 " worker "
                     "processes, up %s",
                     as_top_screen_string(module, "nginx"),
                     as_top_screen_string(module, "version"),
                     as_top_screen_integer(module, "workers"),
                     as_top_screen_age(as_top_screen_integer(module,
                                                       "uptime_s"), age));
    as_top_lines_next(lines);

    json_array_foreach(json_object_get(module, "databases"), i, database) {
        as_top_screen_database(lines, database);
    }
}


static void
as_top_screen_factories(as_top_lines_t *lines, const json_t *worker)
{
    size_t   i, open = 0;
    json_t  *factory;

    json_array_foreach(json_object_get(worker, "factories"), i, factory) {
        if (json_is_true(json_object_get(factory, "breaker_open"))) {
            as_top_lines_put(lines, AS_COLOUR_RED, "  %s (%" PRId64 " wait): "
                             "%s", open++ == 0 ? "breaker open" : "and",
                             as_top_screen_integer(factory, "waiting"),
                             as_top_screen_string(factory, "factory"));
        }
    }

    if (open == 0) {
        as_top_lines_put(lines, NULL, "  breaker closed");
    }
}


static void
as_top_screen_worker(as_top_lines_t *lines, const json_t *worker)
{
    json_t      *up;
    int64_t      dead;
    const char  *name;

    if (as_top_screen_error(lines, "worker", worker)) {
        return;
    }

    as_top_screen_label(lines, "worker");
    as_top_lines_put(lines, NULL, "%s ",
                     as_top_screen_string(worker, "version"));

    json_object_foreach(json_object_get(worker, "peers"), name, up) {
        as_top_lines_put(lines, json_is_true(up) ? NULL : AS_COLOUR_RED,
                         " %s %s", name, json_is_true(up) ? "up" : "down");
    }

    as_top_screen_factories(lines, worker);
    as_top_lines_next(lines);

    dead = as_top_screen_integer(worker, "dlq_visible");
    as_top_screen_label(lines, "");
    as_top_screen_rate(lines, NULL, worker, "published_per_s", "published/s");
    as_top_lines_put(lines, NULL, "  ");
    as_top_screen_rate(lines, NULL, worker, "requested_per_s", "requested/s");
    as_top_lines_put(lines, NULL, "  queue %" PRId64 "  in flight %" PRId64,
                     as_top_screen_integer(worker, "queue_visible"),
                     as_top_screen_integer(worker, "in_flight"));
    as_top_lines_put(lines, dead > 0 ? AS_COLOUR_RED : NULL,
                     "  dead letters %" PRId64, dead);
    as_top_lines_next(lines);
}


/* Orders by state, and the holds. */
static void
as_top_screen_orders(as_top_lines_t *lines, const json_t *shop)
{
    char     age[24];
    size_t   i;
    json_t  *row, *holds;

    as_top_screen_label(lines, "orders");

    if (json_array_size(json_object_get(shop, "orders")) == 0) {
        as_top_lines_put(lines, NULL, "none open");
    }

    json_array_foreach(json_object_get(shop, "orders"), i, row) {
        as_top_lines_put(lines, NULL, "%s%s %" PRId64 " (oldest %s)",
                         i == 0 ? "" : "  ",
                         as_top_screen_string(row, "state"),
                         as_top_screen_integer(row, "count"),
                         as_top_screen_age(as_top_screen_integer(row,
                                                       "oldest_s"), age));
    }

    as_top_lines_next(lines);

    holds = json_object_get(shop, "holds");
    as_top_screen_label(lines, "holds");
    as_top_lines_put(lines, NULL, "%" PRId64 " open",
                     as_top_screen_integer(holds, "open"));
    as_top_lines_put(lines, as_top_screen_integer(holds, "due_oldest_s") > 5
                     ? AS_COLOUR_YELLOW : NULL, "  %" PRId64 " due",
                     as_top_screen_integer(holds, "due"));
    if (as_top_screen_integer(holds, "due") > 0) {
        as_top_lines_put(lines, NULL, " (for %s)",
                         as_top_screen_age(as_top_screen_integer(holds,
                                                   "due_oldest_s"), age));
    }
    as_top_lines_next(lines);
}


static void
as_top_screen_number(as_top_lines_t *lines, const char *colour,
    const json_t *row, const char *name)
{
    char  text[24];

    snprintf(text, sizeof(text), "%" PRId64, as_top_screen_integer(row,
                                                                   name));
    as_top_lines_cell(lines, colour, text, AS_TOP_NUMBER, true);
}


static void
as_top_screen_product(as_top_lines_t *lines, const json_t *row, int sku,
    int name)
{
    const char  *order, *colour;

    order = json_string_value(json_object_get(row, "order"));
    colour = json_is_true(json_object_get(row, "low"))
             ? order == NULL ? AS_COLOUR_RED : AS_COLOUR_YELLOW : NULL;

    as_top_lines_cell(lines, NULL, as_top_screen_string(row, "sku"), sku,
                      false);
    as_top_lines_put(lines, NULL, "  ");
    as_top_lines_cell(lines, NULL, as_top_screen_string(row, "name"), name,
                      false);
    as_top_screen_number(lines, colour, row, "stock");
    as_top_screen_number(lines, NULL, row, "held");
    as_top_screen_number(lines, NULL, row, "reorder_point");
    as_top_lines_put(lines, NULL, "  %s", order == NULL ? "-" : order);
    as_top_lines_next(lines);
}


static void
as_top_screen_products(as_top_lines_t *lines, const json_t *products)
{
    int      width, sku, name;
    size_t   i;
    json_t  *row;

    sku = 3;

    json_array_foreach(products, i, row) {
        width = as_glyph_width(as_top_screen_string(row, "sku"));
        sku = width > sku ? width : sku;
    }

    sku = sku < AS_TOP_SKU ? sku : AS_TOP_SKU;
    name = lines->shape->width - sku - 3 * AS_TOP_NUMBER - AS_TOP_STATE - 4;
    name = name < 4 ? 4 : name;

    as_top_lines_next(lines);
    as_top_lines_cell(lines, AS_COLOUR_BOLD, "SKU", sku + 2, false);
    as_top_lines_cell(lines, AS_COLOUR_BOLD, "NAME", name, false);
    as_top_lines_cell(lines, AS_COLOUR_BOLD, "STOCK", AS_TOP_NUMBER, true);
    as_top_lines_cell(lines, AS_COLOUR_BOLD, "HELD", AS_TOP_NUMBER, true);
    as_top_lines_cell(lines, AS_COLOUR_BOLD, "REORDER", AS_TOP_NUMBER, true);
    as_top_lines_put(lines, AS_COLOUR_BOLD, "  ORDER");
    as_top_lines_next(lines);

    json_array_foreach(products, i, row) {
        if (as_top_lines_room(lines)) {
            as_top_screen_product(lines, row, sku, name);
        }
    }
}


void
as_top_screen(const json_t *view, const as_top_shape_t *shape, as_text_t *out)
{
    as_top_lines_t   lines;
    const json_t    *shop;

    as_top_lines_begin(&lines, shape, out);
    as_top_lines_put(&lines, AS_COLOUR_BOLD, "autostock  %s",
                     as_top_screen_string(view, "time"));
    if (shape->terminal) {
        as_top_lines_put(&lines, AS_COLOUR_DIM, "  every %.3g s, q quits",
                         json_number_value(json_object_get(view,
                                                           "interval_s")));
    }
    as_top_lines_next(&lines);

    as_top_screen_module(&lines, json_object_get(view, "module"));
    as_top_screen_worker(&lines, json_object_get(view, "worker"));

    shop = json_object_get(view, "database");
    if (!as_top_screen_error(&lines, "database", shop)) {
        as_top_screen_orders(&lines, shop);
        as_top_screen_products(&lines, json_object_get(shop, "products"));
    }

    as_top_lines_end(&lines);
}
