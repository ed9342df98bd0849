/* Percent-encoding: any bytes come back from their escaped form; any text that is taken means the
   same after another round; decoding in place is decoding. */
#include "../../src/wire/url.h"

#include "fuzz.h"

static void escape_and_back(const char *bytes, size_t length) {
  char *escaped = fuzz_room(url_escaped_max(length));
  size_t back_length = 0;
  size_t escaped_length = url_escape(bytes, length, escaped);
  demand(escaped_length >= length && escaped_length <= url_escaped_max(length));
  for (size_t i = 0; i < escaped_length; i++)
    demand(escaped[i] > 0x20 && strchr("/?#&=+ \"", escaped[i]) == NULL);
  demand(url_unescape(escaped, escaped_length, escaped, &back_length) && back_length == length);
  demand(length == 0 || memcmp(escaped, bytes, length) == 0);
  free(escaped);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length) {
  const char *text = (const char *)data;
  escape_and_back(text, length);
  char *out = fuzz_room(length);
  char *in_place = fuzz_copy(text, length);
  size_t out_length = 0;
  size_t in_place_length = 0;
  bool good = url_unescape(text, length, out, &out_length);
  demand(url_unescape(in_place, length, in_place, &in_place_length) == good);
  if (good) {
    demand(out_length <= length && in_place_length == out_length);
    demand(memcmp(out, in_place, out_length) == 0);
    escape_and_back(out, out_length);
    bool control = out_length == 0;
    for (size_t i = 0; i < out_length; i++)
      control = control || (unsigned char)out[i] < 0x20 || out[i] == 0x7F;
    demand(url_name_valid(out, out_length) == !control);
  } else {
    demand(memchr(text, '%', length) != NULL);
  }
  free(in_place);
  free(out);
  return 0;
}
