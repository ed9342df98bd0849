#include "token_command.h"

#include "names.h"
#include "permit.h"
#include "text_file.h"
#include "vend.h"

#include "../wire/number.h"
#include "../wire/utf8.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: topicsd token --permit ROLE:CACHE/TOPIC --token-secret-file FILE [flags]\n"
    "\n"
    "Prints a disposable token, in the form that clients take as MOMENTO_API_KEY.\n"
    "\n"
    "  --permit ROLE:CACHE/TOPIC   what it may do; repeatable. ROLE: publishsubscribe, "
    "publishonly\n"
    "                              or subscribeonly. CACHE: a name, or *. TOPIC: a name, * for "
    "all,\n"
    "                              or a prefix and *\n"
    "  --token-secret-file FILE    the file that the server was started with\n"
    "  --expires-in SECONDS        1 to 90000 (default 3600)\n"
    "  --token-id ID               rides on messages as publisher_id (default: none)\n"
    "  --endpoint URL              where clients reach the server (default http://127.0.0.1:8080)\n"
    "  --help                      print this\n";

struct wish {
  struct names permits;
  const char *secret_file;
  uint64_t seconds;
  const char *token_id; /* NULL: none */
  const char *endpoint;
  bool help;
};

static bool fail(char *problem, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const int begun = snprintf(problem, TOKEN_COMMAND_PROBLEM_SIZE, "token: ");
  vsnprintf(problem + begun, TOKEN_COMMAND_PROBLEM_SIZE - (size_t)begun, format, arguments);
  va_end(arguments);
  return false;
}

static bool set(struct wish *wish, int flag, const char *text, char *problem) {
  switch (flag) {
  case 'p':
    return names_add(&wish->permits, text) || fail(problem, "out of memory");
  case 's':
    wish->secret_file = text;
    return true;
  case 'e':
    return number_parse_u64(text, strlen(text), &wish->seconds) ||
           fail(problem, "--expires-in must be a number of seconds, not \"%.64s\"", text);
  case 'i':
    wish->token_id = text;
    return true;
  case 'u':
    wish->endpoint = text;
    return true;
  default:
    wish->help = true;
    return true;
  }
}

static bool read_flags(struct wish *wish, int argc, char **argv, char *problem) {
  static const struct option flags[] = {{"permit", required_argument, NULL, 'p'},
                                        {"token-secret-file", required_argument, NULL, 's'},
                                        {"expires-in", required_argument, NULL, 'e'},
                                        {"token-id", required_argument, NULL, 'i'},
                                        {"endpoint", required_argument, NULL, 'u'},
                                        {"help", no_argument, NULL, 'h'},
                                        {NULL, 0, NULL, 0}};
  opterr = 0;
  optind = 1;
  int found;
  while ((found = getopt_long(argc, argv, ":", flags, NULL)) != -1) {
    const char *word = argv[optind - 1];
    if (found == '?') /* what comes after '=' may be a secret */
      return fail(problem, "unknown flag %.*s: see --help", (int)strcspn(word, "="), word);
    if (found == ':') return fail(problem, "%.64s needs a value", word);
    if (!set(wish, found, optarg, problem)) return false;
  }
  return optind == argc || fail(problem, "unexpected argument \"%.64s\": see --help", argv[optind]);
}

static bool vend(const struct wish *wish, uint64_t now_ms, FILE *out, char *problem) {
  if (wish->permits.count == 0) return fail(problem, "--permit is missing: what may it do?");
  if (wish->secret_file == NULL)
    return fail(problem, "--token-secret-file is missing: what is it signed with?");
  if (!utf8_valid(wish->endpoint, strlen(wish->endpoint)))
    return fail(problem, "--endpoint is not UTF-8");
  char *secret_text = text_file_read_secret(wish->secret_file, problem);
  if (secret_text == NULL) return false;

  const char *wrong = NULL;
  struct vended vended = {NULL, 0};
  char *request = permit_request(wish->permits.words, wish->permits.count, wish->seconds,
                                 wish->token_id, &wrong);
  if (request != NULL) {
    const struct token_secret secret = {(const unsigned char *)secret_text, strlen(secret_text)};
    wrong = vend_token(&secret, wish->endpoint, request, strlen(request), now_ms, &vended);
  } else if (wrong != NULL) {
    (void)fail(problem, "cannot read \"%.64s\": a permit is ROLE:CACHE/TOPIC", wrong);
  }
  const bool made = vended.key != NULL;
  if (made)
    fprintf(out, "%s\n", vended.key);
  else if (request != NULL || wrong == NULL)
    (void)fail(problem, "%s", wrong != NULL ? wrong : "out of memory");
  free(vended.key);
  free(request);
  free(secret_text);
  return made;
}

bool token_command(int argc, char **argv, uint64_t now_ms, FILE *out,
                   char problem[TOKEN_COMMAND_PROBLEM_SIZE]) {
  struct wish wish = {.seconds = 3600, .endpoint = "http://127.0.0.1:8080"};
  bool done = read_flags(&wish, argc, argv, problem);
  if (done && wish.help)
    fputs(help, out);
  else
    done = done && vend(&wish, now_ms, out, problem);
  free(wish.permits.words);
  return done;
}
