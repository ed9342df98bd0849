/* The server around the connections: listening, the rounds of the loop, time, and the end. */
#include "http_internal.h"
#include "listener.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { ACCEPTS_AT_ONCE = 64, ACCEPT_RETRY_MS = 1000, LINGER_MS = 2000 };

void http_options_default(struct http_options *options) {
  *options = (struct http_options){
      .limits = {.line = 8192, .fields_bytes = 16384, .fields_count = 100},
      .request_timeout_ms = 30000,
      .idle_timeout_ms = 120000, /* longer than libcurl keeps an idle connection: it closes first */
      .write_timeout_ms = 30000,
      .drain_ms = 5000,
  };
}

/* Time. */

/* A clock that goes on while the machine sleeps, where there is one. */
#ifdef CLOCK_BOOTTIME
#define STEADY_CLOCK CLOCK_BOOTTIME
#else
#define STEADY_CLOCK CLOCK_MONOTONIC
#endif

static uint64_t clock_us(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void http_read_clock(struct http *http) {
  http->now_us = clock_us(STEADY_CLOCK);
  http->now_ms = http->epoch_ms + http->now_us / 1000;
}

uint32_t http_patience(const struct http *http, enum connection_phase phase) {
  switch (phase) {
  case CONNECTION_IDLE:
    return http->options.idle_timeout_ms;
  case CONNECTION_READING:
    return http->options.request_timeout_ms;
  case CONNECTION_WRITING:
    return http->options.write_timeout_ms;
  case CONNECTION_LINGERING:
    return LINGER_MS;
  default:
    return UINT32_MAX;
  }
}

static struct connection *first_of(struct list_link *list) {
  return list_empty(list) ? NULL : LIST_OWNER(list->next, struct connection, link);
}

/* How long the first of a phase may still stay in it; UINT32_MAX when there is none. */
static uint32_t first_patience(struct http *http, enum connection_phase phase) {
  const struct connection *first = first_of(&http->phases[phase]);
  const uint32_t patience = http_patience(http, phase);
  if (first == NULL || patience == UINT32_MAX) return UINT32_MAX;
  const uint32_t age = (uint32_t)http->now_ms - first->since;
  return age < patience ? patience - age : 0;
}

static void expire(struct http *http) {
  for (int phase = 0; phase < CONNECTION_LISTED; phase++)
    while (first_patience(http, (enum connection_phase)phase) == 0)
      connection_expire(first_of(&http->phases[phase]));
}

static uint64_t min_u64(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

/* The timer only moves when it has to go off earlier, so a busy server hardly ever touches it. */
static void set_timer(struct http *http) {
  uint64_t next = min_u64(api_next_tick(http->api), http->drain_until);
  for (int phase = 0; phase < CONNECTION_LISTED; phase++) {
    const uint32_t patience = first_patience(http, (enum connection_phase)phase);
    if (patience != UINT32_MAX) next = min_u64(next, http->now_ms + patience);
  }
  if (!http->accepting) next = min_u64(next, http->accept_retry_at);
  if (next >= http->timer_at) return;

  const uint64_t wait = next > http->now_ms ? next - http->now_ms : 0;
  const struct timeval after = {(time_t)(wait / 1000), (suseconds_t)(wait % 1000 * 1000)};
  event_add(http->timer, &after);
  http->timer_at = next;
}

static void on_timer(evutil_socket_t descriptor, short what, void *argument) {
  (void)descriptor;
  (void)what;
  ((struct http *)argument)->timer_at = UINT64_MAX;
}

/* Listening. */

static void pause_accepting(struct http *http, bool admin_too) {
  for (size_t i = 0; i < http->listener_count; i++)
    if (admin_too || http->listeners[i].site != HTTP_ADMIN) event_del(http->listeners[i].event);
  http->accepting = false;
  http->accept_retry_at = http->now_ms + ACCEPT_RETRY_MS;
}

void http_resume_accepting(struct http *http) {
  if (http->accepting) return;
  http->accepting = true;
  for (size_t i = 0; i < http->listener_count; i++)
    if (event_add(http->listeners[i].event, NULL) != 0) http->accepting = false;
}

/* The operator is let in when nobody else is. */
static struct answer *refusal(struct http *http, const struct http_listener *listener) {
  const bool full = http->metrics.connections >= http->options.max_connections;
  return full && listener->site != HTTP_ADMIN ? http->overloaded : NULL;
}

static void on_connect(evutil_socket_t descriptor, short what, void *argument) {
  (void)what;
  const struct http_listener *listener = argument;
  struct http *http = listener->http;
  http_read_clock(http);
  for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
    if (listener->site != HTTP_ADMIN &&
        http->metrics.connections >= http->options.max_connections + HTTP_OVERLOADED_MAX) {
      pause_accepting(http, false);
      return;
    }
    const int client = listener_accept((int)descriptor);
    if (client >= 0) {
      http->metrics.accepted++;
      connection_open(listener, client, refusal(http, listener));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return;
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      pause_accepting(http, true);
      return;
    }
  }
}

bool http_listen(struct http *http, int descriptor, enum http_site site) {
  struct http_listener *listener = &http->listeners[http->listener_count];
  *listener = (struct http_listener){.http = http, .site = site};
  listener->event = event_new(http->base, descriptor, EV_READ | EV_PERSIST, on_connect, listener);
  if (listener->event == NULL) {
    close(descriptor);
    return false;
  }
  http->listener_count++;
  return event_add(listener->event, NULL) == 0;
}

static void close_listeners(struct http *http) {
  while (http->listener_count > 0) {
    struct event *event = http->listeners[--http->listener_count].event;
    const int descriptor = event_get_fd(event);
    event_free(event);
    close(descriptor);
  }
}

/* The rounds. */

static void on_signal(evutil_socket_t number, short what, void *argument) {
  (void)what;
  struct http *http = argument;
  if (number == SIGHUP)
    http->reload_asked = true;
  else
    http->stop_asked = true;
}

/* Gives signals back to the system, so that a second one to stop ends the process. */
static void release_signals(struct http *http) {
  for (size_t i = 0; i < SIGNALS; i++) {
    if (http->signals[i] != NULL) event_free(http->signals[i]);
    http->signals[i] = NULL;
  }
}

static void begin_drain(struct http *http) {
  http->stop_asked = false;
  release_signals(http);
  close_listeners(http);
  http->drain_until = http->now_ms + http->options.drain_ms;
  struct connection *connection;
  while ((connection = first_of(&http->phases[CONNECTION_IDLE])) != NULL)
    connection_close(connection);
  http->wakes_left = WAKES_AT_ONCE;
  api_drain(http->api, http->now_ms);
}

/* One go for each of those that are ready now: who is ready again after it waits for the next
 * round. */
static void go_on_ready(struct http *http) {
  struct list_link now;
  list_start(&now);
  while (!list_empty(&http->ready)) {
    struct list_link *link = http->ready.next;
    list_remove(link);
    list_append(&now, link);
  }
  struct connection *connection;
  while ((connection = first_of(&now)) != NULL)
    connection_go_on(connection);
}

static void send_queued(struct http *http, int most) {
  struct connection *connection;
  for (int i = 0; i < most; i++) {
    if ((connection = first_of(&http->phases[CONNECTION_QUEUED])) == NULL) return;
    connection_send(connection);
  }
}

static void tick_api(struct http *http) {
  if (api_next_tick(http->api) > http->now_ms) return;
  http->wakes_left = WAKES_AT_ONCE;
  api_tick(http->api, http->now_ms);
}

static void reload(struct http *http) {
  http->reload_asked = false;
  http->wakes_left = WAKES_AT_ONCE;
  if (http->options.reload != NULL)
    http->options.reload(http->options.reload_context, http->now_ms);
}

static bool has_work(const struct http *http) {
  return !list_empty(&http->ready) || !list_empty(&http->phases[CONNECTION_QUEUED]);
}

static bool drained(const struct http *http) {
  return http_draining(http) &&
         (http->metrics.connections == 0 || http->now_ms >= http->drain_until);
}

void http_run(struct http *http) {
  while (!drained(http)) {
    set_timer(http);
    event_base_loop(http->base, EVLOOP_ONCE | (has_work(http) ? EVLOOP_NONBLOCK : 0));
    http_read_clock(http);
    go_on_ready(http);
    serving_take_turns(http);
    send_queued(http, WAKES_A_ROUND);
    if (http->reload_asked) reload(http);
    if (http->stop_asked) begin_drain(http);
    expire(http);
    tick_api(http);
    if (http->now_ms >= http->accept_retry_at) http_resume_accepting(http);
    if (http->options.log != NULL) access_log_flush(http->options.log);
  }
  send_queued(http, INT_MAX); /* no time to drain is no reason to leave anybody without an answer */
}

/* Beginning and end. */

static struct event_base *make_base(void) {
  struct event_config *config = event_config_new();
  if (config == NULL) return NULL;
  event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
  event_config_require_features(config, EV_FEATURE_ET);
  struct event_base *base = event_base_new_with_config(config);
  event_config_free(config);
  return base;
}

static bool take_signals(struct http *http) {
  static const int numbers[SIGNALS] = {SIGTERM, SIGINT, SIGHUP};
  for (size_t i = 0; i < SIGNALS; i++) {
    http->signals[i] = evsignal_new(http->base, numbers[i], on_signal, http);
    if (http->signals[i] == NULL || event_add(http->signals[i], NULL) != 0) return false;
  }
  return true;
}

struct http *http_new(const struct http_options *options, struct api *api) {
  struct http *http = calloc(1, sizeof *http);
  if (http == NULL) return NULL;
  http->api = api;
  http->options = *options;
  http->options.limits.body = api_body_max(api);
  http->epoch_ms = (clock_us(CLOCK_REALTIME) - clock_us(STEADY_CLOCK)) / 1000;
  http->drain_until = http->timer_at = UINT64_MAX;
  http->accepting = true;
  http_read_clock(http);
  for (int phase = 0; phase < CONNECTION_LISTED; phase++)
    list_start(&http->phases[phase]);
  list_start(&http->ready);

  http->arena = malloc(ARENA_SIZE);
  http->turns = calloc(TURNS_MAX, sizeof *http->turns);
  http->overloaded = answer_error(503, "Too many connections", NULL, "Retry-After: 1\r\n");
  http->base = make_base();
  if (http->base != NULL) http->timer = evtimer_new(http->base, on_timer, http);
  if (http->arena == NULL || http->turns == NULL || http->overloaded == NULL ||
      http->timer == NULL || !take_signals(http)) {
    http_free(http);
    return NULL;
  }
  return http;
}

static void close_all(struct list_link *list) {
  struct connection *connection;
  while ((connection = first_of(list)) != NULL)
    connection_close(connection);
}

void http_free(struct http *http) {
  if (http == NULL) return;
  close_listeners(http);
  for (int phase = 0; phase < CONNECTION_LISTED; phase++)
    close_all(&http->phases[phase]);
  close_all(&http->ready);
  release_signals(http);
  if (http->timer != NULL) event_free(http->timer);
  if (http->base != NULL) event_base_free(http->base);
  answer_release(http->overloaded);
  free(http->turns);
  free(http->arena);
  free(http);
}
