/* The bodies of requests: where one ends, in both framings, and every way of being in doubt about
   it. Fed like the rows of request_test.c. */
#include "request_feed.h"

#define POST "POST /t HTTP/1.1\r\nHost: h\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n"
#define END "\r\n"
#define X8 "xxxxxxxx"
#define X64 X8 X8 X8 X8 X8 X8 X8 X8

static const struct feed_row lengths[] = {
    {CHECK_LITERAL(POST END), "POST /t keep"},
    {CHECK_LITERAL(POST "Content-Length: 0\r\n" END), "POST /t keep"},
    {CHECK_LITERAL(POST "Content-Length: 5\r\n" END "hello"), "POST /t body=hello keep"},
    {CHECK_LITERAL(POST "content-length:5 \r\n" END "a\0\r\nb"), "POST /t body=a.\r\nb keep"},
    {CHECK_LITERAL(POST "Content-Length: 5\r\n" END "hello" POST END),
     "POST /t body=hello keep rest=29"},
    {CHECK_LITERAL(POST "Content-Length: 5\r\n" END "hell"), "partial"},
    {CHECK_LITERAL(POST "Content-Length: 16\r\n" END "0123456789abcdef"),
     "POST /t body=0123456789abcdef keep"},
    {CHECK_LITERAL(POST "Content-Length: 17\r\n" END "0123456789abcdefg"),
     "oversized POST /t close rest=17"},
    {CHECK_LITERAL(POST "Content-Length: 1073741824\r\n" END), "oversized POST /t close"},
    {CHECK_LITERAL(POST "Content-Length: 9223372036854775807\r\n" END), "400"},
    {CHECK_LITERAL(POST "Content-Length: 18446744073709551621\r\n" END "hello"), "400"},
    {CHECK_LITERAL(POST "Content-Length: 99999999999999999999999\r\n" END), "400"},
    {CHECK_LITERAL(POST "Content-Length:\r\n" END), "400"},
    {CHECK_LITERAL(POST "Content-Length: -5\r\n" END "hello"), "400"},
    {CHECK_LITERAL(POST "Content-Length: +5\r\n" END "hello"), "400"},
    {CHECK_LITERAL(POST "Content-Length: 05\r\n" END "hello"), "400"},
    {CHECK_LITERAL(POST "Content-Length: 5.0\r\n" END "hello"), "400"},
    {CHECK_LITERAL(POST "Content-Length: 0x5\r\n" END "hello"), "400"},
    {CHECK_LITERAL(POST "Content-Length: 5 5\r\n" END "hello"), "400"},
    {CHECK_LITERAL(POST "Content-Length: 5,5\r\n" END "hello"), "400"},
    {CHECK_LITERAL(POST "Content-Length: five\r\n" END "hello"), "400"},
    {CHECK_LITERAL(POST "Content-Length: 5\r\nContent-Length: 5\r\n" END "hello"), "400"},
    {CHECK_LITERAL(POST "Content-Length: 5\r\ncontent-length: 6\r\n" END "hello!"), "400"},
    {CHECK_LITERAL("GET /t HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n" END "ab"),
     "GET /t body=ab keep"},
    {CHECK_LITERAL("POST /t HTTP/1.0\r\nContent-Length: 2\r\n" END "ab"),
     "POST /t body=ab 1.0 close"},
};

static const struct feed_row codings[] = {
    {CHECK_LITERAL(CHUNKED "Content-Length: 5\r\n" END "0\r\n\r\n"), "400"},
    {CHECK_LITERAL(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" END "0\r\n\r\n"),
     "400"},
    {CHECK_LITERAL(CHUNKED "Transfer-Encoding: chunked\r\n" END "0\r\n\r\n"), "400"},
    {CHECK_LITERAL(CHUNKED "Transfer-Encoding: identity\r\n" END "0\r\n\r\n"), "400"},
    {CHECK_LITERAL(POST "Transfer-Encoding: Chunked\r\n" END "0\r\n\r\n"), "POST /t keep"},
    {CHECK_LITERAL(POST "Transfer-Encoding: gzip, chunked\r\n" END), "501"},
    {CHECK_LITERAL(POST "Transfer-Encoding: chunked, chunked\r\n" END), "501"},
    {CHECK_LITERAL(POST "Transfer-Encoding: identity\r\n" END), "501"},
    {CHECK_LITERAL(POST "Transfer-Encoding: xchunked\r\n" END), "501"},
    {CHECK_LITERAL(POST "Transfer-Encoding: chunked;a=b\r\n" END), "501"},
    {CHECK_LITERAL(POST "Transfer-Encoding:\r\n" END), "501"},
    {CHECK_LITERAL(POST "Transfer-Encoding: \x0b"
                        "chunked\r\n" END),
     "400"},
    {CHECK_LITERAL(POST "Transfer-Encoding : chunked\r\n" END "0\r\n\r\n"), "400"},
    {CHECK_LITERAL("POST /t HTTP/1.0\r\nTransfer-Encoding: chunked\r\n" END "0\r\n\r\n"), "400"},
};

static const struct feed_row chunks[] = {
    {CHECK_LITERAL(CHUNKED END "0\r\n\r\n"), "POST /t keep"},
    {CHECK_LITERAL(CHUNKED END "000\r\n\r\n"), "POST /t keep"},
    {CHECK_LITERAL(CHUNKED END "5\r\nhello\r\n0\r\n\r\n"), "POST /t body=hello keep"},
    {CHECK_LITERAL(CHUNKED END "1\r\nh\r\n1\r\ne\r\n3\r\nllo\r\n0\r\n\r\n"),
     "POST /t body=hello keep"},
    {CHECK_LITERAL(CHUNKED END "A\r\n0123456789\r\n06\r\nabcdef\r\n0\r\n\r\n"),
     "POST /t body=0123456789abcdef keep"},
    {CHECK_LITERAL(CHUNKED END "a\r\n0123456789\r\n7\r\nabcdefg\r\n0\r\n\r\n"),
     "oversized POST /t close rest=14"},
    {CHECK_LITERAL(CHUNKED END "FFFFFFFFFFFFFFFF\r\n"), "oversized POST /t close"},
    {CHECK_LITERAL(CHUNKED END "2;name=\"v\";x\r\nab\r\n0;last\r\n\r\n"), "POST /t body=ab keep"},
    {CHECK_LITERAL(CHUNKED END "2\r\n\r\n\r\n0\r\n\r\n"), "POST /t body=\r\n keep"},
    {CHECK_LITERAL(CHUNKED END "2\r\nab\r\n0\r\nA: b\r\nC:\r\n\r\n"), "POST /t body=ab keep"},
    {CHECK_LITERAL(CHUNKED END "2\r\nab\r\n0\r\n\r\nGET"), "POST /t body=ab keep rest=3"},
    {CHECK_LITERAL(CHUNKED END "2\r\nab\r\n0\r\n"), "partial"},
    {CHECK_LITERAL(CHUNKED END "2\r\nab\r\n"), "partial"},
    {CHECK_LITERAL(CHUNKED END "2\r\nab"), "partial"},
    {CHECK_LITERAL(CHUNKED END "2\r\nabc\r\n0\r\n\r\n"), "400"},
    {CHECK_LITERAL(CHUNKED END "2\r\na\r\n0\r\n\r\n"), "400"},
    {CHECK_LITERAL(CHUNKED END "2\nab\r\n0\r\n\r\n"), "400"},
    {CHECK_LITERAL(CHUNKED END "2\r\nab\n0\r\n\r\n"), "400"},
    {CHECK_LITERAL(CHUNKED END "2\r\nab0\r\n\r\n"), "400"},
    {CHECK_LITERAL(CHUNKED END "\r\nab\r\n0\r\n\r\n"), "400"},
    {CHECK_LITERAL(CHUNKED END "0x2\r\nab\r\n0\r\n\r\n"), "400"},
    {CHECK_LITERAL(CHUNKED END "-2\r\nab\r\n0\r\n\r\n"), "400"},
    {CHECK_LITERAL(CHUNKED END "+2\r\nab\r\n0\r\n\r\n"), "400"},
    {CHECK_LITERAL(CHUNKED END " 2\r\nab\r\n0\r\n\r\n"), "400"},
    {CHECK_LITERAL(CHUNKED END "2 \r\nab\r\n0\r\n\r\n"), "400"},
    {CHECK_LITERAL(CHUNKED END "2 ;x\r\nab\r\n0\r\n\r\n"), "400"},
    {CHECK_LITERAL(CHUNKED END "2g\r\nab\r\n0\r\n\r\n"), "400"},
    {CHECK_LITERAL(CHUNKED END "2;\0\r\nab\r\n0\r\n\r\n"), "400"},
    {CHECK_LITERAL(CHUNKED END "2;a\rb\r\nab\r\n0\r\n\r\n"), "400"},
    {CHECK_LITERAL(CHUNKED END "00000000000000002\r\nab\r\n0\r\n\r\n"), "400"},
    {CHECK_LITERAL(CHUNKED END "2;" X64 X64 X64 "\r\nab\r\n0\r\n\r\n"), "POST /t body=ab keep"},
    {CHECK_LITERAL(CHUNKED END "2;" X64 X64 X64 X64 "\r\nab\r\n0\r\n\r\n"), "400"},
    {CHECK_LITERAL(CHUNKED END "2;" X64 X64 X64 X64), "400"},
    {CHECK_LITERAL(CHUNKED END "0\r\nA\r\n\r\n"), "400"},
    {CHECK_LITERAL(CHUNKED END "0\r\n A: b\r\n\r\n"), "400"},
    {CHECK_LITERAL(CHUNKED END "0\r\nA: \0\r\n\r\n"), "400"},
    {CHECK_LITERAL(CHUNKED END "0\r\nA: b\n\r\n"), "400"},
    {CHECK_LITERAL(CHUNKED END "0\r\nContent-Length: 5\r\n\r\nhello"), "400"},
    {CHECK_LITERAL(CHUNKED END "0\r\nhost: x\r\n\r\n"), "400"},
    {CHECK_LITERAL(CHUNKED END "0\r\nAuthorization: x\r\n\r\n"), "400"},
    {CHECK_LITERAL(CHUNKED END "0\r\nX-Host: x\r\n\r\n"), "POST /t keep"},
    {CHECK_LITERAL(CHUNKED END "0\r\nA: " X64 X64 X64 X64 "\r\n\r\n"), "431"},
    {CHECK_LITERAL(CHUNKED END "0\r\nA:\r\nB:\r\nC:\r\nD:\r\nE:\r\n\r\n"), "431"},
};

static const struct feed_row expectations[] = {
    {CHECK_LITERAL(POST "Expect: 100-continue\r\nContent-Length: 2\r\n" END "ab"),
     "POST /t body=ab keep"},
    {CHECK_LITERAL(POST "Expect: 100-Continue\r\nContent-Length: 2\r\n" END), "partial continue"},
    {CHECK_LITERAL(POST "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n" END),
     "partial continue"},
    {CHECK_LITERAL(POST "Expect: 100-continue\r\nContent-Length: 0\r\n" END), "POST /t keep"},
    {CHECK_LITERAL(POST "Expect: 100-continue\r\nContent-Length: 99\r\n" END),
     "oversized POST /t close"},
    {CHECK_LITERAL(POST "Content-Length: 2\r\n" END), "partial"},
    {CHECK_LITERAL(POST "Expect: 100-continue\r\n"), "partial"},
    {CHECK_LITERAL("POST /t HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n" END),
     "partial"},
    {CHECK_LITERAL(POST "Expect: tea\r\n" END), "417"},
    {CHECK_LITERAL(POST "Expect: 100-continue\r\nExpect: 100-continue\r\n" END), "400"},
};

static void test_continue_is_asked_once_and_not_for_a_body_that_comes(void) {
  static const char text[] = POST "Expect: 100-continue\r\nContent-Length: 2\r\n" END "a";
  struct feed feed = {.verdict = REQUEST_PARTIAL};
  request_start(&feed.parser, &feed_limits);
  feed_more(&feed, text, sizeof text - 1);
  CHECK(feed.verdict == REQUEST_PARTIAL && !feed.asked_continue);
  free(feed.buffer);

  feed = (struct feed){.verdict = REQUEST_PARTIAL};
  request_start(&feed.parser, &feed_limits);
  feed_more(&feed, text, sizeof text - 2);
  CHECK(feed.asked_continue && !request_take_continue(&feed.parser));
  free(feed.buffer);
}

/* However long a chunked body goes on in tiny chunks, the buffer stays as small as what it holds.
 */
static void test_framing_is_squeezed_out(void) {
  static const char head[] = CHUNKED END;
  char buffer[sizeof head + 64];
  size_t length = sizeof head - 1;
  struct request_parser parser;
  struct request request;
  memcpy(buffer, head, length);
  request_start(&parser, &feed_limits);
  for (int i = 0; i < 16; i++) {
    static const char chunk[] = "1;an extension that is ignored\r\nx\r\n";
    CHECK(length + sizeof chunk - 1 <= sizeof buffer);
    memcpy(buffer + length, chunk, sizeof chunk - 1);
    length += sizeof chunk - 1;
    CHECK(request_parse(&parser, buffer, &length, &request) == REQUEST_PARTIAL);
    CHECK(length == sizeof head - 1 + (size_t)i + 1);
  }
}

int main(void) {
  FEED_ROWS(lengths);
  FEED_ROWS(codings);
  FEED_ROWS(chunks);
  FEED_ROWS(expectations);
  test_continue_is_asked_once_and_not_for_a_body_that_comes();
  test_framing_is_squeezed_out();
  return check_report();
}
