/* Carries out faults that were asked for: what rules and requests say (faults.h) is decided when a
   request begins; its answer is spoilt (fault_answer.h) when it is there, then leaves as late, as
   slowly and as incomplete as the fault has it. Each has a timer of its own, so nobody else waits.
 */
#include "fault_answer.h"
#include "http_internal.h"
#include "target.h"

#include "../wire/url.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct http_fault {
  struct connection *connection;
  struct fault fault;
  struct event timer;
  bool delayed; /* the time to hold the answer back is over */
  size_t drops; /* that have been let go */
};

static struct field_text look_up(const void *request, const char *name) {
  return request_field(request, name);
}

/* Which of the two it is; 0: neither. */
static unsigned rpc_of(const struct request *request, const struct target *target) {
  const struct field_text method = request->method;
  if (target->path != TARGET_TOPIC) return 0;
  if (method.length == 4 && memcmp(method.bytes, "POST", 4) == 0) return FAULT_PUBLISH;
  return method.length == 3 && memcmp(method.bytes, "GET", 3) == 0 ? FAULT_SUBSCRIBE : 0;
}

static bool decode(struct target_part part, char *out, struct api_text *name) {
  name->bytes = out;
  return url_unescape(part.bytes, part.length, out, &name->length);
}

static void forget_topic(struct http *http, const struct target *target) {
  char *room = malloc(target->cache.length + target->topic.length + 1);
  struct api_text cache, topic;
  http->wakes_left = WAKES_AT_ONCE;
  if (room != NULL && decode(target->cache, room, &cache) &&
      decode(target->topic, room + target->cache.length, &topic))
    (void)api_drop_topic(http->api, cache, topic, http->now_ms);
  free(room);
}

static void on_timer(evutil_socket_t descriptor, short what, void *argument) {
  (void)descriptor;
  (void)what;
  struct http_fault *pending = argument;
  http_read_clock(pending->connection->http);
  if (pending->delayed)
    pending->drops++;
  else
    pending->delayed = true;
  if (pending->connection->phase == CONNECTION_HELD) connection_send(pending->connection);
}

static void set_timer(struct http_fault *pending, uint32_t ms) {
  const struct timeval after = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};
  event_add(&pending->timer, &after);
}

struct answer *http_fault_begin(struct connection *connection, const struct request *request) {
  struct http *http = connection->http;
  if (http->options.faults == NULL || connection->admin) return NULL;
  struct target target;
  target_parse(request->target.bytes, request->target.length, &target);
  const unsigned rpc = rpc_of(request, &target);
  if (rpc == 0) return NULL;
  struct fault fault;
  const char *problem =
      faults_take(http->options.faults, (enum fault_rpc)rpc, look_up, request, &fault);
  if (problem != NULL) return answer_error(400, problem, NULL, "");
  if (fault.status == 0 && fault.delay_ms == 0 && fault.kind == FAULT_NONE) return NULL;
  if (fault.kind == FAULT_NEW_PAGE) forget_topic(http, &target);

  struct http_fault *pending = calloc(1, sizeof *pending);
  if (pending == NULL) return NULL; /* then nothing goes wrong */
  pending->connection = connection;
  pending->fault = fault;
  evtimer_assign(&pending->timer, http->base, on_timer, pending);
  connection->fault = pending;
  return fault_answer_instead(&fault, (enum fault_rpc)rpc);
}

struct answer *http_fault_answer(struct connection *connection, struct answer *answer) {
  struct http_fault *pending = connection->fault;
  if (pending == NULL) return answer;
  if (pending->fault.delay_ms > 0)
    set_timer(pending, pending->fault.delay_ms);
  else
    pending->delayed = true;
  /* The client finds out that bytes are missing by the end of the connection. */
  if (pending->fault.kind == FAULT_WRONG_LENGTH) connection->keep_alive = false;
  return fault_answer_spoil(&pending->fault, answer);
}

size_t http_fault_until(const struct connection *connection) {
  const struct http_fault *pending = connection->fault;
  if (pending == NULL) return SIZE_MAX;
  if (!pending->delayed) return 0;
  switch (pending->fault.kind) {
  case FAULT_CLOSE:
  case FAULT_RESET:
    return 0;
  case FAULT_CUT:
    return sending_head(connection) + (size_t)pending->fault.amount;
  case FAULT_DRIP:
    return (pending->drops + 1) * (size_t)pending->fault.amount;
  default:
    return SIZE_MAX;
  }
}

/* Closing sends a reset then, and not the end of what was sent. */
static void close_by_force(const struct connection *connection) {
  const struct linger none = {.l_onoff = 1, .l_linger = 0};
  (void)setsockopt(event_get_fd(&connection->event), SOL_SOCKET, SO_LINGER, &none, sizeof none);
}

enum sending http_fault_pause(struct connection *connection) {
  struct http_fault *pending = connection->fault;
  if (pending == NULL) return SENDING_DONE;
  const struct answer *answer = connection->answer;
  const size_t size = sending_head(connection) + answer->length - answer->body_at;
  if (connection->sent >= size) return SENDING_DONE;
  if (!pending->delayed) return SENDING_HELD;
  if (pending->fault.kind == FAULT_DRIP) {
    set_timer(pending, FAULT_DRIP_MS);
    return SENDING_HELD;
  }
  if (pending->fault.kind == FAULT_RESET) close_by_force(connection);
  return SENDING_FAILED;
}

void http_fault_end(struct connection *connection) {
  struct http_fault *pending = connection->fault;
  if (pending == NULL) return;
  event_del(&pending->timer);
  free(pending);
  connection->fault = NULL;
}
