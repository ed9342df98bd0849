/* Whether a request may come in at all: who sends it, and how often. */
#include "api_internal.h"

#include "credential.h"

#include "../wire/url.h"

static struct answer *refuse_unknown(struct api *api, const char *detail) {
  return api_or_unavailable(api, answer_error(401, detail, NULL, "WWW-Authenticate: Token\r\n"));
}

static struct answer *check_credential(struct exchange *exchange, const char *bytes,
                                       size_t length) {
  struct api *api = exchange->api;
  if (length == 0) {
    return refuse_unknown(
        api, "No credentials: set the Authorization header or the token query parameter");
  }
  if (!auth_check(api->auth, bytes, length, exchange->now_ms, &exchange->grant)) {
    return refuse_unknown(api, "Invalid or expired credentials");
  }
  return NULL;
}

static struct answer *check_credentials(struct exchange *exchange) {
  struct api *api = exchange->api;
  const struct api_text header = exchange->request->authorization;
  const struct target_part parameter = exchange->target.token;
  if (header.length > 0 && parameter.length > 0) {
    return api_refuse(api, 400,
                      "Only one of the Authorization header and the token query parameter may be "
                      "set");
  }
  if (auth_is_open(api->auth)) {
    auth_grant_open(&exchange->grant);
    return NULL;
  }
  if (parameter.length == 0) {
    return check_credential(exchange, header.bytes, header.length);
  }
  char decoded[CREDENTIAL_MAX];
  size_t length = 0;
  if (parameter.length > sizeof decoded ||
      !url_unescape(parameter.bytes, parameter.length, decoded, &length)) {
    return refuse_unknown(api, "Invalid or expired credentials");
  }
  return check_credential(exchange, decoded, length);
}

static struct answer *check_rate(struct exchange *exchange) {
  struct api *api = exchange->api;
  if (!limits_usage(api->limits, exchange->grant.holder, exchange->now_ms, &exchange->usage)) {
    return answer_retain(api->unavailable);
  }
  const uint64_t wait = limits_take_operation(api->limits, exchange->usage, exchange->now_ms);
  return wait == 0 ? NULL
                   : api_refuse_limit(api, "Too many operations a second",
                                      "operations_rate_limit_exceeded", wait);
}

struct answer *api_admit(struct exchange *exchange) {
  struct answer *objection = check_credentials(exchange);
  return objection != NULL ? objection : check_rate(exchange);
}
