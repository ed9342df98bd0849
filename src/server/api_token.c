/* POST /tokens: a full key has a disposable token made. */
#include "api_internal.h"

#include "vend.h"

#include <stdlib.h>
#include <string.h>

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
  struct answer *answer = vended.body == NULL ? NULL : answer_json(vended.length);
  if (answer != NULL) {
    memcpy(answer->bytes + answer->body_at, vended.body, vended.length);
  }
  free(vended.body);
  return api_or_unavailable(api, answer);
}
