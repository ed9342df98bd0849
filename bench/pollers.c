/* Many idle clients of topicsd in one process, with nothing but sockets: what does a client that
   waits cost the server, and does it slow others down? Knows of HTTP what it needs to ask.

     pollers measure PORT COUNT ROUNDS [SERVER_PID]   the latency from publish to receive of one
                           pair, without and with COUNT idle polls on COUNT topics beside it, and
                           the server's memory for each of them; two lines of figures
     pollers wait PORT COUNT      COUNT idle polls, until the end of stdin; prints "ready"
     pollers silent PORT COUNT    COUNT connections that send nothing, likewise
     pollers slow PORT COUNT      COUNT that send half a request, likewise

   The key comes from TOPICSD_KEY; the server is on 127.0.0.1 and has the cache my-cache. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER_SIZE = 4096, REQUEST_SIZE = 1024, WARM_UP = 100, SETTLE_NS = 300000, REST_S = 3 };

static uint16_t port;
static const char *key;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static double now_us(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static int open_connection(void) {
  const int one = 1;
  const struct linger reset = {1, 0}; /* at its end no port stays taken for a minute */
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int descriptor = socket(AF_INET, SOCK_STREAM, 0);
  if (descriptor < 0) fail("socket");
  if (connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  return descriptor;
}

static void send_text(int descriptor, const char *text) {
  const size_t length = strlen(text);
  if (send(descriptor, text, length, MSG_NOSIGNAL) != (ssize_t)length) fail("send");
}

static void send_poll(int descriptor, const char *topic, long number) {
  char request[REQUEST_SIZE];
  snprintf(request, sizeof request,
           "GET /topics/my-cache/%s?sequence_number=%ld HTTP/1.1\r\nHost: h\r\n"
           "Authorization: %s\r\n\r\n",
           topic, number, key);
  send_text(descriptor, request);
}

static void send_publish(int descriptor, const char *topic) {
  char request[REQUEST_SIZE];
  snprintf(request, sizeof request,
           "POST /topics/my-cache/%s HTTP/1.1\r\nHost: h\r\nAuthorization: %s\r\n"
           "Content-Length: 5\r\n\r\nhello",
           topic, key);
  send_text(descriptor, request);
}

/* Reads one answer, whose status must be that: until its end, which is known by the last bytes. */
static void read_answer(int descriptor, const char *status, const char *end) {
  char answer[ANSWER_SIZE];
  size_t length = 0;
  const size_t end_length = strlen(end);
  do {
    const ssize_t got = recv(descriptor, answer + length, sizeof answer - length, 0);
    if (got <= 0) fail("recv");
    length += (size_t)got;
    if (length == sizeof answer) fail("an answer that is too long");
  } while (length < end_length || memcmp(answer + length - end_length, end, end_length) != 0);
  if (length < 12 || memcmp(answer + 9, status, 3) != 0) fail("an answer of another status");
}

static int compare(const void *a, const void *b) {
  const double left = *(const double *)a, right = *(const double *)b;
  return (left > right) - (left < right);
}

/* Median of the microseconds from a publish to the answer of the poll that waits for it. */
static void measure(const char *when, long rounds, double *p50, double *p99) {
  char topic[64]; /* one that nobody has used */
  snprintf(topic, sizeof topic, "%s-%ld", when, (long)getpid());
  double *times = calloc((size_t)rounds, sizeof *times);
  if (times == NULL) fail("calloc");
  const struct timespec settle = {0, SETTLE_NS};
  const int reader = open_connection(), writer = open_connection();
  for (long round = -WARM_UP; round < rounds; round++) {
    send_poll(reader, topic, round + WARM_UP + 1);
    nanosleep(&settle,
              NULL); /* for the poll to wait; if it does not yet, it is answered from the ring */
    const double began = now_us();
    send_publish(writer, topic);
    read_answer(reader, "200", "]}");
    if (round >= 0) times[round] = now_us() - began;
    read_answer(writer, "204", "\r\n\r\n");
  }
  close(reader);
  close(writer);
  qsort(times, (size_t)rounds, sizeof *times, compare);
  *p50 = times[rounds / 2];
  *p99 = times[rounds * 99 / 100];
  free(times);
}

static long resident_bytes(const char *pid) {
  char path[64], line[256];
  long kilobytes = 0;
  snprintf(path, sizeof path, "/proc/%s/status", pid);
  FILE *file = fopen(path, "r");
  if (file == NULL) fail(path);
  while (fgets(line, sizeof line, file) != NULL)
    if (sscanf(line, "VmRSS: %ld", &kilobytes) == 1) break;
  fclose(file);
  return kilobytes * 1024;
}

enum habit { WAIT, SILENT, SLOW };

static void open_idle(long count, enum habit habit) {
  char topic[32];
  for (long i = 0; i < count; i++) {
    const int descriptor = open_connection();
    snprintf(topic, sizeof topic, "idle-%ld", i);
    if (habit == WAIT) send_poll(descriptor, topic, 0);
    if (habit == SLOW) send_text(descriptor, "GET /topics/my-cache/t HTTP/1.1\r\nHost: h\r\nX: ");
  }
}

/* Until the server has read what the others sent: it takes connections in their order. */
static void catch_up(void) {
  const int descriptor = open_connection();
  send_publish(descriptor, "catch-up");
  read_answer(descriptor, "204", "\r\n\r\n");
  close(descriptor);
}

static int run_measure(long count, long rounds, const char *pid) {
  double p50, p99;
  measure("without", rounds, &p50, &p99);
  printf("idle=0 p50_us=%.1f p99_us=%.1f\n", p50, p99);
  fflush(stdout);
  const long before = pid != NULL ? resident_bytes(pid) : 0;
  open_idle(count, WAIT);
  catch_up();
  const long after = pid != NULL ? resident_bytes(pid) : 0;
  sleep(REST_S); /* the system has the work of so many connections to make up for */
  measure("with", rounds, &p50, &p99);
  printf("idle=%ld p50_us=%.1f p99_us=%.1f bytes_each=%.0f\n", count, p50, p99,
         (double)(after - before) / (double)count);
  return 0;
}

static int run_idle(long count, enum habit habit) {
  char byte;
  open_idle(count, habit);
  catch_up();
  puts("ready");
  fflush(stdout);
  while (read(STDIN_FILENO, &byte, 1) > 0)
    continue;
  return 0;
}

int main(int argc, char **argv) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  key = getenv("TOPICSD_KEY");
  if (key == NULL) key = "none";
  if (argc >= 4) port = (uint16_t)strtoul(argv[2], NULL, 10);
  const long count = argc >= 4 ? strtol(argv[3], NULL, 10) : 0;
  if (argc >= 5 && strcmp(argv[1], "measure") == 0)
    return run_measure(count, strtol(argv[4], NULL, 10), argc > 5 ? argv[5] : NULL);
  if (argc == 4 && strcmp(argv[1], "wait") == 0) return run_idle(count, WAIT);
  if (argc == 4 && strcmp(argv[1], "silent") == 0) return run_idle(count, SILENT);
  if (argc == 4 && strcmp(argv[1], "slow") == 0) return run_idle(count, SLOW);
  fprintf(stderr, "usage: pollers measure PORT COUNT ROUNDS [SERVER_PID]\n"
                  "       pollers wait|silent|slow PORT COUNT\n");
  return 2;
}
