/* Waiting for several muxes at once, or for nothing but time: for schedulers written in Lua. */
#ifndef MOMENTO_LUA_CURL_WAIT_H
#define MOMENTO_LUA_CURL_WAIT_H

#include "compat.h"

/* curl.now() -> seconds of a clock that never goes back. */
int curl_wait_now(lua_State *L);

/* curl.wait(seconds|nil, {descriptors}|nil) -> true, readable descriptors... | nil, message.
   Returns when one of the descriptors can be read or has ended, the seconds (nil: any time) have
   passed, or with a message: "interrupted" when a signal came, else which of them is not open. */
int curl_wait_wait(lua_State *L);

#endif
