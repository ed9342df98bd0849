/* What all requests of a mux have in common. */
#include "profile.h"

#include <stdlib.h>
#include <string.h>

static const char *const no_memory = "not enough memory";

static bool is_absent(CURLU *url, CURLUPart part) {
  char *value = NULL;
  bool absent = curl_url_get(url, part, &value, 0) != CURLUE_OK;
  curl_free(value);
  return absent;
}

static bool is_value(CURLU *url, CURLUPart part, const char *expected) {
  char *value = NULL;
  bool same = curl_url_get(url, part, &value, 0) == CURLUE_OK && strcmp(value, expected) == 0;
  curl_free(value);
  return same;
}

bool profile_start(struct profile *profile) {
  *profile = (struct profile){.shared = curl_share_init()};
  CURLSH *shared = profile->shared;
  /* Without a value: libcurl is not to ask whether a long body is welcome, and wait a second. */
  profile->headers = curl_slist_append(NULL, "Expect:");
  return shared != NULL && profile->headers != NULL &&
         curl_share_setopt(shared, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) == CURLSHE_OK &&
         curl_share_setopt(shared, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS) == CURLSHE_OK;
}

const char *profile_set_origin(struct profile *profile, const char *origin) {
  profile->origin = curl_url();
  profile->name = strdup(origin);
  if (profile->origin == NULL || profile->name == NULL) return no_memory;
  CURLU *url = profile->origin;
  if (curl_url_set(url, CURLUPART_URL, origin, 0) != CURLUE_OK)
    return "origin is not a URL: write https://host or http://host:port";
  profile->secure = is_value(url, CURLUPART_SCHEME, "https");
  if (!profile->secure && !is_value(url, CURLUPART_SCHEME, "http"))
    return "origin must start with https:// or http://";
  if (!is_absent(url, CURLUPART_USER) || !is_absent(url, CURLUPART_PASSWORD))
    return "origin must not hold credentials";
  if (!is_value(url, CURLUPART_PATH, "/") || !is_absent(url, CURLUPART_QUERY) ||
      !is_absent(url, CURLUPART_FRAGMENT))
    return "origin must end after host and port: the path comes with each request";
  return NULL;
}

const char *profile_add_header(struct profile *profile, const char *line, size_t length) {
  const char *colon = memchr(line, ':', length);
  if (colon == NULL || colon == line) return "a header must read \"Name: value\"";
  for (size_t i = 0; i < length; i++) {
    unsigned char byte = (unsigned char)line[i];
    if ((byte < ' ' && byte != '\t') || byte == 0x7f) return "a header holds a control byte";
  }
  struct curl_slist *longer = curl_slist_append(profile->headers, line);
  if (longer == NULL) return no_memory;
  profile->headers = longer;
  return NULL;
}

void profile_free(struct profile *profile) {
  curl_slist_free_all(profile->headers);
  curl_url_cleanup(profile->origin);
  if (profile->shared != NULL) curl_share_cleanup(profile->shared);
  free(profile->name);
  free(profile->ca_file);
  free(profile->ca_path);
  *profile = (struct profile){0};
}
