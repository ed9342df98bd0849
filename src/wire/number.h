/* Unsigned 64-bit numbers as decimal text, exact both ways. Knows nothing but digits. */
#ifndef MOMENTO_WIRE_NUMBER_H
#define MOMENTO_WIRE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NUMBER_U64_SIZE = 21 }; /* 20 digits and the NUL */

/* Reads text[0..length) as a u64: digits only, no sign, no leading zero ("0" itself is fine), no
   overflow. Returns false, and leaves *value alone, for anything else. */
bool number_parse_u64(const char *text, size_t length, uint64_t *value);

/* The same for the number that text[0..length) begins with: returns how many digits it has, which
   end at the first other byte; 0 when there is none. */
size_t number_scan_u64(const char *text, size_t length, uint64_t *value);

/* Writes value and a NUL into out; returns the number of digits. */
size_t number_format_u64(uint64_t value, char out[NUMBER_U64_SIZE]);

#endif
