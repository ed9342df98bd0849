/* A lane: one libcurl multi, its deadline and its transfers. A mux has two, one for the polls that
   wait for minutes and one for the publishes, because libcurl slows down requests that share a
   multi with a thousand idle ones. */
#ifndef MOMENTO_CURL_LANE_H
#define MOMENTO_CURL_LANE_H

#include "profile.h"
#include "sharing.h"
#include "sockets.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

struct transfer;

struct lane {
  CURLM *multi;
  struct sockets *sockets;
  const struct profile *profile;
  int64_t deadline;     /* when libcurl wants to be run; CLOCK_NEVER */
  size_t connections;   /* sockets open */
  bool awaited_started; /* a transfer that somebody awaits has started since this was cleared */
  struct sharing sharing;
};

/* Zeroed lanes may be closed. `shares`: several transfers may go over one connection. The profile
   may be filled later. */
bool lane_open(struct lane *lane, struct sockets *sockets, const struct profile *profile,
               bool shares);

/* No transfer may be in it any more. */
void lane_close(struct lane *lane);

/* Hands the transfer to libcurl, which does at once what can be done without waiting. */
CURLMcode lane_start(struct lane *lane, struct transfer *transfer);

/* Takes the transfer away from libcurl, whatever it is doing. */
void lane_stop(struct lane *lane, struct transfer *transfer);

/* Runs what is due. */
void lane_run(struct lane *lane);

/* libcurl's work on a ready socket; `bits`: CURL_CSELECT_*. */
void lane_work(struct lane *lane, curl_socket_t fd, int bits);

/* The next transfer that has ended, taken away from libcurl, its result in it; NULL: none. */
struct transfer *lane_ended(struct lane *lane);

#endif
