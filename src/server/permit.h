/* How a person asks for a token on a command line, ROLE:CACHE/TOPIC, turned into the JSON request
   that POST /tokens takes, so that one place checks both. */
#ifndef TOPICSD_PERMIT_H
#define TOPICSD_PERMIT_H

#include <stddef.h>
#include <stdint.h>

/* permits: count texts such as "subscribeonly:my-cache/chat". A star for CACHE or TOPIC means every
   one, and at the end of TOPIC every one that begins so; names may be percent-encoded as in a URL.
   id: the token's, or NULL. Returns the request, NUL-terminated and to be freed; or NULL, with
   *wrong the permit or id that cannot be read, or NULL when it is memory that is missing. */
char *permit_request(const char *const *permits, size_t count, uint64_t seconds, const char *id,
                     const char **wrong);

#endif
