/* The table of topicsd's flags: their names, which field of the options each sets, their bounds,
   and what --help says of them. Knows neither where the words come from nor what the fields do. */
#ifndef TOPICSD_FLAGS_H
#define TOPICSD_FLAGS_H

#include "options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum flag_kind {
  FLAG_SWITCH,
  FLAG_TEXT,
  FLAG_ORIGIN, /* http://host[:port] */
  FLAG_WORDS,  /* repeatable */
  FLAG_PORT,
  FLAG_ADMIN_PORT,
  FLAG_COUNT_SIZE, /* a size_t */
  FLAG_COUNT_64,
  FLAG_SECONDS_32, /* kept in milliseconds */
  FLAG_SECONDS_64,
  FLAG_LIMITS,
  FLAG_HELP,
  FLAG_VERSION
};

struct flag {
  const char *name;
  enum flag_kind kind;
  size_t field;                /* offset in struct options */
  unsigned long long min, max; /* of a number, in units of the field */
  const char *argument;        /* NULL: takes none */
  const char *help;            /* lines */
};

extern const struct flag flags[];
extern const size_t flag_count;

/* The flag of that name, without dashes; NULL: there is none. */
const struct flag *flag_named(const char *name, size_t length);

/* Sets the flag's field from text, which must outlive the options and is NULL for a flag that takes
   no argument. Returns false, with what is wrong in problem. */
bool flag_set(const struct flag *flag, const char *text, struct options *options,
              char problem[OPTIONS_PROBLEM_SIZE]);

/* Prints each flag and its default. */
void flags_explain(FILE *out, const struct options *defaults);

#endif
