/* Unsigned 64-bit numbers: exact at both ends, and nothing but digits. */
#include "../../src/wire/number.h"

#include "check.h"

static const struct {
  const char *text;
  uint64_t value;
} numbers[] = {
    {"0", 0},
    {"1", 1},
    {"9", 9},
    {"10", 10},
    {"4294967296", UINT64_C(4294967296)},
    {"9007199254740993", UINT64_C(9007199254740993)}, /* 2^53 + 1: no double holds it */
    {"9223372036854775807", INT64_MAX},
    {"9223372036854775808", (uint64_t)INT64_MAX + 1},
    {"9999999999999999999", UINT64_C(9999999999999999999)},
    {"10000000000000000000", UINT64_C(10000000000000000000)},
    {"18446744073709551609", UINT64_MAX - 6},
    {"18446744073709551610", UINT64_MAX - 5},
    {"18446744073709551615", UINT64_MAX},
};

static const char *const refused[] = {
    "",
    "00",
    "01",
    "-1",
    "+1",
    "-0",
    " 1",
    "1 ",
    "1.0",
    "1e3",
    "0x10",
    "a",
    "1a",
    "1\n",
    "18446744073709551616", /* 2^64 */
    "1:",
    "1/",
    "18446744073709551620",
    "٣", /* a digit, but not one of ours */
    "28446744073709551615",
    "99999999999999999999",
    "100000000000000000000",
    "000000000000000000001",
};

static void reads_and_writes(void) {
  for (size_t i = 0; i < CHECK_COUNT(numbers); i++) {
    const char *text = numbers[i].text;
    check_row(text);
    uint64_t value = 0;
    char *copy = check_copy(text, strlen(text));
    CHECK(number_parse_u64(copy, strlen(text), &value) && value == numbers[i].value);
    free(copy);
    char out[NUMBER_U64_SIZE];
    size_t length = number_format_u64(numbers[i].value, out);
    CHECK_BYTES(out, length, text, strlen(text));
    CHECK(out[length] == '\0');
  }
}

static void refuses(void) {
  for (size_t i = 0; i < CHECK_COUNT(refused); i++) {
    check_row(refused[i]);
    uint64_t value = 42;
    CHECK(!number_parse_u64(refused[i], strlen(refused[i]), &value));
    CHECK(value == 42);
  }
  check_row("a NUL is no digit");
  uint64_t value = 42;
  CHECK(!number_parse_u64(CHECK_LITERAL("1\0"), &value));
}

static void reads_no_further_than_length(void) {
  check_row("length");
  uint64_t value = 0;
  CHECK(number_parse_u64("12345", 3, &value) && value == 123);
}

int main(void) {
  reads_and_writes();
  refuses();
  reads_no_further_than_length();
  return check_report();
}
