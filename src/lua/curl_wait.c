/* Waiting for several muxes at once, or for nothing but time: for schedulers written in Lua. Knows
   descriptors only. */
#include "curl_wait.h"

#include "../curl/clock.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>

int curl_wait_now(lua_State *L) {
  lua_pushnumber(L, (lua_Number)clock_now() / 1e6);
  return 1;
}

/* Rounded up: to return early would make the caller come back at once, again and again. */
static int check_milliseconds(lua_State *L, int index) {
  if (lua_isnoneornil(L, index)) return -1;
  double seconds = luaL_checknumber(L, index);
  if (!(seconds >= 0)) luaL_argerror(L, index, "seconds must not be negative");
  return seconds * 1000 < INT_MAX - 1 ? (int)(seconds * 1000 + 0.999) : INT_MAX;
}

int curl_wait_wait(lua_State *L) {
  int milliseconds = check_milliseconds(L, 1);
  lua_settop(L, 2);
  size_t count = 0;
  if (!lua_isnil(L, 2)) {
    luaL_checktype(L, 2, LUA_TTABLE);
    count = compat_rawlen(L, 2);
  }
  struct pollfd *descriptors = lua_newuserdata(L, (count + 1) * sizeof *descriptors);
  for (size_t i = 0; i < count; i++) {
    lua_rawgeti(L, 2, (int)i + 1);
    descriptors[i] = (struct pollfd){.fd = (int)luaL_checkinteger(L, -1), .events = POLLIN};
    lua_pop(L, 1);
  }
  int ready = poll(descriptors, (nfds_t)count, milliseconds);
  if (ready < 0) {
    if (errno != EINTR) return luaL_error(L, "poll failed");
    lua_pushnil(L);
    lua_pushliteral(L, "interrupted");
    return 2;
  }
  for (size_t i = 0; i < count; i++) {
    if ((descriptors[i].revents & POLLNVAL) == 0) continue;
    lua_pushnil(L);
    lua_pushfstring(L, "descriptor %d is not open", descriptors[i].fd);
    return 2;
  }
  lua_pushboolean(L, 1);
  luaL_checkstack(L, ready, "too many descriptors");
  for (size_t i = 0; i < count; i++)
    if (descriptors[i].revents != 0) lua_pushinteger(L, descriptors[i].fd);
  return 1 + ready;
}
