/* What a token's permissions permit: the matrix of roles, caches and topics, and every list that is
   none. */
#include "../../src/server/permissions.h"

#include "check.h"

#define PERMISSION(role, cache, topic)                                                             \
  "{\"role\":\"" role "\",\"cache\":" cache ",\"topic\":" topic "}"
#define BOTH(cache, topic) PERMISSION("publishsubscribe", cache, topic)

static bool allows(const char *json, bool publish, const char *cache, const char *topic,
                   enum permissions_verdict *verdict) {
  const struct permissions_wish wish = {publish, cache, strlen(cache), topic, strlen(topic)};
  char *copy = check_copy(json, strlen(json));
  *verdict = permissions_check(copy, strlen(json), &wish);
  free(copy);
  return *verdict == PERMISSIONS_ALLOW;
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
  bool own;   /* covers cache "own" */
  bool other; /* covers cache "other" */
} caches[] = {
    {"\"*\"", true, true},    {"\"own\"", true, false},  {"\"\\u006fwn\"", true, false},
    {"\"ow\"", false, false}, {"\"Own\"", false, false},
};

static const struct {
  const char *json;
  bool chat;   /* covers topic "chat" */
  bool chat_1; /* "chat-1" */
  bool news;   /* "news" */
} topics[] = {
    {"\"*\"", true, true, true},
    {"\"chat\"", true, false, false},
    {"{\"prefix\":\"chat\"}", true, true, false},
    {"{\"prefix\":\"chat-\"}", false, true, false},
    {"{\"prefix\":\"chat-11\"}", false, false, false},
    {"{\"prefix\":\"*\"}", false, false, false}, /* a star, not "all" */
    {"\"chat*\"", false, false, false},          /* no pattern */
};

static void check_wishes(const char *json, const char *cache, const char *topic, bool covered,
                         size_t role) {
  enum permissions_verdict verdict;
  CHECK(allows(json, true, cache, topic, &verdict) == (covered && roles[role].publish));
  CHECK(verdict != PERMISSIONS_MALFORMED);
  CHECK(allows(json, false, cache, topic, &verdict) == (covered && roles[role].subscribe));
  CHECK(verdict != PERMISSIONS_MALFORMED);
}

/* Every role x own and other cache x own and other topic x publish and subscribe. */
static void permits_by_the_matrix(void) {
  for (size_t r = 0; r < CHECK_COUNT(roles); r++) {
    for (size_t c = 0; c < CHECK_COUNT(caches); c++) {
      for (size_t t = 0; t < CHECK_COUNT(topics); t++) {
        char json[128];
        (void)snprintf(json, sizeof json, "[{\"role\":\"%s\",\"cache\":%s,\"topic\":%s}]",
                       roles[r].role, caches[c].json, topics[t].json);
        check_row(json);
        check_wishes(json, "own", "chat", caches[c].own && topics[t].chat, r);
        check_wishes(json, "own", "chat-1", caches[c].own && topics[t].chat_1, r);
        check_wishes(json, "own", "news", caches[c].own && topics[t].news, r);
        check_wishes(json, "other", "chat", caches[c].other && topics[t].chat, r);
        check_wishes(json, "other", "news", caches[c].other && topics[t].news, r);
      }
    }
  }
}

static const struct {
  const char *name;
  const char *json;
  enum permissions_verdict publish; /* to topic "t" of cache "c" */
} lists[] = {
    {"the second one allows", "[" BOTH("\"d\"", "\"t\"") "," BOTH("\"c\"", "\"t\"") "]",
     PERMISSIONS_ALLOW},
    {"one allows, a later one denies",
     "[" BOTH("\"c\"", "\"t\"") "," PERMISSION("subscribeonly", "\"c\"", "\"t\"") "]",
     PERMISSIONS_ALLOW},
    {"rights of two do not add up to a third",
     "[" PERMISSION("publishonly", "\"c\"", "\"u\"") "," PERMISSION("subscribeonly", "\"c\"",
                                                                    "\"t\"") "]",
     PERMISSIONS_DENY},
    {"white space and another order",
     " [ { \"topic\" : { \"prefix\" : \"t\" } , \"cache\" : \"c\" , \"role\" : \"publishonly\" } "
     "] ",
     PERMISSIONS_ALLOW},
    {"one allows, a later one is malformed", "[" BOTH("\"c\"", "\"t\"") ",{}]",
     PERMISSIONS_MALFORMED},
    {"empty", "", PERMISSIONS_MALFORMED},
    {"empty list", "[]", PERMISSIONS_MALFORMED},
    {"no list", BOTH("\"c\"", "\"t\""), PERMISSIONS_MALFORMED},
    {"null", "null", PERMISSIONS_MALFORMED},
    {"more behind it", "[" BOTH("\"c\"", "\"t\"") "]]", PERMISSIONS_MALFORMED},
    {"comma at the end", "[" BOTH("\"c\"", "\"t\"") ",]", PERMISSIONS_MALFORMED},
    {"unknown role", "[" PERMISSION("admin", "\"c\"", "\"t\"") "]", PERMISSIONS_MALFORMED},
    {"role in capitals", "[" PERMISSION("PublishOnly", "\"c\"", "\"t\"") "]",
     PERMISSIONS_MALFORMED},
    {"empty cache", "[" BOTH("\"\"", "\"t\"") "]", PERMISSIONS_MALFORMED},
    {"empty topic", "[" BOTH("\"c\"", "\"\"") "]", PERMISSIONS_MALFORMED},
    {"empty prefix", "[" BOTH("\"c\"", "{\"prefix\":\"\"}") "]", PERMISSIONS_MALFORMED},
    {"control byte in a name", "[" BOTH("\"c\"", "\"t\\u0000\"") "]", PERMISSIONS_MALFORMED},
    {"half of a surrogate pair in a name", "[" BOTH("\"c\"", "\"t\\ud800\"") "]",
     PERMISSIONS_MALFORMED},
    {"cache is a prefix", "[" BOTH("{\"prefix\":\"c\"}", "\"t\"") "]", PERMISSIONS_MALFORMED},
    {"topic is a number", "[" BOTH("\"c\"", "1") "]", PERMISSIONS_MALFORMED},
    {"topic is a list", "[" BOTH("\"c\"", "[\"t\"]") "]", PERMISSIONS_MALFORMED},
    {"prefix is a number", "[" BOTH("\"c\"", "{\"prefix\":1}") "]", PERMISSIONS_MALFORMED},
    {"prefix and more", "[" BOTH("\"c\"", "{\"prefix\":\"t\",\"x\":1}") "]", PERMISSIONS_MALFORMED},
    {"another way to say topic", "[" BOTH("\"c\"", "{\"name\":\"t\"}") "]", PERMISSIONS_MALFORMED},
    {"no role", "[{\"cache\":\"c\",\"topic\":\"t\"}]", PERMISSIONS_MALFORMED},
    {"no cache", "[{\"role\":\"publishonly\",\"topic\":\"t\"}]", PERMISSIONS_MALFORMED},
    {"no topic", "[{\"role\":\"publishonly\",\"cache\":\"c\"}]", PERMISSIONS_MALFORMED},
    {"role twice",
     "[{\"role\":\"subscribeonly\",\"role\":\"publishonly\",\"cache\":\"c\",\"topic\":\"t\"}]",
     PERMISSIONS_MALFORMED},
    {"topic twice",
     "[{\"role\":\"publishonly\",\"cache\":\"c\",\"topic\":\"u\",\"topic\":{\"prefix\":\"t\"}}]",
     PERMISSIONS_MALFORMED},
    {"unknown member", "[{\"role\":\"publishonly\",\"cache\":\"c\",\"topic\":\"t\",\"deny\":true}]",
     PERMISSIONS_MALFORMED},
};

static void understands_lists_whole_or_not_at_all(void) {
  for (size_t i = 0; i < CHECK_COUNT(lists); i++) {
    check_row(lists[i].name);
    enum permissions_verdict verdict;
    allows(lists[i].json, true, "c", "t", &verdict);
    CHECK(verdict == lists[i].publish);
  }
}

static void bounds_their_number(void) {
  static const char one[] = BOTH("\"c\"", "\"t\"") ",";
  char json[(PERMISSIONS_MAX + 1) * sizeof one + 2];
  for (size_t count = PERMISSIONS_MAX; count <= PERMISSIONS_MAX + 1; count++) {
    strcpy(json, "[");
    for (size_t i = 0; i < count; i++)
      strcat(json, one);
    json[strlen(json) - 1] = ']';
    check_row(count == PERMISSIONS_MAX ? "as many as may be" : "one too many");
    enum permissions_verdict verdict;
    CHECK(allows(json, true, "c", "t", &verdict) == (count == PERMISSIONS_MAX));
    CHECK((verdict == PERMISSIONS_MALFORMED) == (count > PERMISSIONS_MAX));
  }
}

int main(void) {
  permits_by_the_matrix();
  understands_lists_whole_or_not_at_all();
  bounds_their_number();
  return check_report();
}
