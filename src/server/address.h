/* IP addresses as the access log needs them: who is a trusted proxy, and which client it speaks
   for. Addresses of both families are kept in the form of IPv6. */
#ifndef TOPICSD_ADDRESS_H
#define TOPICSD_ADDRESS_H

#include "field.h"

#include <stdbool.h>
#include <stddef.h>

struct sockaddr;

struct address {
  unsigned char bytes[16]; /* all zero: unknown */
};

struct address_range {
  struct address first;
  unsigned bits; /* of first, that an address within has in common with it */
};

enum { ADDRESS_TEXT_SIZE = 46 };

/* Unknown for anything but IPv4 and IPv6. */
struct address address_of(const struct sockaddr *socket_address);

/* Reads "10.0.0.1", "::1". */
bool address_parse(struct field_text text, struct address *address);

/* Reads an address, or "10.0.0.0/8". */
bool address_range_parse(const char *text, struct address_range *range);

/* Writes it as people do, NUL-terminated; "-" when it is unknown. */
void address_format(const struct address *address, char text[ADDRESS_TEXT_SIZE]);

/* The client that a request comes from. peer is who connected, forwarded the X-Forwarded-For of the
   request (bytes NULL: it has none), whose last address the peer put there. Each trusted address is
   believed about the one before it. */
struct address address_of_client(struct address peer, struct field_text forwarded,
                                 const struct address_range *trusted, size_t trusted_count);

#endif
