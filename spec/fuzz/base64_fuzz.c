/* Base64: any bytes come back; what is taken as text encodes to the same digits; the check in
   pieces agrees with the decoder wherever the text is cut. */
#include "../../src/wire/base64.h"

#include "fuzz.h"

static void encode_and_back(const char *bytes, size_t length) {
  size_t size = base64_encoded_size(length);
  char *text = fuzz_room(size);
  size_t back = 0;
  base64_encode(bytes, length, text);
  demand(base64_decode(text, size, text, &back) && back == length);
  demand(length == 0 || memcmp(text, bytes, length) == 0);
  free(text);
}

static char standard(char digit) {
  return (char)(digit == '-' ? '+' : digit == '_' ? '/' : digit);
}

/* The digits of text, in the standard alphabet, are those of the encoding of bytes. */
static void demand_same_digits(const char *text, size_t length, const char *bytes, size_t count) {
  size_t size = base64_encoded_size(count);
  char *again = fuzz_room(size);
  base64_encode(bytes, count, again);
  demand(length <= size);
  for (size_t i = 0; i < size; i++)
    demand(again[i] == (i < length ? standard(text[i]) : '='));
  free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length) {
  if (length == 0) return 0;
  size_t cut = data[0] % length;
  const char *text = (const char *)data + 1;
  length--;
  encode_and_back(text, length);
  char *out = fuzz_room(base64_decoded_max(length));
  size_t out_length = 0;
  struct base64_check check = {0};
  bool good = base64_decode(text, length, out, &out_length);
  bool whole = base64_check_piece(&check, text, cut) &&
               base64_check_piece(&check, text + cut, length - cut) && base64_check_whole(&check);
  demand(good == whole);
  if (good) {
    demand(out_length <= base64_decoded_max(length));
    demand_same_digits(text, length, out, out_length);
  }
  free(out);
  return 0;
}
