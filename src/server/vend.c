/* Permissions and id go into the token as the very text that was checked. */
#include "vend.h"

#include "credential.h"
#include "permissions.h"

#include "../wire/json.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct wanted {
  const char *permissions; /* NULL: not given */
  size_t permissions_length;
  uint64_t expires_in; /* seconds; 0: not given */
  struct json_string id;
  bool has_id;
};

static bool read_permissions(struct json *json, struct wanted *wanted) {
  if (wanted->permissions != NULL || json_peek(json) != '[') {
    return false;
  }
  wanted->permissions = json->at;
  if (!json_skip(json)) {
    return false;
  }
  wanted->permissions_length = (size_t)(json->at - wanted->permissions);
  return true;
}

static bool read_member(struct json *json, struct wanted *wanted) {
  struct json_string name;
  if (!json_string(json, &name) || !json_take(json, ':')) {
    return false;
  }
  if (json_string_is(&name, "permissions", 11)) {
    return read_permissions(json, wanted);
  }
  if (json_string_is(&name, "expires_in", 10)) {
    return wanted->expires_in == 0 && json_u64(json, &wanted->expires_in) && wanted->expires_in > 0;
  }
  if (json_string_is(&name, "token_id", 8)) {
    const bool first = !wanted->has_id;
    wanted->has_id = true;
    return first && json_string(json, &wanted->id);
  }
  return false;
}

static bool read_request(const char *request, size_t length, struct wanted *wanted) {
  struct json json = {request, request + length};
  memset(wanted, 0, sizeof *wanted);
  if (!json_take(&json, '{')) {
    return false;
  }
  do {
    if (!read_member(&json, wanted)) {
      return false;
    }
  } while (json_take(&json, ','));
  return json_take(&json, '}') && json_at_end(&json);
}

static bool id_valid(const struct json_string *id) {
  char decoded[VEND_REQUEST_MAX];
  return json_string_paired(id) && token_id_valid(decoded, json_string_decode(id, decoded));
}

/* What is wrong with what is wanted, or NULL. */
static const char *judge(const struct wanted *wanted) {
  static const struct permissions_wish none = {true, "", 0, "", 0};
  if (wanted->permissions == NULL) {
    return "permissions are missing";
  }
  if (permissions_check(wanted->permissions, wanted->permissions_length, &none) ==
      PERMISSIONS_MALFORMED) {
    return "permissions must be 1 to 20 of {\"role\": \"publishsubscribe\", \"publishonly\" or "
           "\"subscribeonly\", \"cache\": name or \"*\", \"topic\": name, \"*\" or "
           "{\"prefix\": text}}";
  }
  if (wanted->expires_in == 0 || wanted->expires_in > TOKEN_MAX_SECONDS) {
    return "expires_in must be given: 1 to 90000 seconds";
  }
  if (wanted->has_id && !id_valid(&wanted->id)) {
    return "token_id must have 1 to 64 characters and no control character";
  }
  return NULL;
}

const char *vend_token(const struct token_secret *secret, const char *endpoint, const char *request,
                       size_t length, uint64_t now_ms, struct vended *vended) {
  struct wanted wanted;
  *vended = (struct vended){NULL, 0};
  if (length > VEND_REQUEST_MAX || !read_request(request, length, &wanted)) {
    return "The body must be a JSON object of permissions, expires_in and, if wanted, token_id";
  }
  const char *problem = judge(&wanted);
  if (problem != NULL) {
    return problem;
  }
  vended->valid_until = now_ms / 1000 + wanted.expires_in;
  char *token = token_sign(secret, vended->valid_until, wanted.permissions,
                           wanted.permissions_length, wanted.has_id ? wanted.id.raw - 1 : NULL,
                           wanted.id.length + 2); /* with its quotes */
  vended->key = token == NULL ? NULL : credential_wrap(endpoint, token);
  free(token);
  if (vended->key != NULL && strlen(vended->key) > CREDENTIAL_MAX) {
    free(vended->key);
    vended->key = NULL;
    return "permissions are longer than a token can be";
  }
  return NULL;
}
