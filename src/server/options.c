#include "options.h"

#include "credential.h"
#include "flags.h"
#include "text_file.h"

#include "../wire/url.h"
#include "../wire/version.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum {
  FLAGS_MAX = 64,
  FIRST_FLAG = 256 /* what getopt_long tells of the first one: no letter */
};

/* All functions below that return bool return false when something is wrong, and put in problem
   what it is. */

static bool fail(char *problem, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(problem, OPTIONS_PROBLEM_SIZE, format, arguments);
  va_end(arguments);
  return false;
}

/* Texts that the options keep. */

/* Makes text, which is malloc'ed, one of the options'. */
static bool own_text(struct options *options, char *text, char *problem) {
  char **texts = realloc(options->texts, (options->text_count + 1) * sizeof *texts);
  if (texts != NULL) options->texts = texts;
  if (texts == NULL || text == NULL) {
    free(text);
    return fail(problem, "out of memory");
  }
  texts[options->text_count++] = text;
  return true;
}

/* Reads a file; *text is the options'. */
static bool read_file(struct options *options, const char *path, char **text, char *problem) {
  *text = text_file_read(path, problem);
  return *text != NULL && own_text(options, *text, problem);
}

/* Files. */

static bool set_line(struct options *options, char *line, char *problem) {
  const size_t length = strcspn(line, " \t");
  const struct flag *flag = flag_named(line, length);
  char *value = line + length + strspn(line + length, " \t");
  if (flag == NULL || flag->kind == FLAG_HELP || flag->kind == FLAG_VERSION ||
      strcmp(flag->name, "config") == 0)
    return fail(problem, "there is no flag %.*s", (int)length, line);
  if ((flag->argument == NULL) != (*value == '\0'))
    return fail(problem, "%s %s", flag->name, *value == '\0' ? "needs a value" : "takes no value");
  return flag_set(flag, value, options, problem);
}

static bool read_config(struct options *options, char *problem) {
  struct text_lines lines = {NULL, 0};
  char wrong[OPTIONS_PROBLEM_SIZE];
  char *line;
  if (options->config == NULL) return true;
  if (!read_file(options, options->config, &lines.rest, problem)) return false;
  while ((line = text_file_line(&lines)) != NULL)
    if (!set_line(options, line, wrong))
      return fail(problem, "%.100s:%zu: %s", options->config, lines.number, wrong);
  return true;
}

static bool read_keys(struct options *options, char *problem) {
  struct text_lines lines = {NULL, 0};
  char *key;
  if (options->keys_file == NULL) return true;
  if (!read_file(options, options->keys_file, &lines.rest, problem)) return false;
  while ((key = text_file_line(&lines)) != NULL)
    if (!names_add(&options->keys, key)) return fail(problem, "out of memory");
  return true;
}

static bool read_environment(struct options *options, const char *environment, char *problem) {
  char *key;
  if (environment == NULL) return true;
  char *text = malloc(strlen(environment) + 1);
  if (!own_text(options, text, problem)) return false;
  strcpy(text, environment);
  while ((key = strtok_r(text, ",", &text)) != NULL)
    if (!names_add(&options->keys, key)) return fail(problem, "out of memory");
  return true;
}

static bool read_secret(struct options *options, char *problem) {
  if (options->secret_file == NULL) return true;
  char *secret = text_file_read_secret(options->secret_file, problem);
  if (secret == NULL || !own_text(options, secret, problem)) return false;
  options->api.token_secret = (const unsigned char *)secret;
  options->api.token_secret_length = strlen(secret);
  return true;
}

/* What only shows when all is read. */

static bool check_proxies(struct options *options, char *problem) {
  const size_t count = options->trusted_proxies.count;
  if (count == 0) return true;
  options->trusted = calloc(count, sizeof *options->trusted);
  if (options->trusted == NULL) return fail(problem, "out of memory");
  for (size_t i = 0; i < count; i++) {
    const char *word = options->trusted_proxies.words[i];
    if (!address_range_parse(word, &options->trusted[i]))
      return fail(problem, "--trusted-proxy: \"%.64s\" is neither an address nor a range", word);
  }
  options->http.trusted = options->trusted;
  options->http.trusted_count = count;
  return true;
}

static bool check_names(struct options *options, char *problem) {
  if (options->caches.count == 0 && !names_add(&options->caches, "my-cache"))
    return fail(problem, "out of memory");
  for (size_t i = 0; i < options->caches.count; i++) {
    const char *name = options->caches.words[i];
    if (!url_name_valid(name, strlen(name)))
      return fail(problem, "--cache: a name must not be empty and has no control characters");
  }
  if (options->keys.count == 0 && options->keys_file != NULL && !options->api.no_auth)
    return fail(problem, "%.100s: there is no key in it", options->keys_file);
  for (size_t i = 0; i < options->keys.count; i++) {
    const size_t length = strlen(options->keys.words[i]);
    if (length == 0 || length > CREDENTIAL_MAX)
      return fail(problem, "--api-key: a key must have 1 to %d bytes", CREDENTIAL_MAX);
  }
  options->api.caches = options->caches.words;
  options->api.cache_count = options->caches.count;
  options->api.keys = options->keys.words;
  options->api.key_count = options->keys.count;
  return true;
}

/* The command line. */

/* The name of a flag that is no good; what comes after '=' may be a secret, and is left out. optopt
   is the letter of a short flag, of which there are none. */
static bool refuse_flag(char *problem, const char *format, const char *word) {
  char letter[] = {'-', (char)optopt, '\0'};
  if (optopt > 0 && optopt < FIRST_FLAG) word = letter;
  return fail(problem, format, (int)strcspn(word, "="), word);
}

static void list_flags(struct option longs[FLAGS_MAX]) {
  size_t i;
  for (i = 0; i < flag_count && i < FLAGS_MAX - 1; i++)
    longs[i] =
        (struct option){flags[i].name, flags[i].argument != NULL ? required_argument : no_argument,
                        NULL, FIRST_FLAG + (int)i};
  longs[i] = (struct option){NULL, 0, NULL, 0};
}

/* Goes through the command line and hands each flag to the options; with config_only, finds out
   whether there is a config file. */
static enum options_verdict read_arguments(struct options *options, int argc, char **argv,
                                           bool config_only, const struct options *defaults,
                                           FILE *out, char *problem) {
  struct option longs[FLAGS_MAX];
  list_flags(longs);
  opterr = 0;
  optind = 1;
  int found;
  while ((found = getopt_long(argc, argv, ":", longs, NULL)) != -1) {
    if (found == ':' || found == '?') {
      refuse_flag(problem,
                  found == ':' ? "%.*s needs a value" : "unknown flag %.*s: see topicsd --help",
                  argv[optind - 1]);
      return OPTIONS_WRONG;
    }
    const struct flag *flag = &flags[found - FIRST_FLAG];
    if (flag->kind == FLAG_HELP) {
      fputs("topicsd: Momento Topics over HTTP on your own machine\n\nusage: topicsd [flags]\n     "
            "  topicsd token --help\n\n",
            out);
      flags_explain(out, defaults);
      return OPTIONS_DONE;
    }
    if (flag->kind == FLAG_VERSION) {
      fputs("topicsd " MOMENTO_VERSION "\n", out);
      return OPTIONS_DONE;
    }
    const bool is_config = strcmp(flag->name, "config") == 0;
    if (is_config == config_only && !flag_set(flag, optarg, options, problem)) return OPTIONS_WRONG;
  }
  if (optind == argc) return OPTIONS_START;
  fail(problem, "unexpected argument \"%.64s\": see topicsd --help", argv[optind]);
  return OPTIONS_WRONG;
}

enum options_verdict options_read(struct options *options, int argc, char **argv,
                                  const char *environment_keys, size_t max_connections, FILE *out,
                                  char problem[OPTIONS_PROBLEM_SIZE]) {
  *options = (struct options){.host = "127.0.0.1", .port = 8080};
  api_options_default(&options->api);
  http_options_default(&options->http);
  options->http.max_connections = max_connections;
  const struct options defaults = *options;

  enum options_verdict verdict = read_arguments(options, argc, argv, true, &defaults, out, problem);
  if (verdict != OPTIONS_START) return verdict;
  if (!read_config(options, problem)) return OPTIONS_WRONG;
  verdict = read_arguments(options, argc, argv, false, &defaults, out, problem);
  if (verdict != OPTIONS_START) return verdict;
  const bool right = read_keys(options, problem) &&
                     read_environment(options, environment_keys, problem) &&
                     read_secret(options, problem) && check_proxies(options, problem) &&
                     check_names(options, problem);
  return right ? OPTIONS_START : OPTIONS_WRONG;
}

void options_free(struct options *options) {
  for (size_t i = 0; i < options->text_count; i++)
    free(options->texts[i]);
  free(options->texts);
  free(options->trusted);
  free(options->trusted_proxies.words);
  free(options->caches.words);
  free(options->keys.words);
}
