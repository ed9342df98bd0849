#include "address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static const unsigned char v4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static struct address from_v4(const void *four_bytes) {
  struct address address;
  memcpy(address.bytes, v4_prefix, sizeof v4_prefix);
  memcpy(address.bytes + sizeof v4_prefix, four_bytes, 4);
  return address;
}

static bool is_v4(const struct address *address) {
  return memcmp(address->bytes, v4_prefix, sizeof v4_prefix) == 0;
}

struct address address_of(const struct sockaddr *socket_address) {
  struct address address = {{0}};
  if (socket_address->sa_family == AF_INET) {
    struct sockaddr_in v4;
    memcpy(&v4, socket_address, sizeof v4);
    address = from_v4(&v4.sin_addr);
  } else if (socket_address->sa_family == AF_INET6) {
    struct sockaddr_in6 v6;
    memcpy(&v6, socket_address, sizeof v6);
    memcpy(address.bytes, &v6.sin6_addr, sizeof address.bytes);
  }
  return address;
}

bool address_parse(struct field_text text, struct address *address) {
  char copy[ADDRESS_TEXT_SIZE];
  if (text.length == 0 || text.length >= sizeof copy) return false;
  memcpy(copy, text.bytes, text.length);
  copy[text.length] = '\0';
  if (strlen(copy) != text.length) return false;
  struct in_addr v4;
  if (inet_pton(AF_INET, copy, &v4) == 1) {
    *address = from_v4(&v4);
    return true;
  }
  return inet_pton(AF_INET6, copy, address->bytes) == 1;
}

static bool parse_bits(const char *text, unsigned most, unsigned *bits) {
  if (text[0] < '0' || text[0] > '9' || strlen(text) > 3) return false;
  char *end;
  const unsigned long number = strtoul(text, &end, 10);
  if (*end != '\0' || number > most) return false;
  *bits = (unsigned)number;
  return true;
}

bool address_range_parse(const char *text, struct address_range *range) {
  const char *slash = strchr(text, '/');
  const size_t length = slash != NULL ? (size_t)(slash - text) : strlen(text);
  if (!address_parse((struct field_text){text, length}, &range->first)) return false;
  range->bits = 128;
  if (slash == NULL) return true;
  const unsigned prefix = is_v4(&range->first) ? 8 * sizeof v4_prefix : 0;
  if (!parse_bits(slash + 1, 128 - prefix, &range->bits)) return false;
  range->bits += prefix;
  return true;
}

void address_format(const struct address *address, char text[ADDRESS_TEXT_SIZE]) {
  static const struct address unknown = {{0}};
  const char *made = NULL;
  if (is_v4(address))
    made = inet_ntop(AF_INET, address->bytes + sizeof v4_prefix, text, ADDRESS_TEXT_SIZE);
  else if (memcmp(address, &unknown, sizeof unknown) != 0)
    made = inet_ntop(AF_INET6, address->bytes, text, ADDRESS_TEXT_SIZE);
  if (made == NULL) strcpy(text, "-");
}

static bool within(const struct address *address, const struct address_range *range) {
  const unsigned whole = range->bits / 8;
  const unsigned rest = range->bits % 8;
  if (memcmp(address->bytes, range->first.bytes, whole) != 0) return false;
  if (rest == 0) return true;
  const unsigned mask = 0xffu << (8 - rest) & 0xffu;
  return ((address->bytes[whole] ^ range->first.bytes[whole]) & mask) == 0;
}

static bool is_trusted(const struct address *address, const struct address_range *trusted,
                       size_t count) {
  for (size_t i = 0; i < count; i++)
    if (within(address, &trusted[i])) return true;
  return false;
}

/* Takes the last member off a comma list. */
static bool take_last(struct field_text *list, struct field_text *member) {
  if (list->length == 0) return false;
  size_t begin = list->length;
  while (begin > 0 && list->bytes[begin - 1] != ',')
    begin--;
  struct field_text tail = {list->bytes + begin, list->length - begin};
  list->length = begin > 0 ? begin - 1 : 0;
  *member = tail;
  return field_next(&tail, member);
}

struct address address_of_client(struct address peer, struct field_text forwarded,
                                 const struct address_range *trusted, size_t trusted_count) {
  struct field_text member;
  struct address before;
  struct address client = peer;
  while (is_trusted(&client, trusted, trusted_count) && take_last(&forwarded, &member) &&
         address_parse(member, &before))
    client = before;
  return client;
}
