/* Disposable tokens: JWTs that this server signs (HS256) and believes. The only place that knows
   libjwt. What a token permits is judged elsewhere, see permissions.h. */
#ifndef TOPICSD_TOKEN_H
#define TOPICSD_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  TOKEN_ID_MAX_CHARACTERS = 64,
  TOKEN_ID_MAX_BYTES = 4 * TOKEN_ID_MAX_CHARACTERS,
  TOKEN_MAX_SECONDS = 25 * 60 * 60 /* how far ahead a token may expire */
};

struct token_secret {
  const unsigned char *bytes; /* NULL: there are no tokens */
  size_t length;
};

struct token {
  uint64_t expires_ms; /* valid before */
  char *permissions;   /* JSON, owned by the token */
  size_t permissions_length;
  size_t id_length; /* 0: no id */
  char id[TOKEN_ID_MAX_BYTES];
};

/* Whether text[0..length) is a token signed with that secret that is valid at now_ms: algorithm
   HS256 and no other, an expiry that is to come and not too far ahead, permissions that are well
   formed, and an id, if any, that could have been vended. Fills *token then; token_end frees. */
bool token_verify(const struct token_secret *secret, const char *text, size_t length,
                  uint64_t now_ms, struct token *token);
void token_end(struct token *token);

/* Whether such an id may be given to a token: 1 to 64 characters of UTF-8, no control byte. */
bool token_id_valid(const char *id, size_t length);

/* Signs what is allowed to be in a token, all of it checked before. permissions: the JSON list; id:
   the JSON string with its quotes, or NULL. Returns the NUL-terminated token, to be freed; NULL: no
   memory. */
char *token_sign(const struct token_secret *secret, uint64_t expires_seconds,
                 const char *permissions, size_t permissions_length, const char *id,
                 size_t id_length);

#endif
