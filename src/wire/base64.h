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

/* The same check without the decoding, for text that comes in pieces. Starts zeroed. */
struct base64_check {
  size_t digits;
  size_t padding;
  unsigned last; /* value of the last digit */
};

/* Takes one more piece; false as soon as no encoding begins like this. */
bool base64_check_piece(struct base64_check *check, const char *text, size_t length);

/* Whether the pieces taken are an encoding as a whole. */
bool base64_check_whole(const struct base64_check *check);

#endif
