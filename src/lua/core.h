/* What the files of momento.core share: the classes' names, arguments and scratch room.
   momento.core turns Lua values into what src/wire works on and back. It must not know transports,
   retries or clocks. Nothing here is malloc'd: whatever lives longer than a call is inside a
   userdata or held in one of its slots, so an error raised by Lua anywhere leaks nothing. */
#ifndef MOMENTO_LUA_CORE_H
#define MOMENTO_LUA_CORE_H

#include "../wire/cursor.h"
#include "../wire/envelope.h"
#include "compat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Names of the metatables in the registry. They stay there when the module is loaded a second time,
   so objects made before keep working. */
#define CORE_CLIENT "momento.client"
#define CORE_SUBSCRIPTION "momento.subscription"
#define CORE_MESSAGE "momento.message"

/* Up to here every whole number has a float of its own. */
#define CORE_FLOAT_MAX UINT64_C(9007199254740992)

/* The largest value that core_push_u64 pushes as a number. */
#if COMPAT_INTEGERS
#define CORE_EXACT_MAX UINT64_C(9223372036854775807)
#else
#define CORE_EXACT_MAX CORE_FLOAT_MAX
#endif

struct client;

/* Pushes the metatable registered as `type`. When there is none yet, makes it and returns true:
   then the caller adds what it wants and registers it. It has methods (its __index), __tostring,
   __gc = collect, and __close and __call, which call the methods `close` and `receive_next` by
   name, so that the Lua layer may replace or add them. */
bool core_class(lua_State *L, const char *type, const luaL_Reg *methods, lua_CFunction tostring,
                lua_CFunction collect);

/* Registers the metatable on the top of the stack as that of `type`: the last thing done to it, so
   that a half-made one, should memory run out, is never found. */
void core_register(lua_State *L, const char *type);

/* Calls the method `close` of the userdata at index 1, whatever it is now, and drops its errors:
   for the start of a collect function. */
void core_call_close(lua_State *L);

/* Sets the metatable `type` for the userdata on the top of the stack. Its own table is the Lua
   layer's. */
void core_finish(lua_State *L, const char *type);

/* The userdata of class `type` at index, else raises, naming both types. */
void *core_check(lua_State *L, int index, const char *type);

/* Raises that a method was not given its object, in most cases because it was called with a dot, at
   the line of who called it. `level` of the stack is that caller's: 1 when the running C function
   is the method, more when the method is in Lua and called it. */
int core_misuse(lua_State *L, int level, const char *expected);

/* The same as core_check for an open client at index 1: pushes nil and a message and returns NULL
 * when it is closed. */
const struct client *core_check_client(lua_State *L);

/* The string at index, else raises with the argument's name; numbers are not taken for strings. */
const char *core_check_string(lua_State *L, int index, const char *name, size_t *length);

/* Room for size bytes: `fixed` when they fit, else a new userdata. Pushes one value either way,
   which must stay on the stack while the room is used. */
char *core_room(lua_State *L, char *fixed, size_t fixed_size, size_t size);

/* Pushes value exactly: an integer or a number when the running Lua can hold it, else its digits.
 */
void core_push_u64(lua_State *L, uint64_t value);

/* Pushes "/topics/{cache}/{topic}" from the names at index and index + 1; pushes nil and a message
   and returns false when one of them cannot be a name. Raises when one is not a string. */
bool core_push_path(lua_State *L, int index);

/* Pushes the decoded bytes of a JSON string. */
void core_push_json_string(lua_State *L, const struct json_string *string);

/* Pushes the values that a function calling core_push_message needs as its upvalues from the second
   on; the first is the function's own. */
enum { CORE_MESSAGE_UPVALUES = 9 };
void core_message_upvalues(lua_State *L);

/* Pushes "message" and the table of a message; returns how many values that are. Only in such a
   function. */
int core_push_message(lua_State *L, const struct envelope_element *element,
                      const struct json_room *room);

/* The same with sequence number, page, value, type and maybe publisher id instead of the table. */
int core_push_message_fields(lua_State *L, const struct envelope_element *element,
                             const struct json_room *room);

/* Replaces a function that gives such fields by a Lua function that makes tables of them. */
void core_wrap_fields(lua_State *L);

/* Pushes the table of a discontinuity. */
void core_push_gap(lua_State *L, const struct cursor_gap *gap);

/* Each pushes the metatable of its class. */
void core_client_class(lua_State *L);
void core_subscription_class(lua_State *L);
void core_message_class(lua_State *L);

/* core.client, core.subscription */
int core_client_new(lua_State *L);
int core_subscription_new(lua_State *L);

#endif
