/* The tokens that were verified lately, so that a client that polls with the same one again and
   again costs one signature. Holds a bounded number, the longest unused goes. */
#ifndef TOPICSD_TOKENS_H
#define TOPICSD_TOKENS_H

#include "table.h"
#include "token.h"

#include <stddef.h>
#include <stdint.h>

struct tokens;

/* Copies the secret. NULL: no memory. */
struct tokens *tokens_new(const struct token_secret *secret,
                          const unsigned char seed[TABLE_SEED_SIZE], size_t capacity);
void tokens_free(struct tokens *tokens);

const struct token_secret *tokens_secret(const struct tokens *tokens);

/* How many are remembered. */
size_t tokens_count(const struct tokens *tokens);

/* What text[0..length) says if it is a token that is valid at now_ms, else NULL. Good until the
   next call. *hash is a hash of the text that nobody outside can foresee. */
const struct token *tokens_verify(struct tokens *tokens, const char *text, size_t length,
                                  uint64_t now_ms, uint64_t *hash);

#endif
