/* What an operator does to the API while clients poll: each poll is told, and nothing leaks. */
#include "../../src/server/api_admin.h"
#include "check.h"
#include "poller.h"

enum { NOW_MS = 1000000, POLLERS = 3 };

static struct pages pages;
static struct api *api;
static struct poller pollers[POLLERS];

static void begin(const char *row) {
  static const char *const caches[] = {"c", "d"};
  static const char *const keys[] = {"K"};
  struct api_options options;
  check_row(row);
  pages_start(&pages);
  api_options_default(&options);
  options.caches = caches;
  options.cache_count = 2;
  options.keys = keys;
  options.key_count = 1;
  options.pages = &pages;
  options.wake = poller_wake;
  api = api_new(&options);
  CHECK(api != NULL);
}

static void end(void) {
  api_drain(api, NOW_MS);
  for (size_t i = 0; i < POLLERS; i++) {
    answer_release(pollers[i].answer);
    pollers[i] = (struct poller){.answer = NULL};
  }
  api_free(api);
}

static unsigned ask(struct poller *poller, const char *method, const char *target,
                    const char *key) {
  const struct api_request request = {.method = poller_text(method),
                                      .target = poller_text(target),
                                      .authorization = poller_text(key),
                                      .body = poller_text("x")};
  poller_ask(poller, api, &request, NOW_MS);
  return poller_waits(poller) ? 0 : poller->answer->status;
}

static void replaces_keys(void) {
  static const char *const keys[] = {"L", "M"};
  begin("keys");
  CHECK(ask(&pollers[0], "GET", "/topics/c/t", "K") == 0);
  CHECK(api_set_keys(api, keys, 2));
  CHECK(poller_waits(&pollers[0]));
  CHECK(ask(&pollers[1], "GET", "/topics/c/t", "K") == 401);
  CHECK(ask(&pollers[1], "POST", "/topics/c/t", "M") == 204);
  CHECK(pollers[0].woken == 1 && pollers[0].answer->status == 200);
  end();
}

static void makes_and_deletes_caches(void) {
  begin("a new cache");
  CHECK(ask(&pollers[0], "POST", "/topics/new/t", "K") == 404);
  CHECK(api_create_cache(api, poller_text("new")) == API_CHANGED);
  CHECK(api_create_cache(api, poller_text("new")) == API_AS_BEFORE);
  CHECK(api_create_cache(api, poller_text("")) == API_NO_NAME);
  CHECK(api_create_cache(api, poller_text("a\nb")) == API_NO_NAME);
  CHECK(ask(&pollers[0], "POST", "/topics/new/t", "K") == 204);

  check_row("its end is told to who waits in it, and to nobody else");
  CHECK(ask(&pollers[0], "GET", "/topics/new/t", "K") == 0);
  CHECK(ask(&pollers[1], "GET", "/topics/new/u", "K") == 0);
  CHECK(ask(&pollers[2], "GET", "/topics/c/t", "K") == 0);
  CHECK(api_totals(api).caches == 3 && api_totals(api).topics == 3);
  CHECK(api_delete_cache(api, poller_text("new"), NOW_MS) == API_CHANGED);
  CHECK(pollers[0].answer->status == 404 && pollers[1].answer->status == 404);
  CHECK(poller_told(&pollers[0], "Cache not found"));
  CHECK(poller_waits(&pollers[2]));
  CHECK(api_totals(api).caches == 2 && api_totals(api).topics == 1);
  CHECK(api_delete_cache(api, poller_text("new"), NOW_MS) == API_AS_BEFORE);
  CHECK(ask(&pollers[0], "GET", "/topics/new/t", "K") == 404);
  end();
}

static void drops_topics(void) {
  begin("a dropped topic");
  CHECK(ask(&pollers[0], "POST", "/topics/c/t", "K") == 204);
  CHECK(ask(&pollers[0], "GET", "/topics/c/t?sequence_number=2", "K") == 0);
  CHECK(ask(&pollers[1], "GET", "/topics/c/t", "K") == 0);
  CHECK(api_drop_topic(api, poller_text("c"), poller_text("t"), NOW_MS) == API_CHANGED);
  CHECK_BODY(&pollers[0], "{\"items\":[]}");
  CHECK(poller_told(&pollers[1], "\"discontinuity\""));
  CHECK(api_totals(api).topics == 0);
  CHECK(api_drop_topic(api, poller_text("c"), poller_text("t"), NOW_MS) == API_AS_BEFORE);
  CHECK(api_drop_topic(api, poller_text("c"), poller_text(""), NOW_MS) == API_NO_NAME);
  check_row("who comes back learns of the new page");
  CHECK(ask(&pollers[0], "GET", "/topics/c/t?sequence_number=2&sequence_page=1000", "K") == 200);
  CHECK(poller_told(&pollers[0], "\"new_sequence_page\":1001"));
  end();
}

static void blocks_everybody(void) {
  begin("blocked");
  CHECK(ask(&pollers[0], "GET", "/topics/c/t", "K") == 0);
  CHECK(!api_is_blocked(api));
  api_block(api, true, NOW_MS);
  CHECK(api_is_blocked(api));
  CHECK(pollers[0].answer->status == 503 && poller_told(&pollers[0], "Retry-After: 1"));
  CHECK(ask(&pollers[1], "POST", "/topics/c/t", "K") == 503);
  CHECK(ask(&pollers[1], "OPTIONS", "/topics/c/t", NULL) == 503);
  api_block(api, false, NOW_MS);
  CHECK(ask(&pollers[1], "POST", "/topics/c/t", "K") == 204);
  end();
}

static void note_cache(void *context, struct api_text name) {
  unsigned *seen = context;
  if (name.length == 1) *seen |= name.bytes[0] == 'c' ? 1U : 2U;
}

static void note_topic(void *context, const struct api_topic *topic) {
  struct api_topic *found = context;
  if (topic->name.length == 2 && memcmp(topic->name.bytes, "t1", 2) == 0) *found = *topic;
}

static void tells_what_there_is(void) {
  begin("totals");
  CHECK(ask(&pollers[0], "GET", "/topics/d/t1", "K") == 0);
  CHECK(ask(&pollers[1], "POST", "/topics/c/t2", "K") == 204);
  CHECK(ask(&pollers[1], "POST", "/topics/c/t2", "K") == 204);
  CHECK(ask(&pollers[1], "GET", "/topics/c/t2?sequence_number=1", "K") == 200);
  CHECK(ask(&pollers[1], "GET", "/topics/c/t2?sequence_page=7", "K") == 200);
  CHECK(ask(&pollers[1], "GET", "/topics/c/t2?sequence_page=x", "K") == 400);
  const struct api_totals totals = api_totals(api);
  CHECK(totals.caches == 2 && totals.topics == 2 && totals.waiters == 1);
  CHECK(totals.messages == 2 && totals.message_bytes == 2);
  CHECK(totals.polls == 3 && totals.discontinuities == 1);

  check_row("caches and topics");
  unsigned caches = 0;
  api_visit_caches(api, note_cache, &caches);
  CHECK(caches == 3);
  struct api_topic found = {.waiters = 0};
  api_visit_topics(api, note_topic, &found);
  CHECK_BYTES(found.cache.bytes, found.cache.length, "d", 1);
  CHECK(found.waiters == 1 && found.messages == 0 && found.bytes == 0);
  CHECK(found.next_sequence_number == 1 && found.sequence_page == NOW_MS / 1000);
  end();
}

int main(void) {
  replaces_keys();
  makes_and_deletes_caches();
  drops_topics();
  blocks_everybody();
  tells_what_there_is();
  return check_report();
}
