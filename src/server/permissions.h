/* The permissions of a token (protocol section 6): a JSON list of {role, cache, topic}. Read where
   they stand, nothing is built. What is not understood permits nothing. */
#ifndef TOPICSD_PERMISSIONS_H
#define TOPICSD_PERMISSIONS_H

#include <stdbool.h>
#include <stddef.h>

enum { PERMISSIONS_MAX = 20 }; /* of one token */

enum permissions_verdict {
  PERMISSIONS_MALFORMED, /* not such a list, or a member that is unknown, missing or there twice */
  PERMISSIONS_DENY,
  PERMISSIONS_ALLOW
};

struct permissions_wish {
  bool publish; /* else subscribe */
  const char *cache;
  size_t cache_length;
  const char *topic;
  size_t topic_length;
};

/* Whether one of the permissions in json[0..length) allows what is wished. All of the list is read,
   whatever its first ones say. */
enum permissions_verdict permissions_check(const char *json, size_t length,
                                           const struct permissions_wish *wish);

#endif
