/* Sends answers. The bytes of an answer are shared by everybody who gets it; what differs from one
   client to the next goes between its last header line and the empty line. */
#include "http_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

enum { PARTS = 4, SMALL = 512 };

static char *date_line(struct http *http, uint32_t date) {
  if (http->date != date) {
    time_t seconds = (time_t)date;
    struct tm utc;
    gmtime_r(&seconds, &utc);
    /* The names are English ones: this program never sets a locale. */
    strftime(http->date_line, sizeof http->date_line, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc);
    http->date = date;
  }
  return http->date_line;
}

static struct iovec connection_line(const struct connection *connection) {
  static char close_line[] = "Connection: close\r\n";
  static char keep_line[] = "Connection: keep-alive\r\n";
  if (!connection->keep_alive) return (struct iovec){close_line, sizeof close_line - 1};
  return (struct iovec){keep_line, connection->http_1_0 ? sizeof keep_line - 1 : 0};
}

size_t sending_head(const struct connection *connection) {
  return connection->answer->body_at + DATE_LINE_SIZE - 1 + connection_line(connection).iov_len;
}

/* What is still to be sent, up to that byte; returns how many parts that is. */
static int gather(const struct connection *connection, size_t until, struct iovec parts[PARTS]) {
  struct answer *answer = connection->answer;
  const size_t split = answer->body_at - 2;
  const size_t end = connection->head ? answer->body_at : answer->length;
  const struct iovec whole[PARTS] = {
      {answer->bytes, split},
      {date_line(connection->http, connection->date), DATE_LINE_SIZE - 1},
      connection_line(connection),
      {answer->bytes + split, end - split},
  };
  size_t skip = connection->sent;
  size_t left = until > skip ? until - skip : 0;
  int count = 0;
  for (int i = 0; i < PARTS && left > 0; i++) {
    size_t gone = skip < whole[i].iov_len ? skip : whole[i].iov_len;
    skip -= gone;
    if (gone == whole[i].iov_len) continue;
    parts[count].iov_base = (char *)whole[i].iov_base + gone;
    parts[count].iov_len = whole[i].iov_len - gone < left ? whole[i].iov_len - gone : left;
    left -= parts[count].iov_len;
    count++;
  }
  return count;
}

void sending_begin(struct connection *connection, struct answer *answer) {
  const struct http *http = connection->http;
  connection->answer = http_fault_answer(connection, answer);
  connection->sent = 0;
  connection->date = (uint32_t)(http->now_ms / 1000);
  if (http_draining(http)) connection->keep_alive = false;
}

/* What is small is cheaper to put together than to have the kernel put together. */
static ssize_t send_parts(int descriptor, const struct iovec *parts, int count) {
  char small[SMALL];
  size_t length = 0;
  for (int i = 0; i < count; i++) {
    if (parts[i].iov_len > sizeof small - length) return writev(descriptor, parts, count);
    memcpy(small + length, parts[i].iov_base, parts[i].iov_len);
    length += parts[i].iov_len;
  }
  return send(descriptor, small, length, 0);
}

enum sending sending_go_on(struct connection *connection) {
  struct iovec parts[PARTS];
  int count;
  while ((count = gather(connection, http_fault_until(connection), parts)) > 0) {
    ssize_t sent = send_parts(event_get_fd(&connection->event), parts, count);
    if (sent >= 0)
      connection->sent += (uint32_t)sent;
    else if (errno == EAGAIN || errno == EWOULDBLOCK)
      return SENDING_BLOCKED;
    else if (errno != EINTR)
      return SENDING_FAILED;
  }
  const enum sending pause = http_fault_pause(connection);
  if (pause != SENDING_DONE) return pause;
  http_fault_end(connection);
  if (!connection->admin)
    metrics_count_answer(&connection->http->metrics, connection->answer, connection->sent);
  note_end(connection, connection->answer->status);
  answer_release(connection->answer);
  connection->answer = NULL;
  return SENDING_DONE;
}
