/* topicsd: reads the options, puts the API and the HTTP server together, says where they are, and
   serves. SIGHUP has keys and caches read again. */
#include "access_log.h"
#include "api_admin.h"
#include "credential.h"
#include "http.h"
#include "listener.h"
#include "options.h"
#include "pages.h"
#include "token_command.h"

#include "../wire/version.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
  EXIT_USAGE = 2,
  KEY_BYTES = 16,
  SECRET_BYTES = 32,
  URL_SIZE = 512,
  /* Everything that is not the connection of a client that is served, amply. */
  OWN_DESCRIPTORS = HTTP_OVERLOADED_MAX + 32,
  CONNECTIONS_MAX = 1000000
};

struct topicsd {
  int argc;
  char **argv;
  size_t max_connections;
  struct options started;  /* as they were at the start, and stay but for keys and caches */
  struct options reloaded; /* the latest keys and caches */
  bool has_reloaded;
  char own_key[2 * KEY_BYTES + 1]; /* for whoever gave none */
  const char *own_keys[1];
  unsigned char own_secret[SECRET_BYTES];
  char url[URL_SIZE];
  int listener; /* -1: taken over */
  struct pages pages;
  struct api *api;
  struct http *http;
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
                                              : (size_t)limit.rlim_cur / 2;
}

static enum options_verdict read_options(const struct topicsd *topicsd, struct options *options,
                                         char problem[OPTIONS_PROBLEM_SIZE]) {
  return options_read(options, topicsd->argc, topicsd->argv, getenv("TOPICSD_API_KEYS"),
                      topicsd->max_connections, stdout, problem);
}

/* Random things. */

static bool random_bytes(void *bytes, size_t length) {
  return getrandom(bytes, length, 0) == (ssize_t)length;
}

/* What nobody gave: a seed, a key, a secret for tokens. */
static bool make_secrets(struct topicsd *topicsd) {
  struct api_options *api = &topicsd->started.api;
  unsigned char key[KEY_BYTES];
  if (!random_bytes(api->seed, sizeof api->seed) || !random_bytes(key, sizeof key) ||
      !random_bytes(topicsd->own_secret, sizeof topicsd->own_secret))
    return false;
  for (size_t i = 0; i < sizeof key; i++)
    snprintf(topicsd->own_key + 2 * i, 3, "%02x", (unsigned)key[i]);
  topicsd->own_keys[0] = topicsd->own_key;
  if (api->key_count == 0 && !api->no_auth) {
    api->keys = topicsd->own_keys;
    api->key_count = 1;
  }
  if (api->token_secret == NULL) {
    api->token_secret = topicsd->own_secret;
    api->token_secret_length = sizeof topicsd->own_secret;
  }
  return true;
}

/* Reloading. */

static struct api_text text_of(const char *word) {
  return (struct api_text){word, strlen(word)};
}

/* Makes and deletes what differs; caches that were made in other ways stay as they are. */
static void change_caches(struct api *api, const struct names *before, const struct names *after,
                          uint64_t now_ms) {
  for (size_t i = 0; i < before->count; i++)
    if (!names_have(after, before->words[i]))
      (void)api_delete_cache(api, text_of(before->words[i]), now_ms);
  for (size_t i = 0; i < after->count; i++)
    if (api_create_cache(api, text_of(after->words[i])) > API_AS_BEFORE)
      fprintf(stderr, "topicsd: cannot make the cache %s\n", after->words[i]);
}

static void change_keys(struct topicsd *topicsd, const struct api_options *fresh) {
  const bool none = fresh->key_count == 0;
  if (!api_set_keys(topicsd->api, none ? topicsd->own_keys : fresh->keys,
                    none ? 1 : fresh->key_count))
    fprintf(stderr, "topicsd: the keys stay as they were: out of memory\n");
}

/* SIGHUP. Whatever is wrong is said, and then everything stays as it was. */
static void reload(void *context, uint64_t now_ms) {
  struct topicsd *topicsd = context;
  struct access_log *log = topicsd->started.http.log;
  if (log != NULL && !access_log_reopen(log))
    fprintf(stderr, "topicsd: cannot open the access log again: %s\n", strerror(errno));

  struct options fresh;
  char problem[OPTIONS_PROBLEM_SIZE];
  if (read_options(topicsd, &fresh, problem) != OPTIONS_START) {
    fprintf(stderr, "topicsd: not reloaded: %s\n", problem);
    options_free(&fresh);
    return;
  }
  const struct options *before = topicsd->has_reloaded ? &topicsd->reloaded : &topicsd->started;
  change_keys(topicsd, &fresh.api);
  change_caches(topicsd->api, &before->caches, &fresh.caches, now_ms);
  if (topicsd->has_reloaded) options_free(&topicsd->reloaded);
  topicsd->reloaded = fresh;
  topicsd->has_reloaded = true;
  fprintf(stderr, "topicsd: reloaded: %zu caches, %zu keys\n", fresh.caches.count,
          fresh.keys.count);
}

/* Starting. */

/* The first lines on stdout, which scripts read. */
static bool print_banner(const struct topicsd *topicsd, const char *listening) {
  const struct options *options = &topicsd->started;
  const char *key = options->api.key_count > 0 ? options->api.keys[0] : "none";
  char *v1 = credential_wrap(topicsd->url, key);
  if (v1 == NULL) return false;
  printf("topicsd " MOMENTO_VERSION " listening on %s (caches: ", listening);
  for (size_t i = 0; i < options->caches.count; i++)
    printf("%s%s", i > 0 ? ", " : "", options->caches.words[i]);
  printf(")\nexport MOMENTO_ENDPOINT=%s\nexport MOMENTO_API_KEY=%s\n", topicsd->url, v1);
  if (options->has_admin_port)
    printf("topicsd admin on http://127.0.0.1:%u\n", (unsigned)options->admin_port);
  fflush(stdout);
  free(v1);
  return true;
}

/* The steps of starting return NULL, or what is wrong, which may be in problem. */

static const char *start_listening(struct topicsd *topicsd, char listening[URL_SIZE],
                                   char problem[LISTENER_PROBLEM_SIZE]) {
  const struct options *options = &topicsd->started;
  uint16_t port = options->port;
  topicsd->listener = listener_open(options->host, &port, problem);
  if (topicsd->listener < 0) return problem;
  const bool bracketed = strchr(options->host, ':') != NULL;
  snprintf(listening, URL_SIZE, bracketed ? "http://[%s]:%u" : "http://%s:%u", options->host,
           (unsigned)port);
  const char *url = options->public_url != NULL ? options->public_url : listening;
  if (strlen(url) >= URL_SIZE) return "--public-url is too long";
  strcpy(topicsd->url, url);
  return NULL;
}

static const char *start_log(struct topicsd *topicsd, char problem[LISTENER_PROBLEM_SIZE]) {
  struct options *options = &topicsd->started;
  if (options->access_log == NULL) return NULL;
  options->http.log = access_log_open(options->access_log);
  if (options->http.log != NULL) return NULL;
  snprintf(problem, LISTENER_PROBLEM_SIZE, "cannot open %.150s: %s", options->access_log,
           strerror(errno));
  return problem;
}

static const char *start_serving(struct topicsd *topicsd) {
  struct options *options = &topicsd->started;
  char pages_path[PAGES_PATH_SIZE];
  pages_default_path(pages_path);
  if (!pages_open(&topicsd->pages, pages_path)) /* without the file, memory and the clock do */
    fprintf(stderr,
            "topicsd: warning: cannot use %s (%s): after a restart within a second, or with the "
            "clock set back, topics may have an older page, and subscribers miss messages\n",
            pages_path, strerror(errno));
  options->api.pages = &topicsd->pages;
  options->api.endpoint = topicsd->url;
  options->api.wake = http_wake;
  if (options->faults && (options->http.faults = faults_new()) == NULL) return "out of memory";
  topicsd->api = api_new(&options->api);
  if (topicsd->api == NULL) return "out of memory, or a cache name or key is too long";

  options->http.reload = reload;
  options->http.reload_context = topicsd;
  topicsd->http = http_new(&options->http, topicsd->api);
  if (topicsd->http == NULL) return "cannot set up the event loop";
  const int listener = topicsd->listener;
  topicsd->listener = -1;
  return http_listen(topicsd->http, listener, HTTP_TOPICS) ? NULL : "out of memory";
}

static const char *start_admin(struct topicsd *topicsd, char problem[LISTENER_PROBLEM_SIZE]) {
  uint16_t port = topicsd->started.admin_port;
  if (!topicsd->started.has_admin_port) return NULL;
  const int listener = listener_open("127.0.0.1", &port, problem);
  if (listener < 0) return problem;
  topicsd->started.admin_port = port;
  return http_listen(topicsd->http, listener, HTTP_ADMIN) ? NULL : "out of memory";
}

static const char *start(struct topicsd *topicsd, char problem[LISTENER_PROBLEM_SIZE]) {
  char listening[URL_SIZE];
  const char *wrong = make_secrets(topicsd) ? NULL : "the system gives no random bytes";
  if (wrong == NULL) wrong = start_listening(topicsd, listening, problem);
  if (wrong == NULL) wrong = start_log(topicsd, problem);
  if (wrong == NULL) wrong = start_serving(topicsd);
  if (wrong == NULL) wrong = start_admin(topicsd, problem);
  if (wrong == NULL && !print_banner(topicsd, listening)) wrong = "out of memory";
  return wrong;
}

static int run(struct topicsd *topicsd) {
  char problem[LISTENER_PROBLEM_SIZE];
  topicsd->listener = -1;
  pages_start(&topicsd->pages);
  const char *wrong = start(topicsd, problem);
  if (wrong == NULL) http_run(topicsd->http);
  http_free(topicsd->http);
  api_free(topicsd->api);
  pages_close(&topicsd->pages);
  access_log_close(topicsd->started.http.log);
  faults_free(topicsd->started.http.faults);
  if (topicsd->has_reloaded) options_free(&topicsd->reloaded);
  if (topicsd->listener >= 0) close(topicsd->listener);
  return wrong == NULL ? EXIT_SUCCESS : complain(wrong);
}

static int make_token(int argc, char **argv) {
  char problem[TOKEN_COMMAND_PROBLEM_SIZE];
  const uint64_t now_ms = (uint64_t)time(NULL) * 1000;
  return token_command(argc, argv, now_ms, stdout, problem) ? EXIT_SUCCESS : complain(problem);
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  signal(SIGHUP, SIG_IGN); /* before there is anything to reload, and when all is being ended */
  if (argc > 1 && strcmp(argv[1], "token") == 0) return make_token(argc - 1, argv + 1);
  struct topicsd topicsd = {.argc = argc, .argv = argv};
  topicsd.max_connections = raise_descriptor_limit();
  char problem[OPTIONS_PROBLEM_SIZE];
  int status = EXIT_SUCCESS;
  switch (read_options(&topicsd, &topicsd.started, problem)) {
  case OPTIONS_START:
    status = run(&topicsd);
    break;
  case OPTIONS_DONE:
    break;
  case OPTIONS_WRONG:
    status = complain(problem);
    break;
  }
  options_free(&topicsd.started);
  return status;
}
