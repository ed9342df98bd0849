/* Base64 (RFC 4648): written in the standard alphabet with padding, read in either alphabet, padded
   or not. */
#ifndef MOMENTO_WIRE_BASE64_H
#define MOMENTO_WIRE_BASE64_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes that base64_encode writes for length bytes. */
size_t base64_encoded_size(size_t length);

/* Writes base64_encoded_size(length) bytes to out, no NUL. */
void base64_encode(const char *bytes, size_t length, char *out);

/* Most bytes that base64_decode can write for length characters. */
size_t base64_decoded_max(size_t length);

/* Decodes text[0..length) into out, which may be text itself. Returns false for a character of
   neither alphabet, misplaced or wrong padding, a length no encoding has, or set bits past the end.
 */
bool base64_decode(const char *text, size_t length, char *out, size_t *out_length);

#endif
