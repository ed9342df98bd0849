/* One request and its answer on a libcurl easy handle. */
#include "transfer.h"

#include "clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if LIBCURL_VERSION_NUM < 0x074300
#error "libcurl 7.67.0 or later is needed"
#endif

enum {
  /* What libcurl reads into, for as long as a poll waits. */
  IDLE_BUFFER = 1024,
  BUSY_BUFFER = 16384,
  KEPT_BODY = 8192, /* bytes a pooled transfer may keep for its next answer */
  RESTARTS_MAX = 10,
  RETRY_AFTER_MAX = 21600, /* seconds, as newer versions of libcurl cap it */
  /* Seconds after which a kept connection is not trusted with a publish: a server that closes it
     just then would leave us not knowing. Load balancers close theirs after 60. */
  PUBLISH_IDLE_MAX = 50
};

/* libcurl begins again by itself when a kept connection breaks before the answer. What has been
   written may have been read, so a publish must not be repeated; and of the polls that shared the
   connection each would open one of its own. */
static bool may_begin(const struct transfer *transfer) {
  if (!transfer->started) return true;
  if (transfer->publication == NULL) return !transfer->lane->sharing.possible;
  long written = 0;
  curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &written);
  return written <= transfer->preamble;
}

static curl_socket_t on_open(void *data, curlsocktype purpose, struct curl_sockaddr *address) {
  struct transfer *transfer = data;
  struct lane *lane = transfer->lane;
  (void)purpose;
  if (!may_begin(transfer)) {
    transfer->cut = true;
    return CURL_SOCKET_BAD;
  }
  if (!transfer->connecting && !transfer->started) {
    transfer->connecting = true;
    sharing_connecting(&lane->sharing, lane->connections);
  }
  curl_socket_t fd = sockets_open(lane->sockets, lane, address);
  if (fd == CURL_SOCKET_BAD) transfer->open_error = errno;
  return fd;
}

static int on_close(void *data, curl_socket_t fd) {
  struct lane *lane = data;
  return sockets_shut(lane->sockets, fd);
}

void transfer_started(struct transfer *transfer) {
  if (transfer->started) return;
  transfer->started = true;
  if (transfer->awaited) transfer->lane->awaited_started = true;
  sharing_started(&transfer->lane->sharing);
}

#if TRANSFER_TELLS_START
static int on_request(void *data, char *remote_address, char *local_address, int remote_port,
                      int local_port) {
  struct transfer *transfer = data;
  (void)remote_address;
  (void)local_address;
  (void)remote_port;
  (void)local_port;
  if (!may_begin(transfer)) {
    transfer->cut = true;
    return CURL_PREREQFUNC_ABORT;
  }
  if (!transfer->started) {
    long written = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &written);
    transfer->preamble = (int)written;
  }
  transfer_started(transfer);
  return CURL_PREREQFUNC_OK;
}
#endif

static size_t on_body(char *bytes, size_t size, size_t count, void *data) {
  struct transfer *transfer = data;
  size_t length = size * count;
  if (length > transfer->lane->profile->max_body - transfer->body.length) {
    transfer->too_large = true;
    return 0;
  }
  if (!buffer_append(&transfer->body, bytes, length)) {
    transfer->no_memory = true;
    return 0;
  }
  return length;
}

static bool set_connection_options(struct transfer *transfer) {
  const struct profile *profile = transfer->lane->profile;
  CURL *easy = transfer->easy;
  CURLcode bad = CURLE_OK;
#define SET(option, value) bad = bad != CURLE_OK ? bad : curl_easy_setopt(easy, option, value)
  SET(CURLOPT_CURLU, profile->origin);
  SET(CURLOPT_SHARE, profile->shared);
  SET(CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075500
  SET(CURLOPT_PROTOCOLS_STR, "http,https");
#else
  SET(CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
  /* A look-up that takes its time must not hold up whoever gives up on it. */
  SET(CURLOPT_QUICK_EXIT, 1L);
#endif
  SET(CURLOPT_CONNECTTIMEOUT_MS, profile->connect_timeout);
  SET(CURLOPT_OPENSOCKETFUNCTION, on_open);
  SET(CURLOPT_OPENSOCKETDATA, transfer);
  SET(CURLOPT_CLOSESOCKETFUNCTION, on_close);
  SET(CURLOPT_CLOSESOCKETDATA, transfer->lane);
  if (profile->ca_file != NULL) SET(CURLOPT_CAINFO, profile->ca_file);
  if (profile->ca_path != NULL) SET(CURLOPT_CAPATH, profile->ca_path);
  if (!profile->secure) {
    /* The request target of a plain request through a proxy would have to be a whole URL. */
    SET(CURLOPT_PROXY, "");
    /* Each handle and each connection would keep copies of these. */
    SET(CURLOPT_CAINFO, NULL);
    SET(CURLOPT_CAPATH, NULL);
    SET(CURLOPT_PROXY_CAINFO, NULL);
    SET(CURLOPT_PROXY_CAPATH, NULL);
  }
  bool http2 = transfer->publication == NULL && profile->secure && profile->http2;
  SET(CURLOPT_HTTP_VERSION, (long)(http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
  return bad == CURLE_OK;
}

static bool set_request_options(struct transfer *transfer) {
  CURL *easy = transfer->easy;
  CURLcode bad = CURLE_OK;
  SET(CURLOPT_PRIVATE, transfer);
  SET(CURLOPT_ERRORBUFFER, transfer->reason);
  SET(CURLOPT_WRITEFUNCTION, on_body);
  SET(CURLOPT_WRITEDATA, transfer);
  SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)transfer->lane->profile->max_body);
#if TRANSFER_TELLS_START
  SET(CURLOPT_PREREQFUNCTION, on_request);
  SET(CURLOPT_PREREQDATA, transfer);
#endif
  struct publication *publication = transfer->publication;
  if (publication != NULL) {
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_MAXAGE_CONN, (long)PUBLISH_IDLE_MAX);
    publication->headers.next = transfer->lane->profile->headers;
    SET(CURLOPT_HTTPHEADER, &publication->headers);
  } else {
    SET(CURLOPT_BUFFERSIZE, (long)IDLE_BUFFER);
    SET(CURLOPT_HTTPHEADER, transfer->lane->profile->headers);
  }
#undef SET
  return bad == CURLE_OK;
}

struct transfer *transfer_new(struct lane *lane, bool publishes) {
  struct transfer *transfer = calloc(1, sizeof *transfer);
  if (transfer == NULL) return NULL;
  transfer->lane = lane;
  if (publishes) transfer->publication = calloc(1, sizeof *transfer->publication);
  transfer->easy = curl_easy_init();
  if (transfer->easy == NULL || (publishes && transfer->publication == NULL) ||
      !set_connection_options(transfer) || !set_request_options(transfer)) {
    transfer_free(transfer);
    return NULL;
  }
  return transfer;
}

void transfer_free(struct transfer *transfer) {
  if (transfer == NULL) return;
  curl_easy_cleanup(transfer->easy);
  if (transfer->publication != NULL) {
    buffer_clear(&transfer->publication->target, 0);
    buffer_clear(&transfer->publication->type, 0);
    buffer_clear(&transfer->publication->body, 0);
    free(transfer->publication);
  }
  buffer_clear(&transfer->body, 0);
  free(transfer);
}

static bool is_same(const struct buffer *buffer, const char *bytes, size_t length) {
  return buffer->length == length && buffer->bytes != NULL &&
         memcmp(buffer->bytes, bytes, length) == 0;
}

static bool set_target(struct transfer *transfer, const char *target) {
  return curl_easy_setopt(transfer->easy, CURLOPT_REQUEST_TARGET, target) == CURLE_OK;
}

/* A publisher repeats itself, while a poll asks for another position each time. */
static bool set_new_target(struct transfer *transfer, const char *target, size_t length) {
  struct buffer *last = &transfer->publication->target;
  if (is_same(last, target, length)) return true;
  buffer_clear(last, SIZE_MAX);
  if (!buffer_append(last, target, length)) return false;
  if (set_target(transfer, target)) return true;
  last->length = 0; /* so that it is not taken for set */
  return false;
}

/* A poll that is answered at length most likely will be again; one that is not may wait for long,
   and then its buffer is what counts. libcurl refuses when it still has the last one. */
static void set_buffer_size(struct transfer *transfer) {
  long size = transfer->long_answer ? BUSY_BUFFER : IDLE_BUFFER;
  if (transfer->large_buffer != transfer->long_answer &&
      curl_easy_setopt(transfer->easy, CURLOPT_BUFFERSIZE, size) == CURLE_OK)
    transfer->large_buffer = transfer->long_answer;
}

static bool set_content(struct transfer *transfer, const struct transfer_request *request) {
  /* Without a value, the name keeps libcurl from stating a type of its own. */
  static const char name[] = "Content-Type:";
  struct buffer *type = &transfer->publication->type, *body = &transfer->publication->body;
  buffer_clear(type, SIZE_MAX);
  if (!buffer_append(type, name, sizeof name - 1)) return false;
  if (request->content_type != NULL &&
      (!buffer_append(type, " ", 1) ||
       !buffer_append(type, request->content_type, request->content_type_length)))
    return false;
  transfer->publication->headers.data = type->bytes;
  buffer_clear(body, SIZE_MAX);
  return buffer_append(body, request->body, request->body_length) &&
         curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDSIZE_LARGE,
                          (curl_off_t)request->body_length) == CURLE_OK &&
         curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDS, body->bytes) == CURLE_OK;
}

static bool set_timeout(struct transfer *transfer, int timeout) {
  if (transfer->timeout == timeout) return true;
  transfer->timeout = timeout;
  return curl_easy_setopt(transfer->easy, CURLOPT_TIMEOUT_MS, (long)timeout) == CURLE_OK;
}

static void rewind_transfer(struct transfer *transfer) {
  transfer->connecting = transfer->started = transfer->cut = false;
  transfer->too_large = transfer->no_memory = false;
  transfer->open_error = 0;
  transfer->preamble = 0;
  transfer->reason[0] = '\0';
}

bool transfer_prepare(struct transfer *transfer, const struct transfer_request *request) {
  if (transfer->publication != NULL) {
    if (!set_new_target(transfer, request->target, request->target_length)) return false;
    if (!set_content(transfer, request)) return false;
  } else {
    if (!set_target(transfer, request->target)) return false;
    set_buffer_size(transfer);
  }
  if (!set_timeout(transfer, request->timeout)) return false;
  transfer->deadline = clock_now() + (int64_t)request->timeout * 1000;
  transfer->awaited = false;
  transfer->restarts = 0;
  rewind_transfer(transfer);
  return true;
}

bool transfer_restart(struct transfer *transfer) {
  if (!transfer->cut || transfer->publication != NULL || transfer->restarts >= RESTARTS_MAX)
    return false;
  transfer->restarts++;
  sharing_refused(&transfer->lane->sharing);
  buffer_clear(&transfer->body, KEPT_BODY);
  rewind_transfer(transfer);
  return true;
}

void transfer_shorten(struct transfer *transfer) {
  int64_t left = (transfer->deadline - clock_now() + 999) / 1000;
  set_timeout(transfer, left < 1 ? 1 : (int)left);
}

static void set_reason(struct transfer *transfer, const char *reason) {
  snprintf(transfer->reason, sizeof transfer->reason, "%s", reason);
}

/* Errors that can follow a whole status line: the answer counts as far as it came. */
static bool is_broken_off(CURLcode result) {
  return result == CURLE_PARTIAL_FILE || result == CURLE_RECV_ERROR || result == CURLE_SEND_ERROR ||
         result == CURLE_HTTP2 || result == CURLE_HTTP2_STREAM;
}

static enum sharing_protocol protocol_of(CURL *easy) {
  long version = CURL_HTTP_VERSION_NONE;
  curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
  return version == CURL_HTTP_VERSION_2_0 ? SHARING_HTTP2 : SHARING_HTTP1;
}

void transfer_conclude(struct transfer *transfer, CURLcode result) {
  long status = 0, written = 0;
  transfer->result = result;
  transfer->status = 0;
  transfer->retry_after = 0;
  /* What a proxy answers before the request is sent is none of it. */
  if (transfer->started && !transfer->cut)
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
  if (status >= 200 && transfer->lane->sharing.possible)
    sharing_answered(&transfer->lane->sharing, protocol_of(transfer->easy));
  if (status >= 200 && (result == CURLE_OK || is_broken_off(result))) {
    transfer->status = (int)status;
    transfer->unsent = false;
    if (status >= 400) {
      curl_off_t seconds = 0;
      curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &seconds);
      if (seconds > 0)
        transfer->retry_after = seconds < RETRY_AFTER_MAX ? (int)seconds : RETRY_AFTER_MAX;
    }
    return;
  }
  if (result == CURLE_COULDNT_CONNECT) {
    long error = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &error);
    if (error == 0) error = transfer->open_error;
    set_reason(transfer, error != 0 ? strerror((int)error) : "");
  }
  curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &written);
  transfer->unsent = !transfer->started || written <= transfer->preamble;
}

void transfer_fail(struct transfer *transfer, CURLcode result, const char *reason) {
  transfer->result = result;
  transfer->status = 0;
  transfer->retry_after = 0;
  transfer->unsent = true;
  set_reason(transfer, reason);
}

void transfer_recycle(struct transfer *transfer) {
  transfer->long_answer = transfer->body.length > IDLE_BUFFER;
  buffer_clear(&transfer->body, KEPT_BODY);
  if (transfer->publication != NULL) buffer_clear(&transfer->publication->body, KEPT_BODY);
}
