/* The operator's side of topicsd, over HTTP on a port of its own that only this machine can reach.
   A request comes in parsed, an answer goes out; no sockets here.

       GET /healthz                        is it up? 200, or 503 while blocked
       GET /metrics                        the text format of Prometheus
       GET /caches                         {"caches":["name"]}
       PUT, DELETE /caches/{cache}         204; 204 or 404
       GET /topics                         {"topics":[{"cache":,"topic":,"waiters":, ...}]}
       DELETE /topics/{cache}/{topic}      204 or 404
       POST /block, POST /unblock          503 for everybody, and back: 204
       POST /faults                        makes a rule of its header lines, see faults.h: 204
       GET /faults                         {"faults":[{"struck":3}]}, the oldest rule first
       DELETE /faults                      forgets all rules: 204
                                           (these three with --faults only, else 404)

   Names stand percent-encoded in targets and in answers. There are no credentials, so what a
   browser sends for some web page is refused: it names an Origin, or a Host that is not this
   machine. */
#ifndef TOPICSD_ADMIN_H
#define TOPICSD_ADMIN_H

#include "api_admin.h"
#include "faults.h"
#include "metrics.h"
#include "request.h"

#include <stdint.h>

/* faults NULL: there are none. Never NULL but for want of memory; one reference, which is the
   caller's. Waiters may be woken. */
struct answer *admin_handle(struct api *api, const struct metrics *metrics, struct faults *faults,
                            const struct request *request, uint64_t now_ms);

#endif
