/* The version of this release, for everything written in C. lua/momento/version.lua says the same.
 */
#ifndef MOMENTO_WIRE_VERSION_H
#define MOMENTO_WIRE_VERSION_H

#define MOMENTO_VERSION "0.1.0"

#endif
