/* The forms a credential comes in (protocol section 6), brought down to the key or token inside.
   Judges nothing. */
#ifndef TOPICSD_CREDENTIAL_H
#define TOPICSD_CREDENTIAL_H

#include <stdbool.h>
#include <stddef.h>

/* Longer credentials are none of ours. */
enum { CREDENTIAL_MAX = 8192 };

/* Writes to inner the api_key of a v1 credential (base64 of {"endpoint":..., "api_key":...}), or
   text as it is when it is no such thing; line ends after it do not count. Returns the length; 0
   for an empty text or one that is longer than CREDENTIAL_MAX. */
size_t credential_unwrap(const char *text, size_t length, char inner[CREDENTIAL_MAX]);

/* The v1 credential of endpoint and key, NUL-terminated, to be freed; NULL: no memory. */
char *credential_wrap(const char *endpoint, const char *key);

/* Compares in a time that depends on the lengths alone. */
bool credential_equal(const char *a, size_t a_length, const char *b, size_t b_length);

#endif
