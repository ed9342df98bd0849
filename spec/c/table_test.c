/* The table of names: the published vectors of its hash, finding, removing, growing. */
#include "../../src/server/table.h"

#include "check.h"

enum { NAMES = 5000 };

struct named {
  struct table_entry entry;
  char name[16];
};

static const unsigned char seed[TABLE_SEED_SIZE] = {0, 1, 2,  3,  4,  5,  6,  7,
                                                    8, 9, 10, 11, 12, 13, 14, 15};

/* From the reference implementation's vectors: key 00..0f, message 00..length-1. */
static const struct {
  const char *name;
  size_t length;
  uint64_t hash;
} vectors[] = {
    {"no bytes", 0, 0x726fdb47dd0e0e31U},
    {"one byte", 1, 0x74f839c593dc67fdU},
    {"one word", 8, 0x93f5f5799a932462U},
    {"a word and a rest", 15, 0xa129ca6149be45e5U},
};

static void hashes_as_published(void) {
  char message[16];
  for (size_t i = 0; i < sizeof message; i++)
    message[i] = (char)i;
  for (size_t i = 0; i < CHECK_COUNT(vectors); i++) {
    check_row(vectors[i].name);
    CHECK(table_siphash(seed, message, vectors[i].length) == vectors[i].hash);
  }
}

static struct table_entry *find(const struct table *table, const char *name, size_t length) {
  return table_find(table, table_hash(table, name, length), name, length);
}

static void make_names(const struct table *table, struct named *names) {
  for (size_t i = 0; i < NAMES; i++) {
    const int length = snprintf(names[i].name, sizeof names[i].name, "topic-%zu", i);
    names[i].entry.name = names[i].name;
    names[i].entry.length = (size_t)length;
    names[i].entry.hash = table_hash(table, names[i].name, (size_t)length);
  }
}

static void finds_what_was_put_in(void) {
  struct table table;
  struct named *names = calloc(NAMES, sizeof *names);
  if (names == NULL || !table_start(&table, seed)) abort();
  make_names(&table, names);
  check_row("empty table");
  CHECK(find(&table, "topic-0", 7) == NULL);
  CHECK(table_any(&table) == NULL);
  check_row("5000 names");
  for (size_t i = 0; i < NAMES; i++)
    table_insert(&table, &names[i].entry);
  CHECK(table.count == NAMES);
  CHECK(table.bucket_count >= NAMES);
  for (size_t i = 0; i < NAMES; i++)
    CHECK(find(&table, names[i].name, names[i].entry.length) == &names[i].entry);
  check_row("a name that begins like another");
  CHECK(find(&table, "topic-", 6) == NULL);
  CHECK(find(&table, "topic-1\0", 8) == NULL);
  check_row("every second one removed");
  for (size_t i = 0; i < NAMES; i += 2)
    table_remove(&table, &names[i].entry);
  for (size_t i = 0; i < NAMES; i++) {
    const struct table_entry *expected = i % 2 == 0 ? NULL : &names[i].entry;
    CHECK(find(&table, names[i].name, names[i].entry.length) == expected);
  }
  check_row("gone through");
  size_t seen = 0;
  for (struct table_entry *entry = NULL; (entry = table_after(&table, entry)) != NULL; seen++)
    CHECK(find(&table, entry->name, entry->length) == entry);
  CHECK(seen == NAMES / 2);
  check_row("emptied one by one");
  size_t left = NAMES / 2;
  for (struct table_entry *entry; (entry = table_any(&table)) != NULL; left--)
    table_remove(&table, entry);
  CHECK(left == 0 && table.count == 0);
  table_end(&table);
  free(names);
}

static void another_seed_hashes_otherwise(void) {
  check_row("seed");
  unsigned char other[TABLE_SEED_SIZE];
  memcpy(other, seed, sizeof other);
  other[15] ^= 1;
  CHECK(table_siphash(seed, "chat", 4) != table_siphash(other, "chat", 4));
}

int main(void) {
  hashes_as_published();
  finds_what_was_put_in();
  another_seed_hashes_otherwise();
  return check_report();
}
