/* Keys and caches exchanged while the server runs: who is let in from then on, and who goes on to
   wait. */
#include "../../src/server/api.h"

#include "check.h"
#include "poller.h"

enum { NOW_MS = 1000000 };

static struct pages pages;
static struct poller asker;
static struct poller pollers[3];
static struct api *api;

static void begin(const char *name, bool auto_create_caches) {
  static const char *const caches[] = {"kept", "dropped"};
  static const char *const keys[] = {"old", "both"};
  struct api_options options;
  api_options_default(&options);
  options.caches = caches;
  options.cache_count = 2;
  options.keys = keys;
  options.key_count = 2;
  options.auto_create_caches = auto_create_caches;
  options.pages = &pages;
  options.wake = poller_wake;
  pages_start(&pages);
  memset(&asker, 0, sizeof asker);
  memset(pollers, 0, sizeof pollers);
  api = api_new(&options);
  if (api == NULL) abort();
  check_row(name);
}

static void end(void) {
  api_drain(api, NOW_MS);
  poller_take(&asker, NULL);
  for (size_t i = 0; i < CHECK_COUNT(pollers); i++)
    poller_take(&pollers[i], NULL);
  api_free(api);
}

/* 0: waits. */
static unsigned ask(struct poller *poller, const char *method, const char *target,
                    const char *key) {
  const struct api_request request = {.method = poller_text(method),
                                      .target = poller_text(target),
                                      .authorization = poller_text(key)};
  poller_ask(poller, api, &request, NOW_MS);
  return poller_waits(poller) ? 0 : poller->answer->status;
}

static unsigned publish(const char *target, const char *key) {
  return ask(&asker, "POST", target, key);
}

static void exchanges_keys(void) {
  static const char *const keys[] = {"both", "new"};
  static const char *const bad[] = {"newer", ""};
  begin("keys", false);
  CHECK(ask(&pollers[0], "GET", "/topics/kept/t", "old") == 0);
  CHECK(api_set_keys(api, keys, 2));
  CHECK(publish("/topics/kept/u", "old") == 401);
  CHECK(publish("/topics/kept/u", "both") == 204);
  CHECK(publish("/topics/kept/u", "new") == 204);
  check_row("a poll of a key that is gone waits on");
  CHECK(poller_waits(&pollers[0]));
  CHECK(publish("/topics/kept/t", "new") == 204);
  CHECK(pollers[0].woken == 1 && pollers[0].answer->status == 200);
  check_row("keys that cannot be change nothing");
  CHECK(!api_set_keys(api, bad, 2));
  CHECK(publish("/topics/kept/u", "new") == 204);
  CHECK(publish("/topics/kept/u", "newer") == 401);
  end();
}

static void exchanges_caches(void) {
  static const char *const caches[] = {"new", "kept"};
  static const char *const before[] = {"kept", "dropped"};
  static const char *const bad[] = {"kept", "a\nb"};
  begin("caches", false);
  CHECK(ask(&pollers[0], "GET", "/topics/kept/t", "both") == 0);
  CHECK(ask(&pollers[1], "GET", "/topics/dropped/t", "both") == 0);
  CHECK(ask(&pollers[2], "GET", "/topics/dropped/u", "both") == 0);
  CHECK(publish("/topics/dropped/v", "both") == 204);
  CHECK(api_topic_count(api) == 4);
  CHECK(api_set_caches(api, caches, 2, NOW_MS));
  check_row("polls of a cache that is gone are told so");
  CHECK(pollers[1].woken == 1 && pollers[1].answer->status == 404);
  CHECK(pollers[2].woken == 1 && poller_told(&pollers[2], "\"detail\":\"Cache not found\""));
  CHECK(api_topic_count(api) == 1);
  CHECK(publish("/topics/dropped/t", "both") == 404);
  check_row("the others wait on");
  CHECK(pollers[0].woken == 0 && api_waiter_count(api) == 1);
  CHECK(publish("/topics/kept/t", "both") == 204);
  CHECK(pollers[0].woken == 1 && pollers[0].answer->status == 200);
  check_row("a new one is there");
  CHECK(publish("/topics/new/t", "both") == 204);
  check_row("one that comes back has topics of new pages");
  CHECK(api_set_caches(api, before, 2, NOW_MS));
  CHECK(ask(&asker, "GET", "/topics/dropped/v?sequence_number=2&sequence_page=1003", "both") ==
        200);
  CHECK(poller_told(&asker, "\"new_topic_sequence\":1,\"new_sequence_page\":1005"));
  check_row("names that cannot be take nothing away");
  CHECK(!api_set_caches(api, bad, 2, NOW_MS));
  CHECK(publish("/topics/dropped/t", "both") == 204);
  end();
  begin("caches that make themselves are not taken away", true);
  CHECK(publish("/topics/itself/t", "both") == 204);
  CHECK(api_set_caches(api, caches, 2, NOW_MS));
  CHECK(api_topic_count(api) == 1);
  end();
}

int main(void) {
  exchanges_keys();
  exchanges_caches();
  return check_report();
}
