/* What the files of the API share: the server itself, and a request while it is handled. Included
   by api*.c alone.

   Every step of handling returns NULL when there is nothing to object to, else the answer that says
   what is; one reference, which goes to the client. */
#ifndef TOPICSD_API_INTERNAL_H
#define TOPICSD_API_INTERNAL_H

#include "api.h"
#include "auth.h"
#include "broker.h"
#include "limits.h"
#include "target.h"

struct api {
  struct auth *auth;
  struct limits *limits;
  struct broker *broker;
  size_t max_message_bytes;
  char *endpoint;
  struct answer *published; /* 204 */
  struct answer *preflight; /* 204 of OPTIONS */
  struct answer *expired;   /* 401 of a poll that outlived its token */
  struct answer *blocked;   /* 503 while an operator wants it */
  bool is_blocked;
  struct answer *unavailable; /* 503, for when there is no memory to build a better one */
};

struct exchange {
  struct api *api;
  const struct api_request *request;
  struct target target;
  uint64_t now_ms;
  struct grant grant;  /* once admitted */
  struct usage *usage; /* likewise */
};

/* Of one decoded name: bounds what a topic costs. */
enum { API_NAME_MAX_BYTES = 1024 };

/* api.c */
struct answer *api_refuse(struct api *api, unsigned status, const char *detail);
struct answer *api_refuse_limit(struct api *api, const char *detail, const char *err,
                                uint64_t retry_after_seconds); /* 0: waiting does not help */
struct answer *api_or_unavailable(struct api *api, struct answer *answer);

/* api_admit.c: credentials and the rate of operations. */
struct answer *api_admit(struct exchange *exchange);

/* api_topic.c: publish and poll; NULL of api_poll: the waiter waits. */
struct answer *api_publish(struct exchange *exchange);
struct answer *api_poll(struct exchange *exchange, struct waiter *waiter);

/* api_token.c */
struct answer *api_vend(struct exchange *exchange);

#endif
