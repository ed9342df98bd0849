/* topicsd: reads the flags, puts the API and the HTTP server together, says where they are, and
   serves. */
#include "api.h"
#include "http.h"
#include "listener.h"
#include "options.h"
#include "pages.h"

#include "../wire/base64.h"
#include "../wire/json.h"
#include "../wire/version.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
  EXIT_USAGE = 2,
  KEY_BYTES = 16,
  URL_SIZE = 512,
  OWN_DESCRIPTORS = 32, /* everything that is not a client's connection, amply */
  CONNECTIONS_MAX = 1000000
};

static int complain(const char *problem) {
  fprintf(stderr, "topicsd: %s\n", problem);
  return EXIT_USAGE;
}

/* As many descriptors as the system lets us have. Returns how many clients that is good for. */
static size_t raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024 - OWN_DESCRIPTORS;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur > CONNECTIONS_MAX) return CONNECTIONS_MAX;
  return limit.rlim_cur > 2 * OWN_DESCRIPTORS ? (size_t)limit.rlim_cur - OWN_DESCRIPTORS
                                              : OWN_DESCRIPTORS;
}

static bool random_bytes(void *bytes, size_t length) {
  return getrandom(bytes, length, 0) == (ssize_t)length;
}

/* A key for whoever gave none. */
static bool random_key(char key[2 * KEY_BYTES + 1]) {
  unsigned char bytes[KEY_BYTES];
  if (!random_bytes(bytes, sizeof bytes)) return false;
  for (size_t i = 0; i < sizeof bytes; i++)
    snprintf(key + 2 * i, 3, "%02x", (unsigned)bytes[i]);
  return true;
}

/* Prints the v1 form of key (protocol section 6). */
static bool print_v1_key(const char *url, const char *key) {
  static const char before_url[] = "{\"endpoint\":";
  static const char before_key[] = ",\"api_key\":";
  const size_t most = sizeof before_url + sizeof before_key + json_quoted_max(strlen(url)) +
                      json_quoted_max(strlen(key));
  char *json = malloc(most);
  char *encoded = malloc(base64_encoded_size(most));
  const bool made = json != NULL && encoded != NULL;
  if (made) {
    size_t length = sizeof before_url - 1;
    memcpy(json, before_url, length);
    length += json_quote(url, strlen(url), json + length);
    memcpy(json + length, before_key, sizeof before_key - 1);
    length += sizeof before_key - 1;
    length += json_quote(key, strlen(key), json + length);
    json[length++] = '}';
    base64_encode(json, length, encoded);
    printf("%.*s", (int)base64_encoded_size(length), encoded);
  }
  free(json);
  free(encoded);
  return made;
}

/* The first lines on stdout, which scripts read. */
static bool print_banner(const struct options *options, const char *listening, const char *key) {
  const char *url = options->public_url != NULL ? options->public_url : listening;
  printf("topicsd " MOMENTO_VERSION " listening on %s (caches: ", listening);
  for (size_t i = 0; i < options->caches.count; i++)
    printf("%s%s", i > 0 ? ", " : "", options->caches.words[i]);
  printf(")\nexport MOMENTO_ENDPOINT=%s\nexport MOMENTO_API_KEY=", url);
  const bool made = print_v1_key(url, key);
  printf("\n");
  fflush(stdout);
  return made;
}

/* Everything is there: serves until it is told to stop. Returns the exit status. */
static int serve(const struct options *options, struct http *http, int listener, const char *url) {
  if (!http_listen(http, listener)) return complain("out of memory");
  const char *key = options->api.key_count > 0 ? options->api.keys[0] : "none";
  if (!print_banner(options, url, key)) return complain("out of memory");
  http_run(http);
  return EXIT_SUCCESS;
}

static int start_api(struct options *options, int listener, const char *url) {
  char pages_path[PAGES_PATH_SIZE];
  struct pages pages;
  pages_default_path(pages_path);
  (void)pages_open(&pages, pages_path); /* without the file, memory and the clock do */
  options->api.pages = &pages;
  options->api.wake = http_wake;

  int status;
  struct api *api = api_new(&options->api);
  struct http *http = api != NULL ? http_new(&options->http, api) : NULL;
  if (api == NULL)
    status = complain("out of memory, or a cache name or key is too long");
  else if (http == NULL)
    status = complain("cannot set up the event loop");
  else
    status = serve(options, http, listener, url);
  if (http == NULL) close(listener);
  http_free(http);
  api_free(api);
  pages_close(&pages);
  return status;
}

static int start(struct options *options) {
  char random[2 * KEY_BYTES + 1];
  const char *own_key = random;
  if (!random_key(random) || !random_bytes(options->api.seed, sizeof options->api.seed))
    return complain("the system gives no random bytes");
  if (options->keys.count == 0 && !options->api.no_auth) {
    options->api.keys = &own_key;
    options->api.key_count = 1;
  }
  char problem[LISTENER_PROBLEM_SIZE];
  uint16_t port = options->port;
  const int listener = listener_open(options->host, &port, problem);
  if (listener < 0) return complain(problem);

  const bool bracketed = strchr(options->host, ':') != NULL;
  char url[URL_SIZE];
  snprintf(url, sizeof url, bracketed ? "http://[%s]:%u" : "http://%s:%u", options->host,
           (unsigned)port);
  return start_api(options, listener, url);
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  struct options options;
  char problem[OPTIONS_PROBLEM_SIZE];
  int status = EXIT_SUCCESS;
  switch (options_read(&options, argc, argv, getenv("TOPICSD_API_KEYS"), raise_descriptor_limit(),
                       stdout, problem)) {
  case OPTIONS_START:
    status = start(&options);
    break;
  case OPTIONS_DONE:
    break;
  case OPTIONS_WRONG:
    status = complain(problem);
    break;
  }
  options_free(&options);
  return status;
}
