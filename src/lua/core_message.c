/* From an element of an answer to the table a reader gets. One table of the right size, its keys
   taken from upvalues (no string is hashed again), its value copied once, straight out of the body.
 */
#include "core.h"

enum upvalue {
  UPVALUE_META = 2,
  UPVALUE_SEQUENCE_NUMBER,
  UPVALUE_SEQUENCE_PAGE,
  UPVALUE_VALUE,
  UPVALUE_TYPE,
  UPVALUE_TEXT,
  UPVALUE_BINARY,
  UPVALUE_PUBLISHER_ID,
  UPVALUE_MESSAGE,
  UPVALUE_END
};

typedef char upvalue_count[UPVALUE_END - UPVALUE_META == CORE_MESSAGE_UPVALUES ? 1 : -1];

enum { FIXED_ROOM = 8192 };

void core_message_upvalues(lua_State *L) {
  core_message_class(L);
  lua_pushliteral(L, "sequence_number");
  lua_pushliteral(L, "sequence_page");
  lua_pushliteral(L, "value");
  lua_pushliteral(L, "type");
  lua_pushliteral(L, "text");
  lua_pushliteral(L, "binary");
  lua_pushliteral(L, "publisher_id");
  lua_pushliteral(L, "message");
}

static void push_decoded_value(lua_State *L, const struct envelope_value *value) {
  char fixed[FIXED_ROOM];
  char *room = core_room(L, fixed, sizeof fixed, value->string.length);
  size_t length = envelope_value_decode(value, room);
  lua_pushlstring(L, room, length);
  lua_remove(L, -2);
}

void core_push_json_string(lua_State *L, const struct json_string *string) {
  if (!string->escaped) {
    lua_pushlstring(L, string->raw, string->length);
    return;
  }
  char fixed[FIXED_ROOM];
  char *room = core_room(L, fixed, sizeof fixed, string->length);
  size_t length = json_string_decode(string, room);
  lua_pushlstring(L, room, length);
  lua_remove(L, -2);
}

static void push_value(lua_State *L, const struct envelope_value *value,
                       const struct json_room *room) {
  if (envelope_value_plain(value))
    lua_pushlstring(L, value->string.raw, value->string.length);
  else if (room->length != JSON_UNDECODED)
    lua_pushlstring(L, room->bytes, room->length);
  else
    push_decoded_value(L, value);
}

static void push_type(lua_State *L, const struct envelope_value *value) {
  lua_pushvalue(L, lua_upvalueindex(value->form == ENVELOPE_TEXT ? UPVALUE_TEXT : UPVALUE_BINARY));
}

int core_push_message(lua_State *L, const struct envelope_element *element,
                      const struct json_room *room) {
  lua_pushvalue(L, lua_upvalueindex(UPVALUE_MESSAGE));
  lua_createtable(L, 0, 4 + (element->has_publisher_id ? 1 : 0));
  lua_pushvalue(L, lua_upvalueindex(UPVALUE_SEQUENCE_NUMBER));
  core_push_u64(L, element->sequence_number);
  lua_rawset(L, -3);
  lua_pushvalue(L, lua_upvalueindex(UPVALUE_SEQUENCE_PAGE));
  core_push_u64(L, element->sequence_page);
  lua_rawset(L, -3);
  lua_pushvalue(L, lua_upvalueindex(UPVALUE_VALUE));
  push_value(L, &element->value, room);
  lua_rawset(L, -3);
  lua_pushvalue(L, lua_upvalueindex(UPVALUE_TYPE));
  push_type(L, &element->value);
  lua_rawset(L, -3);
  if (element->has_publisher_id) {
    lua_pushvalue(L, lua_upvalueindex(UPVALUE_PUBLISHER_ID));
    core_push_json_string(L, &element->publisher_id);
    lua_rawset(L, -3);
  }
  lua_pushvalue(L, lua_upvalueindex(UPVALUE_META));
  lua_setmetatable(L, -2);
  return 2;
}

int core_push_message_fields(lua_State *L, const struct envelope_element *element,
                             const struct json_room *room) {
  lua_pushvalue(L, lua_upvalueindex(UPVALUE_MESSAGE));
  core_push_u64(L, element->sequence_number);
  core_push_u64(L, element->sequence_page);
  push_value(L, &element->value, room);
  push_type(L, &element->value);
  if (!element->has_publisher_id) return 5;
  core_push_json_string(L, &element->publisher_id);
  return 6;
}

void core_wrap_fields(lua_State *L) {
  static const char wrap[] =
      "local next_fields, meta, setmetatable = ...\n"
      "return function(self)\n"
      "  local kind, number, page, value, type, publisher_id = next_fields(self)\n"
      "  if kind ~= 'message' then return kind, number end\n"
      "  local message = setmetatable({ sequence_number = number, sequence_page = page,\n"
      "    value = value, type = type }, meta)\n"
      "  if publisher_id then message.publisher_id = publisher_id end\n"
      "  return kind, message\n"
      "end\n";
  if (luaL_loadbuffer(L, wrap, sizeof wrap - 1, "=momento.core") != 0) lua_error(L);
  lua_insert(L, -2);
  core_message_class(L);
  lua_getglobal(L, "setmetatable");
  lua_call(L, 3, 1);
}

void core_push_gap(lua_State *L, const struct cursor_gap *gap) {
  lua_createtable(L, 0, 3);
  core_push_u64(L, gap->last_sequence_number);
  lua_setfield(L, -2, "last_sequence_number");
  core_push_u64(L, gap->new_sequence_number);
  lua_setfield(L, -2, "new_sequence_number");
  core_push_u64(L, gap->new_sequence_page);
  lua_setfield(L, -2, "new_sequence_page");
}

/* The methods are the Lua layer's. */
void core_message_class(lua_State *L) {
  luaL_getmetatable(L, CORE_MESSAGE);
  if (!lua_isnil(L, -1)) return;
  lua_pop(L, 1);
  lua_createtable(L, 0, 2);
  lua_newtable(L);
  lua_setfield(L, -2, "__index");
  lua_pushliteral(L, CORE_MESSAGE);
  lua_setfield(L, -2, "__name");
  core_register(L, CORE_MESSAGE);
}
