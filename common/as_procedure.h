/*
 * The optional procedure by which nginx sells (sql/procedure.sql).
 */

#ifndef AS_PROCEDURE_H
#define AS_PROCEDURE_H


#define AS_PROCEDURE_NAME     "autostock_sell"

/* Its comment: the version that nginx calls. */
#define AS_PROCEDURE_VERSION  "autostock 1"


#endif /* AS_PROCEDURE_H */
