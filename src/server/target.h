/* The request target of the API taken apart, still percent-encoded: where in it which name and
   which query parameter stands. Decodes nothing, judges no name. */
#ifndef TOPICSD_TARGET_H
#define TOPICSD_TARGET_H

#include <stdbool.h>
#include <stddef.h>

struct target_part { /* a piece of the target; bytes NULL: absent */
  const char *bytes;
  size_t length;
};

enum target_path {
  TARGET_UNKNOWN, /* nothing of this API */
  TARGET_TOPIC,   /* /topics/{cache}/{topic} */
  TARGET_TOKENS   /* /tokens */
};

struct target {
  enum target_path path;
  struct target_part cache; /* of TARGET_TOPIC; may be empty */
  struct target_part topic;
  struct target_part token; /* query parameters */
  struct target_part sequence_number;
  struct target_part sequence_page;
  bool repeated; /* one of these three is there twice, so that nobody can tell which is meant */
};

/* target: origin form, path and query. */
void target_parse(const char *target, size_t length, struct target *parts);

#endif
