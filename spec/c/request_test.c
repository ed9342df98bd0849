/* The heads of requests: what is one, what is refused and with which status. Each row is fed whole,
   a byte at a time, and in two pieces at every place, and must come to the same. */
#include "request_feed.h"

#define GET "GET /topics/a/b HTTP/1.1\r\n"
#define HOST "Host: h\r\n"
#define END "\r\n"
#define X8 "xxxxxxxx"
#define X64 X8 X8 X8 X8 X8 X8 X8 X8

static const struct feed_row start_lines[] = {
    {CHECK_LITERAL(GET HOST END), "GET /topics/a/b keep"},
    {CHECK_LITERAL("POST /t?sequence_number=1&x HTTP/1.1\r\n" HOST END),
     "POST /t?sequence_number=1&x keep"},
    {CHECK_LITERAL("\r\n" GET HOST END), "GET /topics/a/b keep"},
    {CHECK_LITERAL("\r\n\r\n" GET HOST END), "400"},
    {CHECK_LITERAL("OPTIONS * HTTP/1.1\r\n" HOST END), "OPTIONS * keep"},
    {CHECK_LITERAL("GET * HTTP/1.1\r\n" HOST END), "400"},
    {CHECK_LITERAL("p!#$%&'*+-.^_`|~Z9 / HTTP/1.1\r\n" HOST END), "p!#$%&'*+-.^_`|~Z9 / keep"},
    {CHECK_LITERAL("GET http://h:8080/a?b HTTP/1.1\r\n" HOST END), "GET /a?b keep"},
    {CHECK_LITERAL("GET HTTPS://h/a HTTP/1.1\r\n" HOST END), "GET /a keep"},
    {CHECK_LITERAL("GET http://h HTTP/1.1\r\n" HOST END), "GET / keep"},
    {CHECK_LITERAL("GET http://[::1]:80 HTTP/1.1\r\n" HOST END), "GET / keep"},
    {CHECK_LITERAL("GET http://h?q HTTP/1.1\r\n" HOST END), "400"},
    {CHECK_LITERAL("GET http:///a HTTP/1.1\r\n" HOST END), "400"},
    {CHECK_LITERAL("GET http:// HTTP/1.1\r\n" HOST END), "400"},
    {CHECK_LITERAL("GET http://user@h/a HTTP/1.1\r\n" HOST END), "400"},
    {CHECK_LITERAL("GET ftp://h/a HTTP/1.1\r\n" HOST END), "400"},
    {CHECK_LITERAL("GET topics/a/b HTTP/1.1\r\n" HOST END), "400"},
    {CHECK_LITERAL("CONNECT h:80 HTTP/1.1\r\n" HOST END), "400"},
    {CHECK_LITERAL("GET /a#b HTTP/1.1\r\n" HOST END), "400"},
    {CHECK_LITERAL("GET /a\0b HTTP/1.1\r\n" HOST END), "400"},
    {CHECK_LITERAL("GET /a\tb HTTP/1.1\r\n" HOST END), "400"},
    {CHECK_LITERAL("GET /a\x7f HTTP/1.1\r\n" HOST END), "400"},
    {CHECK_LITERAL("GET /\xc3\xa4 HTTP/1.1\r\n" HOST END), "400"},
    {CHECK_LITERAL("GET  /a HTTP/1.1\r\n" HOST END), "400"},
    {CHECK_LITERAL("GET /a  HTTP/1.1\r\n" HOST END), "400"},
    {CHECK_LITERAL("GET /a b HTTP/1.1\r\n" HOST END), "400"},
    {CHECK_LITERAL("GET /a HTTP/1.1 \r\n" HOST END), "400"},
    {CHECK_LITERAL(" GET /a HTTP/1.1\r\n" HOST END), "400"},
    {CHECK_LITERAL("GET\t/a\tHTTP/1.1\r\n" HOST END), "400"},
    {CHECK_LITERAL("GET /a\r\n" HOST END), "400"},
    {CHECK_LITERAL("GET\r\n" HOST END), "400"},
    {CHECK_LITERAL("G(T /a HTTP/1.1\r\n" HOST END), "400"},
    {CHECK_LITERAL("GET /a HTTP/1.0\r\n" END), "GET /a 1.0 close"},
    {CHECK_LITERAL("GET /a HTTP/1.2\r\n" HOST END), "505"},
    {CHECK_LITERAL("GET /a HTTP/2.0\r\n" HOST END), "505"},
    {CHECK_LITERAL("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "505"},
    {CHECK_LITERAL("GET /a http/1.1\r\n" HOST END), "400"},
    {CHECK_LITERAL("GET /a HTTP/1.10\r\n" HOST END), "400"},
    {CHECK_LITERAL("GET /a HTTP/01.1\r\n" HOST END), "400"},
    {CHECK_LITERAL("GET /a HTTP/1,1\r\n" HOST END), "400"},
    {CHECK_LITERAL("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
     "400"}, /* TLS on a plain port */
    {CHECK_LITERAL("\0"), "400"},
    {CHECK_LITERAL("\n"), "400"},
    {CHECK_LITERAL("GET /a HTTP/1.1\n" HOST END), "400"},
    {CHECK_LITERAL("GET /a HTTP/1.1\r\r\n" HOST END), "400"},
    {CHECK_LITERAL("GET /a\rHTTP/1.1\r\n" HOST END), "400"},
    {CHECK_LITERAL("GET /" X64 X64), "414"},
    {CHECK_LITERAL("GET /" X64 X64 " HTTP/1.1\r\n" HOST END), "414"},
    {CHECK_LITERAL("GET /" X64 X8 X8 X8 X8 X8 "xx HTTP/1.1\r\n" HOST END), /* 120: the limit */
     "GET /" X64 X8 X8 X8 X8 X8 "xx keep"},
    {CHECK_LITERAL("GET /" X64 X8 X8 X8 X8 X8 "xxx HTTP/1.1\r\n" HOST END), "414"},
    {CHECK_LITERAL(""), "partial"},
    {CHECK_LITERAL("GET /a HTTP/1.1\r\nHost: h\r\n"), "partial"},
};

static const struct feed_row fields[] = {
    {CHECK_LITERAL(GET "hOST:h" END END), "GET /topics/a/b keep"},
    {CHECK_LITERAL(GET "Host: \t h:80 \t" END END), "GET /topics/a/b keep"},
    {CHECK_LITERAL(GET "Host:" END END), "GET /topics/a/b keep"},
    {CHECK_LITERAL(GET END), "400"},
    {CHECK_LITERAL(GET HOST HOST END), "400"},
    {CHECK_LITERAL(GET "Host: a b\r\n" END), "400"},
    {CHECK_LITERAL(GET "Host: a,b\r\n" END), "400"},
    {CHECK_LITERAL(GET "Host: h/a\r\n" END), "400"},
    {CHECK_LITERAL(GET "Host: u@h\r\n" END), "400"},
    {CHECK_LITERAL(GET "Host: \xc3\xa4\r\n" END), "400"},
    {CHECK_LITERAL(GET HOST "Authorization: K e+/=\r\n" END), "GET /topics/a/b auth=K e+/= keep"},
    {CHECK_LITERAL(GET HOST "Authorization:\r\n" END), "GET /topics/a/b auth= keep"},
    {CHECK_LITERAL(GET HOST "Authorization: a\r\nauthorization: a\r\n" END), "400"},
    {CHECK_LITERAL(GET HOST "Content-Type: text/plain; charset=UTF-8\r\n" END),
     "GET /topics/a/b type=text/plain; charset=UTF-8 keep"},
    {CHECK_LITERAL(GET HOST "Content-Type: a\r\nContent-Type: b\r\n" END), "400"},
    {CHECK_LITERAL(GET HOST "X: a\r\nX: b\r\nX-Y_z: \xc3\xa4\r\n" END), "GET /topics/a/b keep"},
    {CHECK_LITERAL(GET HOST "X : a\r\n" END), "400"},
    {CHECK_LITERAL(GET HOST "X\t: a\r\n" END), "400"},
    {CHECK_LITERAL(GET HOST " X: a\r\n" END), "400"},
    {CHECK_LITERAL(GET " Host: h\r\n" END), "400"},
    {CHECK_LITERAL(GET HOST "X: a\r\n b\r\n" END), "400"},
    {CHECK_LITERAL(GET HOST "X: a\r\n\tb\r\n" END), "400"},
    {CHECK_LITERAL(GET HOST "X\r\n" END), "400"},
    {CHECK_LITERAL(GET HOST ": a\r\n" END), "400"},
    {CHECK_LITERAL(GET HOST "X(: a\r\n" END), "400"},
    {CHECK_LITERAL(GET HOST "X\xc3: a\r\n" END), "400"},
    {CHECK_LITERAL(GET HOST "X: a\0b\r\n" END), "400"},
    {CHECK_LITERAL(GET HOST "X: a\x01\r\n" END), "400"},
    {CHECK_LITERAL(GET HOST "X: a\x7f\r\n" END), "400"},
    {CHECK_LITERAL(GET HOST "X: a\rb\r\n" END), "400"},
    {CHECK_LITERAL(GET HOST "X: a\n" END), "400"},
    {CHECK_LITERAL(GET HOST "\n"), "400"},
    {CHECK_LITERAL(GET HOST "X: " X64 X64 X64 "\r\n" END), "GET /topics/a/b keep"},
    {CHECK_LITERAL(GET HOST "X: " X64 X64 X64 X64 "\r\n" END), "431"},
    {CHECK_LITERAL(GET HOST "X: " X64 X64 X64 X64), "431"},
    {CHECK_LITERAL(GET HOST "X: " X64 "\r\nX: " X64 "\r\nX: " X64 "\r\nX: " X64 "\r\n" END), "431"},
    {CHECK_LITERAL(GET HOST "A:\r\nB:\r\nC:\r\nD:\r\nE:\r\n" END), "GET /topics/a/b keep"},
    {CHECK_LITERAL(GET HOST "A:\r\nB:\r\nC:\r\nD:\r\nE:\r\nF:\r\n" END), "431"},
};

static const struct feed_row connections[] = {
    {CHECK_LITERAL(GET HOST "Connection: close\r\n" END), "GET /topics/a/b close"},
    {CHECK_LITERAL(GET HOST "Connection: Close\r\n" END), "GET /topics/a/b close"},
    {CHECK_LITERAL(GET HOST "Connection: keep-alive\r\n" END), "GET /topics/a/b keep"},
    {CHECK_LITERAL(GET HOST "Connection: keep-alive, close\r\n" END), "GET /topics/a/b close"},
    {CHECK_LITERAL(GET HOST "Connection: keep-alive\r\nConnection: close\r\n" END),
     "GET /topics/a/b close"},
    {CHECK_LITERAL(GET HOST "Connection: ,TE, ,close ,\r\n" END), "GET /topics/a/b close"},
    {CHECK_LITERAL(GET HOST "Connection: closed\r\n" END), "GET /topics/a/b keep"},
    {CHECK_LITERAL(GET HOST "Connection: xclose\r\n" END), "GET /topics/a/b keep"},
    {CHECK_LITERAL(GET HOST "Connection: clos\r\n" END), "GET /topics/a/b keep"},
    {CHECK_LITERAL(GET HOST "Connection:\r\n" END), "GET /topics/a/b keep"},
    {CHECK_LITERAL("GET /a HTTP/1.0\r\nConnection: Keep-Alive\r\n" END), "GET /a 1.0 keep"},
    {CHECK_LITERAL("GET /a HTTP/1.0\r\nConnection: close, keep-alive\r\n" END), "GET /a 1.0 close"},
    {CHECK_LITERAL(GET HOST END GET HOST END), "GET /topics/a/b keep rest=37"},
    {CHECK_LITERAL(GET HOST END "\r\n"), "GET /topics/a/b keep rest=2"},
};

static void test_field_lookup(void) {
  char bytes[] = GET HOST "x-forwarded-for: 2\r\nX-Forwarded-For: 1.2.3.4 , ::1\r\nEmpty:\r\n" END;
  size_t length = sizeof bytes - 1;
  struct request_parser parser;
  struct request request;
  request_start(&parser, &feed_limits);
  CHECK(request_parse(&parser, bytes, &length, &request) == REQUEST_WHOLE);

  struct field_text found = request_field(&request, "x-forwarded-for");
  CHECK(found.length == 13 && memcmp(found.bytes, "1.2.3.4 , ::1", 13) == 0);
  CHECK(request_field(&request, "empty").bytes != NULL);
  CHECK(request_field(&request, "empty").length == 0);
  CHECK(request_field(&request, "x-forwarded").bytes == NULL);
  CHECK(request_field(&request, "x-forwarded-for-").bytes == NULL);
}

static void test_reason(void) {
  char bytes[] = "GET /a HTTP/1.1\r\nX\r\n";
  size_t length = sizeof bytes - 1;
  struct request_parser parser;
  struct request request;
  const char *why = NULL;
  request_start(&parser, &feed_limits);
  CHECK(request_parse(&parser, bytes, &length, &request) == REQUEST_REFUSED);
  CHECK(request_refusal(&parser, &why) == 400);
  CHECK(why != NULL && strcmp(why, "a header line is not: name, colon, value") == 0);
  CHECK(request_parse(&parser, bytes, &length, &request) == REQUEST_REFUSED);
}

/* In every place of a value that is longer than what is looked at in one go. */
static void test_every_byte_of_a_value(void) {
  enum { VALUE_AT = sizeof GET HOST "X:" - 1, VALUE = 20 };
  check_row("every byte in a value");
  for (size_t at = 0; at < VALUE; at++) {
    for (int byte = 0; byte < 256; byte++) {
      char bytes[] = GET HOST "X:vvvvvvvvvvvvvvvvvvvv\r\n" END;
      size_t length = sizeof bytes - 1;
      struct request_parser parser;
      struct request request;
      bytes[VALUE_AT + at] = (char)byte;
      request_start(&parser, &feed_limits);
      const bool control = (byte < 0x20 && byte != '\t') || byte == 0x7f;
      const enum request_verdict verdict = request_parse(&parser, bytes, &length, &request);
      CHECK(verdict == (control ? REQUEST_REFUSED : REQUEST_WHOLE));
    }
  }
}

int main(void) {
  FEED_ROWS(start_lines);
  FEED_ROWS(fields);
  FEED_ROWS(connections);
  test_field_lookup();
  test_reason();
  test_every_byte_of_a_value();
  return check_report();
}
