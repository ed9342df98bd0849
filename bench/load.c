/* The load on a server of Topics' API or of Nchan: HTTP/1.1 over plain sockets and epoll, one
   thread, as little work a request as can be, so that the server saturates first. Trusts what it
   is told: answers have a Content-Length, fit into the buffer, and name the position to poll next
   (a sequence number in the body, or an Etag). Prints one line of figures a run.

     load publish URL TOKEN COUNT BYTES CONNECTIONS [TOPICS]    URL0 ... when there are TOPICS
     load pace URL TOKEN COUNT BYTES RATE                       so many a second, over one
   connection load fanout URL TOKEN COUNT BYTES POLL_URL WAITERS         each message to all, who
   ask again load latency URL TOKEN COUNT BYTES POLL_URL IDLE_URL IDLE  beside so many polls of
   another topic load wait POLL_URL TOKEN WAITERS                           holds them until stdin
   ends load events URL TOKEN COUNT BYTES EVENTS_URL LISTENERS     each message to all, as events */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 8192, EVENTS = 256 };

struct address {
  struct sockaddr_in socket;
  const char *path;
  int port;
};

struct connection {
  int fd;
  bool waits;         /* polls again when it is answered */
  long seen;          /* answers, or events */
  size_t length;      /* of what is in the room */
  int matched;        /* bytes of an event's mark at the end of what came */
  char position[256]; /* what to add to the next poll: a query, or headers */
  char *room;
};

struct load {
  int epoll;
  const char *token, *accept;
  struct address polled;
  struct connection *waiters; /* those opened last */
  long answers, delivered;
};

typedef void reader(struct load *load, struct connection *connection);

static void fail(const char *what) {
  fprintf(stderr, "load: %s\n", what);
  exit(1);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void pause_for(double seconds) {
  struct timespec time = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
  if (seconds > 0) nanosleep(&time, NULL);
}

static void report(const char *what, long count, double seconds) {
  printf("%s count=%ld seconds=%.3f rate=%.0f\n", what, count, seconds, (double)count / seconds);
}

static long number(const char *text) {
  char *end;
  long value = strtol(text, &end, 10);
  if (*end != '\0' || value < 0) fail("numbers must be 0 or more");
  return value;
}

static void *allocate(size_t count, size_t size) {
  void *room = calloc(count > 0 ? count : 1, size);
  if (room == NULL) fail("no memory");
  return room;
}

/* http://127.0.0.1:PORT/PATH, and nothing else. */
static struct address address_of(const char *url) {
  static const char prefix[] = "http://127.0.0.1:";
  struct address address = {0};
  if (strncmp(url, prefix, sizeof prefix - 1) != 0) fail("a URL of 127.0.0.1 is wanted");
  char *end;
  address.port = (int)strtol(url + sizeof prefix - 1, &end, 10);
  address.path = end;
  address.socket.sin_family = AF_INET;
  address.socket.sin_port = htons((uint16_t)address.port);
  address.socket.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

static void open_connection(struct load *load, struct connection *connection,
                            const struct address *address) {
  const int on = 1;
  connection->room = allocate(1, ROOM);
  connection->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connection->fd < 0) fail("no socket: raise the limit of open files");
  if (connect(connection->fd, (const struct sockaddr *)&address->socket, sizeof address->socket))
    fail("cannot connect");
  setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  fcntl(connection->fd, F_SETFL, O_NONBLOCK);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
  if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, connection->fd, &event)) fail("epoll");
}

static struct connection *open_many(struct load *load, long count, const struct address *address) {
  struct connection *connections = allocate((size_t)count, sizeof *connections);
  for (long i = 0; i < count; i++)
    open_connection(load, &connections[i], address);
  return connections;
}

/* A request is short, and the one before it is answered: it fits into the socket's buffer. */
static void send_text(struct connection *connection, const char *text, size_t length) {
  if (write(connection->fd, text, length) != (ssize_t)length) fail("cannot send");
}

static void send_poll(struct load *load, struct connection *connection) {
  char text[2048];
  bool query = connection->position[0] == '?' || connection->position[0] == '&';
  int length = snprintf(text, sizeof text,
                        "GET %s%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: %s\r\n"
                        "Accept: %s\r\n%s\r\n",
                        load->polled.path, query ? connection->position : "", load->polled.port,
                        load->token, load->accept, query ? "" : connection->position);
  send_text(connection, text, (size_t)length);
}

static char *publish_of(const struct load *load, const struct address *address, const char *suffix,
                        long bytes, size_t *length) {
  char *text = allocate((size_t)bytes + 2048, 1);
  int head = snprintf(text, 2048,
                      "POST %s%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: %s\r\n"
                      "Content-Type: text/plain\r\nContent-Length: %ld\r\n\r\n",
                      address->path, suffix, address->port, load->token, bytes);
  memset(text + head, 'x', (size_t)bytes);
  *length = (size_t)head + (size_t)bytes;
  return text;
}

/* A header's value in the head that ends at end; NULL: none. */
static const char *header(const char *head, const char *end, const char *name) {
  size_t length = strlen(name);
  for (const char *line = strstr(head, "\r\n"); line != NULL && line < end;
       line = strstr(line + 2, "\r\n"))
    if (strncasecmp(line + 2, name, length) == 0) return line + 2 + length;
  return NULL;
}

static const char *last_of(const char *text, const char *key) {
  const char *found = NULL, *at = text;
  while ((at = strstr(at, key)) != NULL)
    found = at += strlen(key);
  return found;
}

static void learn_position(struct connection *connection, const char *head, const char *body) {
  char *position = connection->position;
  const char *sequence = last_of(body, "\"topic_sequence_number\":"), *page;
  const char *etag = header(head, body, "Etag: "),
             *modified = header(head, body, "Last-Modified: ");
  if (sequence != NULL && (page = strstr(sequence, "page\":")) != NULL)
    snprintf(position, sizeof connection->position, "?sequence_number=%llu&sequence_page=%llu",
             strtoull(sequence, NULL, 10) + 1, strtoull(page + 6, NULL, 10));
  else if (etag != NULL && modified != NULL)
    snprintf(position, sizeof connection->position,
             "If-None-Match: %.*s\r\nIf-Modified-Since: %.*s\r\n", (int)strcspn(etag, "\r"), etag,
             (int)strcspn(modified, "\r"), modified);
}

/* Whether the room holds a whole answer, which is then used up. */
static bool take_answer(struct connection *connection) {
  char *head = connection->room;
  head[connection->length] = '\0';
  char *end = strstr(head, "\r\n\r\n");
  if (end == NULL) return false;
  long status = strtol(head + 9, NULL, 10);
  if (status < 200 || status > 299) {
    fprintf(stderr, "load: %.*s\n", (int)connection->length, head);
    exit(1);
  }
  const char *given = header(head, end, "Content-Length: ");
  if (given == NULL && status != 204) fail("an answer without Content-Length");
  size_t body = given == NULL ? 0 : strtoul(given, NULL, 10);
  if (connection->length < (size_t)(end + 4 - head) + body) return false;
  if (status == 200) learn_position(connection, head, end + 4);
  connection->length = 0;
  return true;
}

static size_t receive(struct connection *connection) {
  size_t left = ROOM - 1 - connection->length;
  ssize_t count = read(connection->fd, connection->room + connection->length, left);
  if (count < 0 && errno == EAGAIN) return 0;
  if (count <= 0) fail("the server closed a connection, or its answer is too long");
  connection->length += (size_t)count;
  return (size_t)count;
}

/* Reads; whether a whole answer has come. */
static bool answered(struct load *load, struct connection *connection) {
  if (receive(connection) == 0 || !take_answer(connection)) return false;
  load->answers++;
  connection->seen++;
  return true;
}

static void on_answer(struct load *load, struct connection *connection) {
  if (!answered(load, connection) || !connection->waits) return;
  load->delivered++;
  send_poll(load, connection);
}

/* Reads what comes within so many milliseconds (-1: for as long as it takes); false: nothing. */
static bool turn(struct load *load, int wait, reader *readable) {
  struct epoll_event events[EVENTS];
  int count = epoll_wait(load->epoll, events, EVENTS, wait);
  for (int i = 0; i < count; i++)
    readable(load, events[i].data.ptr);
  return count > 0;
}

static void settle(struct load *load, reader *readable) {
  while (turn(load, 300, readable)) {
  }
}

/* What there is to publish: a request for each topic, begun in turn until count. */
static struct {
  char **texts;
  size_t *lengths;
  long topics, begun, count;
} work;

static void publish_next(struct connection *connection) {
  if (work.begun >= work.count) return;
  long topic = work.begun++ % work.topics;
  send_text(connection, work.texts[topic], work.lengths[topic]);
}

static void on_published(struct load *load, struct connection *connection) {
  if (answered(load, connection)) publish_next(connection);
}

static void publish(struct load *load, const char *url, long count, long bytes, long flight,
                    long topics) {
  struct address address = address_of(url);
  work.count = count;
  work.topics = topics > 0 ? topics : 1;
  work.texts = allocate((size_t)work.topics, sizeof *work.texts);
  work.lengths = allocate((size_t)work.topics, sizeof *work.lengths);
  for (long i = 0; i < work.topics; i++) {
    char suffix[32] = "";
    if (topics > 0) snprintf(suffix, sizeof suffix, "%ld", i);
    work.texts[i] = publish_of(load, &address, suffix, bytes, &work.lengths[i]);
  }
  struct connection *connections = open_many(load, flight, &address);
  double start = now();
  for (long i = 0; i < flight; i++)
    publish_next(&connections[i]);
  while (load->answers < count)
    turn(load, -1, on_published);
  report("publish", count, now() - start);
}

/* One connection that publishes the same message again and again. */
struct publisher {
  struct connection *connection;
  char *text;
  size_t length;
};

static struct publisher open_publisher(struct load *load, const char *url, long bytes) {
  struct address address = address_of(url);
  struct publisher publisher = {.connection = open_many(load, 1, &address)};
  publisher.text = publish_of(load, &address, "", bytes, &publisher.length);
  return publisher;
}

static void publish_once(struct load *load, const struct publisher *publisher, reader *readable) {
  long seen = publisher->connection->seen;
  send_text(publisher->connection, publisher->text, publisher->length);
  while (publisher->connection->seen == seen)
    turn(load, -1, readable);
}

static void pace(struct load *load, const char *url, long count, long bytes, long rate) {
  struct publisher publisher = open_publisher(load, url, bytes);
  double start = now();
  for (long i = 0; i < count; i++) {
    pause_for(start + (double)i / (double)rate - now());
    publish_once(load, &publisher, on_answer);
  }
  report("pace", count, now() - start);
}

static void open_waiters(struct load *load, const char *url, long count, bool again) {
  load->polled = address_of(url);
  load->waiters = open_many(load, count, &load->polled);
  for (long i = 0; i < count; i++) {
    load->waiters[i].waits = again;
    send_poll(load, &load->waiters[i]);
  }
}

/* Publishes until everyone has seen something: only then are all known to listen. */
static void warm(struct load *load, const struct publisher *publisher, long count,
                 reader *readable) {
  for (long i = 0; i < count;) {
    publish_once(load, publisher, readable);
    settle(load, readable);
    while (i < count && load->waiters[i].seen > 0)
      i++;
  }
  load->answers = load->delivered = 0;
}

/* Publishes one after the other, each when all have had the one before. */
static void deliver(struct load *load, const struct publisher *publisher, const char *what,
                    long count, long listeners, reader *readable) {
  double start = now();
  for (long i = 1; i <= count; i++) {
    publish_once(load, publisher, readable);
    while (load->delivered < i * listeners)
      turn(load, -1, readable);
  }
  report(what, count * listeners, now() - start);
}

static void fanout(struct load *load, const char *url, long count, long bytes, const char *polled,
                   long waiters) {
  struct publisher publisher = open_publisher(load, url, bytes);
  open_waiters(load, polled, waiters, true);
  warm(load, &publisher, waiters, on_answer);
  deliver(load, &publisher, "fanout", count, waiters, on_answer);
}

static int by_size(const void *left, const void *right) {
  double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

/* From before the publish until the poll has told of it. */
static void latency(struct load *load, const char *url, long count, long bytes, const char *polled,
                    const char *idle_url, long idle) {
  struct publisher publisher = open_publisher(load, url, bytes);
  /* cppcheck-suppress leakReturnValNotUsed ; they wait until the program ends */
  open_waiters(load, idle_url, idle, false);
  open_waiters(load, polled, 1, true);
  double *times = allocate((size_t)count, sizeof *times);
  warm(load, &publisher, 1, on_answer);
  double begun = now();
  for (long i = 0; i < count; i++) {
    pause_for(0.0002); /* until the poll waits */
    double start = now();
    send_text(publisher.connection, publisher.text, publisher.length);
    while (load->delivered <= i)
      turn(load, -1, on_answer);
    times[i] = now() - start;
    while (load->answers < 2 * (i + 1))
      turn(load, -1, on_answer);
  }
  double seconds = now() - begun;
  qsort(times, (size_t)count, sizeof *times, by_size);
  printf("p50_us=%.1f p99_us=%.1f ", times[count / 2] * 1e6, times[count * 99 / 100] * 1e6);
  report("latency", count, seconds);
}

static void wait_idle(struct load *load, const char *url, long count) {
  /* cppcheck-suppress leakReturnValNotUsed ; they wait until the program ends */
  open_waiters(load, url, count, false);
  settle(load, on_answer);
  printf("waiting count=%ld\n", count);
  fflush(stdout);
  while (getchar() != EOF) {
  }
}

/* Listeners of events: counts the marks in what comes, wherever chunks begin. */
static void on_events(struct load *load, struct connection *connection) {
  static const char mark[] = "data: ";
  if (!connection->waits) {
    on_answer(load, connection);
    return;
  }
  connection->length = 0;
  size_t count = receive(connection);
  for (size_t i = 0; i < count; i++) {
    char byte = connection->room[i];
    connection->matched =
        byte == mark[connection->matched] ? connection->matched + 1 : byte == mark[0];
    if (mark[connection->matched] != '\0') continue;
    connection->matched = 0;
    connection->seen++;
    load->delivered++;
  }
}

static void events(struct load *load, const char *url, long count, long bytes,
                   const char *events_url, long listeners) {
  struct publisher publisher = open_publisher(load, url, bytes);
  open_waiters(load, events_url, listeners, true);
  warm(load, &publisher, listeners, on_events);
  deliver(load, &publisher, "events", count, listeners, on_events);
}

static void raise_limit(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv) {
  static const char usage[] = "see the head of bench/load.c for the arguments";
  struct load load = {.epoll = epoll_create1(EPOLL_CLOEXEC)};
  if (argc < 5) fail(usage);
  const char *mode = argv[1], *url = argv[2];
  load.token = argv[3];
  load.accept = strcmp(mode, "events") == 0 ? "text/event-stream" : "*/*";
  long count = number(argv[4]), bytes = argc > 5 ? number(argv[5]) : 0;
  raise_limit();
  if (strcmp(mode, "publish") == 0 && (argc == 7 || argc == 8))
    publish(&load, url, count, bytes, number(argv[6]), argc == 8 ? number(argv[7]) : 0);
  else if (strcmp(mode, "pace") == 0 && argc == 7)
    pace(&load, url, count, bytes, number(argv[6]));
  else if (strcmp(mode, "fanout") == 0 && argc == 8)
    fanout(&load, url, count, bytes, argv[6], number(argv[7]));
  else if (strcmp(mode, "latency") == 0 && argc == 9)
    latency(&load, url, count, bytes, argv[6], argv[7], number(argv[8]));
  else if (strcmp(mode, "wait") == 0 && argc == 5)
    wait_idle(&load, url, count);
  else if (strcmp(mode, "events") == 0 && argc == 8)
    events(&load, url, count, bytes, argv[6], number(argv[7]));
  else
    fail(usage);
  return 0;
}
