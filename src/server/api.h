/* The HTTP API of topicsd without HTTP's bytes: a parsed request goes in, and an answer comes out,
   at once or later. This is the whole interface between the shell (sockets, parser, flags) and the
   core. The core does no I/O, reads no clock and keeps no hidden state: same calls, same answers.

   Time: now_ms is milliseconds since the epoch and should never go backwards (a monotonic clock
   plus the offset to the wall clock, measured at the start). */
#ifndef TOPICSD_API_H
#define TOPICSD_API_H

#include "answer.h"
#include "pages.h"
#include "waiter.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct api;

/* Bytes of a request. bytes NULL: the request has no such thing. Never NUL-terminated. */
struct api_text {
  const char *bytes;
  size_t length;
};

struct api_request {
  struct api_text method;        /* as sent: case matters */
  struct api_text target;        /* origin form, "/path?query"; the shell strips scheme and host */
  struct api_text authorization; /* value of the header, white space around it removed; the shell
                                    refuses a request that has this header twice */
  struct api_text content_type;  /* value of the header, likewise */
  struct api_text body;
  bool body_oversized; /* the body is longer than api_body_max: not read, body is empty. The core
                          still finds the right answer (401 comes before a limit). */
};

enum api_outcome {
  API_ANSWERED, /* *answer is the answer */
  API_WAITING   /* the waiter waits; options.wake will be called for it, unless api_leave is */
};

/* Filled by api_options_default, then changed by flags. Times in milliseconds. */
struct api_options {
  const char *const *caches; /* names, decoded; each must be url_name_valid */
  size_t cache_count;
  const char *const *keys; /* what may stand in Authorization, plain or a whole v1 key */
  size_t key_count;
  bool no_auth;                      /* everybody may do everything */
  const unsigned char *token_secret; /* signs disposable tokens; NULL: there are none */
  size_t token_secret_length;
  const char *endpoint; /* this server's URL, which goes into tokens; UTF-8 */
  bool auto_create_caches;

  size_t max_message_bytes; /* above it: 429 item_size_limit_exceeded */
  size_t max_messages;      /* retained by a topic */
  size_t max_bytes;         /* retained by a topic, counted as they stand in an answer */
  uint64_t max_age_ms;      /* retained by a topic */
  size_t max_batch_bytes;   /* of one answer; one message always fits */
  uint64_t hold_ms;         /* longest wait of a poll */
  uint64_t idle_ms;         /* a topic unused so long is evicted */
  size_t max_topics;        /* then the longest unused one is evicted; all polled: 429 */
  size_t max_caches;        /* of auto_create_caches: 429 */

  /* Of each key and each token; 0: no limit. Above them: 429, with Retry-After. */
  uint64_t operations_per_second; /* publishes, polls, tokens vended */
  uint64_t bytes_per_second;      /* published */
  uint64_t polls_per_key;         /* waiting at once */

  unsigned char seed[16]; /* random bytes: keys the hash of names, which come from users */
  struct pages *pages;    /* must outlive the api */

  /* A waiting poll is answered. The waiter does not wait any more; the answer's reference is handed
     over. May write to the socket, free the connection, and call api_leave for any waiter; must not
     call any other api_ function, so pipelined requests are gone on with later. */
  void (*wake)(struct waiter *waiter, struct answer *answer);
};

void api_options_default(struct api_options *options);

/* Sets the limits that the hosted service publishes as its defaults. */
void api_options_limit_as_hosted(struct api_options *options);

/* Copies what it needs of options. NULL: no memory, or a cache name or key that cannot be used. */
struct api *api_new(const struct api_options *options);

/* No waiter may be waiting any more (api_drain sees to it). NULL is allowed. */
void api_free(struct api *api);

/* Longest body that the shell has to read; see body_oversized. */
size_t api_body_max(const struct api *api);

/* Answers a request, or lets waiter (not waiting, of the connection that asks) wait. API_ANSWERED:
   *answer is set, never NULL, and the reference is the caller's. A publish wakes its topic's
   waiters before it returns. A request is taken as arrived when this is called, so that of several
   requests read in one go the shell hands over the polls (GET) of other connections first: then
   "subscribe, publish" never loses. The method HEAD gets its 405; the shell leaves out the body. */
enum api_outcome api_handle(struct api *api, const struct api_request *request, uint64_t now_ms,
                            struct waiter *waiter, struct answer **answer);

/* The client of waiter has gone: wake will not be called. Nothing when it is not waiting. */
void api_leave(struct api *api, struct waiter *waiter, uint64_t now_ms);

/* Answers polls whose hold is over, evicts idle topics. Returns the time when it wants to be called
   next, UINT64_MAX when nothing is to come. A later api_handle may need an earlier call:
   api_next_tick tells the same at any time, in O(1). */
uint64_t api_tick(struct api *api, uint64_t now_ms);
uint64_t api_next_tick(const struct api *api);

/* Answers every waiter with its position, and from now on every poll that would have to wait. */
void api_drain(struct api *api, uint64_t now_ms);

/* How much there is, for the shell's log and for metrics. */
size_t api_waiter_count(const struct api *api);
size_t api_topic_count(const struct api *api);

#endif
