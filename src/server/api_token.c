/* POST /tokens: a full key has a disposable token made. */
#include "api_internal.h"

#include "vend.h"

#include "../wire/json.h"
#include "../wire/number.h"

#include <stdlib.h>
#include <string.h>

static size_t append(char *out, size_t at, const char *text) {
  const size_t length = strlen(text);
  memcpy(out + at, text, length);
  return at + length;
}

/* Writes {"api_key":...,"endpoint":...,"valid_until":...}. A v1 key is base64: nothing to escape.
 */
static struct answer *write_answer(const struct vended *vended, const char *endpoint) {
  char digits[NUMBER_U64_SIZE];
  number_format_u64(vended->valid_until, digits);
  char *body = malloc(64 + strlen(vended->key) + json_quoted_max(strlen(endpoint)) + sizeof digits);
  if (body == NULL) {
    return NULL;
  }
  size_t length = append(body, 0, "{\"api_key\":\"");
  length = append(body, length, vended->key);
  length = append(body, length, "\",\"endpoint\":");
  length += json_quote(endpoint, strlen(endpoint), body + length);
  length = append(body, length, ",\"valid_until\":");
  length = append(body, length, digits);
  length = append(body, length, "}");
  struct answer *answer = answer_json(length);
  if (answer != NULL) {
    memcpy(answer->bytes + answer->body_at, body, length);
  }
  free(body);
  return answer;
}

struct answer *api_vend(struct exchange *exchange) {
  struct api *api = exchange->api;
  const struct api_request *request = exchange->request;
  if (exchange->grant.token != NULL) {
    return api_refuse(api, 403, "A token cannot vend tokens: that takes a key");
  }
  if (request->body_oversized || request->body.length > VEND_REQUEST_MAX) {
    return api_refuse(api, 400, "The request for a token is too long");
  }
  struct vended vended;
  const char *problem = vend_token(auth_secret(api->auth), api->endpoint,
                                   request->body.length == 0 ? "" : request->body.bytes,
                                   request->body.length, exchange->now_ms, &vended);
  if (problem != NULL) {
    return api_refuse(api, 400, problem);
  }
  struct answer *answer = vended.key == NULL ? NULL : write_answer(&vended, api->endpoint);
  free(vended.key);
  return api_or_unavailable(api, answer);
}
