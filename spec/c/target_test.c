/* Taking a request target apart. */
#include "../../src/server/target.h"

#include "check.h"

#define ABSENT NULL

static const struct {
  const char *target;
  bool topic; /* else of no known path */
  const char *cache_name;
  const char *topic_name;
  const char *token;
  const char *number;
  const char *page;
  bool repeated;
} rows[] = {
    {"/topics/c/t", true, "c", "t", ABSENT, ABSENT, ABSENT, false},
    {"/topics/c/t?", true, "c", "t", ABSENT, ABSENT, ABSENT, false},
    {"/topics/a%2Fb/%20?token=x", true, "a%2Fb", "%20", "x", ABSENT, ABSENT, false},
    {"/topics//t", true, "", "t", ABSENT, ABSENT, ABSENT, false},
    {"/topics/c/", true, "c", "", ABSENT, ABSENT, ABSENT, false},
    {"/topics//", true, "", "", ABSENT, ABSENT, ABSENT, false},
    {"/topics/c/t?sequence_number=1&sequence_page=2", true, "c", "t", ABSENT, "1", "2", false},
    {"/topics/c/t?sequence_page=2&x=3&token=a%26b", true, "c", "t", "a%26b", ABSENT, "2", false},
    {"/topics/c/t?token", true, "c", "t", "", ABSENT, ABSENT, false},
    {"/topics/c/t?token=", true, "c", "t", "", ABSENT, ABSENT, false},
    {"/topics/c/t?token=a=b==", true, "c", "t", "a=b==", ABSENT, ABSENT, false},
    {"/topics/c/t?token=a?b/c", true, "c", "t", "a?b/c", ABSENT, ABSENT, false},
    {"/topics/c/t?&&sequence_number=7&", true, "c", "t", ABSENT, "7", ABSENT, false},
    {"/topics/c/t?Token=1&xtoken=2&tokenx=3&=4", true, "c", "t", ABSENT, ABSENT, ABSENT, false},
    {"/topics/c/t?x=1&x=2", true, "c", "t", ABSENT, ABSENT, ABSENT, false},
    {"/topics/c/t?token=1&token=1", true, "c", "t", "1", ABSENT, ABSENT, true},
    {"/topics/c/t?token&token=1", true, "c", "t", "1", ABSENT, ABSENT, true},
    {"/topics/c/t?sequence_number=1&sequence_number=2", true, "c", "t", ABSENT, "2", ABSENT, true},
    {"/topics/c/t?sequence_page=1&sequence_page=1", true, "c", "t", ABSENT, ABSENT, "1", true},
    {"/", false, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, false},
    {"", false, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, false},
    {"*", false, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, false},
    {"?token=x", false, ABSENT, ABSENT, "x", ABSENT, ABSENT, false},
    {"topics/c/t", false, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, false},
    {"/topics", false, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, false},
    {"/topics/", false, "", ABSENT, ABSENT, ABSENT, ABSENT, false},
    {"/topics/c", false, "c", ABSENT, ABSENT, ABSENT, ABSENT, false},
    {"/topics/c/t/", false, "c", "t/", ABSENT, ABSENT, ABSENT, false},
    {"/topics/c/t/u", false, "c", "t/u", ABSENT, ABSENT, ABSENT, false},
    {"/topics?/c/t", false, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, false},
    {"//topics/c/t", false, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, false},
    {"/Topics/c/t", false, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, false},
    {"/topicss/c/t", false, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, false},
    {"/%74opics/c/t", false, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, false},
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
    CHECK(target.path == (rows[i].topic ? TARGET_TOPIC : TARGET_UNKNOWN));
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
