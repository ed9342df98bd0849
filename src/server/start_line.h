/* The first line of an HTTP/1.1 request: method, target, version. Pure; knows nothing of what the
   method does or of what is at the target. */
#ifndef TOPICSD_START_LINE_H
#define TOPICSD_START_LINE_H

#include "field.h"

#include <stdbool.h>

struct start_line {
  struct field_text method;
  struct field_text target; /* "/path?query" without scheme and host, or "*"; empty: "/" is meant */
  bool http_1_0;
};

/* Reads a line without its CRLF; what it finds are slices of the line. Returns 0, or the status to
   refuse the request with and in *why the reason: 400 for what is no request line, 505 for another
   HTTP version. A target in absolute form (http://host/path?query) is accepted and its host
   ignored: this server has one site. */
unsigned start_line_read(struct field_text line, struct start_line *out, const char **why);

#endif
