/* Percent-encoding of the names in /topics/{cache}/{topic} (RFC 3986), what a name may be, and what
   an origin is. */
#ifndef MOMENTO_WIRE_URL_H
#define MOMENTO_WIRE_URL_H

#include <stdbool.h>
#include <stddef.h>

/* Most bytes that url_escape writes for length bytes. */
size_t url_escaped_max(size_t length);

/* Writes bytes to out with every byte outside RFC 3986 unreserved as %XX; returns the bytes
   written, no NUL. */
size_t url_escape(const char *bytes, size_t length, char *out);

/* Decodes each %XX of text[0..length) once into out (at most length bytes; out may be text). '+'
   stays a plus. Returns false for a malformed escape. */
bool url_unescape(const char *text, size_t length, char *out, size_t *out_length);

/* Whether a (decoded) cache or topic name may be used: not empty, no control byte (0..31, 127). */
bool url_name_valid(const char *name, size_t length);

/* Whether text is http://host[:port] or https://host[:port] and nothing more: no path, no query, no
   user, nothing that could end a request line. An IPv6 host is in brackets. */
bool url_origin_valid(const char *text, size_t length);

#endif
