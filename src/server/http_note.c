/* What is remembered of a request until it is answered, for the access log. Nothing at all when
   there is no log: most connections wait, and none should pay for it. */
#include "http_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct note {
  struct address client;
  uint64_t began_ms;
  size_t method_length;
  size_t target_length;
  char text[]; /* method and target */
};

static struct address peer_of(const struct connection *connection) {
  struct sockaddr_storage peer;
  socklen_t size = sizeof peer;
  memset(&peer, 0, sizeof peer); /* of no family, if it has gone already */
  (void)getpeername(event_get_fd(&connection->event), (struct sockaddr *)&peer, &size);
  return address_of((const struct sockaddr *)&peer);
}

void note_request(struct connection *connection, const struct request *request) {
  const struct http *http = connection->http;
  if (http->options.log == NULL) return;
  const struct field_text none = {NULL, 0};
  const struct field_text method = request != NULL ? request->method : none;
  const struct field_text target = request != NULL ? request->target : none;
  const struct field_text forwarded =
      request != NULL ? request_field(request, "x-forwarded-for") : none;
  struct note *note = malloc(sizeof *note + method.length + target.length);
  if (note == NULL) return; /* a line is lost: no reason to refuse the request */
  note->client = address_of_client(peer_of(connection), forwarded, http->options.trusted,
                                   http->options.trusted_count);
  note->began_ms = http->now_ms;
  note->method_length = method.length;
  note->target_length = target.length;
  if (request != NULL) {
    memcpy(note->text, method.bytes, method.length);
    memcpy(note->text + method.length, target.bytes, target.length);
  }
  free(connection->note);
  connection->note = note;
}

void note_end(struct connection *connection, unsigned status) {
  struct http *http = connection->http;
  struct note *note = connection->note;
  if (note == NULL) return;
  const struct access_entry entry = {
      .client = note->client,
      .method = {note->text, note->method_length},
      .target = {note->text + note->method_length, note->target_length},
      .status = status,
      .bytes = connection->answer != NULL ? connection->sent : 0,
      .duration_ms = http->now_ms - note->began_ms,
  };
  if (!access_log_add(http->options.log, http->now_ms, &entry)) http->metrics.unlogged++;
  free(note);
  connection->note = NULL;
}
