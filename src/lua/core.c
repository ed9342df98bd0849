/* momento.core: the module's table, and what the classes beside it share. The client and
   subscription userdata are in core_client.c and core_subscription.c, the tables of messages in
   core_message.c. */
#include "core.h"

#include "../wire/base64.h"
#include "../wire/json.h"
#include "../wire/number.h"
#include "../wire/url.h"
#include "../wire/utf8.h"
#include "../wire/version.h"

#include <string.h>

enum { FIXED_ROOM = 1024 };

/* __call is Lua, not C, so that an iterator may yield inside it. */
static const char by_name[] = "local meta, methods = ...\n"
                              "function meta.__close(self) methods.close(self) end\n"
                              "function meta.__call(self) return methods.receive_next(self) end\n";

bool core_class(lua_State *L, const char *type, const luaL_Reg *methods, lua_CFunction tostring,
                lua_CFunction collect) {
  luaL_getmetatable(L, type);
  if (!lua_isnil(L, -1)) return false;
  lua_pop(L, 1);
  lua_newtable(L);
  lua_newtable(L);
  compat_setfuncs(L, methods, 0);
  lua_pushcfunction(L, tostring);
  lua_setfield(L, -3, "__tostring");
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "__index");
  if (luaL_loadbuffer(L, by_name, sizeof by_name - 1, "=momento.core") != 0) lua_error(L);
  lua_pushvalue(L, -3);
  lua_pushvalue(L, -3);
  lua_call(L, 2, 0);
  lua_pushcclosure(L, collect, 1);
  lua_setfield(L, -2, "__gc");
  lua_pushstring(L, type);
  lua_setfield(L, -2, "__name");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  return true;
}

void core_register(lua_State *L, const char *type) {
  lua_pushvalue(L, -1);
  lua_setfield(L, LUA_REGISTRYINDEX, type);
}

void core_call_close(lua_State *L) {
  lua_settop(L, 1);
  lua_getfield(L, lua_upvalueindex(1), "close");
  lua_pushvalue(L, 1);
  lua_pcall(L, 1, 0, 0);
  lua_settop(L, 1);
}

void core_finish(lua_State *L, const char *type) {
  luaL_getmetatable(L, type);
  lua_setmetatable(L, -2);
}

void *core_check(lua_State *L, int index, const char *type) {
  void *data = compat_testudata(L, index, type);
  if (data == NULL)
    luaL_argerror(L, index,
                  lua_pushfstring(L, "%s expected, got %s", type, luaL_typename(L, index)));
  return data;
}

int core_misuse(lua_State *L, int level, const char *expected) {
  lua_Debug method;
  const char *name = "";
  if (lua_getstack(L, level - 1, &method) && lua_getinfo(L, "n", &method) && method.name != NULL)
    name = method.name;
  luaL_where(L, level);
  lua_pushfstring(L, "%s%s%s expected, got %s: call methods with a colon, as object:%s(...)", name,
                  name[0] != '\0' ? ": " : "", expected, luaL_typename(L, 1),
                  name[0] != '\0' ? name : "method");
  lua_concat(L, 2);
  return lua_error(L);
}

const char *core_check_string(lua_State *L, int index, const char *name, size_t *length) {
  if (lua_type(L, index) != LUA_TSTRING)
    luaL_argerror(L, index,
                  lua_pushfstring(L, "%s must be a string, got %s", name, luaL_typename(L, index)));
  return lua_tolstring(L, index, length);
}

char *core_room(lua_State *L, char *fixed, size_t fixed_size, size_t size) {
  if (size > fixed_size) return lua_newuserdata(L, size);
  lua_pushnil(L);
  return fixed;
}

void core_push_u64(lua_State *L, uint64_t value) {
  if (value <= CORE_EXACT_MAX) {
#if COMPAT_INTEGERS
    lua_pushinteger(L, (lua_Integer)value);
#else
    lua_pushnumber(L, (lua_Number)value);
#endif
    return;
  }
  char digits[NUMBER_U64_SIZE];
  size_t length = number_format_u64(value, digits);
  lua_pushlstring(L, digits, length);
}

static const char *check_name(lua_State *L, int index, const char *what, size_t *length,
                              bool *valid) {
  const char *name = core_check_string(L, index, what, length);
  if (!url_name_valid(name, *length) && *valid) {
    *valid = false;
    lua_pushnil(L);
    lua_pushfstring(L, *length == 0 ? "%s is empty" : "%s has a control byte in it", what);
  }
  return name;
}

bool core_push_path(lua_State *L, int index) {
  bool valid = true;
  size_t cache_length, topic_length;
  const char *cache = check_name(L, index, "cache name", &cache_length, &valid);
  const char *topic = check_name(L, index + 1, "topic name", &topic_length, &valid);
  if (!valid) return false;
  static const char prefix[] = "/topics/";
  char fixed[FIXED_ROOM];
  size_t size = sizeof prefix + url_escaped_max(cache_length) + url_escaped_max(topic_length);
  char *room = core_room(L, fixed, sizeof fixed, size);
  memcpy(room, prefix, sizeof prefix - 1);
  size_t length = sizeof prefix - 1;
  length += url_escape(cache, cache_length, room + length);
  room[length++] = '/';
  length += url_escape(topic, topic_length, room + length);
  lua_pushlstring(L, room, length);
  lua_remove(L, -2);
  return true;
}

/* Called for every request, so it knows the two metatables by its upvalues; by methods, first of
   all, so that it is for them to tell when they are called without their object. */
static int state(lua_State *L) {
  const void *meta = lua_getmetatable(L, 1) ? lua_topointer(L, -1) : NULL;
  if (meta == NULL || (meta != lua_topointer(L, lua_upvalueindex(1)) &&
                       meta != lua_topointer(L, lua_upvalueindex(2))))
    return core_misuse(L, 2, CORE_CLIENT " or " CORE_SUBSCRIPTION);
  compat_getowntable(L, 1);
  return 1;
}

static int text_valid(lua_State *L) {
  size_t length;
  const char *value = core_check_string(L, 1, "value", &length);
  lua_pushboolean(L, utf8_valid(value, length));
  return 1;
}

static int encode_base64(lua_State *L) {
  size_t length;
  const char *bytes = core_check_string(L, 1, "bytes", &length);
  char fixed[FIXED_ROOM];
  size_t encoded = base64_encoded_size(length);
  char *room = core_room(L, fixed, sizeof fixed, encoded);
  base64_encode(bytes, length, room);
  lua_pushlstring(L, room, encoded);
  return 1;
}

static int decode_base64(lua_State *L) {
  size_t length, decoded;
  const char *text = core_check_string(L, 1, "text", &length);
  char fixed[FIXED_ROOM];
  char *room = core_room(L, fixed, sizeof fixed, base64_decoded_max(length));
  if (!base64_decode(text, length, room, &decoded)) return 0;
  lua_pushlstring(L, room, decoded);
  return 1;
}

static int escape(lua_State *L) {
  size_t length;
  const char *bytes = core_check_string(L, 1, "bytes", &length);
  char fixed[FIXED_ROOM];
  char *room = core_room(L, fixed, sizeof fixed, url_escaped_max(length));
  lua_pushlstring(L, room, url_escape(bytes, length, room));
  return 1;
}

/* A table of the members that are strings; other values are passed over. */
static int json_object(lua_State *L) {
  size_t length;
  const char *text = core_check_string(L, 1, "text", &length);
  struct json json = {text, text + length};
  struct json_string name, value;
  if (!json_take(&json, '{')) return 0;
  lua_newtable(L);
  enum json_member found;
  for (bool first = true; (found = json_member(&json, &first, &name)) == JSON_MEMBER;) {
    if (json_peek(&json) != '"') {
      if (!json_skip(&json)) return 0;
      continue;
    }
    if (!json_string(&json, &value)) return 0;
    core_push_json_string(L, &name);
    core_push_json_string(L, &value);
    lua_rawset(L, -3);
  }
  return found == JSON_OBJECT_END && json_at_end(&json) ? 1 : 0;
}

COMPAT_EXPORT int luaopen_momento_core(lua_State *L);

COMPAT_EXPORT int luaopen_momento_core(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"base64_decode", decode_base64}, {"base64_encode", encode_base64},
      {"client", core_client_new},      {"escape", escape},
      {"json_object", json_object},     {"subscription", core_subscription_new},
      {"text_valid", text_valid},       {NULL, NULL},
  };
  lua_newtable(L);
  compat_setfuncs(L, functions, 0);
  lua_pushliteral(L, MOMENTO_VERSION);
  lua_setfield(L, -2, "version");
  core_client_class(L);
  lua_getfield(L, -1, "__index");
  lua_setfield(L, -3, "client_methods");
  core_subscription_class(L);
  lua_getfield(L, -1, "__index");
  lua_setfield(L, -4, "subscription_methods");
  core_message_class(L);
  lua_setfield(L, -4, "message_meta");
  lua_pushvalue(L, -2);
  lua_pushvalue(L, -2);
  lua_pushcclosure(L, state, 2);
  lua_setfield(L, -4, "state");
  lua_pop(L, 2);
  return 1;
}
