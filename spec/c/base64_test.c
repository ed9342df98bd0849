/* Base64: the vectors of RFC 4648 section 10, both alphabets, and every way to be no encoding. */
#include "../../src/wire/base64.h"

#include "check.h"

struct row {
  const char *text;
  const char *bytes;
  size_t length;
};

static const struct row written[] = {
    {"", CHECK_LITERAL("")},
    {"Zg==", CHECK_LITERAL("f")},
    {"Zm8=", CHECK_LITERAL("fo")},
    {"Zm9v", CHECK_LITERAL("foo")},
    {"Zm9vYg==", CHECK_LITERAL("foob")},
    {"Zm9vYmE=", CHECK_LITERAL("fooba")},
    {"Zm9vYmFy", CHECK_LITERAL("foobar")},
    {"AAAA", CHECK_LITERAL("\0\0\0")},
    {"+/+/", CHECK_LITERAL("\xfb\xff\xbf")},
    {"/////w==", CHECK_LITERAL("\xff\xff\xff\xff")},
};

static const struct row also_read[] = {
    {"Zg", CHECK_LITERAL("f")},
    {"Zm8", CHECK_LITERAL("fo")},
    {"Zm9vYg", CHECK_LITERAL("foob")},
    {"-_-_", CHECK_LITERAL("\xfb\xff\xbf")},
    {"_____w", CHECK_LITERAL("\xff\xff\xff\xff")},
    {"_____w==", CHECK_LITERAL("\xff\xff\xff\xff")},
};

static const struct {
  const char *name;
  const char *text;
} refused[] = {
    {"one digit", "Z"},
    {"five digits", "Zm9vZ"},
    {"one digit, padded", "Z==="},
    {"padding alone", "="},
    {"four paddings", "===="},
    {"one padding too few", "Zg="},
    {"one padding too many", "Zm8=="},
    {"padding after a whole group", "Zm9v="},
    {"three paddings", "Zg==="},
    {"padding inside", "Zg==Zg=="},
    {"padding first", "=Zm9"},
    {"digit after padding", "Zm=8"},
    {"set bits past one byte", "Zh=="},
    {"set bits past one byte, not padded", "Zh"},
    {"set bits past two bytes", "Zm9="},
    {"space", "Zm 9v"},
    {"newline at the end", "Zm9v\n"},
    {"quote", "Zm9\""},
    {"period", "Zm9."},
    {"past ASCII", "Zm9\xc3"},
};

static bool decodes(const char *text, char *out, size_t *length) {
  char *copy = check_copy(text, strlen(text));
  bool good = base64_decode(copy, strlen(text), out, length);
  free(copy);
  return good;
}

static void writes_and_reads(void) {
  for (size_t i = 0; i < CHECK_COUNT(written); i++) {
    const struct row *row = &written[i];
    check_row(row->text);
    size_t size = base64_encoded_size(row->length);
    char out[16];
    base64_encode(row->bytes, row->length, out);
    CHECK_BYTES(out, size, row->text, strlen(row->text));
    char decoded[16];
    size_t length = 0;
    if (CHECK(decodes(row->text, decoded, &length)))
      CHECK_BYTES(decoded, length, row->bytes, row->length);
    CHECK(length <= base64_decoded_max(strlen(row->text)));
  }
  for (size_t i = 0; i < CHECK_COUNT(also_read); i++) {
    const struct row *row = &also_read[i];
    check_row(row->text);
    char decoded[16];
    size_t length = 0;
    if (CHECK(decodes(row->text, decoded, &length)))
      CHECK_BYTES(decoded, length, row->bytes, row->length);
    CHECK(length <= base64_decoded_max(strlen(row->text)));
  }
}

static void refuses(void) {
  for (size_t i = 0; i < CHECK_COUNT(refused); i++) {
    check_row(refused[i].name);
    char decoded[16];
    size_t length = 0;
    CHECK(!decodes(refused[i].text, decoded, &length));
  }
}

/* Every byte value at every place of a group, in place of its own text. */
static void decodes_in_place(void) {
  check_row("in place");
  bool all = true;
  for (size_t size = 1; size <= 4; size++)
    for (unsigned byte = 0; byte <= 255; byte++) {
      char bytes[4] = {(char)byte, (char)(byte + 85), (char)(byte * 7), (char)~byte};
      char text[8];
      size_t length = 0;
      base64_encode(bytes, size, text);
      all = all && base64_decode(text, base64_encoded_size(size), text, &length);
      all = all && length == size && memcmp(text, bytes, size) == 0;
    }
  CHECK(all);
}

static bool check_in_pieces(const char *text, size_t cut) {
  struct base64_check check = {0};
  return base64_check_piece(&check, text, cut) &&
         base64_check_piece(&check, text + cut, strlen(text) - cut) && base64_check_whole(&check);
}

static void checks_text_in_pieces(void) {
  check_row("cut anywhere");
  for (size_t i = 0; i < CHECK_COUNT(written); i++)
    for (size_t cut = 0; cut <= strlen(written[i].text); cut++)
      CHECK(check_in_pieces(written[i].text, cut));
  for (size_t i = 0; i < CHECK_COUNT(refused); i++)
    for (size_t cut = 0; cut <= strlen(refused[i].text); cut++)
      CHECK(!check_in_pieces(refused[i].text, cut));
}

int main(void) {
  writes_and_reads();
  refuses();
  decodes_in_place();
  checks_text_in_pieces();
  return check_report();
}
