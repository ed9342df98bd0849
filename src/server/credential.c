/* Base64 and JSON of other people's making: everything is checked before it is believed. */
#include "credential.h"

#include "../wire/base64.h"
#include "../wire/json.h"
#include "../wire/word.h"

#include <stdlib.h>
#include <string.h>

/* Finds the string member api_key of the object that document is; the last one counts. */
static bool find_api_key(const char *document, size_t length, struct json_string *api_key) {
  struct json json = {document, document + length};
  bool found = false;
  if (!json_take(&json, '{')) {
    return false;
  }
  do {
    struct json_string name;
    if (!json_string(&json, &name) || !json_take(&json, ':')) {
      return false;
    }
    if (json_string_is(&name, "api_key", 7)) {
      if (!json_string(&json, api_key)) {
        return false;
      }
      found = true;
    } else if (!json_skip(&json)) {
      return false;
    }
  } while (json_take(&json, ','));
  return json_take(&json, '}') && json_at_end(&json) && found;
}

size_t credential_unwrap(const char *text, size_t length, char inner[CREDENTIAL_MAX]) {
  char document[CREDENTIAL_MAX];
  size_t document_length = 0;
  struct json_string api_key;
  while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r')) {
    length--; /* what `base64` and an editor leave at the end */
  }
  if (length > CREDENTIAL_MAX || base64_decoded_max(length) > sizeof document) {
    return 0;
  }
  /* Base64 of what begins with '{' begins with 'e'; most keys need not be decoded to see that. */
  if (length > 0 && text[0] == 'e' && base64_decode(text, length, document, &document_length) &&
      find_api_key(document, document_length, &api_key)) {
    return json_string_decode(&api_key, inner);
  }
  memcpy(inner, text, length);
  return length;
}

char *credential_wrap(const char *endpoint, const char *key) {
  static const char before_endpoint[] = "{\"endpoint\":";
  static const char before_key[] = ",\"api_key\":";
  const size_t most = sizeof before_endpoint + json_quoted_max(strlen(endpoint)) +
                      sizeof before_key + json_quoted_max(strlen(key));
  char *document = malloc(most);
  char *text = malloc(base64_encoded_size(most) + 1);
  if (document == NULL || text == NULL) {
    free(document);
    free(text);
    return NULL;
  }
  size_t length = sizeof before_endpoint - 1;
  memcpy(document, before_endpoint, length);
  length += json_quote(endpoint, strlen(endpoint), document + length);
  memcpy(document + length, before_key, sizeof before_key - 1);
  length += sizeof before_key - 1;
  length += json_quote(key, strlen(key), document + length);
  document[length++] = '}';
  base64_encode(document, length, text);
  text[base64_encoded_size(length)] = '\0';
  free(document);
  return text;
}

bool credential_equal(const char *a, size_t a_length, const char *b, size_t b_length) {
  volatile uint64_t difference = a_length ^ b_length;
  const size_t length = a_length < b_length ? a_length : b_length;
  size_t i = 0;
  for (; length - i >= WORD_SIZE; i += WORD_SIZE) {
    difference |= word_load(a + i) ^ word_load(b + i);
  }
  for (; i < length; i++) {
    difference |= (unsigned char)a[i] ^ (unsigned char)b[i];
  }
  return difference == 0;
}
