/* What the C specs are written with. A spec is one program: a main that runs tables of rows and
   returns check_report(). A failure is printed with the row it belongs to and the run goes on, so
   that one run shows every failure. */
#ifndef MOMENTO_SPEC_CHECK_H
#define MOMENTO_SPEC_CHECK_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK_COUNT(table) (sizeof(table) / sizeof(table)[0])

/* A byte string literal and its length, NULs inside included: two arguments or two fields. */
#define CHECK_LITERAL(literal) (literal), sizeof(literal) - 1

static unsigned long check_passed;
static unsigned long check_failed;
static const char *check_row_name = "";

/* Names the row that the checks after this belong to. */
static inline void check_row(const char *name) {
  check_row_name = name;
}

static inline bool check_that(bool holds, const char *what, const char *file, int line) {
  if (holds)
    check_passed++;
  else
    check_failed++;
  if (!holds) printf("%s:%d: [%s] %s\n", file, line, check_row_name, what);
  return holds;
}

/* True when the condition holds, so that what depends on it can be left out. */
#define CHECK(condition) check_that((condition), #condition, __FILE__, __LINE__)

static inline void check_print(const char *label, const char *bytes, size_t length) {
  printf("  %s (%zu): ", label, length);
  for (size_t i = 0; i < length; i++) {
    unsigned char byte = (unsigned char)bytes[i];
    if (byte >= 0x20 && byte < 0x7F)
      putchar(byte);
    else
      printf("\\x%02x", (unsigned)byte);
  }
  putchar('\n');
}

static inline void check_bytes(const char *got, size_t got_length, const char *expected,
                               size_t expected_length, const char *what, const char *file,
                               int line) {
  bool same = got_length == expected_length && memcmp(got, expected, got_length) == 0;
  if (!check_that(same, what, file, line)) {
    check_print("got", got, got_length);
    check_print("expected", expected, expected_length);
  }
}

#define CHECK_BYTES(got, got_length, expected, expected_length)                                    \
  check_bytes(got, got_length, expected, expected_length, #got " == " #expected, __FILE__, __LINE__)

/* A copy in memory that is exactly as long, so that sanitizers see a read past either end. The
   caller frees it. */
static inline char *check_copy(const char *bytes, size_t length) {
  char *copy = malloc(length > 0 ? length : 1);
  if (copy == NULL) abort();
  if (length > 0) memcpy(copy, bytes, length);
  return copy;
}

/* Last line of a spec: prints the count, returns what main returns. */
static inline int check_report(void) {
  printf("%lu passed, %lu failed\n", check_passed, check_failed);
  return check_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
