#include "options.h"

#include "credential.h"

#include "../wire/number.h"
#include "../wire/url.h"
#include "../wire/version.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum kind { SWITCH, TEXT, WORDS, PORT, COUNT, SECONDS_32, SECONDS_64, HELP, VERSION };

/* A flag, the field of struct options it sets, and what --help says of it. */
struct flag {
  const char *name;
  enum kind kind;
  size_t field;
  uint64_t min; /* of a number */
  uint64_t max;
  const char *argument;
  const char *help;
};

#define FIELD(member) offsetof(struct options, member)

enum { DAYS_MS = 86400000, MANY = 1000000000 };

static const struct flag flags[] = {
    {"host", TEXT, FIELD(host), 0, 0, "ADDRESS", "address or name to listen on, of either family"},
    {"port", PORT, FIELD(port), 0, 65535, "PORT", "port to listen on; 0 picks a free one"},
    {"public-url", TEXT, FIELD(public_url), 0, 0, "URL",
     "where clients reach this server, if through a proxy\n(default: where it listens)"},
    {"cache", WORDS, FIELD(caches), 0, 0, "NAME",
     "a cache that exists; repeatable (default my-cache)"},
    {"auto-create-caches", SWITCH, FIELD(api.auto_create_caches), 0, 0, NULL,
     "make a cache when it is first used (default: 404)"},
    {"api-key", WORDS, FIELD(keys), 0, 0, "KEY",
     "a key that may do everything; repeatable, and\nTOPICSD_API_KEYS may hold more, between "
     "commas\n"
     "(default: a random one, printed at the start)"},
    {"no-auth", SWITCH, FIELD(api.no_auth), 0, 0, NULL,
     "let everybody in (default: only with a key)"},
    {"max-messages", COUNT, FIELD(api.max_messages), 1, MANY, "N", "messages retained by a topic"},
    {"max-bytes", COUNT, FIELD(api.max_bytes), 1, MANY, "BYTES", "bytes retained by a topic"},
    {"max-age", SECONDS_64, FIELD(api.max_age_ms), 1, 365 * (uint64_t)DAYS_MS, "SECONDS",
     "time that a message is retained"},
    {"max-message-bytes", COUNT, FIELD(api.max_message_bytes), 0, MANY, "BYTES",
     "longest message; above it: 429"},
    {"max-batch-bytes", COUNT, FIELD(api.max_batch_bytes), 1, MANY, "BYTES",
     "longest answer to a poll; one message always fits"},
    {"hold", SECONDS_64, FIELD(api.hold_ms), 1, DAYS_MS, "SECONDS", "longest wait of a poll"},
    {"topic-idle", SECONDS_64, FIELD(api.idle_ms), 1, 365 * (uint64_t)DAYS_MS, "SECONDS",
     "a topic unused for so long is forgotten"},
    {"max-topics", COUNT, FIELD(api.max_topics), 1, MANY, "N",
     "topics; above it the one unused longest is forgotten"},
    {"max-caches", COUNT, FIELD(api.max_caches), 1, MANY, "N",
     "caches made by --auto-create-caches; above it: 429"},
    {"max-connections", COUNT, FIELD(http.max_connections), 1, MANY, "N", "above it: 503"},
    {"max-request-line", COUNT, FIELD(http.limits.line), 64, 1048576, "BYTES",
     "first line of a request; above it: 414"},
    {"max-header-bytes", COUNT, FIELD(http.limits.fields_bytes), 64, 1048576, "BYTES",
     "headers of a request together; above it: 431"},
    {"max-headers", COUNT, FIELD(http.limits.fields_count), 1, 10000, "N",
     "headers of a request; above it: 431"},
    {"request-timeout", SECONDS_32, FIELD(http.request_timeout_ms), 1, DAYS_MS, "SECONDS",
     "time for a request to arrive; then 408"},
    {"idle-timeout", SECONDS_32, FIELD(http.idle_timeout_ms), 1, DAYS_MS, "SECONDS",
     "a connection without a request is closed"},
    {"write-timeout", SECONDS_32, FIELD(http.write_timeout_ms), 1, DAYS_MS, "SECONDS",
     "a client that takes no byte of its answer is cut off"},
    {"drain-seconds", SECONDS_32, FIELD(http.drain_ms), 0, DAYS_MS, "SECONDS",
     "time for clients to take their answers after SIGTERM"},
    {"version", VERSION, 0, 0, 0, NULL, "print the version"},
    {"help", HELP, 0, 0, 0, NULL, "print this"},
};

enum { FLAG_COUNT = sizeof flags / sizeof *flags, HELP_COLUMN = 30 };

static void set_defaults(struct options *options, size_t max_connections) {
  *options = (struct options){.host = "127.0.0.1", .port = 8080};
  api_options_default(&options->api);
  http_options_default(&options->http);
  options->http.max_connections = max_connections;
}

/* Help. */

static void print_milliseconds(FILE *out, uint64_t ms) {
  fprintf(out, "%llu", (unsigned long long)(ms / 1000));
  if (ms % 1000 != 0) fprintf(out, ".%03u", (unsigned)(ms % 1000));
}

static void print_default(FILE *out, const struct flag *flag, const void *field) {
  if (flag->kind == TEXT && *(const char *const *)field == NULL) return;
  if (flag->kind == SWITCH || flag->kind == WORDS || flag->kind >= HELP) return;
  fputs(" (default ", out);
  if (flag->kind == TEXT) fputs(*(const char *const *)field, out);
  if (flag->kind == PORT) fprintf(out, "%u", (unsigned)*(const uint16_t *)field);
  if (flag->kind == COUNT) fprintf(out, "%zu", *(const size_t *)field);
  if (flag->kind == SECONDS_32) print_milliseconds(out, *(const uint32_t *)field);
  if (flag->kind == SECONDS_64) print_milliseconds(out, *(const uint64_t *)field);
  fputs(")", out);
}

static void print_help(FILE *out, const struct options *defaults) {
  fputs("topicsd: Momento Topics over HTTP on your own machine\n\nusage: topicsd [flags]\n\n", out);
  for (size_t i = 0; i < FLAG_COUNT; i++) {
    const struct flag *flag = &flags[i];
    int width = fprintf(out, "  --%s%s%s", flag->name, flag->argument != NULL ? " " : "",
                        flag->argument != NULL ? flag->argument : "");
    fprintf(out, "%*s", HELP_COLUMN - width, "");
    for (const char *at = flag->help; *at != '\0'; at++) {
      fputc(*at, out);
      if (*at == '\n') fprintf(out, "%*s", HELP_COLUMN, "");
    }
    print_default(out, flag, (const char *)defaults + flag->field);
    fputc('\n', out);
  }
}

/* Values. */

static bool add_word(struct names *names, const char *word) {
  const char **words = realloc(names->words, (names->count + 1) * sizeof *words);
  if (words == NULL) return false;
  words[names->count] = word;
  names->words = words;
  names->count++;
  return true;
}

/* Seconds with up to three decimals, as milliseconds. */
static bool parse_seconds(const char *text, uint64_t *ms) {
  const char *point = strchr(text, '.');
  const size_t whole = point != NULL ? (size_t)(point - text) : strlen(text);
  uint64_t seconds;
  if (!number_parse_u64(text, whole, &seconds) || seconds > UINT32_MAX) return false;
  *ms = seconds * 1000;
  if (point == NULL) return true;

  uint64_t unit = 100;
  const char *digit = point + 1;
  if (*digit == '\0') return false;
  for (; *digit != '\0'; digit++, unit /= 10) {
    if (*digit < '0' || *digit > '9' || unit == 0) return false;
    *ms += (uint64_t)(*digit - '0') * unit;
  }
  return true;
}

static void say_range(const struct flag *flag, const char *text, char *problem) {
  const bool seconds = flag->kind == SECONDS_32 || flag->kind == SECONDS_64;
  const uint64_t unit = seconds ? 1000 : 1;
  snprintf(problem, OPTIONS_PROBLEM_SIZE, "--%s must be a number from %s to %llu, not \"%.64s\"",
           flag->name,
           seconds && flag->min > 0 ? "0.001"
           : flag->min > 0          ? "1"
                                    : "0",
           (unsigned long long)(flag->max / unit), text);
}

static bool set_number(const struct flag *flag, const char *text, void *field, char *problem) {
  const bool seconds = flag->kind == SECONDS_32 || flag->kind == SECONDS_64;
  uint64_t value;
  const bool parsed =
      seconds ? parse_seconds(text, &value) : number_parse_u64(text, strlen(text), &value);
  if (!parsed || value < flag->min || value > flag->max) {
    say_range(flag, text, problem);
    return false;
  }
  if (flag->kind == PORT) *(uint16_t *)field = (uint16_t)value;
  if (flag->kind == COUNT) *(size_t *)field = (size_t)value;
  if (flag->kind == SECONDS_32) *(uint32_t *)field = (uint32_t)value;
  if (flag->kind == SECONDS_64) *(uint64_t *)field = value;
  return true;
}

static bool set(const struct flag *flag, const char *text, struct options *options, char *problem) {
  void *field = (char *)options + flag->field;
  switch (flag->kind) {
  case SWITCH:
    *(bool *)field = true;
    return true;
  case TEXT:
    *(const char **)field = text;
    if (*text != '\0') return true;
    snprintf(problem, OPTIONS_PROBLEM_SIZE, "--%s must not be empty", flag->name);
    return false;
  case WORDS:
    if (add_word(field, text)) return true;
    snprintf(problem, OPTIONS_PROBLEM_SIZE, "out of memory");
    return false;
  default:
    return set_number(flag, text, field, problem);
  }
}

static bool add_environment_keys(struct options *options, const char *text) {
  if (text == NULL) return true;
  options->key_text = malloc(strlen(text) + 1);
  if (options->key_text == NULL) return false;
  strcpy(options->key_text, text);
  char *rest = options->key_text;
  char *key;
  while ((key = strtok_r(rest, ",", &rest)) != NULL)
    if (!add_word(&options->keys, key)) return false;
  return true;
}

/* What only shows when all flags are read. */
static bool check(struct options *options, char *problem) {
  if (options->caches.count == 0 && !add_word(&options->caches, "my-cache")) {
    snprintf(problem, OPTIONS_PROBLEM_SIZE, "out of memory");
    return false;
  }
  for (size_t i = 0; i < options->caches.count; i++) {
    const char *name = options->caches.words[i];
    if (url_name_valid(name, strlen(name))) continue;
    snprintf(problem, OPTIONS_PROBLEM_SIZE,
             "--cache: a name must not be empty and has no control characters");
    return false;
  }
  for (size_t i = 0; i < options->keys.count; i++) {
    const size_t length = strlen(options->keys.words[i]);
    if (length > 0 && length <= CREDENTIAL_MAX) continue;
    snprintf(problem, OPTIONS_PROBLEM_SIZE, "--api-key: a key must have 1 to %d bytes",
             CREDENTIAL_MAX);
    return false;
  }
  options->api.caches = options->caches.words;
  options->api.cache_count = options->caches.count;
  options->api.keys = options->keys.words;
  options->api.key_count = options->keys.count;
  return true;
}

static void list_flags(struct option longs[FLAG_COUNT + 1]) {
  for (int i = 0; i < FLAG_COUNT; i++) {
    const bool takes = flags[i].argument != NULL;
    longs[i] = (struct option){flags[i].name, takes ? required_argument : no_argument, NULL, i};
  }
  longs[FLAG_COUNT] = (struct option){NULL, 0, NULL, 0};
}

enum options_verdict options_read(struct options *options, int argc, char **argv,
                                  const char *environment_keys, size_t max_connections, FILE *out,
                                  char problem[OPTIONS_PROBLEM_SIZE]) {
  struct option longs[FLAG_COUNT + 1];
  list_flags(longs);
  set_defaults(options, max_connections);
  const struct options defaults = *options;
  opterr = 0;
  int found;
  while ((found = getopt_long(argc, argv, ":", longs, NULL)) != -1) {
    if (found == ':' || found == '?') {
      const char *word = argv[optind - 1];
      snprintf(problem, OPTIONS_PROBLEM_SIZE,
               found == ':' ? "%.64s needs a value" : "unknown flag %.64s: see topicsd --help",
               word);
      return OPTIONS_WRONG;
    }
    const struct flag *flag = &flags[found];
    if (flag->kind == HELP) {
      print_help(out, &defaults);
      return OPTIONS_DONE;
    }
    if (flag->kind == VERSION) {
      fprintf(out, "topicsd " MOMENTO_VERSION "\n");
      return OPTIONS_DONE;
    }
    if (!set(flag, optarg, options, problem)) return OPTIONS_WRONG;
  }
  if (optind < argc) {
    snprintf(problem, OPTIONS_PROBLEM_SIZE, "unexpected argument \"%.64s\": see topicsd --help",
             argv[optind]);
    return OPTIONS_WRONG;
  }
  if (!add_environment_keys(options, environment_keys)) {
    snprintf(problem, OPTIONS_PROBLEM_SIZE, "out of memory");
    return OPTIONS_WRONG;
  }
  return check(options, problem) ? OPTIONS_START : OPTIONS_WRONG;
}

void options_free(struct options *options) {
  free(options->caches.words);
  free(options->keys.words);
  free(options->key_text);
}
