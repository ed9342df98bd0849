/* A hash table of names. Names come from users, so the hash is keyed (SipHash) with random bytes:
   nobody can choose names that collide. Entries are embedded in what they find; the table owns its
   buckets alone. */
#ifndef TOPICSD_TABLE_H
#define TOPICSD_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TABLE_SEED_SIZE = 16 };

struct table_entry {
  struct table_entry *next; /* in its bucket */
  uint64_t hash;
  const char *name; /* the owner's; must stay as long as the entry is in the table */
  size_t length;
};

struct table {
  struct table_entry **buckets;
  size_t bucket_count; /* a power of two */
  size_t count;
  unsigned char seed[TABLE_SEED_SIZE];
};

/* false: no memory. */
bool table_start(struct table *table, const unsigned char seed[TABLE_SEED_SIZE]);

/* Frees the buckets; the entries are the caller's. */
void table_end(struct table *table);

uint64_t table_hash(const struct table *table, const char *name, size_t length);

/* The entry of that name, or NULL. hash is table_hash of the name. */
struct table_entry *table_find(const struct table *table, uint64_t hash, const char *name,
                               size_t length);

/* entry has hash, name and length set, and no entry has that name yet. Cannot fail: a table that
   finds no memory to grow gets slower instead. */
void table_insert(struct table *table, struct table_entry *entry);

/* entry is in the table. */
void table_remove(struct table *table, struct table_entry *entry);

/* Any one entry, or NULL when there is none: to empty a table. */
struct table_entry *table_any(const struct table *table);

/* The entry after that one, in no particular order; of NULL, the first. NULL: there is none. To go
   through a table that does not change meanwhile, but for entries before the one held. */
struct table_entry *table_after(const struct table *table, const struct table_entry *entry);

/* SipHash-2-4 of the bytes under a 16 byte key. */
uint64_t table_siphash(const unsigned char key[TABLE_SEED_SIZE], const char *bytes, size_t length);

#endif
