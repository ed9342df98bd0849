#include "admin.h"

#include "../wire/url.h"

#include <stdlib.h>
#include <string.h>

enum { TARGET_MAX = 8192, ALLOW_SIZE = 48 };

struct visit { /* a request while it is handled */
  struct api *api;
  const struct metrics *metrics;
  struct faults *faults;
  const struct request *request;
  uint64_t now_ms;
  struct field_text path;
  struct answer *answer;
};

static bool text_is(struct field_text text, const char *expected) {
  return text.length == strlen(expected) && memcmp(text.bytes, expected, text.length) == 0;
}

/* Guards against web pages. */

static struct field_text without_port(struct field_text host) {
  for (size_t i = host.length; i > 0 && host.bytes[i - 1] != ']'; i--)
    if (host.bytes[i - 1] == ':') return (struct field_text){host.bytes, i - 1};
  return host;
}

static bool is_from_here(const struct request *request) {
  static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
  if (request_field(request, "origin").bytes != NULL) return false;
  const struct field_text host = request_field(request, "host");
  if (host.bytes == NULL) return true; /* HTTP/1.0: no browser */
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (field_is(without_port(host), names[i])) return true;
  return false;
}

/* Answers. */

static struct answer *refuse(unsigned status, const char *detail) {
  return answer_error(status, detail, NULL, "");
}

static struct answer *refuse_method(const char *allowed) {
  char allow[ALLOW_SIZE];
  snprintf(allow, sizeof allow, "Allow: %s\r\n", allowed);
  return answer_error(405, "Not with this method", NULL, allow);
}

static struct answer *tell_change(enum api_change change, const char *missing) {
  switch (change) {
  case API_CHANGED:
    return answer_empty("");
  case API_AS_BEFORE:
    return refuse(404, missing);
  case API_NO_NAME:
    return refuse(400, "The name is empty, too long, or has a control character");
  case API_NO_MEMORY:
    break;
  }
  return refuse(503, "Out of memory");
}

/* What is written, by write, as the body of a 200. */
static struct answer *answer_written(const char *content_type,
                                     void (*write)(FILE *out, const struct visit *visit),
                                     const struct visit *visit) {
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  if (out == NULL) return NULL;
  write(out, visit);
  const bool complete = fclose(out) == 0;
  struct answer *answer = complete ? answer_body(content_type, length) : NULL;
  if (answer != NULL) memcpy(answer->bytes + answer->body_at, text, length);
  free(text);
  return answer;
}

static void write_escaped(FILE *out, struct api_text name) {
  char escaped[3 * TARGET_MAX] = "";
  const size_t length = name.length < TARGET_MAX ? name.length : TARGET_MAX;
  const size_t written = url_escape(name.bytes, length, escaped);
  fwrite(escaped, 1, written, out);
}

struct listing {
  FILE *out;
  bool begun;
};

static void separate(struct listing *listing) {
  if (listing->begun) putc(',', listing->out);
  listing->begun = true;
}

static void write_cache(void *context, struct api_text name) {
  struct listing *listing = context;
  separate(listing);
  putc('"', listing->out);
  write_escaped(listing->out, name);
  putc('"', listing->out);
}

static void write_caches(FILE *out, const struct visit *visit) {
  struct listing listing = {.out = out};
  fputs("{\"caches\":[", out);
  api_visit_caches(visit->api, write_cache, &listing);
  fputs("]}\n", out);
}

static void write_topic(void *context, const struct api_topic *topic) {
  struct listing *listing = context;
  separate(listing);
  fputs("{\"cache\":\"", listing->out);
  write_escaped(listing->out, topic->cache);
  fputs("\",\"topic\":\"", listing->out);
  write_escaped(listing->out, topic->name);
  fprintf(listing->out,
          "\",\"waiters\":%zu,\"messages\":%zu,\"bytes\":%zu,\"next_sequence_number\":%llu,"
          "\"sequence_page\":%llu}",
          topic->waiters, topic->messages, topic->bytes,
          (unsigned long long)topic->next_sequence_number,
          (unsigned long long)topic->sequence_page);
}

static void write_topics(FILE *out, const struct visit *visit) {
  struct listing listing = {.out = out};
  fputs("{\"topics\":[", out);
  api_visit_topics(visit->api, write_topic, &listing);
  fputs("]}\n", out);
}

static void write_metrics(FILE *out, const struct visit *visit) {
  const struct api_totals totals = api_totals(visit->api);
  metrics_write(out, visit->metrics, &totals);
}

static void write_health(FILE *out, const struct visit *visit) {
  (void)visit;
  fputs("ok\n", out);
}

/* What a rule does, in the words that made it, but for a status, which is a number. */
static void write_fault(FILE *out, const struct fault *fault) {
  if (fault->status != 0) fprintf(out, "\"return-error\":%u,", fault->status);
  if (fault->delay_ms != 0) fprintf(out, "\"delay-ms\":%u,", (unsigned)fault->delay_ms);
  if (fault->kind == FAULT_NONE) return;
  bool has_amount;
  fprintf(out, "\"fault\":\"%s", faults_kind_name(fault->kind, &has_amount));
  if (has_amount) fprintf(out, " %llu", (unsigned long long)fault->amount);
  fputs("\",", out);
}

static void write_faults(FILE *out, const struct visit *visit) {
  fputs("{\"faults\":[", out);
  for (size_t i = 0; i < faults_count(visit->faults); i++) {
    fputs(i > 0 ? ",{" : "{", out);
    write_fault(out, faults_rule(visit->faults, i));
    fprintf(out, "\"struck\":%llu}", (unsigned long long)faults_struck(visit->faults, i));
  }
  fputs("]}\n", out);
}

static struct field_text look_up(const void *request, const char *name) {
  return request_field(request, name);
}

/* Paths. */

static void visit_health(struct visit *visit) {
  visit->answer = api_is_blocked(visit->api) ? refuse(503, "Blocked by the operator")
                                             : answer_written("text/plain", write_health, visit);
}

static void visit_metrics(struct visit *visit) {
  visit->answer = answer_written("text/plain; version=0.0.4; charset=utf-8", write_metrics, visit);
}

static void visit_caches(struct visit *visit) {
  visit->answer = answer_written("application/json", write_caches, visit);
}

static void visit_topics(struct visit *visit) {
  visit->answer = answer_written("application/json", write_topics, visit);
}

static void visit_block(struct visit *visit) {
  api_block(visit->api, true, visit->now_ms);
  visit->answer = answer_empty("");
}

static void visit_unblock(struct visit *visit) {
  api_block(visit->api, false, visit->now_ms);
  visit->answer = answer_empty("");
}

static const struct place {
  const char *path;
  const char *method;
  void (*visit)(struct visit *visit);
} places[] = {
    {"/healthz", "GET", visit_health}, {"/metrics", "GET", visit_metrics},
    {"/caches", "GET", visit_caches},  {"/topics", "GET", visit_topics},
    {"/block", "POST", visit_block},   {"/unblock", "POST", visit_unblock},
};

/* Decodes an encoded name to out, which has room for TARGET_MAX. */
static bool decode(struct field_text encoded, char *out, struct api_text *name) {
  name->bytes = out;
  return encoded.length <= TARGET_MAX && memchr(encoded.bytes, '/', encoded.length) == NULL &&
         url_unescape(encoded.bytes, encoded.length, out, &name->length);
}

/* Takes prefix off *path if it is there. */
static bool take_prefix(struct field_text *path, const char *prefix) {
  const size_t length = strlen(prefix);
  if (path->length < length || memcmp(path->bytes, prefix, length) != 0) return false;
  path->bytes += length;
  path->length -= length;
  return true;
}

static struct answer *change_cache(const struct visit *visit, struct field_text encoded) {
  char bytes[TARGET_MAX];
  struct api_text name;
  if (!decode(encoded, bytes, &name)) return refuse(404, "No such path");
  if (text_is(visit->request->method, "DELETE"))
    return tell_change(api_delete_cache(visit->api, name, visit->now_ms), "Cache not found");
  if (!text_is(visit->request->method, "PUT")) return refuse_method("PUT, DELETE");
  const enum api_change change = api_create_cache(visit->api, name);
  return change == API_AS_BEFORE ? answer_empty("") : tell_change(change, NULL);
}

static struct answer *drop_topic(const struct visit *visit, struct field_text path) {
  char cache_bytes[TARGET_MAX];
  char topic_bytes[TARGET_MAX];
  struct api_text cache, topic;
  const char *slash = memchr(path.bytes, '/', path.length);
  const size_t before = slash != NULL ? (size_t)(slash - path.bytes) : path.length;
  if (slash == NULL || !decode((struct field_text){path.bytes, before}, cache_bytes, &cache) ||
      !decode((struct field_text){slash + 1, path.length - before - 1}, topic_bytes, &topic))
    return refuse(404, "No such path");
  if (!text_is(visit->request->method, "DELETE")) return refuse_method("DELETE");
  return tell_change(api_drop_topic(visit->api, cache, topic, visit->now_ms), "Topic not found");
}

static struct answer *change_faults(const struct visit *visit) {
  if (visit->faults == NULL) return refuse(404, "topicsd was started without --faults");
  if (text_is(visit->request->method, "GET"))
    return answer_written("application/json", write_faults, visit);
  const char *problem = NULL;
  if (text_is(visit->request->method, "DELETE"))
    faults_clear(visit->faults);
  else if (text_is(visit->request->method, "POST"))
    problem = faults_add(visit->faults, look_up, visit->request);
  else
    return refuse_method("GET, POST, DELETE");
  return problem == NULL ? answer_empty("") : refuse(400, problem);
}

struct answer *admin_handle(struct api *api, const struct metrics *metrics, struct faults *faults,
                            const struct request *request, uint64_t now_ms) {
  if (!is_from_here(request)) return refuse(403, "Not for web pages, nor under another name");
  struct visit visit = {api, metrics, faults, request, now_ms, request->target, NULL};
  const char *query = memchr(visit.path.bytes, '?', visit.path.length);
  if (query != NULL) visit.path.length = (size_t)(query - visit.path.bytes);

  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    if (!text_is(visit.path, places[i].path)) continue;
    if (!text_is(request->method, places[i].method)) return refuse_method(places[i].method);
    places[i].visit(&visit);
    return visit.answer;
  }
  if (text_is(visit.path, "/faults")) return change_faults(&visit);
  struct field_text path = visit.path;
  if (take_prefix(&path, "/caches/")) return change_cache(&visit, path);
  if (take_prefix(&path, "/topics/")) return drop_topic(&visit, path);
  return refuse(404, "No such path");
}
