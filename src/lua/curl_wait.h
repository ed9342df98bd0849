/* Waiting for several muxes at once, or for nothing but time: for schedulers written in Lua. */
#ifndef MOMENTO_LUA_CURL_WAIT_H
#define MOMENTO_LUA_CURL_WAIT_H

#include "compat.h"

/* curl.now() -> seconds of a clock that never goes back. */
int curl_wait_now(lua_State *L);

/* curl.wait(seconds|nil, {descriptors}|nil) -> true, readable descriptors... | nil, "interrupted".
   Returns when one of the descriptors can be read, has ended or is none, the seconds (nil: any
   time) have passed, or a signal came. */
int curl_wait_wait(lua_State *L);

#endif
