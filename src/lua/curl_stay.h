/* Keeps this module in memory when the Lua state closes: a name look-up may still run on a thread
   of libcurl, whose code must not go away under it. */
#ifndef MOMENTO_LUA_CURL_STAY_H
#define MOMENTO_LUA_CURL_STAY_H

void curl_stay_loaded(void);

#endif
