/* A list of words that are somebody else's, as command lines and files give them. */
#ifndef TOPICSD_NAMES_H
#define TOPICSD_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct names {
  const char **words; /* to be freed; the words themselves are borrowed */
  size_t count;
};

/* false: no memory. */
static inline bool names_add(struct names *names, const char *word) {
  const char **words = realloc(names->words, (names->count + 1) * sizeof *words);
  if (words == NULL) return false;
  words[names->count] = word;
  names->words = words;
  names->count++;
  return true;
}

static inline bool names_have(const struct names *names, const char *word) {
  for (size_t i = 0; i < names->count; i++)
    if (strcmp(names->words[i], word) == 0) return true;
  return false;
}

#endif
