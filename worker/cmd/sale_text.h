/*
 * Writes sales as CSV (RFC 4180, but lines end with a line feed) or as JSON
 * lines.
 */

#ifndef AS_SALE_TEXT_H
#define AS_SALE_TEXT_H

#include <stdbool.h>

#include "base/text.h"
#include "db/sale.h"


/* The header of CSV; nothing for JSON. */
void as_sale_text_header(as_text_t *text, bool json);

/*
 * Appends a line for each sale of a row, and returns their number.  A hold that
 * is not confirmed is no sale.  The arguments are those of as_sale_pt.
 */
size_t as_sale_text_row(as_text_t *text, const as_sale_row_t *row,
    const char *sku, const char *created_at, bool json);


#endif /* AS_SALE_TEXT_H */
