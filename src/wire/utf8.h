/* UTF-8 (RFC 3629): validation and encoding of single code points. */
#ifndef MOMENTO_WIRE_UTF8_H
#define MOMENTO_WIRE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UTF8_MAX_SIZE = 4 };

/* Whether bytes[0..length) is valid UTF-8: no overlong form, no surrogate, nothing past U+10FFFF.
 */
bool utf8_valid(const char *bytes, size_t length);

/* Bytes of the valid sequence that bytes[0..length) begins with (1 to 4), 0 when there is none. */
size_t utf8_sequence(const char *bytes, size_t length);

/* Writes code_point (<= 0x10FFFF, not a surrogate) to out; returns its 1 to 4 bytes. */
size_t utf8_encode(uint32_t code_point, char out[UTF8_MAX_SIZE]);

#endif
