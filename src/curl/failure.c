/* What a failed transfer means. */
#include "failure.h"

#include "transfer.h"

#include <stdio.h>
#include <string.h>

struct meaning {
  CURLcode result;
  enum failure_kind kind;
  bool retryable;
  const char *what;   /* happened */
  const char *advice; /* or NULL */
};

static const struct meaning meanings[] = {
    {CURLE_COULDNT_RESOLVE_HOST, FAILURE_CONNECTION, true, "host name not found",
     "check the endpoint and this machine's DNS"},
    {CURLE_COULDNT_RESOLVE_PROXY, FAILURE_CONNECTION, true, "proxy's host name not found",
     "check the https_proxy environment variable"},
    {CURLE_COULDNT_CONNECT, FAILURE_CONNECTION, true, "no connection",
     "check that a server listens there and that this machine may reach it"},
    {CURLE_SSL_CONNECT_ERROR, FAILURE_CONNECTION, true, "TLS handshake failed",
     "check that the port speaks TLS"},
    {CURLE_PEER_FAILED_VERIFICATION, FAILURE_CONNECTION, false,
     "the server's certificate does not verify",
     "check the endpoint's host name, or name your own authority's file with ca_file"},
    {CURLE_SSL_CACERT_BADFILE, FAILURE_CONNECTION, false, "no usable file of authorities",
     "check ca_file, or install the system's ca-certificates"},
    {CURLE_SSL_ISSUER_ERROR, FAILURE_CONNECTION, false, "the server's certificate does not verify",
     NULL},
    {CURLE_SSL_CIPHER, FAILURE_CONNECTION, false, "no common TLS cipher", NULL},
    {CURLE_OPERATION_TIMEDOUT, FAILURE_TIMEOUT, true, "no answer in time", NULL},
    {CURLE_GOT_NOTHING, FAILURE_CONNECTION, true, "connection closed without an answer", NULL},
    {CURLE_UNSUPPORTED_PROTOCOL, FAILURE_SERVICE, true, "the answer is not HTTP",
     "check that the endpoint's port speaks HTTP"},
    {CURLE_WEIRD_SERVER_REPLY, FAILURE_SERVICE, true, "the answer is not HTTP",
     "check that the endpoint's port speaks HTTP"},
    {CURLE_BAD_CONTENT_ENCODING, FAILURE_SERVICE, true, "the answer is malformed", NULL},
    {CURLE_OUT_OF_MEMORY, FAILURE_SERVICE, true, "not enough memory for the answer", NULL},
#if LIBCURL_VERSION_NUM >= 0x080600
    {CURLE_TOO_LARGE, FAILURE_SERVICE, true, "the answer's headers are too large", NULL},
#endif
};

static const struct meaning too_large = {CURLE_WRITE_ERROR, FAILURE_SERVICE, true,
                                         "the answer is longer than max_body", NULL};
static const struct meaning no_memory = {CURLE_WRITE_ERROR, FAILURE_SERVICE, true,
                                         "not enough memory for the answer", NULL};
static const struct meaning broken = {CURLE_RECV_ERROR, FAILURE_CONNECTION, true,
                                      "connection broken", NULL};
static const struct meaning cut = {CURLE_RECV_ERROR, FAILURE_CONNECTION, true,
                                   "connection broken after the request was sent", NULL};

static const struct meaning *find(const struct transfer *transfer) {
  if (transfer->cut) return &cut;
  if (transfer->too_large) return &too_large;
  if (transfer->result == CURLE_FILESIZE_EXCEEDED) return &too_large; /* as announced */
  if (transfer->no_memory) return &no_memory;
  for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
    if (meanings[i].result == transfer->result) return &meanings[i];
  return &broken;
}

void failure_describe(struct failure *failure, const struct transfer *transfer) {
  const struct meaning *meaning = find(transfer);
  failure->kind = meaning->kind;
  failure->retryable = meaning->retryable;
  const char *reason = transfer->reason;
  char limit[32];
  snprintf(limit, sizeof limit, "%zu bytes", transfer->lane->profile->max_body);
  if (meaning == &too_large)
    reason = limit;
  else if (meaning == &cut || meaning == &no_memory)
    reason = "";
  else if (reason[0] == '\0')
    reason = curl_easy_strerror(transfer->result);
  snprintf(failure->message, sizeof failure->message, "%s: %s%s%s%s%s%s",
           transfer->lane->profile->name, meaning->what, reason[0] != '\0' ? " (" : "", reason,
           reason[0] != '\0' ? ")" : "", meaning->advice != NULL ? ": " : "",
           meaning->advice != NULL ? meaning->advice : "");
}
