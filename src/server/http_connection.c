/* One connection: how it comes, reads, waits and ends. A request that is whole when it is read is
   served where it was read, without a copy; only what has to wait is kept in memory of its own. */
#include "http_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int descriptor_of(const struct connection *connection) {
  return event_get_fd(&connection->event);
}

void connection_park(struct connection *connection) {
  struct http *http = connection->http;
  list_remove(&connection->link);
  const bool reads = connection->phase == CONNECTION_IDLE ||
                     connection->phase == CONNECTION_READING ||
                     connection->phase == CONNECTION_LINGERING;
  if (reads && (connection->unread || connection->pipelined))
    list_append(&http->ready, &connection->link);
  else if (connection->phase < CONNECTION_LISTED)
    list_append(&http->phases[connection->phase], &connection->link);
}

void connection_enter(struct connection *connection, enum connection_phase phase) {
  connection->phase = (uint8_t)phase;
  connection->since = (uint32_t)connection->http->now_ms;
  connection_park(connection);
}

void connection_close(struct connection *connection) {
  struct http *http = connection->http;
  const int descriptor = descriptor_of(connection);
  const bool unanswered = connection->answer != NULL || waiter_is_waiting(&connection->waiter);
  http->metrics.gone += unanswered;
  note_end(connection, 0);
  api_leave(http->api, &connection->waiter, http->now_ms);
  event_del(&connection->event);
  close(descriptor);
  list_remove(&connection->link);
  http_fault_end(connection);
  answer_release(connection->answer);
  free(connection->input);
  free(connection);
  http->metrics.connections--;
  http_resume_accepting(http);
}

/* What is read and cannot be served yet. */

void connection_drop_input(struct connection *connection) {
  free(connection->input);
  connection->input = NULL;
  connection->pipelined = false;
}

/* Returns false when there is no memory, with the connection closed. */
static bool reserve_input(struct connection *connection, size_t capacity) {
  struct input *input = connection->input;
  if (input != NULL && input->capacity >= capacity) return true;
  struct input *larger = realloc(input, sizeof *larger + capacity);
  if (larger == NULL) {
    connection_close(connection);
    return false;
  }
  if (input == NULL) larger->length = 0;
  larger->capacity = capacity;
  connection->input = larger;
  return true;
}

bool connection_keep_input(struct connection *connection, const char *bytes, size_t length,
                           const struct request_parser *parser) {
  if (connection->input == NULL && !reserve_input(connection, length)) return false;
  struct input *input = connection->input;
  memmove(input->bytes, bytes, length);
  input->length = length;
  input->parser = *parser;
  return true;
}

/* Answers. */

void connection_finish(struct connection *connection) {
  /* Who may still be sending has perhaps not read the answer either. */
  const bool sending = connection->unread || connection->pipelined || connection->linger;
  if (!sending && !http_draining(connection->http)) {
    connection_close(connection);
    return;
  }
  connection_drop_input(connection);
  shutdown(descriptor_of(connection), SHUT_WR);
  connection_enter(connection, CONNECTION_LINGERING);
}

void connection_send(struct connection *connection) {
  const uint32_t before = connection->sent;
  switch (sending_go_on(connection)) {
  case SENDING_DONE:
    if (connection->keep_alive && !http_draining(connection->http))
      connection_enter(connection, CONNECTION_IDLE);
    else
      connection_finish(connection);
    break;
  case SENDING_BLOCKED:
    if (connection->phase != CONNECTION_WRITING || connection->sent != before)
      connection_enter(connection, CONNECTION_WRITING);
    break;
  case SENDING_HELD:
    if (connection->phase != CONNECTION_HELD) connection_enter(connection, CONNECTION_HELD);
    break;
  case SENDING_FAILED:
    connection_close(connection);
    break;
  }
}

static void send_last(struct connection *connection, struct answer *answer) {
  connection_drop_input(connection);
  connection->keep_alive = false;
  connection->linger = true;
  connection->head = false;
  note_request(connection, NULL);
  sending_begin(connection, answer);
  connection_send(connection);
}

void connection_refuse(struct connection *connection, unsigned status, const char *why) {
  struct answer *answer = answer_error(status, why, NULL, "");
  if (answer != NULL)
    send_last(connection, answer);
  else
    connection_close(connection);
}

void http_wake(struct waiter *waiter, struct answer *answer) {
  struct connection *connection = LIST_OWNER(waiter, struct connection, waiter);
  struct http *http = connection->http;
  sending_begin(connection, answer);
  if (http->wakes_left > 0) {
    http->wakes_left--;
    connection_send(connection);
  } else {
    connection_enter(connection, CONNECTION_QUEUED);
  }
}

/* Reading. */

/* Room in the arena to read into, and for one more turn. */
static char *reserve_arena(struct http *http) {
  if (http->arena_used + READ_SIZE > ARENA_SIZE || http->turn_count == TURNS_MAX)
    serving_take_turns(http);
  return http->arena + http->arena_used;
}

/* Reads once. Returns how many bytes are at *bytes; 0 when there are none for now, or when it was
   the end, with the connection closed. */
static size_t read_some(struct connection *connection, char **bytes) {
  *bytes = reserve_arena(connection->http);
  ssize_t got;
  do {
    got = recv(descriptor_of(connection), *bytes, READ_SIZE, 0);
  } while (got < 0 && errno == EINTR);
  if (got > 0) {
    connection->unread = got == READ_SIZE || connection->closed;
    return (size_t)got;
  }
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    connection->unread = false;
    connection_park(connection);
  } else {
    connection_close(connection);
  }
  return 0;
}

static void read_requests(struct connection *connection) {
  struct http *http = connection->http;
  char *bytes;
  const size_t got = read_some(connection, &bytes);
  if (got == 0) return;

  struct input *input = connection->input;
  struct request_parser parser;
  if (input != NULL) {
    if (!reserve_input(connection, input->length + got)) return;
    input = connection->input;
    memcpy(input->bytes + input->length, bytes, got);
    parser = input->parser;
    serving_go_on(connection, &parser, input->bytes, input->length + got);
    return;
  }
  const size_t turns = http->turn_count;
  request_start(&parser, &http->options.limits);
  http->arena_used += got;
  serving_go_on(connection, &parser, bytes, got);
  if (http->turn_count == turns) http->arena_used -= got; /* served, or kept elsewhere */
}

/* Throws away what the client sends after its last answer. */
static void discard(struct connection *connection) {
  char *bytes;
  if (read_some(connection, &bytes) > 0) connection_park(connection);
}

static bool overdue(const struct connection *connection) {
  const struct http *http = connection->http;
  return (uint32_t)http->now_ms - connection->since >= http_patience(http, connection->phase);
}

/* Whoever keeps sending does not stay in one place of its list, so it is looked at here too. */
static void read_on(struct connection *connection) {
  const bool bounded =
      connection->phase == CONNECTION_READING || connection->phase == CONNECTION_LINGERING;
  if (bounded && overdue(connection)) {
    connection_expire(connection);
    return;
  }
  if (connection->phase == CONNECTION_LINGERING)
    discard(connection);
  else
    read_requests(connection);
}

void connection_go_on(struct connection *connection) {
  if (!connection->pipelined) {
    read_on(connection);
    return;
  }
  reserve_arena(connection->http);
  struct request_parser parser = connection->input->parser;
  serving_go_on(connection, &parser, connection->input->bytes, connection->input->length);
}

void connection_expire(struct connection *connection) {
  if (connection->phase == CONNECTION_READING)
    connection_refuse(connection, 408, "The request did not arrive in time");
  else
    connection_close(connection);
}

/* Something happened to a connection whose poll waits, or whose answer is held back: has the client
   gone? What it may have pipelined stays in the socket until the poll is answered. */
static bool has_gone(struct connection *connection) {
  if (connection->closed) return true;
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(descriptor_of(connection), SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0)
    return true;
  char byte;
  const ssize_t got = recv(descriptor_of(connection), &byte, 1, MSG_PEEK);
  if (got > 0) return false;
  return got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

static void on_event(evutil_socket_t descriptor, short what, void *argument) {
  (void)descriptor;
  struct connection *connection = argument;
  http_read_clock(connection->http);
  if ((what & EV_CLOSED) != 0) connection->closed = true;
  if ((what & (EV_READ | EV_CLOSED)) != 0) connection->unread = true;
  switch ((enum connection_phase)connection->phase) {
  case CONNECTION_IDLE:
  case CONNECTION_READING:
  case CONNECTION_LINGERING:
    if (connection->unread) read_on(connection);
    break;
  case CONNECTION_WAITING:
  case CONNECTION_HELD:
    if (connection->unread && has_gone(connection)) connection_close(connection);
    break;
  case CONNECTION_WRITING:
    if ((what & EV_WRITE) != 0) connection_send(connection);
    break;
  default: /* what was told is remembered */
    break;
  }
}

void connection_open(const struct http_listener *listener, evutil_socket_t descriptor,
                     struct answer *refusal) {
  struct http *http = listener->http;
  struct connection *connection = calloc(1, sizeof *connection);
  const short all = EV_READ | EV_WRITE | EV_CLOSED | EV_ET | EV_PERSIST;
  if (connection == NULL ||
      event_assign(&connection->event, http->base, descriptor, all, on_event, connection) != 0 ||
      event_add(&connection->event, NULL) != 0) {
    free(connection);
    close(descriptor);
    return;
  }
  connection->http = http;
  connection->admin = listener->site == HTTP_ADMIN;
  list_start(&connection->link);
  http->metrics.connections++;
  connection_enter(connection, CONNECTION_IDLE);
  if (refusal != NULL)
    send_last(connection, answer_retain(refusal));
  else
    read_requests(connection);
}
