/* Who may do what: judges the credential of a request. Knows keys and what they permit; knows
   nothing of requests. */
#ifndef TOPICSD_AUTH_H
#define TOPICSD_AUTH_H

#include <stdbool.h>
#include <stddef.h>

struct auth;

/* keys: NUL-terminated, plain or v1; copied. open: any credential, and none, may do everything.
   NULL: no memory, or a key that is empty or too long. */
struct auth *auth_new(const char *const *keys, size_t key_count, bool open);
void auth_free(struct auth *auth);

/* Whether no credential is needed. */
bool auth_is_open(const struct auth *auth);

/* Whether credential, in any of its forms, is one of the keys. The time it takes tells nothing of
   the keys but how many there are and how long. */
bool auth_knows(const struct auth *auth, const char *credential, size_t length);

#endif
