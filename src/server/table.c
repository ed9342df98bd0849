/* Chained buckets over SipHash-2-4 (Aumasson and Bernstein, 2012). */
#include "table.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_BUCKETS = 64 };

static uint64_t rotate(uint64_t word, unsigned bits) {
  return word << bits | word >> (64 - bits);
}

static uint64_t little_endian(const unsigned char *bytes, size_t length) {
  uint64_t word = 0;
  for (size_t i = 0; i < length; i++) {
    word |= (uint64_t)bytes[i] << (8 * i);
  }
  return word;
}

static void sip_round(uint64_t v[4]) {
  v[0] += v[1];
  v[2] += v[3];
  v[1] = rotate(v[1], 13) ^ v[0];
  v[3] = rotate(v[3], 16) ^ v[2];
  v[0] = rotate(v[0], 32);
  v[2] += v[1];
  v[0] += v[3];
  v[1] = rotate(v[1], 17) ^ v[2];
  v[3] = rotate(v[3], 21) ^ v[0];
  v[2] = rotate(v[2], 32);
}

static void sip_absorb(uint64_t v[4], uint64_t word) {
  v[3] ^= word;
  sip_round(v);
  sip_round(v);
  v[0] ^= word;
}

uint64_t table_siphash(const unsigned char key[TABLE_SEED_SIZE], const char *bytes, size_t length) {
  const uint64_t k0 = little_endian(key, 8);
  const uint64_t k1 = little_endian(key + 8, 8);
  uint64_t v[4] = {k0 ^ 0x736f6d6570736575U, k1 ^ 0x646f72616e646f6dU, k0 ^ 0x6c7967656e657261U,
                   k1 ^ 0x7465646279746573U};
  const unsigned char *at = (const unsigned char *)bytes;
  size_t left = length;
  for (; left >= 8; left -= 8, at += 8) {
    sip_absorb(v, little_endian(at, 8));
  }
  sip_absorb(v, (uint64_t)length << 56 | little_endian(at, left));
  v[2] ^= 0xff;
  for (int i = 0; i < 4; i++) {
    sip_round(v);
  }
  return v[0] ^ v[1] ^ v[2] ^ v[3];
}

bool table_start(struct table *table, const unsigned char seed[TABLE_SEED_SIZE]) {
  table->buckets = calloc(FIRST_BUCKETS, sizeof(struct table_entry *));
  table->bucket_count = FIRST_BUCKETS;
  table->count = 0;
  memcpy(table->seed, seed, TABLE_SEED_SIZE);
  return table->buckets != NULL;
}

void table_end(struct table *table) {
  free(table->buckets);
  table->buckets = NULL;
  table->count = 0;
}

uint64_t table_hash(const struct table *table, const char *name, size_t length) {
  return table_siphash(table->seed, name, length);
}

static struct table_entry **bucket_of(struct table_entry **buckets, size_t count, uint64_t hash) {
  return &buckets[hash & (count - 1)];
}

static void push(struct table_entry **bucket, struct table_entry *entry) {
  entry->next = *bucket;
  *bucket = entry;
}

struct table_entry *table_find(const struct table *table, uint64_t hash, const char *name,
                               size_t length) {
  struct table_entry *entry = *bucket_of(table->buckets, table->bucket_count, hash);
  while (entry != NULL && !(entry->hash == hash && entry->length == length &&
                            memcmp(entry->name, name, length) == 0)) {
    entry = entry->next;
  }
  return entry;
}

static void grow(struct table *table) {
  const size_t count = table->bucket_count * 2;
  struct table_entry **buckets = calloc(count, sizeof *buckets);
  if (buckets == NULL) {
    return;
  }
  for (size_t i = 0; i < table->bucket_count; i++) {
    for (struct table_entry *entry = table->buckets[i], *next; entry != NULL; entry = next) {
      next = entry->next;
      push(bucket_of(buckets, count, entry->hash), entry);
    }
  }
  free(table->buckets);
  table->buckets = buckets;
  table->bucket_count = count;
}

void table_insert(struct table *table, struct table_entry *entry) {
  if (table->count >= table->bucket_count) {
    grow(table);
  }
  push(bucket_of(table->buckets, table->bucket_count, entry->hash), entry);
  table->count++;
}

void table_remove(struct table *table, struct table_entry *entry) {
  struct table_entry **link = bucket_of(table->buckets, table->bucket_count, entry->hash);
  while (*link != entry) {
    link = &(*link)->next;
  }
  *link = entry->next;
  table->count--;
}

/* The first entry in the buckets from index on. */
static struct table_entry *first_from(const struct table *table, size_t index) {
  for (; index < table->bucket_count; index++) {
    if (table->buckets[index] != NULL) {
      return table->buckets[index];
    }
  }
  return NULL;
}

struct table_entry *table_any(const struct table *table) {
  return table->count == 0 ? NULL : first_from(table, 0);
}

struct table_entry *table_after(const struct table *table, const struct table_entry *entry) {
  if (entry == NULL) {
    return table_any(table);
  }
  if (entry->next != NULL) {
    return entry->next;
  }
  return first_from(table, (size_t)(entry->hash & (table->bucket_count - 1)) + 1);
}
