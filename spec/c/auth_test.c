/* Credentials in every form they come in, and which of them are known. */
#include "../../src/server/auth.h"
#include "../../src/server/credential.h"
#include "../../src/wire/base64.h"

#include "check.h"

static const struct {
  const char *name;
  const char *text;
  const char *inner; /* NULL: the text itself */
} forms[] = {
    {"plain", "secret", NULL},
    {"empty", "", NULL},
    {"a JWT", "eyJhbGciOiJIUzI1NiJ9.eyJ0IjoiZyJ9.c2ln", NULL},
    {"base64 of something else", "c2VjcmV0", NULL},
};

static const struct {
  const char *name;
  const char *document;
  const char *inner; /* NULL: not a v1 key, so the base64 itself is the key */
} documents[] = {
    {"v1", "{\"endpoint\":\"h\",\"api_key\":\"secret\"}", "secret"},
    {"another order", "{\"api_key\":\"secret\",\"endpoint\":\"h\"}", "secret"},
    {"white space", "{ \"api_key\" : \"secret\" } \n", "secret"},
    {"begins with white space", " {\"api_key\":\"secret\"}", NULL},
    {"more members", "{\"a\":[1,{}],\"api_key\":\"secret\",\"b\":null}", "secret"},
    {"escapes", "{\"api_key\":\"s\\u0065cret\"}", "secret"},
    {"no api_key", "{\"endpoint\":\"h\"}", NULL},
    {"api_key is no string", "{\"api_key\":1}", NULL},
    {"no object", "[\"api_key\"]", NULL},
    {"cut off", "{\"api_key\":\"secret\"", NULL},
    {"more behind it", "{\"api_key\":\"secret\"}}", NULL},
    {"empty object", "{}", NULL},
};

static void check_unwraps(const char *text, const char *expected) {
  static char inner[CREDENTIAL_MAX];
  char *copy = check_copy(text, strlen(text));
  const size_t length = credential_unwrap(copy, strlen(text), inner);
  CHECK_BYTES(inner, length, expected, strlen(expected));
  free(copy);
}

/* text[0..256) gets document in base64, and end after it. */
static void encode(const char *document, const char *end, char *text) {
  const size_t length = base64_encoded_size(strlen(document));
  base64_encode(document, strlen(document), text);
  strcpy(text + length, end);
}

static void unwraps_every_form(void) {
  for (size_t i = 0; i < CHECK_COUNT(forms); i++) {
    check_row(forms[i].name);
    check_unwraps(forms[i].text, forms[i].inner == NULL ? forms[i].text : forms[i].inner);
  }
  for (size_t i = 0; i < CHECK_COUNT(documents); i++) {
    check_row(documents[i].name);
    char text[256];
    encode(documents[i].document, "", text);
    check_unwraps(text, documents[i].inner == NULL ? text : documents[i].inner);
  }
  check_row("a line end after it");
  char text[256];
  encode(documents[0].document, "\r\n", text);
  check_unwraps(text, "secret");
  check_unwraps("secret\n", "secret");
}

static void bounds_its_length(void) {
  static char text[CREDENTIAL_MAX + 1];
  static char inner[CREDENTIAL_MAX];
  memset(text, '-', sizeof text);
  check_row("as long as can be");
  CHECK(credential_unwrap(text, CREDENTIAL_MAX, inner) == CREDENTIAL_MAX);
  check_row("too long");
  CHECK(credential_unwrap(text, CREDENTIAL_MAX + 1, inner) == 0);
}

static const char v1_key[] = "eyJlbmRwb2ludCI6ImgiLCJhcGlfa2V5Ijoic2Vjb25kIn0="; /* "second" */
static const char *const keys[] = {"first", v1_key};

static const struct {
  const char *name;
  const char *credential;
  bool known;
} credentials[] = {
    {"a plain key", "first", true},
    {"a v1 key whole", v1_key, true},
    {"a v1 key without its padding", "eyJlbmRwb2ludCI6ImgiLCJhcGlfa2V5Ijoic2Vjb25kIn0", true},
    {"what is inside a v1 key", "second", true},
    {"a plain key as v1 with another endpoint",
     "eyJhcGlfa2V5IjoiZmlyc3QiLCJlbmRwb2ludCI6ImVsc2V3aGVyZSJ9", true},
    {"empty", "", false},
    {"the beginning of a key", "firs", false},
    {"a key and more", "first1", false},
    {"another case", "First", false},
    {"another key of the same length", "fjrst", false},
    {"Bearer", "Bearer first", false},
    {"a space before it", " first", false},
    {"a v1 key with an unknown key inside",
     "eyJlbmRwb2ludCI6ImgiLCJhcGlfa2V5IjoidGhpcmQifQ==", false},
};

static struct auth *new_auth(const char *const *list, size_t count, bool open) {
  const struct auth_options options = {.keys = list, .key_count = count, .open = open};
  return auth_new(&options);
}

static bool knows(struct auth *auth, const char *credential, size_t length) {
  struct grant grant;
  return auth_check(auth, credential, length, 1000, &grant);
}

static void knows_its_keys(void) {
  struct auth *auth = new_auth(keys, CHECK_COUNT(keys), false);
  if (auth == NULL) abort();
  for (size_t i = 0; i < CHECK_COUNT(credentials); i++) {
    check_row(credentials[i].name);
    const size_t length = strlen(credentials[i].credential);
    char *copy = check_copy(credentials[i].credential, length);
    CHECK(knows(auth, copy, length) == credentials[i].known);
    free(copy);
  }
  CHECK(!auth_is_open(auth));
  auth_free(auth);
}

static void refuses_keys_that_cannot_be(void) {
  check_row("no keys at all: nobody is known");
  struct auth *auth = new_auth(NULL, 0, false);
  CHECK(auth != NULL && !knows(auth, "", 0) && !knows(auth, "first", 5));
  auth_free(auth);
  check_row("an empty key");
  const char *const empty[] = {"first", ""};
  CHECK(new_auth(empty, 2, false) == NULL);
  check_row("open");
  auth = new_auth(NULL, 0, true);
  CHECK(auth != NULL && auth_is_open(auth));
  auth_free(auth);
}

static void knows_what_it_has_just_known(void) {
  check_row("the same again, and what only begins like it");
  struct auth *auth = new_auth(keys, CHECK_COUNT(keys), false);
  struct grant first, again, other;
  CHECK(auth != NULL && auth_check(auth, v1_key, strlen(v1_key), 0, &first));
  CHECK(auth_check(auth, v1_key, strlen(v1_key), 0, &again));
  CHECK(again.holder == first.holder && again.token == NULL);
  CHECK(!knows(auth, v1_key, strlen(v1_key) - 8) && !knows(auth, "", 0));
  CHECK(auth_check(auth, "first", 5, 0, &other) && other.holder != first.holder);
  CHECK(auth_check(auth, "second", 6, 0, &again) && again.holder == first.holder);
  check_row("one with more line ends than are kept");
  static char long_ended[2 * CREDENTIAL_MAX];
  memset(long_ended, '\n', sizeof long_ended);
  memcpy(long_ended, "second", 6);
  CHECK(auth_check(auth, long_ended, sizeof long_ended, 0, &again) && again.holder == first.holder);
  CHECK(auth_check(auth, "first", 5, 0, &again) && again.holder == other.holder);
  auth_free(auth);
}

static void replaces_its_keys(void) {
  check_row("other keys");
  const char *const first[] = {"one", "two"};
  const char *const second[] = {"three", "two"};
  const char *const wrong[] = {"four", ""};
  struct auth *auth = new_auth(first, 2, false);
  struct grant before, after;
  CHECK(auth != NULL && auth_check(auth, "two", 3, 0, &before));
  CHECK(!auth_set_keys(auth, wrong, 2));
  CHECK(knows(auth, "one", 3) && !knows(auth, "four", 4));
  CHECK(auth_set_keys(auth, second, 2));
  CHECK(!knows(auth, "one", 3) && knows(auth, "three", 5));
  check_row("who stays is the same holder");
  CHECK(auth_check(auth, "two", 3, 0, &after) && after.holder == before.holder);
  CHECK(auth_check(auth, "three", 5, 0, &after) && after.holder != before.holder);
  auth_free(auth);
}

static void compares_all_of_both(void) {
  check_row("comparison");
  CHECK(credential_equal("abc", 3, "abc", 3));
  CHECK(credential_equal("", 0, "", 0));
  CHECK(!credential_equal("abc", 3, "abd", 3));
  CHECK(!credential_equal("bbc", 3, "abc", 3));
  CHECK(!credential_equal("abc", 3, "ab", 2));
  CHECK(!credential_equal("ab", 2, "abc", 3));
  CHECK(!credential_equal("a\0b", 3, "a\0c", 3));
  const char text[] = "as long as a key that has two words and a bit";
  for (size_t length = 0; length < sizeof text; length++) {
    char other[sizeof text];
    memcpy(other, text, sizeof text);
    CHECK(credential_equal(text, length, other, length));
    CHECK(!credential_equal(text, length, other, length + 1));
    for (size_t at = 0; at < length; at++) {
      other[at] ^= 0x40;
      CHECK(!credential_equal(text, length, other, length));
      other[at] ^= 0x40;
    }
  }
}

int main(void) {
  unwraps_every_form();
  bounds_its_length();
  knows_its_keys();
  refuses_keys_that_cannot_be();
  knows_what_it_has_just_known();
  replaces_its_keys();
  compares_all_of_both();
  return check_report();
}
