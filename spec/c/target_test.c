/* Taking a request target apart. */
#include "../../src/server/target.h"

#include "check.h"

#define ABSENT NULL

static const struct {
  const char *target;
  enum target_path path;
  const char *cache_name;
  const char *topic_name;
  const char *token;
  const char *number;
  const char *page;
  bool repeated;
} rows[] = {
    {"/topics/c/t", TARGET_TOPIC, "c", "t", ABSENT, ABSENT, ABSENT, false},
    {"/topics/c/t?", TARGET_TOPIC, "c", "t", ABSENT, ABSENT, ABSENT, false},
    {"/topics/a%2Fb/%20?token=x", TARGET_TOPIC, "a%2Fb", "%20", "x", ABSENT, ABSENT, false},
    {"/topics//t", TARGET_TOPIC, "", "t", ABSENT, ABSENT, ABSENT, false},
    {"/topics/c/", TARGET_TOPIC, "c", "", ABSENT, ABSENT, ABSENT, false},
    {"/topics//", TARGET_TOPIC, "", "", ABSENT, ABSENT, ABSENT, false},
    {"/topics/c/t?sequence_number=1&sequence_page=2", TARGET_TOPIC, "c", "t", ABSENT, "1", "2",
     false},
    {"/topics/c/t?sequence_page=2&x=3&token=a%26b", TARGET_TOPIC, "c", "t", "a%26b", ABSENT, "2",
     false},
    {"/topics/c/t?token", TARGET_TOPIC, "c", "t", "", ABSENT, ABSENT, false},
    {"/topics/c/t?token=", TARGET_TOPIC, "c", "t", "", ABSENT, ABSENT, false},
    {"/topics/c/t?token=a=b==", TARGET_TOPIC, "c", "t", "a=b==", ABSENT, ABSENT, false},
    {"/topics/c/t?token=a?b/c", TARGET_TOPIC, "c", "t", "a?b/c", ABSENT, ABSENT, false},
    {"/topics/c/t?&&sequence_number=7&", TARGET_TOPIC, "c", "t", ABSENT, "7", ABSENT, false},
    {"/topics/c/t?Token=1&xtoken=2&tokenx=3&=4", TARGET_TOPIC, "c", "t", ABSENT, ABSENT, ABSENT,
     false},
    {"/topics/c/t?x=1&x=2", TARGET_TOPIC, "c", "t", ABSENT, ABSENT, ABSENT, false},
    {"/topics/c/t?token=1&token=1", TARGET_TOPIC, "c", "t", "1", ABSENT, ABSENT, true},
    {"/topics/c/t?token&token=1", TARGET_TOPIC, "c", "t", "1", ABSENT, ABSENT, true},
    {"/topics/c/t?sequence_number=1&sequence_number=2", TARGET_TOPIC, "c", "t", ABSENT, "2", ABSENT,
     true},
    {"/topics/c/t?sequence_page=1&sequence_page=1", TARGET_TOPIC, "c", "t", ABSENT, ABSENT, "1",
     true},
    {"/tokens", TARGET_TOKENS, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, false},
    {"/tokens?token=x", TARGET_TOKENS, ABSENT, ABSENT, "x", ABSENT, ABSENT, false},
    {"/tokens/", TARGET_UNKNOWN, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, false},
    {"/", TARGET_UNKNOWN, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, false},
    {"", TARGET_UNKNOWN, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, false},
    {"*", TARGET_UNKNOWN, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, false},
    {"?token=x", TARGET_UNKNOWN, ABSENT, ABSENT, "x", ABSENT, ABSENT, false},
    {"topics/c/t", TARGET_UNKNOWN, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, false},
    {"/topics", TARGET_UNKNOWN, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, false},
    {"/topics/", TARGET_UNKNOWN, "", ABSENT, ABSENT, ABSENT, ABSENT, false},
    {"/topics/c", TARGET_UNKNOWN, "c", ABSENT, ABSENT, ABSENT, ABSENT, false},
    {"/topics/c/t/", TARGET_UNKNOWN, "c", "t/", ABSENT, ABSENT, ABSENT, false},
    {"/topics/c/t/u", TARGET_UNKNOWN, "c", "t/u", ABSENT, ABSENT, ABSENT, false},
    {"/topics?/c/t", TARGET_UNKNOWN, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, false},
    {"//topics/c/t", TARGET_UNKNOWN, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, false},
    {"/Topics/c/t", TARGET_UNKNOWN, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, false},
    {"/topicss/c/t", TARGET_UNKNOWN, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, false},
    {"/%74opics/c/t", TARGET_UNKNOWN, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, false},
};

static void check_part(struct target_part part, const char *expected) {
  CHECK((part.bytes == NULL) == (expected == ABSENT));
  if (part.bytes != NULL && expected != ABSENT)
    CHECK_BYTES(part.bytes, part.length, expected, strlen(expected));
}

static void takes_targets_apart(void) {
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    check_row(rows[i].target);
    const size_t length = strlen(rows[i].target);
    char *copy = check_copy(rows[i].target, length);
    struct target target;
    target_parse(copy, length, &target);
    CHECK(target.path == rows[i].path);
    check_part(target.cache, rows[i].cache_name);
    check_part(target.topic, rows[i].topic_name);
    check_part(target.token, rows[i].token);
    check_part(target.sequence_number, rows[i].number);
    check_part(target.sequence_page, rows[i].page);
    CHECK(target.repeated == rows[i].repeated);
    free(copy);
  }
}

int main(void) {
  takes_targets_apart();
  return check_report();
}
