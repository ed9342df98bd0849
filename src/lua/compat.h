/* One face of the C API for Lua 5.1 to 5.4 and LuaJIT, under names of its own: luaL_* is never
   defined here, since some of these Luas bring a part of the newer functions along. What is built
   against PUC 5.1's headers also runs in LuaJIT, so only what both have is used there.
   Knows nothing of Momento. */
#ifndef MOMENTO_LUA_COMPAT_H
#define MOMENTO_LUA_COMPAT_H

#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

/* Marks luaopen_*, the one symbol a module shows. */
#if defined(__GNUC__)
#define COMPAT_EXPORT __attribute__((visibility("default")))
#else
#define COMPAT_EXPORT
#endif

/* Whether Lua has integers beside floats. */
#define COMPAT_INTEGERS (LUA_VERSION_NUM >= 503)

/* The same index, counted from the bottom of the stack. */
static inline int compat_absindex(lua_State *L, int index) {
  return index > 0 || index <= LUA_REGISTRYINDEX ? index : lua_gettop(L) + index + 1;
}

/* Length of a table's array, or of a string or userdata in bytes; no metamethods. */
static inline size_t compat_rawlen(lua_State *L, int index) {
#if LUA_VERSION_NUM >= 502
  return (size_t)lua_rawlen(L, index);
#else
  return lua_objlen(L, index);
#endif
}

/* Sets functions (ended by {NULL, NULL}) as fields of the table below `upvalues` values on the top
   of the stack, which every function gets as its upvalues and which are popped. */
static inline void compat_setfuncs(lua_State *L, const luaL_Reg *functions, int upvalues) {
  for (; functions->name != NULL; functions++) {
    for (int i = 0; i < upvalues; i++)
      lua_pushvalue(L, -upvalues);
    lua_pushcclosure(L, functions->func, upvalues);
    lua_setfield(L, -(upvalues + 2), functions->name);
  }
  lua_pop(L, upvalues);
}

/* The userdata at index when its metatable is the one registered as `type`, else NULL. */
static inline void *compat_testudata(lua_State *L, int index, const char *type) {
  void *data = lua_touserdata(L, index);
  if (data == NULL || !lua_getmetatable(L, index)) return NULL;
  luaL_getmetatable(L, type);
  bool same = lua_rawequal(L, -1, -2) != 0;
  lua_pop(L, 2);
  return same ? data : NULL;
}

/* Every userdata made here has a table of its own, with room for so many fields, and `slots` Lua
   values besides, numbered from 1 and nil at first. Where Lua lets a userdata have no more than one
   value, they are elements of that table. Pushes the userdata. */
static inline void *compat_newuserdata(lua_State *L, size_t size, int slots, int fields) {
#if LUA_VERSION_NUM >= 504
  void *data = lua_newuserdatauv(L, size, 1 + slots);
  lua_createtable(L, 0, fields);
  lua_setiuservalue(L, -2, 1);
#else
  void *data = lua_newuserdata(L, size);
  lua_createtable(L, slots, fields);
#if LUA_VERSION_NUM >= 502
  lua_setuservalue(L, -2);
#else
  lua_setfenv(L, -2);
#endif
#endif
  return data;
}

/* Pushes the table of the userdata at index. */
static inline void compat_getowntable(lua_State *L, int index) {
#if LUA_VERSION_NUM >= 504
  lua_getiuservalue(L, index, 1);
#elif LUA_VERSION_NUM >= 502
  lua_getuservalue(L, index);
#else
  lua_getfenv(L, index);
#endif
}

/* Pushes what is in a slot of the userdata at index. */
static inline void compat_getslot(lua_State *L, int index, int slot) {
#if LUA_VERSION_NUM >= 504
  lua_getiuservalue(L, index, 1 + slot);
#else
  compat_getowntable(L, index);
  lua_rawgeti(L, -1, slot);
  lua_remove(L, -2);
#endif
}

/* Pops a value into a slot of the userdata at index, which counts from the bottom of the stack. */
static inline void compat_setslot(lua_State *L, int index, int slot) {
#if LUA_VERSION_NUM >= 504
  lua_setiuservalue(L, index, 1 + slot);
#else
  compat_getowntable(L, index);
  lua_insert(L, -2);
  lua_rawseti(L, -2, slot);
  lua_pop(L, 1);
#endif
}

#endif
