/* From bytes to answers: takes requests out of what a connection has read and has them answered,
   polls at once and everything else at the end of the round. */
#include "admin.h"
#include "http_internal.h"

#include <string.h>
#include <sys/socket.h>

static bool text_is(struct field_text text, const char *expected) {
  return text.length == strlen(expected) && memcmp(text.bytes, expected, text.length) == 0;
}

static struct api_text to_api(struct field_text text) {
  return (struct api_text){text.bytes, text.length};
}

static enum api_outcome ask_api(const struct turn *turn, struct answer **answer) {
  struct http *http = turn->connection->http;
  const struct request *request = &turn->request;
  const struct api_request api_request = {
      .method = to_api(request->method),
      .target = to_api(request->target),
      .authorization = to_api(request->authorization),
      .content_type = to_api(request->content_type),
      .body = to_api(request->body),
      .body_oversized = turn->oversized,
  };
  http->wakes_left = WAKES_AT_ONCE;
  if (turn->connection->admin) {
    *answer = admin_handle(http->api, &http->metrics, http->options.faults, request, http->now_ms);
    return API_ANSWERED;
  }
  return api_handle(http->api, &api_request, http->now_ms, &turn->connection->waiter, answer);
}

/* Keeps what came after a request whose answer is still to come. Returns as connection_keep_input.
 */
static bool keep_rest(struct connection *connection, const char *rest, size_t length) {
  if (length == 0) {
    connection_drop_input(connection);
    return true;
  }
  struct request_parser parser;
  request_start(&parser, &connection->http->options.limits);
  connection->pipelined = true;
  return connection_keep_input(connection, rest, length, &parser);
}

static void count_latency(const struct turn *turn) {
  struct http *http = turn->connection->http;
  if (turn->connection->admin) return;
  http_read_clock(http);
  metrics_count_latency(&http->metrics, http->now_us - turn->read_us);
}

/* Returns whether the connection can go on with its next request at once. When not, the rest is
   kept or the connection closed. */
static bool serve(const struct turn *turn) {
  struct connection *connection = turn->connection;
  connection->keep_alive = turn->request.keep_alive;
  connection->http_1_0 = turn->request.http_1_0;
  connection->head = text_is(turn->request.method, "HEAD");
  connection->linger = turn->oversized;

  note_request(connection, &turn->request);
  struct answer *answer = http_fault_begin(connection, &turn->request);
  if (answer == NULL && ask_api(turn, &answer) == API_WAITING) {
    /* Nobody waits for a client that has closed, were it only for sending: the two look alike. */
    if (connection->closed)
      connection_close(connection);
    else if (keep_rest(connection, turn->rest, turn->rest_length))
      connection_enter(connection, CONNECTION_WAITING);
    return false;
  }
  if (answer == NULL) { /* no memory for the operator's */
    connection_close(connection);
    return false;
  }
  sending_begin(connection, answer);
  const enum sending sending = sending_go_on(connection);
  count_latency(turn);
  if (sending == SENDING_DONE && connection->keep_alive) return true;
  if (sending == SENDING_FAILED) {
    connection_close(connection);
  } else if (keep_rest(connection, turn->rest, turn->rest_length)) {
    if (sending == SENDING_DONE)
      connection_finish(connection);
    else
      connection_enter(connection, sending == SENDING_HELD ? CONNECTION_HELD : CONNECTION_WRITING);
  }
  return false;
}

/* A part of a request is there. */
static void await_more(struct connection *connection, const struct request_parser *parser,
                       const char *bytes, size_t length) {
  static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
  if (!connection_keep_input(connection, bytes, length, parser)) return;
  /* Nothing else is being sent, so there is room; and a client that misses it goes on anyhow. */
  if (request_take_continue(&connection->input->parser))
    (void)!send(event_get_fd(&connection->event), go_on, sizeof go_on - 1, MSG_NOSIGNAL);
  if (connection->phase == CONNECTION_READING)
    connection_park(connection);
  else
    connection_enter(connection, CONNECTION_READING);
}

void serving_go_on(struct connection *connection, struct request_parser *parser, char *bytes,
                   size_t length) {
  struct http *http = connection->http;
  connection->pipelined = false;
  while (length > 0) {
    struct turn turn = {.connection = connection, .read_us = http->now_us};
    const enum request_verdict verdict = request_parse(parser, bytes, &length, &turn.request);
    if (verdict == REQUEST_PARTIAL) {
      await_more(connection, parser, bytes, length);
      return;
    }
    if (verdict == REQUEST_REFUSED) {
      const char *why;
      const unsigned status = request_refusal(parser, &why);
      connection_refuse(connection, status, why);
      return;
    }
    turn.oversized = verdict == REQUEST_OVERSIZED;
    turn.rest = bytes + turn.request.size;
    turn.rest_length = length - turn.request.size;
    if (!http->in_turns && !text_is(turn.request.method, "GET")) {
      connection_enter(connection, CONNECTION_TURN);
      http->turns[http->turn_count++] = turn;
      return;
    }
    if (!serve(&turn)) return;
    bytes = turn.rest;
    length = turn.rest_length;
    request_start(parser, &http->options.limits);
  }
  connection_drop_input(connection);
  connection_enter(connection, CONNECTION_IDLE);
}

void serving_take_turns(struct http *http) {
  http->in_turns = true;
  for (size_t i = 0; i < http->turn_count; i++) {
    const struct turn *turn = &http->turns[i];
    if (!serve(turn)) continue;
    struct request_parser parser;
    request_start(&parser, &http->options.limits);
    serving_go_on(turn->connection, &parser, turn->rest, turn->rest_length);
  }
  http->in_turns = false;
  http->turn_count = 0;
  http->arena_used = 0;
}
