/* A lane: one libcurl multi, its deadline and its transfers. */
#include "lane.h"

#include "clock.h"
#include "transfer.h"

/* More than anybody has: how many connections libcurl may keep, and how many requests share one as
   far as we are concerned. */
enum { PLENTY = 100000 };

static int on_timer(CURLM *multi, long milliseconds, void *data) {
  struct lane *lane = data;
  (void)multi;
  if (milliseconds < 0)
    lane->deadline = CLOCK_NEVER;
  else if (milliseconds == 0)
    lane->deadline = 0;
  else
    lane->deadline = clock_now() + (int64_t)milliseconds * 1000;
  return 0;
}

bool lane_open(struct lane *lane, struct sockets *sockets, const struct profile *profile,
               bool shares) {
  lane->sockets = sockets;
  lane->profile = profile;
  lane->deadline = CLOCK_NEVER;
  sharing_begin(&lane->sharing, shares);
  lane->multi = curl_multi_init();
  if (lane->multi == NULL) return false;
  CURLMcode bad = CURLM_OK;
#define SET(option, value)                                                                         \
  bad = bad != CURLM_OK ? bad : curl_multi_setopt(lane->multi, option, value)
  SET(CURLMOPT_SOCKETFUNCTION, sockets_changed);
  SET(CURLMOPT_SOCKETDATA, lane);
  SET(CURLMOPT_TIMERFUNCTION, on_timer);
  SET(CURLMOPT_TIMERDATA, lane);
  SET(CURLMOPT_MAXCONNECTS, (long)PLENTY);
  SET(CURLMOPT_MAX_CONCURRENT_STREAMS, (long)PLENTY);
  SET(CURLMOPT_PIPELINING, shares ? CURLPIPE_MULTIPLEX : CURLPIPE_NOTHING);
#if LIBCURL_VERSION_NUM >= 0x081400
  SET(CURLMOPT_QUICK_EXIT, 1L); /* the same as CURLOPT_QUICK_EXIT, for the look-ups of a multi */
#endif
#undef SET
  return bad == CURLM_OK;
}

void lane_close(struct lane *lane) {
  if (lane->multi != NULL) curl_multi_cleanup(lane->multi);
  lane->multi = NULL;
}

CURLMcode lane_start(struct lane *lane, struct transfer *transfer) {
  CURLMcode bad = curl_multi_add_handle(lane->multi, transfer->easy);
  if (bad != CURLM_OK) return bad;
  transfer->state = TRANSFER_RUNNING;
  if (!TRANSFER_TELLS_START) transfer_started(transfer);
  lane_run(lane);
  return CURLM_OK;
}

void lane_stop(struct lane *lane, struct transfer *transfer) {
  curl_multi_remove_handle(lane->multi, transfer->easy);
  sharing_ended(&lane->sharing, transfer->started);
}

void lane_run(struct lane *lane) {
  int running;
  lane->deadline = CLOCK_NEVER; /* libcurl tells the next one */
  curl_multi_socket_action(lane->multi, CURL_SOCKET_TIMEOUT, 0, &running);
}

void lane_work(struct lane *lane, curl_socket_t fd, int bits) {
  int running;
  sharing_heard(&lane->sharing);
  curl_multi_socket_action(lane->multi, fd, bits, &running);
}

struct transfer *lane_ended(struct lane *lane) {
  int left;
  CURLMsg *message;
  while ((message = curl_multi_info_read(lane->multi, &left)) != NULL) {
    if (message->msg != CURLMSG_DONE) continue;
    CURLcode result = message->data.result;
    struct transfer *transfer = NULL;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
    lane_stop(lane, transfer);
    transfer_conclude(transfer, result);
    return transfer;
  }
  return NULL;
}
