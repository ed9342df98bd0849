/* The mux: any number of HTTP requests to one origin at once, behind one descriptor. submit hands a
   request to the network, step lets libcurl work, collect gives what has ended; nothing is ever
   delivered from inside libcurl. Knows no Lua and nothing of what the requests mean. One thread. */
#ifndef MOMENTO_CURL_MUX_H
#define MOMENTO_CURL_MUX_H

#include "failure.h"
#include "profile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mux;

enum mux_kind {
  MUX_POLL,   /* a GET whose answer may take minutes */
  MUX_PUBLISH /* a POST */
};

struct mux_request {
  enum mux_kind kind;
  const char *target; /* path and query, from the slash on; printable ASCII, NUL at the end */
  size_t target_length;
  const char *body; /* publish only */
  size_t body_length;
  const char *content_type; /* publish only; NULL: state none */
  size_t content_type_length;
  int64_t timeout; /* microseconds for all of it */
};

struct mux_result {
  uint64_t ticket;
  long status;      /* of the answer; 0: there is none, see failure */
  const char *body; /* valid until mux_release or mux_close */
  size_t body_length;
  long retry_after; /* seconds; 0: not told */
  int transport;    /* libcurl's error number */
  bool unsent;      /* no byte of the request can have reached the server */
  struct failure failure;
};

enum mux_step {
  MUX_STEPPED, /* nothing to tell */
  MUX_TELLS,   /* something can be collected, or the alarm has gone off */
  MUX_INTERRUPTED
};

#define MUX_NO_LIMIT INT64_MAX

/* Takes over what the profile holds and empties it. NULL: no memory, or errno tells; the profile is
   still the caller's then. */
struct mux *mux_open(struct profile *profile);

/* Ends everything under way, at once. NULL is fine. */
void mux_close(struct mux *mux);

/* The ticket, never above 2^52, of a request whose bytes have been copied; 0: no memory. */
uint64_t mux_submit(struct mux *mux, const struct mux_request *request);

/* Whether the request had not been collected; it never will be. */
bool mux_cancel(struct mux *mux, uint64_t ticket);

/* Whether the request has been written to its connection (or has ended). When not, the step in
   which that happens returns early. */
bool mux_sent(struct mux *mux, uint64_t ticket);

/* Lets libcurl work until something can be collected, a request asked about by mux_sent has been
   sent, nothing is under way, `limit` microseconds have passed, or a signal came. */
enum mux_step mux_step(struct mux *mux, int64_t limit);

/* false: nothing to collect. Else mux_release is to follow once the body has been read. All but
   mux_close may be called in between: Lua's collector runs finalizers then. */
bool mux_collect(struct mux *mux, struct mux_result *result);
void mux_release(struct mux *mux, uint64_t ticket);

/* Readable whenever step(0) has something to do; -1 where there is none. */
int mux_descriptor(struct mux *mux);

/* Microseconds until step has something to do though no socket is ready; MUX_NO_LIMIT: none. */
int64_t mux_timeout(const struct mux *mux);

/* The descriptor turns readable `limit` microseconds from now, and steps tell so until the alarm is
   set anew; MUX_NO_LIMIT: never. For event loops that can wait for a descriptor but not for a time,
   and those that would rather not look at the clock. */
void mux_alarm(struct mux *mux, int64_t limit);

/* How many requests are under way, that is have been submitted and have not ended. */
size_t mux_pending(const struct mux *mux);

#endif
