/* Who may do what: turns the credential of a request into a grant. Keys may do everything, tokens
   what they say. Knows nothing of requests. */
#ifndef TOPICSD_AUTH_H
#define TOPICSD_AUTH_H

#include "permissions.h"
#include "token.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct auth;

struct auth_options {
  const char *const *keys; /* NUL-terminated, plain or v1 */
  size_t key_count;
  bool open; /* any credential, and none, may do everything */
  struct token_secret secret;
  unsigned char seed[16]; /* of a hash table */
};

struct grant {
  const struct token *token; /* NULL: everything is allowed; good until the next auth_check */
  uint64_t holder;           /* tells who has it from all others: a key, or a single token */
};

/* Copies what it needs. NULL: no memory, or a key that is empty or too long. */
struct auth *auth_new(const struct auth_options *options);
void auth_free(struct auth *auth);

/* Replaces the keys. Returns false, with nothing changed, as auth_new does. */
bool auth_set_keys(struct auth *auth, const char *const *keys, size_t key_count);

/* Whether no credential is needed. */
bool auth_is_open(const struct auth *auth);

/* What signs tokens. */
const struct token_secret *auth_secret(const struct auth *auth);

/* Whether credential, in any of its forms, is one of the keys or a token valid at now_ms; fills
 *grant then. The time it takes tells nothing of the keys but how many there are and how long. */
bool auth_check(struct auth *auth, const char *credential, size_t length, uint64_t now_ms,
                struct grant *grant);

/* The grant of those who need none. */
void auth_grant_open(struct grant *grant);

/* Whether the grant covers what is wished. */
bool auth_permits(const struct grant *grant, const struct permissions_wish *wish);

#endif
