/* What a C programmer writes with libcurl and nothing else, to measure the Lua client against: one
   reused easy handle, curl_multi_socket_action over epoll, and a bare poll loop. No error is
   handled but by ending; no JSON is read but by searching it. Prints one line of figures a run.

     loop publish URL TOKEN COUNT BYTES              one after the other
     loop publish-many URL TOKEN COUNT BYTES FLIGHT  so many in flight
     loop consume URL TOKEN COUNT                    polls until it has seen so many messages
     loop latency URL TOKEN COUNT                    publishes, waits for its own poll to tell
     loop beside URL TOKEN COUNT BYTES IDLE          one after the other, beside idle polls
     loop idle URL TOKEN IDLE                        memory of an idle poll
     loop nothing URL TOKEN COUNT                    waits for what is not there: epoll_wait alone

   Idle polls are of URL-idle. CA_FILE in the environment: over HTTP/2 and one connection. */
#include <curl/curl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what) {
  fprintf(stderr, "loop: %s\n", what);
  exit(1);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double cpu(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void report(const char *what, long count, double seconds) {
  printf("%s count=%ld seconds=%.3f rate=%.0f cpu_us=%.2f\n", what, count, seconds,
         (double)count / seconds, cpu() * 1e6 / (double)count);
}

static long number(const char *text) {
  char *end;
  long value = strtol(text, &end, 10);
  if (*end != '\0' || value <= 0) fail("numbers must be above 0");
  return value;
}

/* The last answer; grows to the longest one. */
struct answer {
  char *bytes;
  size_t length, capacity;
};

static size_t on_body(char *bytes, size_t size, size_t count, void *data) {
  struct answer *answer = data;
  size_t length = size * count;
  if (answer->length + length + 1 > answer->capacity) {
    answer->capacity = (answer->length + length + 1) * 2;
    answer->bytes = realloc(answer->bytes, answer->capacity);
    if (answer->bytes == NULL) fail("no memory");
  }
  memcpy(answer->bytes + answer->length, bytes, length);
  answer->length += length;
  answer->bytes[answer->length] = '\0';
  return length;
}

static struct curl_slist *headers_with(const char *token) {
  char line[4096];
  snprintf(line, sizeof line, "Authorization: %s", token);
  struct curl_slist *headers = curl_slist_append(NULL, line);
  headers = curl_slist_append(headers, "Content-Type: text/plain");
  return headers;
}

static CURL *handle_for(const char *url, struct curl_slist *headers, struct answer *answer) {
  CURL *easy = curl_easy_init();
  if (easy == NULL) fail("no handle");
  curl_easy_setopt(easy, CURLOPT_URL, url);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 70000L);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, answer);
  return easy;
}

static CURL *publisher_for(const char *url, struct curl_slist *headers, struct answer *answer,
                           const char *body, long length) {
  CURL *easy = handle_for(url, headers, answer);
  curl_easy_setopt(easy, CURLOPT_POST, 1L);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, length);
  return easy;
}

static void check_status(CURL *easy, CURLcode result) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  if (result != CURLE_OK) fail(curl_easy_strerror(result));
  if (status != 200 && status != 204) {
    fprintf(stderr, "loop: status %ld\n", status);
    exit(1);
  }
}

static char *body_of(long length) {
  char *body = malloc((size_t)length + 1);
  if (body == NULL) fail("no memory");
  memset(body, 'x', (size_t)length);
  body[length] = '\0';
  return body;
}

static void publish(const char *url, const char *token, long count, long bytes) {
  struct answer answer = {0};
  char *body = body_of(bytes);
  struct curl_slist *headers = headers_with(token);
  CURL *easy = publisher_for(url, headers, &answer, body, bytes);
  double start = now();
  for (long i = 0; i < count; i++) {
    answer.length = 0;
    check_status(easy, curl_easy_perform(easy));
  }
  report("publish", count, now() - start);
  curl_easy_cleanup(easy);
  curl_slist_free_all(headers);
  free(body);
  free(answer.bytes);
}

/* libcurl's sockets in an epoll, its timer as the time to wait. */
struct loop {
  CURLM *multi;
  int epoll;
  double deadline; /* below 0: none */
};

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *known) {
  struct loop *loop = data;
  struct epoll_event event = {.data.fd = fd};
  (void)easy;
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(loop->epoll, EPOLL_CTL_DEL, fd, &event);
    return 0;
  }
  if (what & CURL_POLL_IN) event.events |= EPOLLIN;
  if (what & CURL_POLL_OUT) event.events |= EPOLLOUT;
  if (known == NULL) {
    epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event);
    curl_multi_assign(loop->multi, fd, loop);
  } else {
    epoll_ctl(loop->epoll, EPOLL_CTL_MOD, fd, &event);
  }
  return 0;
}

static int on_timer(CURLM *multi, long milliseconds, void *data) {
  struct loop *loop = data;
  (void)multi;
  loop->deadline = milliseconds < 0 ? -1 : now() + (double)milliseconds / 1000;
  return 0;
}

static void open_loop(struct loop *loop) {
  loop->multi = curl_multi_init();
  loop->epoll = epoll_create1(EPOLL_CLOEXEC);
  loop->deadline = -1;
  if (loop->multi == NULL || loop->epoll < 0) fail("no multi");
  curl_multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop);
  curl_multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop);
}

static void close_loop(struct loop *loop) {
  curl_multi_cleanup(loop->multi);
  close(loop->epoll);
}

static void turn(struct loop *loop) {
  struct epoll_event events[64];
  int running, wait = -1;
  if (loop->deadline >= 0) {
    double left = loop->deadline - now();
    wait = left > 0 ? (int)(left * 1000) + 1 : 0;
  }
  int count = epoll_wait(loop->epoll, events, 64, wait);
  for (int i = 0; i < count; i++) {
    int bits = ((events[i].events & EPOLLIN) ? CURL_CSELECT_IN : 0) |
               ((events[i].events & EPOLLOUT) ? CURL_CSELECT_OUT : 0);
    curl_multi_socket_action(loop->multi, events[i].data.fd, bits, &running);
  }
  if (loop->deadline >= 0 && now() >= loop->deadline) {
    loop->deadline = -1;
    curl_multi_socket_action(loop->multi, CURL_SOCKET_TIMEOUT, 0, &running);
  }
}

/* The next handle that has ended; NULL: none. */
static CURL *ended(struct loop *loop) {
  int left;
  CURLMsg *message = curl_multi_info_read(loop->multi, &left);
  if (message == NULL) return NULL;
  CURL *easy = message->easy_handle;
  check_status(easy, message->data.result);
  curl_multi_remove_handle(loop->multi, easy);
  return easy;
}

static void publish_many(const char *url, const char *token, long count, long bytes, long flight) {
  struct answer answer = {0};
  char *body = body_of(bytes);
  struct curl_slist *headers = headers_with(token);
  struct loop loop;
  open_loop(&loop);
  CURL **handles = calloc((size_t)flight, sizeof *handles);
  if (handles == NULL) fail("no memory");
  double start = now();
  long begun = 0, done = 0;
  for (; begun < flight && begun < count; begun++) {
    handles[begun] = publisher_for(url, headers, &answer, body, bytes);
    curl_multi_add_handle(loop.multi, handles[begun]);
  }
  while (done < count) {
    turn(&loop);
    CURL *easy;
    while ((easy = ended(&loop)) != NULL) {
      answer.length = 0;
      done++;
      if (begun >= count) continue;
      curl_multi_add_handle(loop.multi, easy);
      begun++;
    }
  }
  report("publish-many", count, now() - start);
  for (long i = 0; i < flight; i++)
    curl_easy_cleanup(handles[i]);
  free(handles);
  close_loop(&loop);
  curl_slist_free_all(headers);
  free(body);
  free(answer.bytes);
}

/* Where the subscriber stands: what to ask for next. */
struct position {
  uint64_t number, page;
};

/* Counts the messages of an answer and moves the position behind the last. */
static long read_answer(const struct answer *answer, struct position *position) {
  static const char number_key[] = "\"topic_sequence_number\":", page_key[] = "_page\":";
  long messages = 0;
  const char *at = answer->length > 0 ? answer->bytes : "";
  while ((at = strstr(at, number_key)) != NULL) {
    at += sizeof number_key - 1;
    position->number = strtoull(at, NULL, 10) + 1;
    const char *page = strstr(at, page_key);
    if (page != NULL) position->page = strtoull(page + sizeof page_key - 1, NULL, 10);
    messages++;
  }
  return messages;
}

static void set_position(CURL *easy, const char *url, const struct position *position) {
  char target[4096];
  snprintf(target, sizeof target, "%s?sequence_number=%llu&sequence_page=%llu", url,
           (unsigned long long)position->number, (unsigned long long)position->page);
  curl_easy_setopt(easy, CURLOPT_URL, target);
}

static void ask(CURL *poll, const char *url, struct answer *answer,
                const struct position *position) {
  set_position(poll, url, position);
  answer->length = 0;
}

static void consume(const char *url, const char *token, long count) {
  struct answer answer = {0};
  struct position position = {1, 0}; /* everything the server still has */
  struct curl_slist *headers = headers_with(token);
  CURL *easy = handle_for(url, headers, &answer);
  double start = now();
  for (long seen = 0; seen < count;) {
    ask(easy, url, &answer, &position);
    check_status(easy, curl_easy_perform(easy));
    seen += read_answer(&answer, &position);
  }
  report("consume", count, now() - start);
  curl_easy_cleanup(easy);
  curl_slist_free_all(headers);
  free(answer.bytes);
}

static int by_size(const void *left, const void *right) {
  double a = *(const double *)left, b = *(const double *)right;
  return a < b ? -1 : a > b;
}

/* One process polls and publishes, as the Lua client does: the time from before the publish until
   the poll has told of it. The topic must be one that nobody else uses. */
static void latency(const char *url, const char *token, long count) {
  struct answer polled = {0}, published = {0};
  struct position position = {1, 0};
  struct curl_slist *headers = headers_with(token);
  struct loop loop;
  open_loop(&loop);
  CURL *poll = handle_for(url, headers, &polled);
  CURL *publisher = publisher_for(url, headers, &published, "x", 1);
  double *times = calloc((size_t)count, sizeof *times);
  if (times == NULL) fail("no memory");
  check_status(publisher, curl_easy_perform(publisher)); /* to learn the position */
  ask(poll, url, &polled, &position);
  check_status(poll, curl_easy_perform(poll));
  if (read_answer(&polled, &position) == 0) fail("the topic gives no position");
  double begun = now();
  for (long i = 0; i < count; i++) {
    ask(poll, url, &polled, &position);
    curl_multi_add_handle(loop.multi, poll);
    turn(&loop);
    double start = now();
    check_status(publisher, curl_easy_perform(publisher));
    while (ended(&loop) == NULL)
      turn(&loop);
    times[i] = now() - start;
    read_answer(&polled, &position);
  }
  double seconds = now() - begun;
  qsort(times, (size_t)count, sizeof *times, by_size);
  printf("p50_us=%.0f p99_us=%.0f ", times[count / 2] * 1e6, times[count * 99 / 100] * 1e6);
  report("latency", count, seconds);
  curl_easy_cleanup(poll);
  curl_easy_cleanup(publisher);
  close_loop(&loop);
  curl_slist_free_all(headers);
  free(times);
  free(polled.bytes);
  free(published.bytes);
}

static double resident(void) {
  unsigned long total, pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file == NULL || fscanf(file, "%lu %lu", &total, &pages) != 2) fail("no /proc/self/statm");
  fclose(file);
  return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

/* Polls in the loop's multi, with what keeps them small; waits until the last has been sent. */
static CURL **open_idle(struct loop *loop, const char *url, struct curl_slist *headers,
                        struct answer *answer, long count) {
  const char *authority = getenv("CA_FILE");
  char target[4096];
  snprintf(target, sizeof target, "%s-idle", url);
  CURL **polls = calloc((size_t)count, sizeof *polls);
  if (polls == NULL) fail("no memory");
  if (authority != NULL) {
    curl_multi_setopt(loop->multi, CURLMOPT_MAX_HOST_CONNECTIONS, 1L);
    curl_multi_setopt(loop->multi, CURLMOPT_MAX_CONCURRENT_STREAMS, count);
  }
  for (long i = 0; i < count; i++) {
    polls[i] = handle_for(target, headers, answer);
    curl_easy_setopt(polls[i], CURLOPT_BUFFERSIZE, 1024L);
    if (authority != NULL) {
      curl_easy_setopt(polls[i], CURLOPT_CAINFO, authority);
      curl_easy_setopt(polls[i], CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
      curl_easy_setopt(polls[i], CURLOPT_PIPEWAIT, 1L);
    }
    curl_multi_add_handle(loop->multi, polls[i]);
  }
  for (double quiet = now(); now() - quiet < 0.3;) {
    struct epoll_event event;
    if (loop->deadline >= 0 && loop->deadline < now() + 0.1) turn(loop);
    if (epoll_wait(loop->epoll, &event, 1, 20) <= 0) continue;
    turn(loop);
    quiet = now();
  }
  return polls;
}

static void close_idle(struct loop *loop, CURL **polls, long count) {
  for (long i = 0; i < count; i++) {
    curl_multi_remove_handle(loop->multi, polls[i]);
    curl_easy_cleanup(polls[i]);
  }
  free(polls);
}

static void beside(const char *url, const char *token, long count, long bytes, long idle) {
  struct answer answer = {0}, polled = {0};
  char *body = body_of(bytes);
  struct curl_slist *headers = headers_with(token);
  struct loop loop;
  open_loop(&loop);
  CURL **polls = open_idle(&loop, url, headers, &polled, idle);
  CURL *easy = publisher_for(url, headers, &answer, body, bytes);
  double start = now();
  for (long i = 0; i < count; i++) {
    answer.length = 0;
    curl_multi_add_handle(loop.multi, easy);
    while (ended(&loop) == NULL)
      turn(&loop);
  }
  report("beside", count, now() - start);
  curl_easy_cleanup(easy);
  close_idle(&loop, polls, idle);
  close_loop(&loop);
  curl_slist_free_all(headers);
  free(body);
  free(answer.bytes);
}

static void idle(const char *url, const char *token, long count) {
  struct answer answer = {0};
  struct curl_slist *headers = headers_with(token);
  struct loop loop;
  open_loop(&loop);
  double before = resident();
  CURL **polls = open_idle(&loop, url, headers, &answer, count);
  printf("idle count=%ld bytes=%.0f\n", count, (resident() - before) / (double)count);
  close_idle(&loop, polls, count);
  close_loop(&loop);
  curl_slist_free_all(headers);
}

static void nothing(long count) {
  struct epoll_event event;
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) fail("no epoll");
  double start = now();
  for (long i = 0; i < count; i++)
    if (epoll_wait(epoll, &event, 1, 0) != 0) fail("epoll_wait");
  report("nothing", count, now() - start);
  close(epoll);
}

int main(int argc, char **argv) {
  static const char usage[] = "see the head of bench/loop.c for the arguments";
  if (argc < 5) fail(usage);
  const char *mode = argv[1], *url = argv[2], *token = argv[3];
  long count = number(argv[4]);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  if (strcmp(mode, "publish") == 0 && argc == 6)
    publish(url, token, count, number(argv[5]));
  else if (strcmp(mode, "publish-many") == 0 && argc == 7)
    publish_many(url, token, count, number(argv[5]), number(argv[6]));
  else if (strcmp(mode, "consume") == 0 && argc == 5)
    consume(url, token, count);
  else if (strcmp(mode, "latency") == 0 && argc == 5)
    latency(url, token, count);
  else if (strcmp(mode, "beside") == 0 && argc == 7)
    beside(url, token, count, number(argv[5]), number(argv[6]));
  else if (strcmp(mode, "idle") == 0 && argc == 5)
    idle(url, token, count);
  else if (strcmp(mode, "nothing") == 0 && argc == 5)
    nothing(count);
  else
    fail(usage);
  curl_global_cleanup();
  return 0;
}
