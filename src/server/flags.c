#include "flags.h"

#include "../wire/number.h"
#include "../wire/url.h"

#include <string.h>

#define FIELD(member) offsetof(struct options, member)

#define DAY_MS 86400000ULL
#define YEAR_MS (365 * DAY_MS)
#define MANY 1000000000ULL
#define LONG_MESSAGE 100000000ULL /* six times that in JSON, and an answer stays below 4 GiB */

const struct flag flags[] = {
    {"host", FLAG_TEXT, FIELD(host), 0, 0, "ADDRESS",
     "address or name to listen on, of either family"},
    {"port", FLAG_PORT, FIELD(port), 0, 65535, "PORT", "port to listen on; 0 picks a free one"},
    {"public-url", FLAG_ORIGIN, FIELD(public_url), 0, 0, "URL",
     "where clients reach this server, if through a proxy\n(default: where it listens)"},
    {"config", FLAG_TEXT, FIELD(config), 0, 0, "FILE",
     "more flags, one a line without the dashes; caches and\nkeys in it are read again on SIGHUP\n"
     "(default: none)"},
    {"cache", FLAG_WORDS, FIELD(caches), 0, 0, "NAME",
     "a cache that exists; repeatable (default my-cache)"},
    {"auto-create-caches", FLAG_SWITCH, FIELD(api.auto_create_caches), 0, 0, NULL,
     "make a cache when it is first used (default: 404)"},
    {"api-key", FLAG_WORDS, FIELD(keys), 0, 0, "KEY",
     "a key that may do everything; repeatable, and\nTOPICSD_API_KEYS may hold more, between "
     "commas\n"
     "(default: a random one, printed at the start)"},
    {"api-keys-file", FLAG_TEXT, FIELD(keys_file), 0, 0, "FILE",
     "more keys, one a line, read again on SIGHUP\n(default: none)"},
    {"no-auth", FLAG_SWITCH, FIELD(api.no_auth), 0, 0, NULL,
     "let everybody in (default: only with a key)"},
    {"token-secret-file", FLAG_TEXT, FIELD(secret_file), 0, 0, "FILE",
     "what signs disposable tokens, 16 bytes or more\n(default: random, so tokens end with the "
     "server)"},
    {"limits", FLAG_LIMITS, 0, 0, 0, "hosted",
     "the limits that the hosted service has by default,\nunless flags after it say otherwise "
     "(default: none)"},
    {"operations-per-second", FLAG_COUNT_64, FIELD(api.operations_per_second), 0, MANY, "N",
     "of each key or token; 0: any number; above it: 429"},
    {"bytes-per-second", FLAG_COUNT_64, FIELD(api.bytes_per_second), 0, MANY, "BYTES",
     "published with each key or token; 0: any number"},
    {"polls-per-key", FLAG_COUNT_64, FIELD(api.polls_per_key), 0, MANY, "N",
     "waiting at once with each key or token; 0: any number"},
    {"max-messages", FLAG_COUNT_SIZE, FIELD(api.max_messages), 1, MANY, "N",
     "messages retained by a topic"},
    {"max-bytes", FLAG_COUNT_SIZE, FIELD(api.max_bytes), 1, MANY, "BYTES",
     "bytes retained by a topic"},
    {"max-age", FLAG_SECONDS_64, FIELD(api.max_age_ms), 1, YEAR_MS, "SECONDS",
     "time that a message is retained"},
    {"max-message-bytes", FLAG_COUNT_SIZE, FIELD(api.max_message_bytes), 0, LONG_MESSAGE, "BYTES",
     "longest message; above it: 429"},
    {"max-batch-bytes", FLAG_COUNT_SIZE, FIELD(api.max_batch_bytes), 1, MANY, "BYTES",
     "longest answer to a poll; one message always fits"},
    {"hold", FLAG_SECONDS_64, FIELD(api.hold_ms), 1, DAY_MS, "SECONDS", "longest wait of a poll"},
    {"topic-idle", FLAG_SECONDS_64, FIELD(api.idle_ms), 1, YEAR_MS, "SECONDS",
     "a topic unused for so long is forgotten"},
    {"max-topics", FLAG_COUNT_SIZE, FIELD(api.max_topics), 1, MANY, "N",
     "topics; above it the one unused longest is forgotten"},
    {"max-caches", FLAG_COUNT_SIZE, FIELD(api.max_caches), 1, MANY, "N",
     "caches made by --auto-create-caches; above it: 429"},
    {"max-connections", FLAG_COUNT_SIZE, FIELD(http.max_connections), 1, MANY, "N",
     "above it: 503"},
    {"max-request-line", FLAG_COUNT_SIZE, FIELD(http.limits.line), 64, 1048576, "BYTES",
     "first line of a request; above it: 414"},
    {"max-header-bytes", FLAG_COUNT_SIZE, FIELD(http.limits.fields_bytes), 64, 1048576, "BYTES",
     "headers of a request together; above it: 431"},
    {"max-headers", FLAG_COUNT_SIZE, FIELD(http.limits.fields_count), 1, 10000, "N",
     "headers of a request; above it: 431"},
    {"request-timeout", FLAG_SECONDS_32, FIELD(http.request_timeout_ms), 1, DAY_MS, "SECONDS",
     "time for a request to arrive; then 408"},
    {"idle-timeout", FLAG_SECONDS_32, FIELD(http.idle_timeout_ms), 1, DAY_MS, "SECONDS",
     "a connection without a request is closed"},
    {"write-timeout", FLAG_SECONDS_32, FIELD(http.write_timeout_ms), 1, DAY_MS, "SECONDS",
     "a client that takes no byte of its answer is cut off"},
    {"drain-seconds", FLAG_SECONDS_32, FIELD(http.drain_ms), 0, DAY_MS, "SECONDS",
     "time for clients to take their answers after SIGTERM"},
    {"admin-port", FLAG_ADMIN_PORT, FIELD(admin_port), 0, 65535, "PORT",
     "port of 127.0.0.1 for /healthz, /metrics and what an\noperator does; 0 picks a free one "
     "(default: none)"},
    {"faults", FLAG_SWITCH, FIELD(faults), 0, 0, NULL,
     "for tests: let requests and the admin port ask for\nanswers that are late, cut, malformed "
     "... "
     "(default: no)"},
    {"access-log", FLAG_TEXT, FIELD(access_log), 0, 0, "FILE",
     "a line for each request, never with a token; - is\nstdout; opened again on SIGHUP (default: "
     "none)"},
    {"trusted-proxy", FLAG_WORDS, FIELD(trusted_proxies), 0, 0, "ADDRESS",
     "address, or range as 10.0.0.0/8, whose X-Forwarded-For\nnames the client in the access log; "
     "repeatable\n(default: none)"},
    {"version", FLAG_VERSION, 0, 0, 0, NULL, "print the version"},
    {"help", FLAG_HELP, 0, 0, 0, NULL, "print this"},
};

const size_t flag_count = sizeof flags / sizeof *flags;

const struct flag *flag_named(const char *name, size_t length) {
  for (size_t i = 0; i < flag_count; i++)
    if (strlen(flags[i].name) == length && memcmp(flags[i].name, name, length) == 0)
      return &flags[i];
  return NULL;
}

/* Values. */

static bool is_seconds(const struct flag *flag) {
  return flag->kind == FLAG_SECONDS_32 || flag->kind == FLAG_SECONDS_64;
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

static bool out_of_range(const struct flag *flag, const char *text, char *problem) {
  const unsigned long long unit = is_seconds(flag) ? 1000 : 1;
  snprintf(problem, OPTIONS_PROBLEM_SIZE,
           "--%s must be a number from %llu%s to %llu, not \"%.64s\"", flag->name, flag->min / unit,
           flag->min % unit != 0 ? ".001" : "", flag->max / unit, text);
  return false;
}

static bool set_number(const struct flag *flag, const char *text, void *field, char *problem) {
  uint64_t value;
  const bool parsed =
      is_seconds(flag) ? parse_seconds(text, &value) : number_parse_u64(text, strlen(text), &value);
  if (!parsed || value < flag->min || value > flag->max) return out_of_range(flag, text, problem);
  if (flag->kind == FLAG_PORT || flag->kind == FLAG_ADMIN_PORT)
    *(uint16_t *)field = (uint16_t)value;
  if (flag->kind == FLAG_COUNT_64) *(uint64_t *)field = value;
  if (flag->kind == FLAG_COUNT_SIZE) *(size_t *)field = (size_t)value;
  if (flag->kind == FLAG_SECONDS_32) *(uint32_t *)field = (uint32_t)value;
  if (flag->kind == FLAG_SECONDS_64) *(uint64_t *)field = value;
  return true;
}

static bool set_limits(const char *text, struct options *options, char *problem) {
  if (strcmp(text, "hosted") == 0) {
    api_options_limit_as_hosted(&options->api);
    return true;
  }
  snprintf(problem, OPTIONS_PROBLEM_SIZE, "--limits knows \"hosted\" only, not \"%.64s\"", text);
  return false;
}

bool flag_set(const struct flag *flag, const char *text, struct options *options,
              char problem[OPTIONS_PROBLEM_SIZE]) {
  void *field = (char *)options + flag->field;
  switch (flag->kind) {
  case FLAG_SWITCH:
    *(bool *)field = true;
    return true;
  case FLAG_TEXT:
    *(const char **)field = text;
    if (*text != '\0') return true;
    snprintf(problem, OPTIONS_PROBLEM_SIZE, "--%s must not be empty", flag->name);
    return false;
  case FLAG_ORIGIN:
    *(const char **)field = text;
    if (url_origin_valid(text, strlen(text))) return true;
    snprintf(problem, OPTIONS_PROBLEM_SIZE,
             "--%s must be http://host[:port] or https://host[:port], not \"%.64s\"", flag->name,
             text);
    return false;
  case FLAG_WORDS:
    if (names_add(field, text)) return true;
    snprintf(problem, OPTIONS_PROBLEM_SIZE, "out of memory");
    return false;
  case FLAG_ADMIN_PORT:
    options->has_admin_port = true;
    return set_number(flag, text, field, problem);
  case FLAG_LIMITS:
    return set_limits(text, options, problem);
  default:
    return set_number(flag, text, field, problem);
  }
}

/* Help. */

enum { HELP_COLUMN = 30 };

static void print_milliseconds(FILE *out, uint64_t ms) {
  fprintf(out, "%llu", (unsigned long long)(ms / 1000));
  if (ms % 1000 != 0) fprintf(out, ".%03u", (unsigned)(ms % 1000));
}

static void print_value(FILE *out, const struct flag *flag, const void *field) {
  if (flag->kind == FLAG_TEXT) fputs(*(const char *const *)field, out);
  if (flag->kind == FLAG_PORT) fprintf(out, "%u", (unsigned)*(const uint16_t *)field);
  if (flag->kind == FLAG_COUNT_SIZE) fprintf(out, "%zu", *(const size_t *)field);
  if (flag->kind == FLAG_COUNT_64)
    fprintf(out, "%llu", (unsigned long long)*(const uint64_t *)field);
  if (flag->kind == FLAG_SECONDS_32) print_milliseconds(out, *(const uint32_t *)field);
  if (flag->kind == FLAG_SECONDS_64) print_milliseconds(out, *(const uint64_t *)field);
}

static void explain(FILE *out, const struct flag *flag, const struct options *defaults) {
  const bool takes = flag->argument != NULL;
  const int width =
      fprintf(out, "  --%s%s%s", flag->name, takes ? " " : "", takes ? flag->argument : "");
  fprintf(out, "%*s", HELP_COLUMN - width, " ");
  for (const char *at = flag->help; *at != '\0'; at++) {
    fputc(*at, out);
    if (*at == '\n') fprintf(out, "%*s", HELP_COLUMN, "");
  }
  if (strstr(flag->help, "(default") == NULL && takes) {
    fputs(" (default ", out);
    print_value(out, flag, (const char *)defaults + flag->field);
    fputc(')', out);
  }
  fputc('\n', out);
}

void flags_explain(FILE *out, const struct options *defaults) {
  for (size_t i = 0; i < flag_count; i++)
    explain(out, &flags[i], defaults);
}
