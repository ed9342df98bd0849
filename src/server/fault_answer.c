#include "fault_answer.h"

#include "../wire/envelope.h"
#include "../wire/json.h"
#include "../wire/number.h"

#include <stdlib.h>
#include <string.h>

#define NO_ITEMS ENVELOPE_HEAD ENVELOPE_TAIL

static const char NO_JSON = '\001'; /* a control byte: allowed nowhere, not even in a string */

struct slice {
  const char *bytes;
  size_t length;
};

static struct answer *answer_error_of(const struct fault *fault) {
  char header[sizeof "Retry-After: \r\n" + NUMBER_U64_SIZE] = "";
  if (fault->retry_after >= 0) {
    strcpy(header, "Retry-After: ");
    number_format_u64((uint64_t)fault->retry_after, header + strlen(header));
    strcat(header, "\r\n");
  }
  return answer_error(fault->status, "A fault that was asked for", NULL, header);
}

struct answer *fault_answer_instead(const struct fault *fault, enum fault_rpc rpc) {
  if (fault->status != 0) return answer_error_of(fault);
  if (fault->kind != FAULT_EMPTY || rpc != FAULT_SUBSCRIBE) return NULL;
  struct answer *answer = answer_json(sizeof NO_ITEMS - 1);
  if (answer != NULL) memcpy(answer->bytes + answer->body_at, NO_ITEMS, sizeof NO_ITEMS - 1);
  return answer;
}

/* Head and body as those of answer, which has a body; NULL: no memory. */
static struct answer *copy_of(const struct answer *answer) {
  struct answer *copy = malloc(sizeof *copy + answer->length);
  if (copy == NULL) return NULL;
  memcpy(copy, answer, sizeof *copy + answer->length);
  copy->references = 1;
  return copy;
}

static struct answer *malformed(const struct answer *answer) {
  struct answer *copy = copy_of(answer);
  if (copy != NULL) copy->bytes[(copy->body_at + copy->length) / 2] = NO_JSON;
  return copy;
}

/* Where the digits of Content-Length begin, which every answer with a body has as its last field.
 */
static size_t length_at(const struct answer *answer) {
  size_t at = answer->body_at - sizeof "\r\n\r\n" + 1;
  while (answer->bytes[at - 1] != ' ')
    at--;
  return at;
}

static struct answer *announced(const struct answer *answer, uint64_t length) {
  char digits[NUMBER_U64_SIZE];
  const size_t size = number_format_u64(length, digits);
  const size_t at = length_at(answer);
  const size_t end = answer->body_at - sizeof "\r\n\r\n" + 1;
  struct answer *copy = malloc(sizeof *copy + answer->length + size);
  if (copy == NULL) return NULL;
  memcpy(copy, answer, sizeof *copy + at);
  memcpy(copy->bytes + at, digits, size);
  memcpy(copy->bytes + at + size, answer->bytes + end, answer->length - end);
  copy->references = 1;
  copy->body_at = answer->body_at - (end - at) + size;
  copy->length = copy->body_at + answer->length - answer->body_at;
  return copy;
}

/* Takes the next element of an envelope; *first is true before the first one. */
static bool next_element(struct json *json, bool *first, struct slice *element) {
  if (!*first && !json_take(json, ',')) return false;
  if (*first && json_peek(json) == ']') return false;
  *first = false;
  element->bytes = json->at;
  if (!json_skip(json)) return false;
  element->length = (size_t)(json->at - element->bytes);
  return true;
}

static bool is_item(struct slice element) {
  static const char head[] = "{\"item\"";
  return element.length >= sizeof head - 1 && memcmp(element.bytes, head, sizeof head - 1) == 0;
}

static char *append(char *out, struct slice slice) {
  memcpy(out, slice.bytes, slice.length);
  return out + slice.length;
}

/* Writes the elements of the envelope as the fault wants them; returns the end of them. */
static char *write_elements(const struct fault *fault, struct json json, char *out) {
  const char *begin = out;
  bool first = true, skipped = false;
  struct slice element;
  while (next_element(&json, &first, &element)) {
    const bool item = is_item(element);
    const bool skip = item && fault->kind == FAULT_SKIP && !skipped;
    skipped = skipped || skip;
    const int times = skip ? 0 : item && fault->kind == FAULT_DUPLICATE ? 2 : 1;
    for (int i = 0; i < times; i++) {
      if (out != begin) *out++ = ',';
      out = append(out, element);
    }
  }
  return out;
}

static struct answer *rearranged(const struct fault *fault, const struct answer *answer) {
  const char *body = answer->bytes + answer->body_at;
  const size_t length = answer->length - answer->body_at;
  const size_t head = sizeof ENVELOPE_HEAD - 1;
  if (answer->status != 200 || length < head || memcmp(body, ENVELOPE_HEAD, head) != 0) return NULL;
  const struct json elements = {body + head, body + length};
  char *room = malloc(2 * length);
  if (room == NULL) return NULL;
  char *end = append(room, (struct slice){ENVELOPE_HEAD, head});
  end = write_elements(fault, elements, end);
  end = append(end, (struct slice){ENVELOPE_TAIL, sizeof ENVELOPE_TAIL - 1});
  struct answer *other = answer_json((size_t)(end - room));
  if (other != NULL) memcpy(other->bytes + other->body_at, room, (size_t)(end - room));
  free(room);
  return other;
}

static struct answer *spoilt(const struct fault *fault, const struct answer *answer) {
  switch (fault->kind) {
  case FAULT_MALFORMED:
    return malformed(answer);
  case FAULT_WRONG_LENGTH:
    return announced(answer, answer->length - answer->body_at + fault->amount);
  case FAULT_DUPLICATE:
  case FAULT_SKIP:
    return rearranged(fault, answer);
  default:
    return NULL;
  }
}

struct answer *fault_answer_spoil(const struct fault *fault, struct answer *answer) {
  if (answer->length == answer->body_at) return answer;
  struct answer *other = spoilt(fault, answer);
  if (other == NULL) return answer;
  answer_release(answer);
  return other;
}
