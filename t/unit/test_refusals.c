/*
 * What was refused or locked a moment ago, and how long that is remembered:
 * names of items, products in quarantine, and repeated log lines.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "../../src/sell/ngx_http_autostock_quarantine.c"
#include "../../src/sell/ngx_http_autostock_refusals.c"
#include "../../src/status/ngx_http_autostock_repeat.c"


#define MAX  NGX_HTTP_AUTOSTOCK_REFUSALS_MAX


static ngx_http_autostock_refusals_t  list;
static ngx_http_autostock_product_t   product;
static ngx_http_autostock_repeat_t    repeat;

volatile ngx_msec_t  ngx_current_msec;


/* A fake digest: the first bytes of the text. */

void
ngx_md5_init(ngx_md5_t *ctx)
{
    memset(ctx, 0, sizeof(*ctx));
}


void
ngx_md5_update(ngx_md5_t *ctx, const void *data, size_t size)
{
    memcpy(ctx->buffer, data, size < 16 ? size : 16);
}


void
ngx_md5_final(u_char result[16], ngx_md5_t *ctx)
{
    memcpy(result, ctx->buffer, 16);
}


u_char *ngx_cdecl
ngx_snprintf(u_char *buf, size_t max, const char *fmt, ...)
{
    va_list     args;
    ngx_uint_t  n;

    assert_string_equal(fmt, " (%ui similar lines before it were omitted)");
    va_start(args, fmt);
    n = va_arg(args, ngx_uint_t);
    va_end(args);

    return buf + snprintf((char *) buf, max, "+%lu", (unsigned long) n);
}


static int
setup(void **state)
{
    (void) state;
    memset(&list, 0, sizeof(list));
    memset(&product, 0, sizeof(product));
    memset(&repeat, 0, sizeof(repeat));

    /* the clock of nginx may begin anywhere, and wraps */
    ngx_current_msec = (ngx_msec_t) -4000;

    return 0;
}


static u_char *
name(u_char byte)
{
    static u_char  names[256][NGX_HTTP_AUTOSTOCK_REFUSALS_NAME];

    memset(names[byte], byte, NGX_HTTP_AUTOSTOCK_REFUSALS_NAME);

    return names[byte];
}


/* A name counts for ten seconds. */

static void
a_name(void **state)
{
    (void) state;

    assert_int_equal(ngx_http_autostock_refusals_has(&list, name(1)), 0);
    ngx_http_autostock_refusals_add(&list, name(1));
    assert_int_equal(ngx_http_autostock_refusals_has(&list, name(1)), 1);
    assert_int_equal(ngx_http_autostock_refusals_has(&list, name(2)), 0);

    ngx_current_msec += NGX_HTTP_AUTOSTOCK_REFUSALS_MSEC - 1;
    assert_int_equal(ngx_http_autostock_refusals_has(&list, name(1)), 1);
    ngx_current_msec++;
    assert_int_equal(ngx_http_autostock_refusals_has(&list, name(1)), 0);

    /* the list is empty then, and a look-up is cheap */
    assert_int_equal(list.n, 0);
}


/* Each name expires at its own time. */

static void
names_end_one_by_one(void **state)
{
    (void) state;

    ngx_http_autostock_refusals_add(&list, name(1));
    ngx_current_msec += 6000;
    ngx_http_autostock_refusals_add(&list, name(2));
    ngx_current_msec += 5000;
    assert_int_equal(ngx_http_autostock_refusals_has(&list, name(1)), 0);
    assert_int_equal(ngx_http_autostock_refusals_has(&list, name(2)), 1);
    ngx_current_msec += 5000;
    assert_int_equal(ngx_http_autostock_refusals_has(&list, name(2)), 0);
}


/* The list has a fixed size: a new name replaces the oldest. */

static void
many_names(void **state)
{
    ngx_uint_t  i;

    (void) state;

    for (i = 0; i <= MAX; i++) {
        ngx_http_autostock_refusals_add(&list, name((u_char) i));
    }

    assert_int_equal(list.n, MAX);
    assert_int_equal(ngx_http_autostock_refusals_has(&list, name(0)), 0);

    for (i = 1; i <= MAX; i++) {
        assert_int_equal(ngx_http_autostock_refusals_has(&list,
                                                         name((u_char) i)),
                         1);
    }
}


static void
meet(void **state)
{
    (void) state;

    assert_int_equal(ngx_http_autostock_refusals_meet(&list, name(1)), 0);
    assert_int_equal(ngx_http_autostock_refusals_meet(&list, name(1)), 1);
    assert_int_equal(ngx_http_autostock_refusals_meet(&list, name(2)), 0);
    assert_int_equal(list.n, 2);
}


/* The name of a cart does not depend on the order of its lines. */

static void
names_of_carts(void **state)
{
    u_char                  one[16], two[16];
    static const ngx_str_t  a = ngx_string("sku-a"), b = ngx_string("sku-b");

    (void) state;

    memset(one, 0, 16);
    memset(two, 0, 16);
    ngx_http_autostock_refusals_name_add((ngx_str_t *) &a, one);
    ngx_http_autostock_refusals_name_add((ngx_str_t *) &b, one);
    ngx_http_autostock_refusals_name_add((ngx_str_t *) &b, two);
    ngx_http_autostock_refusals_name_add((ngx_str_t *) &a, two);
    assert_memory_equal(one, two, 16);

    /* and differs from that of a part of the cart */
    memset(two, 0, 16);
    ngx_http_autostock_refusals_name_add((ngx_str_t *) &a, two);
    assert_memory_not_equal(one, two, 16);
}


/* A locked row: aside for five seconds after it was last found locked. */

static void
locked(void **state)
{
    (void) state;

    assert_int_equal(ngx_http_autostock_quarantine_has(&product), 0);
    ngx_http_autostock_quarantine_note_locked(&product);
    assert_int_equal(ngx_http_autostock_quarantine_has(&product), 1);
    assert_int_equal(ngx_http_autostock_quarantine_probes(&product), 1);
    assert_int_equal(ngx_http_autostock_quarantine_refuses(&product), 0);

    /* its row could be locked: all its requests may go, but still aside */
    ngx_http_autostock_quarantine_note_lock_had(&product);
    assert_int_equal(ngx_http_autostock_quarantine_has(&product), 1);
    assert_int_equal(ngx_http_autostock_quarantine_probes(&product), 0);

    ngx_http_autostock_quarantine_note_locked(&product);
    ngx_current_msec += 4999;
    assert_int_equal(ngx_http_autostock_quarantine_has(&product), 1);
    ngx_current_msec++;
    assert_int_equal(ngx_http_autostock_quarantine_has(&product), 0);
    assert_int_equal(product.locked, 0);
}


/* Refused three times in a row: it is not tried for three seconds. */

static void
refused(void **state)
{
    ngx_uint_t  i;

    (void) state;

    for (i = 0; i < 3; i++) {
        assert_int_equal(ngx_http_autostock_quarantine_refuses(&product), 0);
        (void) ngx_http_autostock_quarantine_note_refused(&product, 4025);
    }

    assert_int_equal(ngx_http_autostock_quarantine_refuses(&product), 1);
    assert_int_equal(ngx_http_autostock_quarantine_probes(&product), 1);
    ngx_current_msec += 2999;
    assert_int_equal(ngx_http_autostock_quarantine_refuses(&product), 1);

    /* then one request may try, still aside */
    ngx_current_msec++;
    assert_int_equal(ngx_http_autostock_quarantine_refuses(&product), 0);
    assert_int_equal(ngx_http_autostock_quarantine_has(&product), 1);

    /* refused again: refused at once for three more seconds; sold: the count
     * begins at 0 */
    (void) ngx_http_autostock_quarantine_note_refused(&product, 4025);
    assert_int_equal(ngx_http_autostock_quarantine_refuses(&product), 1);
    ngx_http_autostock_quarantine_note_sold(&product);
    assert_int_equal(ngx_http_autostock_quarantine_refuses(&product), 0);
    (void) ngx_http_autostock_quarantine_note_refused(&product, 4025);
    assert_int_equal(ngx_http_autostock_quarantine_refuses(&product), 0);

    ngx_current_msec += 8000;
    assert_int_equal(ngx_http_autostock_quarantine_has(&product), 0);
}


/* The same error once a minute, another one at once. */

static void
refused_is_logged(void **state)
{
    (void) state;

    assert_int_equal(ngx_http_autostock_quarantine_note_refused(&product, 1),
                     1);
    assert_int_equal(ngx_http_autostock_quarantine_note_refused(&product, 1),
                     0);
    assert_int_equal(ngx_http_autostock_quarantine_note_refused(&product, 2),
                     1);
    ngx_current_msec += 59999;
    assert_int_equal(ngx_http_autostock_quarantine_note_refused(&product, 2),
                     0);
    ngx_current_msec++;
    assert_int_equal(ngx_http_autostock_quarantine_note_refused(&product, 2),
                     1);
}


/* Three lines in ten seconds; the next one has the number of omitted ones. */

static void
log_lines(void **state)
{
    ngx_uint_t  i;

    (void) state;

    for (i = 0; i < 3; i++) {
        assert_string_equal(ngx_http_autostock_repeat(&repeat), "");
    }

    for (i = 0; i < 5; i++) {
        assert_null(ngx_http_autostock_repeat(&repeat));
    }

    ngx_current_msec += 9999;
    assert_null(ngx_http_autostock_repeat(&repeat));
    ngx_current_msec++;
    assert_string_equal(ngx_http_autostock_repeat(&repeat), "+6");
    assert_string_equal(ngx_http_autostock_repeat(&repeat), "");
}


/* The end of a failure: its line has the number, too, and resets it. */

static void
log_lines_end(void **state)
{
    ngx_uint_t  i;

    (void) state;

    for (i = 0; i < 7; i++) {
        (void) ngx_http_autostock_repeat(&repeat);
    }

    assert_string_equal(ngx_http_autostock_repeat_over(&repeat), "+4");
    assert_string_equal(ngx_http_autostock_repeat_over(&repeat), "");
    assert_string_equal(ngx_http_autostock_repeat(&repeat), "");
}


#define TEST(name)  cmocka_unit_test_setup(name, setup)

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        TEST(a_name),
        TEST(names_end_one_by_one),
        TEST(many_names),
        TEST(meet),
        TEST(names_of_carts),
        TEST(locked),
        TEST(refused),
        TEST(refused_is_logged),
        TEST(log_lines),
        TEST(log_lines_end)
    };

    return cmocka_run_group_tests_name("refusals", tests, NULL, NULL);
}
