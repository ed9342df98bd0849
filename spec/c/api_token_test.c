/* Tokens at work: what each may do to which topic, what ends with them, and how they are had. */
#include "../../src/server/api.h"
#include "../../src/server/token.h"

#include "check.h"
#include "poller.h"

enum { NOW_S = 1748358253 };
#define NOW_MS ((uint64_t)NOW_S * 1000)
#define SECRET "0123456789abcdef0123456789abcdef"

static const struct token_secret secret = {(const unsigned char *)SECRET, 32};
static struct pages pages;
static struct poller asker;
static struct poller publisher;

static void with_tokens(struct api_options *options) {
  options->token_secret = secret.bytes;
  options->token_secret_length = secret.length;
}

static void without_tokens(struct api_options *options) {
  options->token_secret = NULL;
}

static void open_to_all(struct api_options *options) {
  with_tokens(options);
  options->no_auth = true;
}

static struct api *new_api(void (*change)(struct api_options *)) {
  static const char *const caches[] = {"own", "other"};
  static const char *const keys[] = {"key"};
  struct api_options options;
  api_options_default(&options);
  options.caches = caches;
  options.cache_count = 2;
  options.keys = keys;
  options.key_count = 1;
  options.endpoint = "http://h:1";
  options.pages = &pages;
  options.wake = poller_wake;
  change(&options);
  pages_start(&pages);
  memset(&asker, 0, sizeof asker);
  memset(&publisher, 0, sizeof publisher);
  struct api *api = api_new(&options);
  if (api == NULL) abort();
  return api;
}

static void end_api(struct api *api) {
  api_drain(api, NOW_MS);
  poller_take(&asker, NULL);
  poller_take(&publisher, NULL);
  api_free(api);
}

/* A token of one permission that expires in so many seconds; to be freed. */
static char *token_of(const char *role, const char *topic_json, const char *id_json,
                      uint64_t seconds) {
  char permissions[256];
  const int length =
      snprintf(permissions, sizeof permissions,
               "[{\"role\":\"%s\",\"cache\":\"own\",\"topic\":%s}]", role, topic_json);
  char *token = token_sign(&secret, NOW_S + seconds, permissions, (size_t)length, id_json,
                           id_json == NULL ? 0 : strlen(id_json));
  if (token == NULL) abort();
  return token;
}

static void ask(struct poller *poller, struct api *api, const char *method, const char *target,
                const char *credential, const char *body, uint64_t now_ms) {
  const struct api_request request = {.method = poller_text(method),
                                      .target = poller_text(target),
                                      .authorization = poller_text(credential),
                                      .body = poller_text(body)};
  poller_ask(poller, api, &request, now_ms);
}

/* 0: waits, and is made to leave. */
static unsigned status_of(struct api *api, const char *method, const char *target,
                          const char *credential, const char *body) {
  ask(&asker, api, method, target, credential, body, NOW_MS);
  if (!poller_waits(&asker)) return asker.answer->status;
  api_leave(api, &asker.waiter, NOW_MS);
  return 0;
}

static const struct {
  const char *role;
  bool publish;
  bool subscribe;
} roles[] = {
    {"publishsubscribe", true, true},
    {"publishonly", true, false},
    {"subscribeonly", false, true},
};

static const struct {
  const char *json;
  bool chat;
  bool chat_1;
} scopes[] = {
    {"\"*\"", true, true},
    {"\"chat\"", true, false},
    {"{\"prefix\":\"chat-\"}", false, true},
};

/* Every role x own and other cache x own and other topic or prefix x publish and poll. */
static void permits_by_the_matrix(void) {
  struct api *api = new_api(with_tokens);
  for (size_t r = 0; r < CHECK_COUNT(roles); r++) {
    for (size_t s = 0; s < CHECK_COUNT(scopes); s++) {
      char row[64];
      (void)snprintf(row, sizeof row, "%s of %s", roles[r].role, scopes[s].json);
      check_row(row);
      char *token = token_of(roles[r].role, scopes[s].json, NULL, 60);
      const bool chat = scopes[s].chat;
      const bool chat_1 = scopes[s].chat_1;
      const unsigned publish = roles[r].publish ? 204 : 403;
      const unsigned poll = roles[r].subscribe ? 0 : 403;
      CHECK(status_of(api, "POST", "/topics/own/chat", token, "x") == (chat ? publish : 403));
      CHECK(status_of(api, "GET", "/topics/own/chat", token, NULL) == (chat ? poll : 403));
      CHECK(status_of(api, "POST", "/topics/own/chat-1", token, "x") == (chat_1 ? publish : 403));
      CHECK(status_of(api, "GET", "/topics/own/chat%2D1", token, NULL) == (chat_1 ? poll : 403));
      CHECK(status_of(api, "POST", "/topics/other/chat", token, "x") == 403);
      CHECK(status_of(api, "GET", "/topics/other/chat", token, NULL) == 403);
      CHECK(status_of(api, "GET", "/topics/none/chat", token, NULL) == 403);
      CHECK(status_of(api, "POST", "/tokens", token, "{}") == 403);
      CHECK(poller_told(&asker, "{\"status\":403,\"title\":\"Forbidden\",\"detail\":"));
      free(token);
    }
  }
  check_row("a key may do all of it");
  CHECK(status_of(api, "POST", "/topics/other/chat", "key", "x") == 204);
  CHECK(status_of(api, "GET", "/topics/other/chat", "key", NULL) == 0);
  end_api(api);
}

static void takes_tokens_as_keys_are_taken(void) {
  struct api *api = new_api(with_tokens);
  char *token = token_of("publishsubscribe", "\"*\"", NULL, 60);
  char target[1024];
  check_row("as a query parameter");
  (void)snprintf(target, sizeof target, "/topics/own/chat?token=%s", token);
  CHECK(status_of(api, "POST", target, NULL, "x") == 204);
  check_row("and both at once");
  CHECK(status_of(api, "POST", target, token, "x") == 400);
  check_row("forged");
  token[strlen(token) - 1] ^= 1;
  CHECK(status_of(api, "POST", "/topics/own/chat", token, "x") == 401);
  check_row("expired");
  free(token);
  token = token_of("publishsubscribe", "\"*\"", NULL, 0);
  CHECK(status_of(api, "POST", "/topics/own/chat", token, "x") == 401);
  CHECK(status_of(api, "GET", "/topics/own/chat", token, NULL) == 401);
  free(token);
  end_api(api);
}

static void names_the_publisher(void) {
  struct api *api = new_api(with_tokens);
  char *token = token_of("publishonly", "\"*\"", "\"a\\\"nn\"", 60);
  check_row("publisher_id of a token with an id");
  ask(&asker, api, "GET", "/topics/own/chat", "key", NULL, NOW_MS);
  ask(&publisher, api, "POST", "/topics/own/chat", token, "hi", NOW_MS);
  CHECK(asker.woken == 1);
  CHECK(poller_told(&asker, "\"publisher_id\":\"a\\\"nn\""));
  check_row("none of a key");
  ask(&asker, api, "GET", "/topics/own/chat?sequence_number=2", "key", NULL, NOW_MS);
  ask(&publisher, api, "POST", "/topics/own/chat", "key", "hi", NOW_MS);
  CHECK(asker.woken == 2);
  CHECK(!poller_told(&asker, "publisher_id"));
  free(token);
  end_api(api);
}

static void ends_with_the_token(void) {
  struct api *api = new_api(with_tokens);
  char *token = token_of("subscribeonly", "\"*\"", NULL, 10);
  check_row("a poll that waits is answered 401 when its token expires");
  ask(&asker, api, "GET", "/topics/own/chat", token, NULL, NOW_MS);
  CHECK(poller_waits(&asker) && api_next_tick(api) == NOW_MS + 10000);
  api_tick(api, NOW_MS + 9999);
  CHECK(poller_waits(&asker));
  api_tick(api, NOW_MS + 10000);
  CHECK(asker.woken == 1 && asker.answer->status == 401);
  CHECK(poller_told(&asker, "\"detail\":\"The token has expired\""));
  check_row("and hears nothing that is published then, however late the tick");
  ask(&asker, api, "GET", "/topics/own/chat", token, NULL, NOW_MS);
  ask(&publisher, api, "POST", "/topics/own/chat", "key", "secret", NOW_MS + 10000);
  CHECK(asker.woken == 2 && asker.answer->status == 401);
  check_row("a hold that is over first ends as every hold");
  free(token);
  token = token_of("subscribeonly", "\"*\"", NULL, 100);
  ask(&asker, api, "GET", "/topics/own/chat?sequence_number=2", token, NULL, NOW_MS);
  api_tick(api, NOW_MS + 60000);
  CHECK(asker.woken == 3 && asker.answer->status == 200);
  free(token);
  end_api(api);
}

#define REQUEST                                                                                    \
  "{\"permissions\":[{\"role\":\"publishonly\",\"cache\":\"own\",\"topic\":\"chat\"}],"            \
  "\"expires_in\":60,\"token_id\":\"ann\"}"

static const struct {
  const char *name;
  void (*server)(struct api_options *);
  const char *method;
  const char *target;
  const char *credential;
  const char *body;
  unsigned status;
  const char *contains;
} vending[] = {
    {"vended", with_tokens, "POST", "/tokens", "key", REQUEST, 200,
     "\",\"endpoint\":\"http://h:1\",\"valid_until\":1748358313}"},
    {"vended by an open server", open_to_all, "POST", "/tokens", NULL, REQUEST, 200, "api_key"},
    {"no credentials", with_tokens, "POST", "/tokens", NULL, REQUEST, 401, "No credentials"},
    {"wrong key", with_tokens, "POST", "/tokens", "yek", REQUEST, 401, "Invalid"},
    {"no body", with_tokens, "POST", "/tokens", "key", NULL, 400, "The body must be"},
    {"nonsense", with_tokens, "POST", "/tokens", "key", "{\"a\":1}", 400, "The body must be"},
    {"GET", with_tokens, "GET", "/tokens", "key", NULL, 405, "\r\nAllow: POST, OPTIONS\r\n"},
    {"preflight", with_tokens, "OPTIONS", "/tokens", NULL, NULL, 204, "Access-Control-Allow-M"},
    {"a server without tokens", without_tokens, "POST", "/tokens", "key", REQUEST, 404, "No such"},
};

static void vends(void) {
  for (size_t i = 0; i < CHECK_COUNT(vending); i++) {
    check_row(vending[i].name);
    struct api *api = new_api(vending[i].server);
    CHECK(status_of(api, vending[i].method, vending[i].target, vending[i].credential,
                    vending[i].body) == vending[i].status);
    CHECK(poller_told(&asker, vending[i].contains));
    end_api(api);
  }
}

static void believes_what_it_vended(void) {
  check_row("a vended token is what it was asked to be");
  struct api *api = new_api(with_tokens);
  ask(&asker, api, "POST", "/tokens", "key", REQUEST, NOW_MS);
  static const char before[] = "{\"api_key\":\"";
  char key[1024] = "";
  if (!CHECK(asker.answer != NULL && poller_told(&asker, before))) return;
  const char *begin = asker.answer->bytes + asker.answer->body_at + strlen(before);
  const char *end = memchr(begin, '"', sizeof key);
  if (!CHECK(end != NULL)) return;
  memcpy(key, begin, (size_t)(end - begin));
  CHECK(status_of(api, "POST", "/topics/own/chat", key, "x") == 204);
  CHECK(status_of(api, "GET", "/topics/own/chat", key, NULL) == 403);
  CHECK(status_of(api, "POST", "/topics/own/news", key, "x") == 403);
  ask(&asker, api, "POST", "/topics/own/chat", key, "x", NOW_MS + 59999);
  CHECK(asker.answer->status == 204);
  ask(&asker, api, "POST", "/topics/own/chat", key, "x", NOW_MS + 60000);
  CHECK(asker.answer->status == 401);
  ask(&asker, api, "GET", "/topics/own/chat?sequence_number=1", "key", NULL, NOW_MS + 60000);
  CHECK(poller_told(&asker, "\"publisher_id\":\"ann\""));
  end_api(api);
}

int main(void) {
  permits_by_the_matrix();
  takes_tokens_as_keys_are_taken();
  names_the_publisher();
  ends_with_the_token();
  vends();
  believes_what_it_vended();
  return check_report();
}
