/* Counting who shares connections. */
#include "sharing.h"

#include <stdint.h>

/* libcurl takes 100 streams for allowed until the server's SETTINGS say otherwise; one more would
   open a connection that nobody needs. The first one is the one that made the connection. */
enum { ALLOWANCE = 99 };

void sharing_begin(struct sharing *sharing, bool possible) {
  *sharing = (struct sharing){.possible = possible, .allowance = ALLOWANCE};
}

bool sharing_admit(struct sharing *sharing, size_t connections) {
  if (sharing->possible) {
    if (connections == 0 && sharing->started == 0 && sharing->starting == 0)
      sharing->serial = false;
    if (!sharing->serial) {
      if (sharing->starting > 0) return false;
      if (sharing->started > 0 && sharing->credit == 0) return false;
      if (sharing->started > 0 && sharing->credit != SIZE_MAX) sharing->credit--;
    }
  }
  sharing->starting++;
  return true;
}

void sharing_connecting(struct sharing *sharing, size_t connections) {
  /* Another connection although there are no more requests than connections: none is shared. */
  if (sharing->protocol == SHARING_UNKNOWN)
    sharing->serial = connections > 0 && sharing->started <= connections;
  else
    sharing->serial = sharing->protocol == SHARING_HTTP1 && connections > 0;
  sharing->credit = sharing->allowance;
  sharing->words = 0;
}

void sharing_started(struct sharing *sharing) {
  sharing->starting--;
  sharing->started++;
}

void sharing_ended(struct sharing *sharing, bool had_started) {
  if (had_started)
    sharing->started--;
  else
    sharing->starting--;
}

void sharing_heard(struct sharing *sharing) {
  if (sharing->starting > 0 || sharing->words == 2) return;
  sharing->words++;
  /* The first may be no more than TLS session tickets, the second is at least the acknowledgement
     of our SETTINGS. For a server that takes a hundred the difference does not matter. */
  if (sharing->words == 2 || sharing->allowance == ALLOWANCE) sharing_lose_patience(sharing);
}

void sharing_lose_patience(struct sharing *sharing) {
  sharing->credit = SIZE_MAX;
}

void sharing_answered(struct sharing *sharing, enum sharing_protocol protocol) {
  sharing->protocol = protocol;
  if (protocol == SHARING_HTTP1) sharing->serial = true;
}

void sharing_refused(struct sharing *sharing) {
  sharing->allowance /= 2;
}
