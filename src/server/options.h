/* topicsd's options: from the command line, the environment and the files that those name. Starts
   nothing. */
#ifndef TOPICSD_OPTIONS_H
#define TOPICSD_OPTIONS_H

#include "address.h"
#include "api.h"
#include "http.h"
#include "names.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct options {
  struct api_options api; /* caches, keys (may be none) and token_secret point into these options */
  struct http_options http; /* likewise trusted */
  const char *host;
  uint16_t port;
  bool has_admin_port;
  uint16_t admin_port;
  bool faults;
  const char *public_url; /* NULL: where it listens */
  const char *access_log; /* NULL: none */
  const char *config;
  const char *keys_file;
  const char *secret_file;
  struct names trusted_proxies; /* these words belong to argv or to texts */
  struct names caches;
  struct names keys;

  struct address_range *trusted; /* what trusted_proxies say; owned */
  char **texts;                  /* contents of files and the like; owned */
  size_t text_count;
};

enum options_verdict {
  OPTIONS_START,
  OPTIONS_DONE, /* help or the version was asked for, and printed to out */
  OPTIONS_WRONG /* problem says what, in a line without its end */
};

enum { OPTIONS_PROBLEM_SIZE = 256 }; /* as TEXT_FILE_PROBLEM_SIZE */

/* Reads the command line, which must outlive the options, the file that --config names, whose lines
   come before it, and further keys from --api-keys-file and between the commas of environment_keys
   (NULL: none). max_connections is the default of that flag. May be called again, for other
   options, to see what has changed in the files. Whatever the verdict, options_free afterwards. */
enum options_verdict options_read(struct options *options, int argc, char **argv,
                                  const char *environment_keys, size_t max_connections, FILE *out,
                                  char problem[OPTIONS_PROBLEM_SIZE]);

void options_free(struct options *options);

#endif
