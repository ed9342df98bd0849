/* Which client a request comes from, as its proxies tell. */
#include "../../src/server/address.h"
#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

static struct field_text text_of(const char *text) {
  return (struct field_text){text, text != NULL ? strlen(text) : 0};
}

static void test_formats(void) {
  static const struct {
    const char *text;
    const char *formatted; /* NULL: no address */
  } rows[] = {
      {"127.0.0.1", "127.0.0.1"},
      {"255.255.255.255", "255.255.255.255"},
      {"::1", "::1"},
      {"2001:db8::a", "2001:db8::a"},
      {"2001:DB8:0::A", "2001:db8::a"},
      {"::ffff:1.2.3.4", "1.2.3.4"},
      {"", NULL},
      {"1.2.3", NULL},
      {"1.2.3.256", NULL},
      {"1.2.3.4:80", NULL},
      {"[::1]", NULL},
      {"host", NULL},
      {"unknown", NULL},
      {"1.2.3.4 ", NULL},
      {"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb", NULL},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    check_row(rows[i].text);
    struct address address;
    bool parsed = address_parse(text_of(rows[i].text), &address);
    if (!CHECK(parsed == (rows[i].formatted != NULL)) || !parsed) continue;
    char formatted[ADDRESS_TEXT_SIZE];
    address_format(&address, formatted);
    CHECK(strcmp(formatted, rows[i].formatted) == 0);
  }
  check_row("");
}

static void test_socket_addresses(void) {
  char text[ADDRESS_TEXT_SIZE];
  struct sockaddr_in v4 = {.sin_family = AF_INET};
  inet_pton(AF_INET, "10.1.2.3", &v4.sin_addr);
  struct address address = address_of((const struct sockaddr *)&v4);
  address_format(&address, text);
  CHECK(strcmp(text, "10.1.2.3") == 0);

  struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
  address = address_of((const struct sockaddr *)&v6);
  address_format(&address, text);
  CHECK(strcmp(text, "::1") == 0);

  struct sockaddr local = {.sa_family = AF_UNIX};
  address = address_of(&local);
  address_format(&address, text);
  CHECK(strcmp(text, "-") == 0);
}

static void test_ranges(void) {
  static const char *const wrong[] = {
      "",        "/8",         "1.2.3.4/",   "1.2.3.4/33",   "1.2.3.4/-1",
      "::1/129", "1.2.3.4/8x", "1.2.3.4/ 8", "1.2.3.4/0008", "localhost"};
  struct address_range range;
  for (size_t i = 0; i < CHECK_COUNT(wrong); i++) {
    check_row(wrong[i]);
    CHECK(!address_range_parse(wrong[i], &range));
  }
  check_row("");
}

static void test_clients(void) {
  static const struct {
    const char *trusted; /* one range, or NULL */
    const char *peer;
    const char *forwarded;
    const char *client;
  } rows[] = {
      {NULL, "1.1.1.1", NULL, "1.1.1.1"},
      {NULL, "1.1.1.1", "2.2.2.2", "1.1.1.1"},
      {"1.1.1.1", "1.1.1.1", NULL, "1.1.1.1"},
      {"1.1.1.1", "1.1.1.1", "2.2.2.2", "2.2.2.2"},
      {"1.1.1.1", "1.1.1.1", " 2.2.2.2\t", "2.2.2.2"},
      {"1.1.1.1", "1.1.1.2", "2.2.2.2", "1.1.1.2"},
      {"1.1.1.1", "1.1.1.1", "9.9.9.9, 2.2.2.2", "2.2.2.2"},
      {"1.1.1.0/24", "1.1.1.1", "9.9.9.9, 2.2.2.2, 1.1.1.7", "2.2.2.2"},
      {"1.1.1.0/24", "1.1.1.1", "1.1.1.3,1.1.1.2", "1.1.1.3"},
      {"1.1.1.0/25", "1.1.1.128", "2.2.2.2", "1.1.1.128"},
      {"1.1.1.0/25", "1.1.1.127", "2.2.2.2", "2.2.2.2"},
      {"0.0.0.0/0", "1.1.1.1", "2.2.2.2, 3.3.3.3", "2.2.2.2"},
      {"0.0.0.0/0", "::1", "2.2.2.2", "::1"},
      {"::/0", "1.1.1.1", "2.2.2.2", "2.2.2.2"},
      {"::1", "::1", "2001:db8::1", "2001:db8::1"},
      {"2001:db8::/33", "2001:db8:7fff::", "::2", "::2"},
      {"2001:db8::/33", "2001:db8:8000::", "::2", "2001:db8:8000::"},
      {"1.1.1.1", "1.1.1.1", "", "1.1.1.1"},
      {"1.1.1.1", "1.1.1.1", "2.2.2.2,", "1.1.1.1"},
      {"1.1.1.1", "1.1.1.1", "2.2.2.2, unknown", "1.1.1.1"},
      {"1.1.1.1", "1.1.1.1", "2.2.2.2:80", "1.1.1.1"},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    check_row(rows[i].forwarded != NULL ? rows[i].forwarded : "none");
    struct address_range range;
    size_t count = rows[i].trusted != NULL;
    struct address peer;
    CHECK(count == 0 || address_range_parse(rows[i].trusted, &range));
    CHECK(address_parse(text_of(rows[i].peer), &peer));
    struct address client = address_of_client(peer, text_of(rows[i].forwarded), &range, count);
    char text[ADDRESS_TEXT_SIZE];
    address_format(&client, text);
    if (!CHECK(strcmp(text, rows[i].client) == 0)) printf("  got %s\n", text);
  }
  check_row("");
}

int main(void) {
  test_formats();
  test_socket_addresses();
  test_ranges();
  test_clients();
  return check_report();
}
