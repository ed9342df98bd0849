/* Requests in, answers out: every check of the API, in the order they are made. */
#include "../../src/server/api.h"

#include "check.h"
#include "poller.h"

enum { START_MS = 1000000, LONG_NAME = 1025 };

#define TOPIC "/topics/my-cache/example"
#define V1_KEY "eyJlbmRwb2ludCI6ImgiLCJhcGlfa2V5Ijoia2V5LzEifQ==" /* api_key: key/1 */

static struct pages pages;
static struct poller asker;
static struct poller publisher; /* publishes while the other waits */

static struct api *new_api(void (*change)(struct api_options *)) {
  static const char *const caches[] = {"my-cache", "a/b"};
  static const char *const keys[] = {"key/1", "key2"};
  struct api_options options;
  api_options_default(&options);
  options.caches = caches;
  options.cache_count = 2;
  options.keys = keys;
  options.key_count = 2;
  options.pages = &pages;
  options.wake = poller_wake;
  pages_start(&pages);
  if (change != NULL) change(&options);
  struct api *api = api_new(&options);
  if (api == NULL) abort();
  memset(&asker, 0, sizeof asker);
  memset(&publisher, 0, sizeof publisher);
  return api;
}

static void end_api(struct api *api) {
  api_drain(api, START_MS);
  answer_release(asker.answer);
  answer_release(publisher.answer);
  api_free(api);
}

struct row {
  const char *name;
  const char *method;
  const char *target;
  const char *authorization; /* or NULL */
  const char *content_type;  /* or NULL */
  const char *body;          /* or NULL */
  size_t body_length;
  unsigned status;      /* 0: waits */
  const char *contains; /* of the whole answer */
};

#define NO_BODY NULL, NULL, 0

static void ask_as(struct poller *poller, struct api *api, const struct row *row) {
  const struct api_request request = {.method = poller_text(row->method),
                                      .target = poller_text(row->target),
                                      .authorization = poller_text(row->authorization),
                                      .content_type = poller_text(row->content_type),
                                      .body = {row->body, row->body_length}};
  poller_ask(poller, api, &request, START_MS);
}

static void ask(struct api *api, const struct row *row) {
  ask_as(&asker, api, row);
}

static void check_answer(const struct row *row) {
  if (row->status == 0) {
    CHECK(poller_waits(&asker));
    return;
  }
  CHECK(!poller_waits(&asker));
  if (!CHECK(asker.answer != NULL)) return;
  CHECK(asker.answer->status == row->status);
  if (!CHECK(poller_told(&asker, row->contains)))
    check_print("answer", asker.answer->bytes, asker.answer->length);
  CHECK(poller_told(&asker, "\r\nAccess-Control-Allow-Origin: *\r\n"));
  CHECK(poller_told(&asker, "\r\nCache-Control: no-store\r\n"));
  char status[32];
  (void)snprintf(status, sizeof status, "{\"status\":%u,\"title\":\"", row->status);
  CHECK(row->status < 400 || poller_told(&asker, status));
}

/* Each on a new server. */
static void check_rows(const struct row *rows, size_t count, void (*change)(struct api_options *)) {
  for (size_t i = 0; i < count; i++) {
    check_row(rows[i].name);
    struct api *api = new_api(change);
    ask(api, &rows[i]);
    check_answer(&rows[i]);
    end_api(api);
  }
}

static const struct row routes[] = {
    {"poll", "GET", TOPIC, "key2", NO_BODY, 0, ""},
    {"publish", "POST", TOPIC, "key2", NULL, "x", 1, 204, "HTTP/1.1 204 No Content\r\n"},
    {"root", "GET", "/", "key2", NO_BODY, 404, "\"detail\":\"No such path"},
    {"one name", "GET", "/topics/my-cache", "key2", NO_BODY, 404, "No such path"},
    {"three names", "GET", TOPIC "/x", "key2", NO_BODY, 404, "No such path"},
    {"unknown path without credentials", "GET", "/x", NULL, NO_BODY, 404, "No such path"},
    {"HEAD", "HEAD", TOPIC, "key2", NO_BODY, 405, "\r\nAllow: GET, POST, OPTIONS\r\n"},
    {"PUT", "PUT", TOPIC, "key2", NULL, "x", 1, 405, "\r\nAllow: GET, POST, OPTIONS\r\n"},
    {"DELETE", "DELETE", TOPIC, "key2", NO_BODY, 405, "\r\nAllow: GET, POST, OPTIONS\r\n"},
    {"methods have a case", "get", TOPIC, "key2", NO_BODY, 405, "\r\nAllow: "},
    {"unknown path, other method", "PUT", "/x", "key2", NO_BODY, 404, "No such path"},
    {"preflight", "OPTIONS", TOPIC, NULL, NO_BODY, 204,
     "\r\nAccess-Control-Allow-Headers: Authorization, Content-Type\r\n"},
    {"preflight of methods", "OPTIONS", TOPIC, NULL, NO_BODY, 204,
     "\r\nAccess-Control-Allow-Methods: GET, POST, OPTIONS\r\n"},
    {"OPTIONS *", "OPTIONS", "*", NULL, NO_BODY, 204, "\r\nAllow: GET, POST, OPTIONS\r\n"},
};

static const struct row credentials[] = {
    {"header", "POST", TOPIC, "key/1", NO_BODY, 204, ""},
    {"header, v1", "POST", TOPIC, V1_KEY, NO_BODY, 204, ""},
    {"token", "POST", TOPIC "?token=key2", NULL, NO_BODY, 204, ""},
    {"token, decoded", "POST", TOPIC "?token=key%2f1", NULL, NO_BODY, 204, ""},
    {"token, v1", "POST", TOPIC "?token=" V1_KEY, NULL, NO_BODY, 204, ""},
    {"token, v1 escaped", "POST",
     TOPIC "?token=eyJlbmRwb2ludCI6ImgiLCJhcGlfa2V5Ijoia2V5LzEifQ%3D%3D", NULL, NO_BODY, 204, ""},
    {"an empty token beside the header", "POST", TOPIC "?token=", "key2", NO_BODY, 204, ""},
    {"both", "POST", TOPIC "?token=key2", "key2", NO_BODY, 400, "Only one of"},
    {"both, both wrong", "GET", TOPIC "?token=x", "y", NO_BODY, 400, "Only one of"},
    {"two tokens", "GET", TOPIC "?token=key2&token=key2", NULL, NO_BODY, 400, "set twice"},
    {"none", "GET", TOPIC, NULL, NO_BODY, 401, "No credentials"},
    {"none: a challenge", "GET", TOPIC, NULL, NO_BODY, 401, "\r\nWWW-Authenticate: "},
    {"empty header", "GET", TOPIC, "", NO_BODY, 401, "No credentials"},
    {"empty token", "GET", TOPIC "?token=", NULL, NO_BODY, 401, "No credentials"},
    {"wrong", "GET", TOPIC, "key3", NO_BODY, 401, "Invalid or expired credentials"},
    {"wrong token", "GET", TOPIC "?token=key3", NULL, NO_BODY, 401,
     "Invalid or expired credentials"},
    {"token with a malformed escape", "GET", TOPIC "?token=key%2", NULL, NO_BODY, 401, "Invalid"},
    {"Bearer", "GET", TOPIC, "Bearer key2", NO_BODY, 401, "Invalid or expired credentials"},
    {"wrong, and the cache is unknown", "GET", "/topics/none/t", "x", NO_BODY, 401, "Invalid"},
    {"wrong, and the name is malformed", "GET", "/topics/%/t", "x", NO_BODY, 401, "Invalid"},
};

static const struct row names[] = {
    {"unknown cache, publish", "POST", "/topics/none/t", "key2", NULL, "x", 1, 404,
     "{\"status\":404,\"title\":\"Not Found\",\"detail\":\"Cache not found\"}"},
    {"unknown cache, poll", "GET", "/topics/none/t", "key2", NO_BODY, 404, "Cache not found"},
    {"escaped", "POST", "/topics/a%2Fb/t%2F%25", "key2", NO_BODY, 204, ""},
    {"an escape in lower case", "POST", "/topics/a%2fb/t", "key2", NO_BODY, 204, ""},
    {"a name is decoded once", "POST", "/topics/a%252Fb/t", "key2", NO_BODY, 404, "Cache not"},
    {"plus is plus", "POST", "/topics/my+cache/t", "key2", NO_BODY, 404, "Cache not found"},
    {"empty cache", "GET", "/topics//t", "key2", NO_BODY, 400, "Cache name is empty"},
    {"empty topic", "GET", "/topics/my-cache/", "key2", NO_BODY, 400, "Topic name is empty"},
    {"malformed cache", "GET", "/topics/%zz/t", "key2", NO_BODY, 400,
     "Cache name has a malformed percent escape"},
    {"malformed topic", "GET", "/topics/my-cache/t%4", "key2", NO_BODY, 400,
     "Topic name has a malformed percent escape"},
    {"NUL", "GET", "/topics/my-cache/%00", "key2", NO_BODY, 400, "has a control character"},
    {"NUL that would split a name", "GET", "/topics/my-cache%00x/t", "key2", NO_BODY, 400,
     "Cache name has a control character"},
    {"newline", "POST", "/topics/my-cache/a%0Ab", "key2", NO_BODY, 400, "control character"},
    {"emoji", "POST", "/topics/my-cache/%F0%9F%98%80", "key2", NO_BODY, 204, ""},
};

static const struct row positions[] = {
    {"absent", "GET", TOPIC "?x=1&y", "key2", NO_BODY, 0, ""},
    {"zero", "GET", TOPIC "?sequence_number=0&sequence_page=0", "key2", NO_BODY, 0, ""},
    {"number 1 of a new topic", "GET", TOPIC "?sequence_number=1", "key2", NO_BODY, 0, ""},
    {"greatest", "GET",
     TOPIC "?sequence_number=18446744073709551615&sequence_page=18446744073709551615", "key2",
     NO_BODY, 200,
     "\r\n\r\n{\"items\":[{\"discontinuity\":{\"last_topic_sequence\":18446744073709551614,"
     "\"new_topic_sequence\":1,\"new_sequence_page\":1000}}]}"},
    {"overflow", "GET", TOPIC "?sequence_number=18446744073709551616", "key2", NO_BODY, 400,
     "sequence_number is not an unsigned integer"},
    {"sign", "GET", TOPIC "?sequence_number=-1", "key2", NO_BODY, 400, "sequence_number"},
    {"word", "GET", TOPIC "?sequence_page=x", "key2", NO_BODY, 400, "sequence_page"},
    {"empty", "GET", TOPIC "?sequence_page=", "key2", NO_BODY, 400, "sequence_page"},
    {"fraction", "GET", TOPIC "?sequence_number=1.0", "key2", NO_BODY, 400, "sequence_number"},
    {"leading zero", "GET", TOPIC "?sequence_number=01", "key2", NO_BODY, 400, "sequence_number"},
    {"space", "GET", TOPIC "?sequence_number=%201", "key2", NO_BODY, 400, "sequence_number"},
    {"twice", "GET", TOPIC "?sequence_number=1&sequence_number=1", "key2", NO_BODY, 400, "twice"},
    {"a publish has none to judge", "POST", TOPIC "?sequence_number=x", "key2", NO_BODY, 204, ""},
};

#define BYTES CHECK_LITERAL
static const struct row bodies[] = {
    {"empty", "POST", TOPIC, "key2", "text/plain", BYTES(""), 204, ""},
    {"JSON is text", "POST", TOPIC, "key2", "application/json", BYTES("{}"), 204, ""},
    {"a form is text", "POST", TOPIC, "key2", "application/x-www-form-urlencoded", BYTES("a"), 204,
     ""},
    {"text that is not UTF-8", "POST", TOPIC, "key2", "text/plain", BYTES("\xff"), 400,
     "not valid UTF-8"},
    {"no type and not UTF-8", "POST", TOPIC, "key2", NULL, BYTES("\xc3"), 400, "not valid UTF-8"},
    {"a NUL is text", "POST", TOPIC, "key2", NULL, BYTES("\0"), 204, ""},
    {"bytes", "POST", TOPIC, "key2", "application/octet-stream", BYTES("\xff"), 204, ""},
    {"bytes, parameters", "POST", TOPIC, "key2", "Application/Octet-Stream ; charset=binary",
     BYTES("\xff"), 204, ""},
    {"nearly bytes", "POST", TOPIC, "key2", "application/octet-streams", BYTES("\xff"), 400, "UTF"},
};

static const struct row small_server[] = {
    {"as long as can be", "POST", TOPIC, NULL, NULL, BYTES("12345678"), 204, ""},
    {"too long", "POST", TOPIC, NULL, NULL, BYTES("123456789"), 429,
     "\r\n\r\n{\"status\":429,\"title\":\"Too Many Requests\",\"detail\":\"Message is longer than "
     "8 "
     "bytes\",\"err\":\"item_size_limit_exceeded\"}"},
    {"too long comes before not UTF-8", "POST", TOPIC, NULL, NULL,
     BYTES("\xff\xff\xff\xff\xff\xff"
           "\xff\xff\xff"),
     429, "item_size"},
    {"new cache", "POST", "/topics/new/t", NULL, NO_BODY, 204, ""},
    {"no credentials needed", "GET", TOPIC, NULL, NO_BODY, 0, ""},
    {"any will do", "GET", TOPIC, "whatever", NO_BODY, 0, ""},
    {"but not both", "GET", TOPIC "?token=x", "y", NO_BODY, 400, "Only one of"},
};

static void make_small(struct api_options *options) {
  options->max_message_bytes = 8;
  options->no_auth = true;
  options->auto_create_caches = true;
  options->max_caches = 3;
  options->max_topics = 1;
}

static void bounds_names(void) {
  char target[sizeof "/topics/my-cache/" + 3 * LONG_NAME];
  struct row row = {"longest name", "POST", target, "key2", NO_BODY, 204, ""};
  for (size_t unit = 1; unit <= 3; unit += 2) { /* plain, then all escapes */
    strcpy(target, "/topics/my-cache/");
    for (size_t i = 0; i < LONG_NAME - 1; i++)
      strcat(target, unit == 1 ? "n" : "%6E");
    row.name = "longest name";
    row.status = 204;
    row.contains = "";
    check_rows(&row, 1, NULL);
    strcat(target, "n");
    row.name = "too long a name";
    row.status = 400;
    row.contains = "Topic name is too long";
    check_rows(&row, 1, NULL);
  }
}

static void says_when_a_limit_is_hit(void) {
  struct api *api = new_api(make_small);
  const struct row rows[] = {
      {"fills the only place", "GET", "/topics/my-cache/t", NULL, NO_BODY, 0, ""},
      {"topic limit", "POST", "/topics/my-cache/u", NULL, NO_BODY, 429,
       "\"err\":\"topics_limit_exceeded\""},
      {"cache limit: third", "POST", "/topics/third/u", NULL, NO_BODY, 429, "topics_limit"},
      {"cache limit: fourth", "POST", "/topics/fourth/u", NULL, NO_BODY, 429,
       "\"err\":\"caches_limit_exceeded\""},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    check_row(rows[i].name);
    ask(api, &rows[i]);
    CHECK(api_waiter_count(api) == 1);
    CHECK(i == 0 || poller_told(&asker, rows[i].contains));
    CHECK(i == 0 || poller_told(&asker, "\r\nRetry-After: 1\r\n"));
  }
  end_api(api);
}

static void answers_a_body_it_never_saw(void) {
  check_row("body not read");
  struct api *api = new_api(NULL);
  struct api_request request = {.method = poller_text("POST"),
                                .target = poller_text(TOPIC),
                                .authorization = poller_text("wrong"),
                                .body_oversized = true};
  struct answer *answer = NULL;
  CHECK(api_handle(api, &request, START_MS, &asker.waiter, &answer) == API_ANSWERED);
  CHECK(answer->status == 401);
  answer_release(answer);
  request.authorization = poller_text("key2");
  CHECK(api_handle(api, &request, START_MS, &asker.waiter, &answer) == API_ANSWERED);
  CHECK(answer->status == 429);
  answer_release(answer);
  CHECK(api_body_max(api) >= 4096);
  end_api(api);
}

/* The published page's example, and the life of one poll. */
static void publishes_and_polls(void) {
  const struct row hello = {"",  "POST", TOPIC, "key2", "text/plain", BYTES("hello \"world\"!\n"),
                            204, ""};
  const struct row bytes = {"",  "POST", TOPIC, "key2", "application/octet-stream", BYTES("\0\xff"),
                            204, ""};
  const struct row first = {"", "GET", TOPIC "?sequence_number=1", "key2", NO_BODY, 200, ""};
  const struct row next = {
      "", "GET", TOPIC "?sequence_number=3&sequence_page=1000", "key2", NO_BODY, 0, ""};
  struct api *api = new_api(NULL);
  check_row("two messages in the JSON of the API page");
  ask(api, &hello);
  check_answer(&hello);
  ask(api, &bytes);
  ask(api, &first);
  CHECK_BODY(&asker, "{\"items\":[{\"item\":{\"topic_sequence_number\":1,\"sequence_page\":1000,"
                     "\"value\":{\"text\":\"hello \\\"world\\\"!\\n\"}}},{\"item\":{"
                     "\"topic_sequence_number\":2,\"sequence_page\":1000,"
                     "\"value\":{\"binary\":\"AP8=\"}}}]}");
  check_row("woken by the next one");
  ask(api, &next);
  check_answer(&next);
  CHECK(api_waiter_count(api) == 1 && api_topic_count(api) == 1);
  CHECK(api_next_tick(api) == START_MS + 60000);
  ask_as(&publisher, api, &hello);
  CHECK(asker.woken == 1 && publisher.answer->status == 204);
  CHECK_BODY(&asker, "{\"items\":[{\"item\":{\"topic_sequence_number\":3,\"sequence_page\":1000,"
                     "\"value\":{\"text\":\"hello \\\"world\\\"!\\n\"}}}]}");
  check_row("held until the tick, and no longer");
  ask(api, &(struct row){"", "GET", TOPIC "?sequence_number=4", "key2", NO_BODY, 0, ""});
  CHECK(api_tick(api, START_MS + 59999) == START_MS + 60000 && poller_waits(&asker));
  CHECK(api_tick(api, START_MS + 60000) == START_MS + 660000);
  CHECK(!poller_waits(&asker));
  CHECK_BODY(&asker, "{\"items\":[]}");
  check_row("left");
  ask(api, &(struct row){"", "GET", TOPIC, "key2", NO_BODY, 0, ""});
  CHECK(poller_waits(&asker));
  api_leave(api, &asker.waiter, START_MS);
  CHECK(api_waiter_count(api) == 0 && asker.woken == 2);
  end_api(api);
}

static void refuses_options_that_cannot_be(void) {
  static const char *const bad[] = {"", "a\nb"};
  for (size_t i = 0; i < CHECK_COUNT(bad); i++) {
    struct api_options options;
    api_options_default(&options);
    options.pages = &pages;
    options.wake = poller_wake;
    options.caches = &bad[i];
    options.cache_count = 1;
    check_row("cache name");
    CHECK(api_new(&options) == NULL);
  }
  api_free(NULL);
}

int main(void) {
  check_rows(routes, CHECK_COUNT(routes), NULL);
  check_rows(credentials, CHECK_COUNT(credentials), NULL);
  check_rows(names, CHECK_COUNT(names), NULL);
  check_rows(positions, CHECK_COUNT(positions), NULL);
  check_rows(bodies, CHECK_COUNT(bodies), NULL);
  check_rows(small_server, CHECK_COUNT(small_server), make_small);
  bounds_names();
  says_when_a_limit_is_hit();
  answers_a_body_it_never_saw();
  publishes_and_polls();
  refuses_options_that_cannot_be();
  return check_report();
}
