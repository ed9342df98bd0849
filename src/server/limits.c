/* Holders are in a table and in a list in the order of use. Each request throws out a few of the
   longest unused, so far as they are back to where a new one would start. */
#include "limits.h"

#include "bucket.h"
#include "list.h"

#include <stdlib.h>
#include <string.h>

enum { FORGOTTEN_AT_ONCE = 2 };

struct usage {
  struct table_entry entry; /* by holder */
  struct list_link used;
  uint64_t holder;
  struct bucket operations;
  struct bucket bytes;
  uint32_t polls;
};

struct limits {
  struct table table;
  struct list_link used; /* longest unused first */
  bool none;             /* nothing is limited, nobody remembered */
  struct bucket_rate operations;
  struct bucket_rate bytes;
  uint64_t polls;
};

struct limits *limits_new(const struct limits_options *options) {
  struct limits *limits = calloc(1, sizeof *limits);
  if (limits == NULL) {
    return NULL;
  }
  const uint64_t message = options->max_message_bytes;
  const uint64_t bytes = options->bytes_per_second;
  limits->operations =
      (struct bucket_rate){options->operations_per_second, options->operations_per_second};
  limits->bytes = (struct bucket_rate){bytes, bytes > message ? bytes : message};
  limits->polls = options->polls;
  limits->none = options->operations_per_second == 0 && bytes == 0 && options->polls == 0;
  list_start(&limits->used);
  if (!table_start(&limits->table, options->seed)) {
    limits_free(limits);
    return NULL;
  }
  return limits;
}

static void forget(struct limits *limits, struct usage *usage) {
  table_remove(&limits->table, &usage->entry);
  list_remove(&usage->used);
  free(usage);
}

static struct usage *longest_unused(struct limits *limits) {
  return LIST_OWNER(limits->used.next, struct usage, used);
}

static void use(struct limits *limits, struct usage *usage) {
  list_remove(&usage->used);
  list_append(&limits->used, &usage->used);
}

void limits_free(struct limits *limits) {
  if (limits == NULL) {
    return;
  }
  while (!list_empty(&limits->used)) {
    forget(limits, longest_unused(limits));
  }
  table_end(&limits->table);
  free(limits);
}

/* One whose polls wait is put to the end, so that it does not keep the others from being looked at.
 */
static void forget_some(struct limits *limits, uint64_t now_ms) {
  for (int i = 0; i < FORGOTTEN_AT_ONCE && !list_empty(&limits->used); i++) {
    struct usage *usage = longest_unused(limits);
    if (usage->polls > 0) {
      use(limits, usage);
    } else if (bucket_is_full(&usage->operations, &limits->operations, now_ms) &&
               bucket_is_full(&usage->bytes, &limits->bytes, now_ms)) {
      forget(limits, usage);
    }
  }
}

bool limits_usage(struct limits *limits, uint64_t holder, uint64_t now_ms, struct usage **usage) {
  *usage = NULL;
  if (limits->none) {
    return true;
  }
  forget_some(limits, now_ms);
  const char *name = (const char *)&holder;
  const uint64_t hash = table_hash(&limits->table, name, sizeof holder);
  struct table_entry *entry = table_find(&limits->table, hash, name, sizeof holder);
  struct usage *found = entry == NULL ? NULL : LIST_OWNER(entry, struct usage, entry);
  if (found == NULL) {
    found = calloc(1, sizeof *found);
    if (found == NULL) {
      return false;
    }
    found->holder = holder;
    found->entry = (struct table_entry){
        .hash = hash, .name = (const char *)&found->holder, .length = sizeof holder};
    list_start(&found->used);
    table_insert(&limits->table, &found->entry);
  }
  use(limits, found);
  *usage = found;
  return true;
}

uint64_t limits_take_operation(struct limits *limits, struct usage *usage, uint64_t now_ms) {
  return usage == NULL ? 0 : bucket_take(&usage->operations, &limits->operations, 1, now_ms);
}

uint64_t limits_take_bytes(struct limits *limits, struct usage *usage, size_t bytes,
                           uint64_t now_ms) {
  return usage == NULL ? 0 : bucket_take(&usage->bytes, &limits->bytes, bytes, now_ms);
}

bool limits_may_wait(const struct limits *limits, const struct usage *usage) {
  return usage == NULL || limits->polls == 0 || usage->polls < limits->polls;
}

uint32_t *limits_polls(struct usage *usage) {
  return usage == NULL ? NULL : &usage->polls;
}

size_t limits_count(const struct limits *limits) {
  return limits->table.count;
}
