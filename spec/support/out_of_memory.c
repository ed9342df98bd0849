/* A Lua with momento.core in it, whose memory runs out at every allocation in turn: `make asan`
   runs it. Whatever fails must fail as a Lua error, leave nothing half-made, and lose no message:
   what a reader gets after the error goes on where it was. */
#include "../../src/lua/compat.h"

#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>

enum { ALLOCATIONS = 400 }; /* more than either script makes before it is done */

int luaopen_momento_core(lua_State *L);

static long left = -1; /* allocations until memory has run out; below 0: it never does */

static void *allocate(void *unused, void *block, size_t old_size, size_t size) {
  (void)unused;
  if (size == 0) {
    free(block);
    return NULL;
  }
  if (block == NULL || size > old_size) {
    if (left == 0) return NULL;
    if (left > 0) left--;
  }
  return realloc(block, size);
}

static int run_out(lua_State *L) {
  left = (long)lua_tointeger(L, 1);
  return 0;
}

/* Reads a body with messages of every form and a gap, and memory runs out again after each. */
static const char reading[] =
    "local core, run_out, allocations = ...\n"
    "local function item(number, value)\n"
    "  return ('{\"item\":{\"topic_sequence_number\":%d,\"sequence_page\":5,\"value\":%s,'\n"
    "    .. '\"publisher_id\":\"p\\\\n%d\"}}'):format(number, value, number)\n"
    "end\n"
    "local subscription = core.subscription(core.client('http://a', 't'), 'c', 't')\n"
    "subscription:feed('{\"items\":[' .. table.concat({\n"
    "  item(1, '{\"text\":\"' .. ('plain '):rep(20) .. '\"}'),\n"
    "  item(2, '{\"text\":\"' .. ('\\\\n'):rep(9000) .. '\"}'),\n"
    "  item(3, '{\"binary\":\"AAEC\"}'), item(7, '{\"text\":\"x\"}'),\n"
    "  item(8, '{\"binary\":[1,2]}') }, ',') .. ']}')\n"
    "local got, failures = {}, 0\n"
    "repeat\n"
    "  run_out(allocations)\n"
    "  local fine, kind, value = pcall(subscription.next, subscription)\n"
    "  run_out(-1)\n"
    "  if not fine then\n"
    "    assert(kind == 'not enough memory', kind)\n"
    "    failures = failures + 1\n"
    "    allocations = allocations + 1\n"
    "  elseif kind then\n"
    "    got[#got + 1] = value.sequence_number or kind\n"
    "  end\n"
    "until fine and not kind\n"
    "local all = table.concat(got, ' ')\n"
    "assert(all == '1 2 3 discontinuity 7 8', all)\n"
    "return failures\n";

static const char the_rest[] =
    "local core = ...\n"
    "local client = core.client('http://a', ('t'):rep(3000))\n"
    "local subscription = core.subscription(client, ('/'):rep(2000), 't', '7', '9')\n"
    "subscription:feed('{}')\n"
    "subscription:next()\n"
    "subscription:poll_target() subscription:position() subscription:take_counts()\n"
    "tostring(subscription) tostring(client)\n"
    "client:publish_target('a', ('/'):rep(3000)) client:origin() client:authorization()\n"
    "core.base64_decode(core.base64_encode(('x'):rep(5000)))\n"
    "core.escape(('/'):rep(3000))\n"
    "core.json_object('{\"a\":\"' .. ('\\\\n'):rep(9000) .. '\"}')\n"
    "core.state(subscription).x = {}\n"
    "subscription:close() client:close()\n";

static lua_State *open_state(void) {
  left = -1;
  lua_State *L = lua_newstate(allocate, NULL);
  if (L == NULL) exit(1);
  luaL_openlibs(L);
  /* Lua 5.4 leaves its own long buffers half-made when memory runs out at their first use. */
  if (luaL_dostring(L, "return ('x'):rep(100000)") != 0) exit(1);
  lua_settop(L, 0);
  return L;
}

static void demand(lua_State *L, int status, const char *what, long allocations) {
  if (status == 0) return;
  printf("%s, out of memory after %ld allocations: %s\n", what, allocations, lua_tostring(L, -1));
  exit(1);
}

static long read_messages(long allocations) {
  lua_State *L = open_state();
  demand(L, luaL_loadstring(L, reading), "loading", allocations);
  lua_pushcfunction(L, luaopen_momento_core);
  lua_call(L, 0, 1);
  lua_pushcfunction(L, run_out);
  lua_pushinteger(L, allocations);
  demand(L, lua_pcall(L, 3, 1, 0), "reading", allocations);
  long failures = (long)lua_tointeger(L, -1);
  lua_close(L);
  return failures;
}

/* Loads the module, does the rest; both again when memory ran out on the way. */
static long load_and_use(long allocations) {
  lua_State *L = open_state();
  long failures = -1;
  int status;
  do {
    failures++;
    lua_settop(L, 0);
    demand(L, luaL_loadstring(L, the_rest), "loading", allocations);
    lua_pushcfunction(L, luaopen_momento_core);
    left = failures == 0 ? allocations : -1;
    status = lua_pcall(L, 0, 1, 0);
    if (status == 0) status = lua_pcall(L, 1, 0, 0);
    left = -1;
  } while (status != 0 && failures == 0);
  demand(L, status, "the rest, again", allocations);
  lua_close(L);
  return failures;
}

int main(void) {
  long failures = 0;
  for (long allocations = 0; allocations < ALLOCATIONS; allocations++)
    failures += read_messages(allocations) + load_and_use(allocations);
  printf("memory ran out %ld times, and nothing was lost\n", failures);
  return failures > 0 ? 0 : 1;
}
