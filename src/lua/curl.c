/* momento.curl: the mux as a userdata. Arguments in, results out; no protocol, no policy, and no
   Lua inside libcurl. The userdata is made closed and gets its mux afterwards; close and __close
   are one function. A wrong type raises; what the world does is returned. */
#include "compat.h"

#include "../curl/mux.h"
#include "curl_stay.h"
#include "curl_wait.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MUX_TYPE "momento.curl.mux"

enum { DEFAULT_MAX_BODY = 16 * 1024 * 1024 };
static const double default_connect_timeout = 10;

struct handle {
  struct mux *mux;        /* NULL: closed */
  struct mux *closed;     /* by a finalizer, in the middle of collect, which frees it */
  int collecting;         /* how many calls of collect are under way; too many after an error */
  struct profile profile; /* while it is being filled */
};

/* The userdata at index 1. A game asks with each of its frames, so that the metatable is an upvalue
   of every method, and not looked up by its name. */
static struct handle *check(lua_State *L) {
  void *data = lua_touserdata(L, 1);
  if (data == NULL || !lua_getmetatable(L, 1)) return luaL_checkudata(L, 1, MUX_TYPE);
  bool ours = lua_topointer(L, -1) == lua_touserdata(L, lua_upvalueindex(1));
  lua_pop(L, 1);
  return ours ? data : luaL_checkudata(L, 1, MUX_TYPE);
}

static void free_closed(struct handle *handle) {
  struct mux *mux = handle->closed;
  handle->closed = NULL;
  mux_close(mux);
}

static int close_mux(lua_State *L) {
  struct handle *handle = check(L);
  if (handle->mux != NULL) handle->closed = handle->mux;
  handle->mux = NULL;
  if (handle->collecting == 0) free_closed(handle);
  profile_free(&handle->profile);
  return 0;
}

static int finalize(lua_State *L) {
  check(L)->collecting = 0; /* nobody can be in the middle of anything */
  return close_mux(L);
}

static struct mux *check_open(lua_State *L) {
  struct handle *handle = check(L);
  if (handle->mux == NULL) luaL_error(L, "the mux is closed");
  return handle->mux;
}

/* Seconds as microseconds. */
static int64_t check_seconds(lua_State *L, int index) {
  double seconds = luaL_checknumber(L, index);
  if (!(seconds >= 0)) luaL_argerror(L, index, "seconds must not be negative");
  return seconds > 1e9 ? (int64_t)1e15 : (int64_t)(seconds * 1e6 + 0.999);
}

static void push_ticket(lua_State *L, uint64_t ticket) {
#if COMPAT_INTEGERS
  lua_pushinteger(L, (lua_Integer)ticket);
#else
  lua_pushnumber(L, (lua_Number)ticket);
#endif
}

static uint64_t check_ticket(lua_State *L, int index) {
  double ticket = luaL_checknumber(L, index);
  return ticket >= 1 && ticket < 9007199254740992.0 ? (uint64_t)ticket : 0;
}

static void push_seconds(lua_State *L, int64_t microseconds) {
  lua_pushnumber(L, (lua_Number)microseconds / 1e6);
}

/* Every get_* leaves the option's value on the stack, nil when it was not given. */
static bool get_option(lua_State *L, const char *name, int type) {
  lua_getfield(L, 1, name);
  if (lua_isnil(L, -1)) return false;
  if (lua_type(L, -1) != type)
    luaL_error(L, "option %s must be a %s, not a %s", name, lua_typename(L, type),
               luaL_typename(L, -1));
  return true;
}

static double get_number(lua_State *L, const char *name, double absent) {
  if (!get_option(L, name, LUA_TNUMBER)) return absent;
  double number = lua_tonumber(L, -1);
  if (!(number > 0)) luaL_error(L, "option %s must be above 0", name);
  return number;
}

static const char *get_string(lua_State *L, const char *name) {
  return get_option(L, name, LUA_TSTRING) ? lua_tostring(L, -1) : NULL;
}

static void check_option_names(lua_State *L) {
  static const char *const names[] = {"origin",  "headers",  "connect_timeout", "ca_file",
                                      "ca_path", "max_body", "http2",           NULL};
  for (lua_pushnil(L); lua_next(L, 1) != 0; lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING) luaL_error(L, "option names must be strings");
    const char *name = lua_tostring(L, -2);
    const char *const *known = names;
    while (*known != NULL && strcmp(*known, name) != 0)
      known++;
    if (*known == NULL) luaL_error(L, "unknown option %s", name);
  }
}

static void copy_string(lua_State *L, char **to, const char *name) {
  const char *value = get_string(L, name);
  if (value == NULL) return;
  *to = strdup(value);
  if (*to == NULL) luaL_error(L, "not enough memory");
}

static void fill_headers(lua_State *L, struct profile *profile) {
  if (!get_option(L, "headers", LUA_TTABLE)) return;
  int count = (int)compat_rawlen(L, -1);
  for (int i = 1; i <= count; i++) {
    lua_rawgeti(L, -1, i);
    if (lua_type(L, -1) != LUA_TSTRING) luaL_error(L, "header %d must be a string", i);
    size_t length;
    const char *line = lua_tolstring(L, -1, &length);
    const char *wrong = profile_add_header(profile, line, length);
    if (wrong != NULL) luaL_error(L, "header %d: %s", i, wrong);
    lua_pop(L, 1);
  }
}

/* What is half filled when an option raises belongs to the userdata, and goes with it. */
static void fill_profile(lua_State *L, struct profile *profile) {
  const char *origin = get_string(L, "origin");
  if (origin == NULL) luaL_error(L, "option origin is missing");
  const char *wrong = profile_set_origin(profile, origin);
  if (wrong != NULL) luaL_error(L, "%s", wrong);
  fill_headers(L, profile);
  double seconds = get_number(L, "connect_timeout", default_connect_timeout);
  profile->connect_timeout = seconds < 1e6 ? (long)(seconds * 1000 + 0.999) : 1000000000L;
  double bytes = get_number(L, "max_body", DEFAULT_MAX_BODY);
  profile->max_body = bytes < 1e15 ? (size_t)bytes : (size_t)1e15;
  copy_string(L, &profile->ca_file, "ca_file");
  copy_string(L, &profile->ca_path, "ca_path");
  profile->http2 = !get_option(L, "http2", LUA_TBOOLEAN) || lua_toboolean(L, -1);
}

static int new_mux(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  check_option_names(L);
  struct handle *handle = lua_newuserdata(L, sizeof *handle);
  memset(handle, 0, sizeof *handle);
  luaL_getmetatable(L, MUX_TYPE);
  lua_setmetatable(L, -2);
  if (!profile_start(&handle->profile)) return luaL_error(L, "not enough memory");
  fill_profile(L, &handle->profile);
  handle->mux = mux_open(&handle->profile);
  if (handle->mux == NULL) return luaL_error(L, "no mux: %s", strerror(errno));
  lua_settop(L, 2);
  return 1;
}

static bool is_printable(const char *text, size_t length, unsigned char lowest) {
  for (size_t i = 0; i < length; i++)
    if ((unsigned char)text[i] < lowest || (unsigned char)text[i] > '~') return false;
  return true;
}

static int refuse(lua_State *L, const char *message) {
  lua_pushnil(L);
  lua_pushstring(L, message);
  lua_pushliteral(L, "INVALID_ARGUMENT_ERROR");
  lua_createtable(L, 0, 1);
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "retryable");
  return 4;
}

static int submit(lua_State *L) {
  static const char *const kinds[] = {"poll", "publish", NULL};
  struct mux *mux = check_open(L);
  struct mux_request request = {.kind = (enum mux_kind)luaL_checkoption(L, 2, NULL, kinds)};
  request.target = luaL_checklstring(L, 3, &request.target_length);
  request.body = luaL_optlstring(L, 4, "", &request.body_length);
  request.content_type = luaL_optlstring(L, 5, NULL, &request.content_type_length);
  request.timeout = check_seconds(L, 6);
  if (request.target[0] != '/' || !is_printable(request.target, request.target_length, '!'))
    return refuse(L, "target must start with a slash and hold printable ASCII without spaces");
  if (request.content_type != NULL &&
      !is_printable(request.content_type, request.content_type_length, ' '))
    return refuse(L, "content type must be printable ASCII");
  uint64_t ticket = mux_submit(mux, &request);
  if (ticket == 0) return luaL_error(L, "not enough memory");
  push_ticket(L, ticket);
  return 1;
}

static int cancel(lua_State *L) {
  struct mux *mux = check_open(L);
  lua_pushboolean(L, mux_cancel(mux, check_ticket(L, 2)));
  return 1;
}

static int sent(lua_State *L) {
  struct mux *mux = check_open(L);
  lua_pushboolean(L, mux_sent(mux, check_ticket(L, 2)));
  return 1;
}

static int step(lua_State *L) {
  struct mux *mux = check_open(L);
  int64_t limit = lua_isnoneornil(L, 2) ? MUX_NO_LIMIT : check_seconds(L, 2);
  enum mux_step outcome = mux_step(mux, limit);
  if (outcome != MUX_INTERRUPTED) {
    lua_pushboolean(L, outcome == MUX_TELLS);
    return 1;
  }
  lua_pushnil(L);
  lua_pushliteral(L, "interrupted");
  return 2;
}

static int push_failure(lua_State *L, const struct mux_result *result) {
  static const char *const codes[] = {"CONNECTION_ERROR", "TIMEOUT_ERROR", "UNKNOWN_SERVICE_ERROR"};
  lua_pushnil(L);
  lua_pushstring(L, result->failure.message);
  lua_pushstring(L, codes[result->failure.kind]);
  lua_createtable(L, 0, 3);
  lua_pushinteger(L, result->transport);
  lua_setfield(L, -2, "transport");
  lua_pushboolean(L, result->failure.retryable);
  lua_setfield(L, -2, "retryable");
  if (result->unsent) {
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, "unsent");
  }
  return 5;
}

static int push_result(lua_State *L, const struct mux_result *result) {
  push_ticket(L, result->ticket);
  if (result->status == 0) return push_failure(L, result);
  lua_pushinteger(L, (lua_Integer)result->status);
  lua_pushlstring(L, result->body, result->body_length);
  if (result->retry_after == 0) return 3;
  lua_pushinteger(L, (lua_Integer)result->retry_after);
  return 4;
}

/* To push may run finalizers, and those may use this very mux, or close it. */
static int collect(lua_State *L) {
  struct mux *mux = check_open(L);
  struct handle *handle = lua_touserdata(L, 1);
  struct mux_result result;
  if (!mux_collect(mux, &result)) {
    lua_pushnil(L);
    return 1;
  }
  handle->collecting++;
  int values = push_result(L, &result);
  handle->collecting--;
  if (handle->mux != NULL)
    mux_release(mux, result.ticket);
  else if (handle->collecting == 0)
    free_closed(handle);
  return values;
}

static int pollfd(lua_State *L) {
  int descriptor = mux_descriptor(check_open(L));
  if (descriptor < 0)
    lua_pushnil(L);
  else
    lua_pushinteger(L, descriptor);
  return 1;
}

static int events(lua_State *L) {
  check_open(L);
  lua_pushliteral(L, "r");
  return 1;
}

static int timeout(lua_State *L) {
  int64_t left = mux_timeout(check_open(L));
  if (left == MUX_NO_LIMIT)
    lua_pushnil(L);
  else
    push_seconds(L, left);
  return 1;
}

static int set_alarm(lua_State *L) {
  struct mux *mux = check_open(L);
  mux_alarm(mux, lua_isnoneornil(L, 2) ? MUX_NO_LIMIT : check_seconds(L, 2));
  return 0;
}

static int pending(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)mux_pending(check_open(L)));
  return 1;
}

static int describe(lua_State *L) {
  struct handle *handle = check(L);
  lua_pushfstring(L, "momento.curl.mux (%s): %p", handle->mux == NULL ? "closed" : "open",
                  (void *)handle);
  return 1;
}

static const luaL_Reg methods[] = {
    {"submit", submit},   {"cancel", cancel},   {"sent", sent},       {"step", step},
    {"collect", collect}, {"pollfd", pollfd},   {"events", events},   {"timeout", timeout},
    {"pending", pending}, {"close", close_mux}, {"alarm", set_alarm}, {NULL, NULL},
};

static const luaL_Reg metamethods[] = {
    {"__gc", finalize}, {"__close", close_mux}, {"__tostring", describe}, {NULL, NULL}};

static const luaL_Reg functions[] = {
    {"mux", new_mux}, {"now", curl_wait_now}, {"wait", curl_wait_wait}, {NULL, NULL}};

COMPAT_EXPORT int luaopen_momento_curl(lua_State *L);

int luaopen_momento_curl(lua_State *L) {
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
    return luaL_error(L, "libcurl cannot be initialised");
  curl_stay_loaded();
  /* A second load finds the metatable of the first, which muxes made before still use. */
  if (luaL_newmetatable(L, MUX_TYPE)) {
    void *meta = (void *)lua_topointer(L, -1);
    lua_pushlightuserdata(L, meta);
    compat_setfuncs(L, metamethods, 1);
    lua_createtable(L, 0, 11);
    lua_pushlightuserdata(L, meta);
    compat_setfuncs(L, methods, 1);
    lua_setfield(L, -2, "__index");
    lua_pushliteral(L, "momento.curl.mux");
    lua_setfield(L, -2, "__metatable");
  }
  lua_createtable(L, 0, 3);
  compat_setfuncs(L, functions, 0);
  return 1;
}
