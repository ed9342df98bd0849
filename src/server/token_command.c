#include "token_command.h"

#include "text_file.h"
#include "vend.h"

#include "../wire/json.h"
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
  FILE *permissions; /* written so far: the members of a JSON list */
  size_t count;
  const char *secret_file;
  const char *expires_in;
  const char *token_id;
  const char *endpoint;
};

static bool fail(char *problem, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const int begun = snprintf(problem, TOKEN_COMMAND_PROBLEM_SIZE, "token: ");
  vsnprintf(problem + begun, TOKEN_COMMAND_PROBLEM_SIZE - (size_t)begun, format, arguments);
  va_end(arguments);
  return false;
}

static bool write_quoted(FILE *out, const char *text, size_t length) {
  char *quoted = malloc(json_quoted_max(length));
  if (quoted == NULL) return false;
  fwrite(quoted, 1, json_quote(text, length, quoted), out);
  free(quoted);
  return true;
}

/* "chat" is a topic of that name, "*" every one, "chat-*" those that begin so. */
static bool write_topic(FILE *out, const char *topic) {
  const size_t length = strlen(topic);
  if (length < 2 || topic[length - 1] != '*') return write_quoted(out, topic, length);
  fputs("{\"prefix\":", out);
  const bool written = write_quoted(out, topic, length - 1);
  putc('}', out);
  return written;
}

/* ROLE:CACHE/TOPIC; what the words may be is judged when the token is vended. */
static bool add_permission(struct wish *wish, const char *text, char *problem) {
  const char *colon = strchr(text, ':');
  const char *slash = colon != NULL ? strchr(colon, '/') : NULL;
  if (slash == NULL || !utf8_valid(text, strlen(text)))
    return fail(problem, "--permit must be ROLE:CACHE/TOPIC, not \"%.64s\"", text);
  fputs(wish->count++ > 0 ? ",{\"role\":" : "{\"role\":", wish->permissions);
  bool written = write_quoted(wish->permissions, text, (size_t)(colon - text));
  fputs(",\"cache\":", wish->permissions);
  written &= write_quoted(wish->permissions, colon + 1, (size_t)(slash - colon - 1));
  fputs(",\"topic\":", wish->permissions);
  written &= write_topic(wish->permissions, slash + 1);
  putc('}', wish->permissions);
  return written || fail(problem, "out of memory");
}

static bool read_flags(struct wish *wish, int argc, char **argv, bool *wants_help, char *problem) {
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
    if (found == 'p' && !add_permission(wish, optarg, problem)) return false;
    if (found == 's') wish->secret_file = optarg;
    if (found == 'e') wish->expires_in = optarg;
    if (found == 'i') wish->token_id = optarg;
    if (found == 'u') wish->endpoint = optarg;
    if (found == 'h') *wants_help = true;
    if (found == ':') return fail(problem, "%.64s needs a value", argv[optind - 1]);
    if (found == '?') return fail(problem, "unknown flag %.64s: see --help", argv[optind - 1]);
  }
  return optind == argc || fail(problem, "unexpected argument \"%.64s\": see --help", argv[optind]);
}

static bool check(const struct wish *wish, char *problem) {
  uint64_t seconds;
  if (wish->count == 0) return fail(problem, "--permit is missing: what may it do?");
  if (wish->secret_file == NULL)
    return fail(problem, "--token-secret-file is missing: what is it signed with?");
  if (!number_parse_u64(wish->expires_in, strlen(wish->expires_in), &seconds))
    return fail(problem, "--expires-in must be a number of seconds, not \"%.64s\"",
                wish->expires_in);
  if (wish->token_id != NULL && !utf8_valid(wish->token_id, strlen(wish->token_id)))
    return fail(problem, "--token-id is not UTF-8");
  return utf8_valid(wish->endpoint, strlen(wish->endpoint)) ||
         fail(problem, "--endpoint is not UTF-8");
}

/* Prints the api_key of the body that was vended. */
static void print_key(FILE *out, const struct vended *vended) {
  struct json json = {vended->body, vended->body + vended->length};
  struct json_string name, key;
  if (json_take(&json, '{') && json_string(&json, &name) && json_take(&json, ':') &&
      json_string(&json, &key))
    fprintf(out, "%.*s\n", (int)key.length, key.raw);
}

static bool vend(const struct wish *wish, const char *permissions, uint64_t now_ms, FILE *out,
                 char *problem) {
  char *request = NULL;
  size_t length = 0;
  struct vended vended = {NULL, 0};
  const char *wrong = NULL;
  char *secret_text = text_file_read_secret(wish->secret_file, problem);
  if (secret_text == NULL) return false;
  FILE *file = open_memstream(&request, &length);
  if (file != NULL) {
    fprintf(file, "{\"permissions\":[%s],\"expires_in\":%s", permissions, wish->expires_in);
    if (wish->token_id != NULL) {
      fputs(",\"token_id\":", file);
      (void)write_quoted(file, wish->token_id, strlen(wish->token_id));
    }
    putc('}', file);
    if (fclose(file) == 0) {
      const struct token_secret secret = {(const unsigned char *)secret_text, strlen(secret_text)};
      wrong = vend_token(&secret, wish->endpoint, request, length, now_ms, &vended);
    }
  }
  if (vended.body != NULL)
    print_key(out, &vended);
  else
    (void)fail(problem, "%s", wrong != NULL ? wrong : "out of memory");
  const bool made = vended.body != NULL;
  free(vended.body);
  free(request);
  free(secret_text);
  return made;
}

bool token_command(int argc, char **argv, uint64_t now_ms, FILE *out,
                   char problem[TOKEN_COMMAND_PROBLEM_SIZE]) {
  char *permissions = NULL;
  size_t length = 0;
  bool wants_help = false;
  struct wish wish = {.expires_in = "3600", .endpoint = "http://127.0.0.1:8080"};
  wish.permissions = open_memstream(&permissions, &length);
  if (wish.permissions == NULL) return fail(problem, "out of memory");
  bool done = read_flags(&wish, argc, argv, &wants_help, problem);
  fclose(wish.permissions);
  if (done && wants_help)
    fputs(help, out);
  else
    done = done && check(&wish, problem) && vend(&wish, permissions, now_ms, out, problem);
  free(permissions);
  return done;
}
