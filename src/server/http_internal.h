/* What the files of the HTTP server share: the server and its connections.

   The loop goes in rounds (http.c). A round reads what has arrived and serves the polls among it at
   once; then the other requests have their turn, so that of what arrived together polls are first;
   then a bounded number of the answers that those woke are sent, so that a message for thousands
   keeps nobody else waiting. */
#ifndef TOPICSD_HTTP_INTERNAL_H
#define TOPICSD_HTTP_INTERNAL_H

#include "http.h"
#include "list.h"
#include "metrics.h"

#include <event2/event.h>
#include <event2/event_struct.h>

enum {
  READ_SIZE = 16384,   /* most that is read from a connection at once */
  ARENA_SIZE = 262144, /* what the connections of one round are read into */
  TURNS_MAX = 512,     /* requests that wait for the end of the round */
  WAKES_AT_ONCE = 64,  /* answers that a request may send to waiting polls before it has its own */
  WAKES_A_ROUND = 128, /* further ones, sent at the end of each round */
  SIGNALS = 3,
  LISTENERS = 2,
  DATE_LINE_SIZE = 38 /* "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n" and the NUL */
};

enum connection_phase {
  CONNECTION_IDLE,      /* no byte of a request is there */
  CONNECTION_READING,   /* a part of a request is there, in input */
  CONNECTION_WRITING,   /* a part of the answer is still to be sent */
  CONNECTION_LINGERING, /* all is said; what the client still sends is thrown away, lest the
                           connection be reset before the client has read the answer */
  CONNECTION_HELD,      /* a fault that was asked for holds its answer back, or a part of it */
  CONNECTION_QUEUED, /* its poll was answered, and the answer is sent in one of the next rounds */
  CONNECTION_LISTED, /* number of the phases above, which have a list each */
  CONNECTION_TURN = CONNECTION_LISTED, /* a request is there and waits for the end of the round */
  CONNECTION_WAITING                   /* its poll waits */
};

/* Bytes of a connection that are not served yet. Exists only while there are such bytes. */
struct input {
  struct request_parser parser;
  size_t length;
  size_t capacity;
  char bytes[];
};

/* One for each client, and most clients wait: every byte counts. */
struct connection {
  struct waiter waiter;
  struct event event;    /* edge-triggered and for everything, from accept to close, so that no
                            system call goes into changing it; unread remembers what it told */
  struct list_link link; /* in the list of its phase, or in ready */
  struct http *http;
  struct answer *answer;    /* owned, while it is being sent */
  struct input *input;      /* owned */
  struct note *note;        /* owned; NULL when there is no access log */
  struct http_fault *fault; /* owned; NULL when nothing goes wrong on purpose */
  uint32_t since;           /* low bits of now_ms when the phase began, or last made progress */
  uint32_t sent;            /* bytes of the answer, with the lines that the sender puts in */
  uint32_t date;            /* of the answer, seconds since the epoch */
  uint8_t phase;
  bool unread : 1;     /* the socket may have something, if only its end, that was not read */
  bool closed : 1;     /* the client sends no more: behind what is unread comes the end */
  bool pipelined : 1;  /* input begins with a request that the parser has not seen */
  bool keep_alive : 1; /* after the answer */
  bool linger : 1;     /* after the answer: the client may be sending still */
  bool http_1_0 : 1;
  bool admin : 1; /* of the operator's site */
  bool head : 1;  /* the answer goes without its body */
};

/* A request that is served at the end of the round, and what came after it. */
struct turn {
  struct connection *connection;
  struct request request;
  bool oversized;
  char *rest;
  size_t rest_length;
  uint64_t read_us; /* when it was read */
};

struct http_listener {
  struct http *http;
  struct event *event;
  enum http_site site;
};

struct http {
  struct event_base *base;
  struct api *api;
  struct http_options options;
  uint64_t epoch_ms;    /* now_ms when the monotonic clock was zero */
  uint64_t now_ms;      /* since the epoch, never going back */
  uint64_t now_us;      /* of the monotonic clock */
  uint64_t drain_until; /* UINT64_MAX: not draining */
  bool stop_asked;
  bool reload_asked;

  struct metrics metrics;
  struct list_link phases[CONNECTION_LISTED]; /* connections, the longest in its phase first but for
                                                 those that were in ready in between */
  struct list_link ready; /* those of them that have something to go on with at once */

  char *arena;
  size_t arena_used;
  struct turn *turns;
  size_t turn_count;
  bool in_turns;  /* whose turn it is may go on with what it has pipelined */
  int wakes_left; /* of WAKES_AT_ONCE */

  uint32_t date; /* that date_line tells */
  char date_line[DATE_LINE_SIZE];
  struct answer *overloaded; /* 503 */

  struct event *timer;
  uint64_t timer_at; /* UINT64_MAX: not set */
  struct http_listener listeners[LISTENERS];
  size_t listener_count;
  bool accepting;
  uint64_t accept_retry_at;
  struct event *signals[SIGNALS];
};

/* http_connection.c: one connection. Whatever ends one frees it. */

/* Takes over descriptor, which must be non-blocking, and reads what is there already. refusal, when
   not NULL, is all that the client will hear. */
void connection_open(const struct http_listener *listener, evutil_socket_t descriptor,
                     struct answer *refusal);
void connection_close(struct connection *connection);

/* The phase begins. */
void connection_enter(struct connection *connection, enum connection_phase phase);

/* Puts the connection in the list that it belongs in, as its phase and what there is to read say.
 */
void connection_park(struct connection *connection);

/* Makes bytes[0..length) the input, with parser having seen so much of it. They are a part of the
   input that there is; when there is none, any. Returns false when there is no memory, with the
   connection closed. */
bool connection_keep_input(struct connection *connection, const char *bytes, size_t length,
                           const struct request_parser *parser);
void connection_drop_input(struct connection *connection);

/* The last answer is out: ends the connection, now or when the client has read it. */
void connection_finish(struct connection *connection);

/* Answers with an error, and finishes. */
void connection_refuse(struct connection *connection, unsigned status, const char *why);

/* For one in the list ready: reads on, or goes on with what was read. */
void connection_go_on(struct connection *connection);

/* Sends what can be sent of the answer, and goes on from there. */
void connection_send(struct connection *connection);

/* Ends one that has been in its phase for too long. */
void connection_expire(struct connection *connection);

/* http_serve.c: from bytes to answers. */

/* Serves the requests in bytes, which are in the input or else in the arena, until one has to wait
   for something. parser has seen the beginning of the first one, if anything. */
void serving_go_on(struct connection *connection, struct request_parser *parser, char *bytes,
                   size_t length);

/* Serves the requests that wait for the end of the round. */
void serving_take_turns(struct http *http);

/* http_send.c: answers to bytes. */

enum sending {
  SENDING_DONE,
  SENDING_BLOCKED,
  SENDING_HELD, /* by a fault, whose timer goes on with it */
  SENDING_FAILED
};

/* Takes over answer. */
void sending_begin(struct connection *connection, struct answer *answer);

/* Sends as much as the socket takes; once DONE, connection->answer is NULL. */
enum sending sending_go_on(struct connection *connection);

/* Bytes of the head of the answer, with the lines that the sender puts in. */
size_t sending_head(const struct connection *connection);

/* http_fault.c: faults that were asked for. All do nothing when there are none. */

/* A request begins: decides what goes wrong with it. Returns the answer to give without asking the
   API, or NULL. */
struct answer *http_fault_begin(struct connection *connection, const struct request *request);

/* Takes over the answer that is about to be sent and returns the one to send. */
struct answer *http_fault_answer(struct connection *connection, struct answer *answer);

/* How many bytes of the answer may have left by now. */
size_t http_fault_until(const struct connection *connection);

/* So many have left: DONE when that is as it should be. */
enum sending http_fault_pause(struct connection *connection);

void http_fault_end(struct connection *connection);

/* http_note.c: requests for the access log. Both do nothing when there is none. */

/* A request begins; NULL: what came was none. */
void note_request(struct connection *connection, const struct request *request);

/* It is answered with status; 0: the client left before. Nothing when none has begun. */
void note_end(struct connection *connection, unsigned status);

/* http.c */

static inline bool http_draining(const struct http *http) {
  return http->drain_until != UINT64_MAX;
}

/* Reads the clock into http->now_ms and http->now_us. */
void http_read_clock(struct http *http);

/* How long a connection may be in that phase. */
uint32_t http_patience(const struct http *http, enum connection_phase phase);

/* A connection was closed: there is room for another. */
void http_resume_accepting(struct http *http);

#endif
