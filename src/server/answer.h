/* One HTTP answer, status line to last byte, in one block of memory that everybody who is sent the
   same answer shares. Knows nothing of topics and nothing of connections. References are counted
   without atomics: topicsd has one thread. Bytes never change once the answer is built. */
#ifndef TOPICSD_ANSWER_H
#define TOPICSD_ANSWER_H

#include <stddef.h>
#include <stdint.h>

struct answer {
  size_t length;  /* of bytes */
  size_t body_at; /* offset of the body; bytes[body_at - 2] is the CRLF that ends the headers, and
                     there the sender may put in header lines of its own (Connection, Date) */
  uint32_t references;
  uint16_t status;
  const char *err; /* the limit that was hit, or NULL */
  char bytes[];
};

/* For another owner. Returns answer. */
struct answer *answer_retain(struct answer *answer);

/* Gives up one reference; the last one frees. NULL is allowed. */
void answer_release(struct answer *answer);

/* 204 No Content. extra: header lines, each with its CRLF, or "". All answer_* constructors return
   one reference, or NULL when there is no memory. */
struct answer *answer_empty(const char *extra);

/* An error in the shape of protocol section 5. detail is for people; err is the name of the limit
   that was hit, or NULL. extra as above ("Retry-After: 1\r\n", "Allow: GET\r\n"). Any status of
   400 to 599; used by the shell as well, for what it refuses by itself. Both texts must be UTF-8,
   and err a constant. */
struct answer *answer_error(unsigned status, const char *detail, const char *err,
                            const char *extra);

/* 200 with a body of that content type and exactly length bytes, still to be written: the caller
   fills answer->bytes + answer->body_at. */
struct answer *answer_body(const char *content_type, size_t length);

/* Likewise, with the content type of JSON. */
struct answer *answer_json(size_t length);

#endif
