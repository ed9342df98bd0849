/* Only the shape is looked at here; roles and names are judged by whoever takes the request. */
#include "permit.h"

#include "../wire/json.h"
#include "../wire/number.h"
#include "../wire/url.h"
#include "../wire/utf8.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Beside the quoted texts: what stands between them. */
enum { REQUEST_EXTRA = 96, PERMIT_EXTRA = 64 };

static char *add(char *at, const char *text) {
  const size_t length = strlen(text);
  memcpy(at, text, length);
  return at + length;
}

/* Adds name[0..length) as a JSON string, percent-decoded in place before. NULL: it cannot be. */
static char *add_name(char *at, char *name, size_t length) {
  if (!url_unescape(name, length, name, &length) || !utf8_valid(name, length)) {
    return NULL;
  }
  return at + json_quote(name, length, at);
}

/* A star at the end of more than a star is a prefix. */
static char *add_topic(char *at, char *topic) {
  const size_t length = strlen(topic);
  if (length < 2 || topic[length - 1] != '*') {
    return add_name(at, topic, length);
  }
  at = add_name(add(at, "{\"prefix\":"), topic, length - 1);
  return at == NULL ? NULL : add(at, "}");
}

/* permit is a copy, and is taken apart. */
static char *add_permit(char *at, char *permit) {
  char *cache = strchr(permit, ':');
  char *topic = cache == NULL ? NULL : strchr(cache, '/');
  if (topic == NULL || strchr(topic + 1, '/') != NULL) {
    return NULL;
  }
  *cache++ = '\0';
  *topic++ = '\0';
  at = add_name(add(at, "{\"role\":"), permit, strlen(permit));
  at = at == NULL ? NULL : add_name(add(at, ",\"cache\":"), cache, strlen(cache));
  at = at == NULL ? NULL : add_topic(add(at, ",\"topic\":"), topic);
  return at == NULL ? NULL : add(at, "}");
}

static char *add_permits(char *at, const char *const *permits, size_t count, char *copy,
                         const char **wrong) {
  at = add(at, "{\"permissions\":[");
  for (size_t i = 0; i < count; i++) {
    strcpy(copy, permits[i]);
    at = add_permit(i > 0 ? add(at, ",") : at, copy);
    if (at == NULL) {
      *wrong = permits[i];
      return NULL;
    }
  }
  return add(at, "]");
}

static char *add_rest(char *at, uint64_t seconds, const char *id, const char **wrong) {
  char digits[NUMBER_U64_SIZE];
  number_format_u64(seconds, digits);
  at = add(add(at, ",\"expires_in\":"), digits);
  if (id != NULL && !utf8_valid(id, strlen(id))) {
    *wrong = id;
    return NULL;
  }
  if (id != NULL) {
    at = add(at, ",\"token_id\":");
    at += json_quote(id, strlen(id), at);
  }
  return add(at, "}");
}

char *permit_request(const char *const *permits, size_t count, uint64_t seconds, const char *id,
                     const char **wrong) {
  size_t longest = 0;
  size_t most = REQUEST_EXTRA + (id == NULL ? 0 : json_quoted_max(strlen(id)));
  for (size_t i = 0; i < count; i++) {
    const size_t length = strlen(permits[i]);
    longest = length > longest ? length : longest;
    most += PERMIT_EXTRA + json_quoted_max(length);
  }
  *wrong = NULL;
  char *request = malloc(most);
  char *copy = malloc(longest + 1);
  char *at =
      request == NULL || copy == NULL ? NULL : add_permits(request, permits, count, copy, wrong);
  at = at == NULL ? NULL : add_rest(at, seconds, id, wrong);
  if (at == NULL) {
    free(request);
    request = NULL;
  } else {
    *at = '\0';
  }
  free(copy);
  return request;
}
