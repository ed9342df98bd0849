/* The floor under any decoder of messages: makes, out of bytes that need no parsing, the table that
   a reader gets, with a fresh string as its value. A Lua module, for each Lua that is measured.

     floor.next(values, first, length, number, page) -> "message", table */
#include "../../src/lua/compat.h"

enum { KIND = 1, NUMBER, PAGE, VALUE, TYPE, TEXT, META };

static int next(lua_State *L) {
  size_t size;
  const char *values = luaL_checklstring(L, 1, &size);
  size_t first = (size_t)luaL_checkinteger(L, 2), length = (size_t)luaL_checkinteger(L, 3);
  luaL_argcheck(L, first <= size && length <= size - first, 2, "behind the end of the values");
  lua_pushvalue(L, lua_upvalueindex(KIND));
  lua_createtable(L, 0, 4);
  lua_pushvalue(L, lua_upvalueindex(NUMBER));
  lua_pushvalue(L, 4);
  lua_rawset(L, -3);
  lua_pushvalue(L, lua_upvalueindex(PAGE));
  lua_pushvalue(L, 5);
  lua_rawset(L, -3);
  lua_pushvalue(L, lua_upvalueindex(VALUE));
  lua_pushlstring(L, values + first, length);
  lua_rawset(L, -3);
  lua_pushvalue(L, lua_upvalueindex(TYPE));
  lua_pushvalue(L, lua_upvalueindex(TEXT));
  lua_rawset(L, -3);
  lua_pushvalue(L, lua_upvalueindex(META));
  lua_setmetatable(L, -2);
  return 2;
}

COMPAT_EXPORT int luaopen_floor(lua_State *L);

int luaopen_floor(lua_State *L) {
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "message");
  lua_pushliteral(L, "sequence_number");
  lua_pushliteral(L, "sequence_page");
  lua_pushliteral(L, "value");
  lua_pushliteral(L, "type");
  lua_pushliteral(L, "text");
  lua_newtable(L);
  lua_pushcclosure(L, next, META);
  lua_setfield(L, -2, "next");
  return 1;
}
