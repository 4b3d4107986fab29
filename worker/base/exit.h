/*
 * The worker's exit codes.
 */

#ifndef AS_EXIT_H
#define AS_EXIT_H


#define AS_EXIT_OK        0
#define AS_EXIT_FINDINGS  1
#define AS_EXIT_USAGE     2
#define AS_EXIT_REACH     3            /* a peer is unreachable */


#endif /* AS_EXIT_H */
