/*
 * The version of the module, the worker and the package.
 */


#ifndef AS_VERSION_H
#define AS_VERSION_H

#define AUTOSTOCK_VERSION  "0.2.0"

#endif /* AS_VERSION_H */
