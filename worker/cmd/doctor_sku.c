/*
 * doctor's checks of the column product.sku: what it can store, and which
 * spellings its collation treats as equal.
 */

#include <string.h>

#include "cmd/doctor_sku.h"


#define AS_DOCTOR_SKU_MEND                                                    \
    "set \"sku_match exact\" in nginx and AUTOSTOCK_SKU_MATCH=exact here, or "\
    "ALTER TABLE product MODIFY sku VARCHAR(200) CHARACTER SET utf8mb4 "      \
    "COLLATE utf8mb4_bin NOT NULL"


typedef struct {
    bool  accents;
    bool  emoji;
} as_doctor_sku_t;


static void
as_doctor_sku_row(void *data, unsigned statement, const char *const *columns,
    const unsigned long *lengths, unsigned n)
{
    as_doctor_sku_t  *folds = data;

    (void) statement;
    (void) lengths;

    if (n == 2) {
        folds->accents = columns[0] != NULL && columns[0][0] == '1';
        folds->emoji = columns[1] != NULL && columns[1][0] == '1';
    }
}


/*
 * Tests "cafe" and "café", and two emoji, which become "?" where the column
 * cannot store them.
 */
static as_db_status_e
as_doctor_sku_ask(as_db_t *db, as_doctor_sku_t *folds)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    const char     *charset, *collation;
    as_db_status_e  status;

    charset = as_db_sku_charset(db);
    collation = as_db_sku_collation(db);

    as_text_printf(&sql, "SELECT CONVERT(_utf8mb4 X'63616665' USING %s)"
                   " COLLATE %s = CONVERT(_utf8mb4 X'636166c3a9' USING %s),",
                   charset, collation, charset);
    as_text_printf(&sql, " CONVERT(_utf8mb4 X'f09f8d95' USING %s) COLLATE %s"
                   " = CONVERT(_utf8mb4 X'f09f8da9' USING %s) AND"
                   " CONVERT(_utf8mb4 X'f09f8d95' USING %s) <> '?'",
                   charset, collation, charset, charset);

    status = as_db_run(db, &sql, as_doctor_sku_row, folds);
    as_text_free(&sql);

    return status;
}


void
as_doctor_sku(as_findings_t *findings, as_db_t *db,
    const as_settings_t *settings)
{
    const char       *charset, *collation;
    as_doctor_sku_t   folds;

    charset = as_db_sku_charset(db);
    collation = as_db_sku_collation(db);
    memset(&folds, 0, sizeof(folds));

    if (charset[0] == '\0' || collation[0] == '\0') {
        return;                        /* binary, or a finding of the schema */
    }

    if (strcmp(charset, "utf8mb4") != 0) {
        as_findings_say(findings, AS_DOCTOR_FINE, "sku-charset", "",
                        "product.sku is %s: a SKU that it cannot represent "
                        "names no product", charset);
    }

    if (as_doctor_sku_ask(db, &folds) != AS_DB_OK) {
        as_findings_say(findings, AS_DOCTOR_WARNING, "sku-collation",
                        "run doctor again", "%s cannot be checked: %s",
                        collation, as_db_error(db));

    } else if (!folds.accents && !folds.emoji) {
        as_findings_say(findings, AS_DOCTOR_FINE, "sku-collation", "",
                        "%s of product.sku treats at most upper and lower case "
                        "as equal",
                        collation);

    } else if (settings->sku_match == AS_EXACT) {
        as_findings_say(findings, AS_DOCTOR_FINE, "sku-collation", "",
                        "%s of product.sku treats different SKUs as equal; "
                        "AUTOSTOCK_SKU_MATCH is exact", collation);

    } else {
        as_findings_say(findings, AS_DOCTOR_WARNING, "sku-collation",
                        AS_DOCTOR_SKU_MEND, "%s of product.sku treats "
                        "different SKUs as equal (%s%s%s)", collation,
                        folds.accents ? "cafe and caf\xc3\xa9" : "",
                        folds.accents && folds.emoji ? ", " : "",
                        folds.emoji ? "all emoji" : "");
    }
}
