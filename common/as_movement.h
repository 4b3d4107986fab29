/*
 * The last two bytes of the ids in the ledger (sql/schema.sql).  The first
 * fourteen are the transaction's.  A row's movement_id has the first value of
 * its kind; a sale, return or hold has this value plus its number in the
 * transaction.
 */

#ifndef AS_MOVEMENT_H
#define AS_MOVEMENT_H


#define AS_MOVEMENT_SALE     0x0000
#define AS_MOVEMENT_RETURN   0x4000
#define AS_MOVEMENT_HOLD     0x8000
#define AS_MOVEMENT_CONFIRM  0xc000
#define AS_MOVEMENT_RELEASE  0xc001

/* The number of an item in its transaction is less than this. */
#define AS_MOVEMENT_NUMBERS  0x4000


#endif /* AS_MOVEMENT_H */
