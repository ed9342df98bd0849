/* Vending of disposable tokens (protocol section 6): a request for one is read and checked, the
   token is signed and put into the form that clients take. Knows neither HTTP nor who may ask. */
#ifndef TOPICSD_VEND_H
#define TOPICSD_VEND_H

#include "token.h"

#include <stddef.h>
#include <stdint.h>

enum { VEND_REQUEST_MAX = 8192 }; /* bytes of the request */

struct vended {
  char *key;            /* the token in the v1 form, NUL-terminated, to be freed */
  uint64_t valid_until; /* seconds since the epoch */
};

/* Vends the token that request[0..length) asks for:
   {"permissions":[...], "expires_in": seconds, "token_id": "..."}, the last one optional. Returns
   NULL, or what is wrong with the request, for people. No memory: NULL and vended->key NULL. */
const char *vend_token(const struct token_secret *secret, const char *endpoint, const char *request,
                       size_t length, uint64_t now_ms, struct vended *vended);

#endif
