/* topicsd's flags: read, checked, explained. Opens and starts nothing. */
#ifndef TOPICSD_OPTIONS_H
#define TOPICSD_OPTIONS_H

#include "api.h"
#include "http.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct names { /* a list of words; the words belong to argv, the environment, or text */
  const char **words;
  size_t count;
};

struct options {
  struct api_options api; /* caches and keys point to the lists below; keys may be none */
  struct http_options http;
  const char *host;
  uint16_t port;
  const char *public_url; /* NULL: as it turns out to listen */
  struct names caches;
  struct names keys;
  char *key_text; /* the copy of TOPICSD_API_KEYS that keys point into */
};

enum options_verdict {
  OPTIONS_START,
  OPTIONS_DONE, /* help or the version was asked for, and printed to out */
  OPTIONS_WRONG /* problem says what, in a line without its end */
};

enum { OPTIONS_PROBLEM_SIZE = 256 };

/* Reads the command line, and the environment's TOPICSD_API_KEYS (NULL: not set) as further keys
   between commas. max_connections is the default of the flag of that name. Whatever the verdict,
   options_free afterwards. */
enum options_verdict options_read(struct options *options, int argc, char **argv,
                                  const char *environment_keys, size_t max_connections, FILE *out,
                                  char problem[OPTIONS_PROBLEM_SIZE]);

void options_free(struct options *options);

#endif
