/* The mux: tickets, the two lanes, those that are held back and those that have ended. */
#include "mux.h"

#include "clock.h"
#include "lane.h"
#include "pool.h"
#include "queue.h"
#include "sockets.h"
#include "transfer.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

enum { LANES = 2, PATIENCE = 100000 };

struct mux {
  struct profile profile;
  struct sockets sockets;
  struct lane lanes[LANES]; /* by mux_kind */
  struct pool pool;
  struct queue held;     /* polls that wait for a connection to share */
  int64_t patience;      /* until when they wait for the server's word on a new connection */
  int64_t held_deadline; /* the earliest of theirs */
  int64_t alarm;         /* see mux_alarm */
  bool rang;             /* it has gone off, and has not been set since */
  struct queue ended;    /* to be collected */
  size_t pending;
};

struct mux *mux_open(struct profile *profile) {
  struct mux *mux = calloc(1, sizeof *mux);
  if (mux == NULL) return NULL;
  mux->held_deadline = mux->patience = mux->alarm = CLOCK_NEVER;
  profile->http2 = profile->http2 && TRANSFER_TELLS_START;
  bool shares = profile->secure && profile->http2;
  struct lane *lanes = mux->lanes;
  if (!sockets_start(&mux->sockets) ||
      !lane_open(&lanes[MUX_POLL], &mux->sockets, &mux->profile, shares) ||
      !lane_open(&lanes[MUX_PUBLISH], &mux->sockets, &mux->profile, false)) {
    int error = errno;
    mux_close(mux);
    errno = error;
    return NULL;
  }
  mux->profile = *profile;
  *profile = (struct profile){0};
  return mux;
}

void mux_close(struct mux *mux) {
  if (mux == NULL) return;
  for (size_t i = 0; i < mux->pool.count; i++) {
    struct transfer *transfer = mux->pool.all[i];
    if (transfer->state == TRANSFER_RUNNING) lane_stop(transfer->lane, transfer);
  }
  pool_free(&mux->pool);
  for (int i = 0; i < LANES; i++)
    lane_close(&mux->lanes[i]);
  sockets_stop(&mux->sockets);
  profile_free(&mux->profile);
  free(mux);
}

/* NULL: no such request, or one whose result the caller has. */
static struct transfer *find(const struct mux *mux, uint64_t ticket) {
  struct transfer *transfer = pool_find(&mux->pool, ticket);
  return transfer != NULL && transfer->state != TRANSFER_COLLECTED ? transfer : NULL;
}

static void end(struct mux *mux, struct transfer *transfer) {
  transfer->state = TRANSFER_ENDED;
  queue_append(&mux->ended, transfer);
  mux->pending--;
}

static int64_t earlier(int64_t one, int64_t other) {
  return one < other ? one : other;
}

/* When the next thing happens that no socket tells of. */
static int64_t next_deadline(const struct mux *mux) {
  int64_t deadline = earlier(earlier(mux->held_deadline, mux->patience), mux->alarm);
  for (int i = 0; i < LANES; i++)
    deadline = earlier(deadline, mux->lanes[i].deadline);
  return deadline;
}

/* Between steps: what has ended meanwhile must wake whoever polls the descriptor. After a step it
   is collected anyway. */
static void rearm(struct mux *mux) {
  poller_arm(mux->sockets.poller, mux->ended.first != NULL ? 0 : next_deadline(mux));
}

static void start(struct mux *mux, struct transfer *transfer) {
  struct lane *lane = transfer->lane;
  if (lane_start(lane, transfer) == CURLM_OK) return;
  sharing_ended(&lane->sharing, false);
  transfer_fail(transfer, CURLE_FAILED_INIT, "libcurl refuses the request");
  end(mux, transfer);
}

static void hold(struct mux *mux, struct transfer *transfer) {
  transfer->state = TRANSFER_HELD;
  queue_append(&mux->held, transfer);
  if (transfer->deadline < mux->held_deadline) mux->held_deadline = transfer->deadline;
}

static void fail_held(struct mux *mux, struct transfer *transfer, CURLcode result,
                      const char *reason) {
  queue_remove(&mux->held, transfer);
  transfer_fail(transfer, result, reason);
  end(mux, transfer);
}

static void expire_held(struct mux *mux, int64_t now) {
  int64_t earliest = CLOCK_NEVER;
  struct transfer *next;
  for (struct transfer *transfer = mux->held.first; transfer != NULL; transfer = next) {
    next = transfer->next;
    if (transfer->deadline <= now)
      fail_held(mux, transfer, CURLE_OPERATION_TIMEDOUT, "no connection in time");
    else if (transfer->deadline < earliest)
      earliest = transfer->deadline;
  }
  mux->held_deadline = earliest;
}

/* Whether somebody could go ahead. */
static bool release_held(struct mux *mux) {
  if (mux->held.first == NULL) return false;
  bool released = false;
  struct lane *lane = &mux->lanes[MUX_POLL];
  while (mux->held.first != NULL && sharing_admit(&lane->sharing, lane->connections)) {
    struct transfer *transfer = queue_take(&mux->held);
    transfer_shorten(transfer);
    start(mux, transfer);
    released = true;
  }
  if (mux->held.first == NULL)
    mux->held_deadline = mux->patience = CLOCK_NEVER;
  else if (lane->sharing.starting > 0)
    mux->patience = CLOCK_NEVER;
  else if (mux->patience == CLOCK_NEVER)
    mux->patience = clock_now() + PATIENCE;
  return released;
}

/* A poll that meant to make the connection for those that are held: they share its fate, unless it
   ran out of its own time. */
static void share_failure(struct mux *mux, const struct transfer *failed) {
  if (failed->publication != NULL || failed->started || failed->result == CURLE_OK) return;
  if (failed->result == CURLE_OPERATION_TIMEDOUT && clock_now() >= failed->deadline) return;
  while (mux->held.first != NULL)
    fail_held(mux, mux->held.first, failed->result, failed->reason);
}

/* Takes in what libcurl has finished. */
static void reap(struct mux *mux) {
  for (int i = 0; i < LANES; i++) {
    struct transfer *transfer;
    while ((transfer = lane_ended(&mux->lanes[i])) != NULL) {
      if (transfer_restart(transfer)) {
        hold(mux, transfer);
        continue;
      }
      share_failure(mux, transfer);
      end(mux, transfer);
    }
  }
}

/* And lets those go ahead who now can, of whom some may be finished at once. */
static void settle(struct mux *mux) {
  reap(mux);
  while (release_held(mux))
    reap(mux);
}

uint64_t mux_submit(struct mux *mux, const struct mux_request *request) {
  bool publishes = request->kind == MUX_PUBLISH;
  struct transfer *transfer = pool_take(&mux->pool, &mux->lanes[request->kind], publishes);
  if (transfer == NULL) return 0;
  int64_t milliseconds = (request->timeout + 999) / 1000;
  struct transfer_request details = {
      .target = request->target,
      .target_length = request->target_length,
      .body = request->body,
      .body_length = request->body_length,
      .content_type = request->content_type,
      .content_type_length = request->content_type_length,
      .timeout = milliseconds < 1         ? 1
                 : milliseconds > INT_MAX ? INT_MAX
                                          : (int)milliseconds,
  };
  if (!transfer_prepare(transfer, &details)) {
    pool_give(&mux->pool, transfer);
    return 0;
  }
  mux->pending++;
  struct lane *lane = transfer->lane;
  if (sharing_admit(&lane->sharing, lane->connections))
    start(mux, transfer);
  else
    hold(mux, transfer);
  settle(mux);
  rearm(mux);
  return pool_ticket(transfer);
}

bool mux_cancel(struct mux *mux, uint64_t ticket) {
  struct transfer *transfer = find(mux, ticket);
  if (transfer == NULL) return false;
  if (transfer->state == TRANSFER_RUNNING)
    lane_stop(transfer->lane, transfer);
  else if (transfer->state == TRANSFER_HELD)
    queue_remove(&mux->held, transfer);
  else
    queue_remove(&mux->ended, transfer);
  if (transfer->state != TRANSFER_ENDED) mux->pending--;
  pool_give(&mux->pool, transfer);
  settle(mux);
  rearm(mux);
  return true;
}

bool mux_sent(struct mux *mux, uint64_t ticket) {
  struct transfer *transfer = find(mux, ticket);
  if (transfer == NULL || transfer->started || transfer->state == TRANSFER_ENDED) return true;
  transfer->awaited = true;
  return false;
}

/* Whether an awaited request has been sent since this was asked last. */
static bool take_awaited(struct mux *mux) {
  bool started = false;
  for (int i = 0; i < LANES; i++) {
    started = started || mux->lanes[i].awaited_started;
    mux->lanes[i].awaited_started = false;
  }
  return started;
}

static void run_due(struct mux *mux) {
  int64_t now = clock_now();
  for (int i = 0; i < LANES; i++)
    if (mux->lanes[i].deadline <= now) lane_run(&mux->lanes[i]);
  if (mux->held_deadline <= now) expire_held(mux, now);
  if (mux->patience <= now) {
    sharing_lose_patience(&mux->lanes[MUX_POLL].sharing);
    mux->patience = CLOCK_NEVER;
  }
  settle(mux);
  if (mux->alarm > now) return;
  mux->alarm = CLOCK_NEVER;
  mux->rang = true;
}

/* A step that finds nothing to do is one system call: a game makes one with each of its frames. */
enum mux_step mux_step(struct mux *mux, int64_t limit) {
  bool interrupted = false;
  int64_t stop = limit == MUX_NO_LIMIT ? CLOCK_NEVER : limit <= 0 ? 0 : clock_now() + limit;
  for (;;) {
    int64_t deadline = next_deadline(mux);
    if (deadline <= 0) { /* what libcurl wants to do at once */
      run_due(mux);
      deadline = next_deadline(mux);
    }
    if (take_awaited(mux)) break;
    if (mux->ended.first != NULL || (mux->pending == 0 && stop == CLOCK_NEVER)) break;
    int events = sockets_wait(&mux->sockets, deadline < stop ? deadline : stop);
    if (events > 0) settle(mux);
    if (mux->ended.first != NULL || take_awaited(mux)) break;
    if (poller_due(mux->sockets.poller)) run_due(mux);
    interrupted = events < 0;
    if (interrupted || stop == 0 || (stop != CLOCK_NEVER && clock_now() >= stop)) break;
  }
  poller_arm(mux->sockets.poller, next_deadline(mux));
  if (interrupted) return MUX_INTERRUPTED;
  return mux->rang || mux->ended.first != NULL ? MUX_TELLS : MUX_STEPPED;
}

bool mux_collect(struct mux *mux, struct mux_result *result) {
  struct transfer *transfer = queue_take(&mux->ended);
  if (transfer == NULL) return false;
  transfer->state = TRANSFER_COLLECTED;
  result->ticket = pool_ticket(transfer);
  result->status = transfer->status;
  if (transfer->status != 0) {
    result->body = transfer->body.length > 0 ? transfer->body.bytes : "";
    result->body_length = transfer->body.length;
    result->retry_after = transfer->retry_after;
  } else {
    result->transport = (int)transfer->result;
    result->unsent = transfer->unsent;
    failure_describe(&result->failure, transfer);
  }
  return true;
}

void mux_release(struct mux *mux, uint64_t ticket) {
  struct transfer *transfer = pool_find(&mux->pool, ticket);
  if (transfer != NULL && transfer->state == TRANSFER_COLLECTED) pool_give(&mux->pool, transfer);
}

int mux_descriptor(struct mux *mux) {
  int descriptor = poller_descriptor(mux->sockets.poller);
  rearm(mux);
  return descriptor;
}

int64_t mux_timeout(const struct mux *mux) {
  if (mux->ended.first != NULL) return 0;
  int64_t deadline = next_deadline(mux);
  if (deadline == CLOCK_NEVER) return MUX_NO_LIMIT;
  int64_t now = clock_now();
  return deadline > now ? deadline - now : 0;
}

void mux_alarm(struct mux *mux, int64_t limit) {
  mux->rang = false;
  mux->alarm = limit == MUX_NO_LIMIT ? CLOCK_NEVER : clock_now() + (limit > 0 ? limit : 0);
  rearm(mux);
}

size_t mux_pending(const struct mux *mux) {
  return mux->pending;
}
