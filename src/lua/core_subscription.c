/* The subscription userdata: the cursor, and the reader of the answer at hand. The body of an
   answer stays the Lua string it came as, held in a slot until it is used up; each call of next()
   decodes one element of it. Knows no requests beyond the target to ask for, and nothing of
   retries. */
#include "core.h"

#include "../wire/number.h"

#include <string.h>

/* FIELDS are for the Lua layer: about as many as it has. */
enum { SLOT_BODY = 1, SLOTS = SLOT_BODY, FIELDS = 16 };

enum { DECODED_ROOM = 8192 };

struct subscription {
  const char *body; /* of the string in SLOT_BODY; NULL when none is held */
  struct envelope_reader reader;
  struct cursor cursor;
  uint64_t delivered; /* this and the next three: since they were taken */
  uint64_t duplicates;
  uint64_t discontinuities;
  uint64_t malformed;
  uint32_t path_length;
  bool open;
  char path[]; /* "/topics/{cache}/{topic}" */
};

enum { UPVALUE_SELF = 1 };

/* Levels of the stack from next() to the caller of the method that called it; under LuaJIT the
   function that makes the table is between them. */
enum { NEXT_LEVEL = 2, NEXT_FIELDS_LEVEL = 3 };

static struct subscription *check(lua_State *L) {
  return core_check(L, 1, CORE_SUBSCRIPTION);
}

static void release_body(lua_State *L, struct subscription *subscription) {
  subscription->body = NULL;
  lua_pushnil(L);
  compat_setslot(L, 1, SLOT_BODY);
}

static int subscription_close(lua_State *L) {
  struct subscription *subscription = check(L);
  subscription->open = false;
  release_body(L, subscription);
  return 0;
}

static int subscription_collect(lua_State *L) {
  core_call_close(L);
  return subscription_close(L);
}

static int subscription_poll_target(lua_State *L) {
  const struct subscription *subscription = check(L);
  char number[NUMBER_U64_SIZE], page[NUMBER_U64_SIZE];
  number_format_u64(subscription->cursor.next, number);
  number_format_u64(subscription->cursor.page, page);
  lua_pushlstring(L, subscription->path, subscription->path_length);
  lua_pushfstring(L, "?sequence_number=%s&sequence_page=%s", number, page);
  lua_concat(L, 2);
  return 1;
}

/* The subscription at index 1, found by the metatable kept as an upvalue: this is called once a
   message, and a look into the registry would be a good part of its cost. Pushes a value. `level`
   is core_misuse's. */
static struct subscription *check_quickly(lua_State *L, int level) {
  if (!lua_getmetatable(L, 1) ||
      lua_topointer(L, -1) != lua_touserdata(L, lua_upvalueindex(UPVALUE_SELF)))
    core_misuse(L, level, CORE_SUBSCRIPTION);
  return lua_touserdata(L, 1);
}

static int subscription_feed(lua_State *L) {
  struct subscription *subscription = check_quickly(L, 1);
  size_t length;
  const char *body = core_check_string(L, 2, "body", &length);
  if (!subscription->open) {
    lua_pushnil(L);
    lua_pushliteral(L, "the subscription is closed");
    return 2;
  }
  lua_pushvalue(L, 2);
  compat_setslot(L, 1, SLOT_BODY);
  subscription->body = body;
  envelope_open(&subscription->reader, body, length);
  lua_pushboolean(L, 1);
  return 1;
}

static int malformed(lua_State *L, struct subscription *subscription) {
  char digits[NUMBER_U64_SIZE];
  number_format_u64((uint64_t)(subscription->reader.json.at - subscription->body), digits);
  release_body(L, subscription);
  subscription->malformed++;
  lua_pushboolean(L, 0);
  lua_pushfstring(L, "malformed answer: what follows its first %s bytes cannot be read", digits);
  return 2;
}

static int discontinuity(lua_State *L, struct subscription *subscription,
                         const struct cursor_gap *gap) {
  lua_pushliteral(L, "discontinuity");
  core_push_gap(L, gap);
  subscription->discontinuities++;
  return 2;
}

/* Goes on from what was read out of body, which may be gone by now. */
static void settle(lua_State *L, struct subscription *subscription, const char *body,
                   const struct envelope_reader *reader, const struct cursor *cursor) {
  subscription->cursor = *cursor;
  if (subscription->body != body) return;
  subscription->reader = *reader;
  if (envelope_used_up(reader)) release_body(L, subscription);
}

/* Allocating may run finalizers, and those may close or feed this very subscription. So the body is
   on the stack as long as slices of it are in use, and reader and cursor move on copies, put back
   once the result is made: running out of memory on the way loses no message. */
static int next_element(lua_State *L, int level,
                        int (*push)(lua_State *L, const struct envelope_element *element,
                                    const struct json_room *room)) {
  struct subscription *subscription = check_quickly(L, level);
  const char *body = subscription->body;
  if (body == NULL) return 0;
  compat_getslot(L, 1, SLOT_BODY);
  char decoded[DECODED_ROOM];
  for (;;) {
    struct envelope_reader reader = subscription->reader;
    struct cursor cursor = subscription->cursor;
    struct envelope_element element;
    struct cursor_gap gap;
    struct json_room room = {.bytes = decoded, .size = sizeof decoded};
    switch (envelope_next_into(&reader, &element, &room)) {
    case ENVELOPE_MESSAGE:
      switch (cursor_message(&cursor, element.sequence_number, element.sequence_page, &gap)) {
      case CURSOR_DELIVER: {
        int values = push(L, &element, &room);
        settle(L, subscription, body, &reader, &cursor);
        subscription->delivered++;
        return values;
      }
      case CURSOR_GAP: /* told first: only the cursor moves, so the message comes next */
        cursor = subscription->cursor;
        cursor_discontinuity(&cursor, gap.last_sequence_number, gap.new_sequence_number,
                             gap.new_sequence_page, &gap);
        discontinuity(L, subscription, &gap);
        subscription->cursor = cursor;
        return 2;
      case CURSOR_DUPLICATE:
        subscription->duplicates++;
      }
      break;
    case ENVELOPE_DISCONTINUITY:
      if (cursor_discontinuity(&cursor, element.last_sequence_number, element.sequence_number,
                               element.sequence_page, &gap)) {
        discontinuity(L, subscription, &gap);
        settle(L, subscription, body, &reader, &cursor);
        return 2;
      }
      break;
    case ENVELOPE_END:
      release_body(L, subscription);
      return 0;
    case ENVELOPE_MALFORMED:
      return malformed(L, subscription);
    }
    settle(L, subscription, body, &reader, &cursor); /* nothing to tell of: on to the next */
  }
}

static int next_message(lua_State *L) {
  return next_element(L, NEXT_LEVEL, core_push_message);
}

static int next_fields(lua_State *L) {
  return next_element(L, NEXT_FIELDS_LEVEL, core_push_message_fields);
}

/* Whether next() will not call the rest of the body malformed; reads nothing. */
static int subscription_readable(lua_State *L) {
  const struct subscription *subscription = check(L);
  struct envelope_element element;
  bool readable = subscription->body != NULL;
  if (readable) {
    struct envelope_reader reader = subscription->reader;
    readable = envelope_next(&reader, &element) != ENVELOPE_MALFORMED;
  }
  lua_pushboolean(L, readable);
  return 1;
}

static int subscription_position(lua_State *L) {
  const struct subscription *subscription = compat_testudata(L, 1, CORE_SUBSCRIPTION);
  if (subscription == NULL) return core_misuse(L, 1, CORE_SUBSCRIPTION);
  uint64_t number, page;
  if (!cursor_position(&subscription->cursor, &number, &page)) return 0;
  lua_createtable(L, 0, 2);
  core_push_u64(L, number);
  lua_setfield(L, -2, "sequence_number");
  core_push_u64(L, page);
  lua_setfield(L, -2, "sequence_page");
  return 1;
}

/* What has been counted since this was called last. */
static int subscription_take_counts(lua_State *L) {
  struct subscription *subscription = check(L);
  core_push_u64(L, subscription->delivered);
  core_push_u64(L, subscription->duplicates);
  core_push_u64(L, subscription->discontinuities);
  core_push_u64(L, subscription->malformed);
  subscription->delivered = subscription->duplicates = 0;
  subscription->discontinuities = subscription->malformed = 0;
  return 4;
}

static int subscription_tostring(lua_State *L) {
  const struct subscription *subscription = check(L);
  lua_pushliteral(L, CORE_SUBSCRIPTION " (");
  lua_pushlstring(L, subscription->path, subscription->path_length);
  lua_pushstring(L, subscription->open ? ")" : ", closed)");
  lua_concat(L, 3);
  return 1;
}

/* A number of a position, 0 when absent. Returns false for what is no unsigned 64-bit number, or
   may have lost digits as a float; raises when it is neither a number nor a string. */
static bool position_number(lua_State *L, int index, const char *name, uint64_t *value) {
  *value = 0;
  switch (lua_type(L, index)) {
  case LUA_TNONE:
  case LUA_TNIL:
    return true;
  case LUA_TSTRING: {
    size_t length;
    const char *digits = lua_tolstring(L, index, &length);
    return number_parse_u64(digits, length, value);
  }
  case LUA_TNUMBER: {
#if COMPAT_INTEGERS
    if (lua_isinteger(L, index)) {
      lua_Integer integer = lua_tointeger(L, index);
      if (integer >= 0) *value = (uint64_t)integer;
      return integer >= 0;
    }
#endif
    lua_Number number = lua_tonumber(L, index);
    if (!(number >= 0 && number <= (lua_Number)CORE_FLOAT_MAX)) return false;
    *value = (uint64_t)number;
    return (lua_Number)*value == number;
  }
  default:
    luaL_argerror(L, index,
                  lua_pushfstring(L, "%s must be a number or a string of digits, got %s", name,
                                  luaL_typename(L, index)));
    return false;
  }
}

static int bad_number(lua_State *L, const char *name) {
  lua_pushnil(L);
  lua_pushfstring(L, "%s must be a whole number from 0 to 18446744073709551615", name);
  return 2;
}

int core_subscription_new(lua_State *L) {
  uint64_t number, page;
  lua_settop(L, 5);
  if (core_check_client(L) == NULL) return 2;
  if (!core_push_path(L, 2)) return 2;
  if (!position_number(L, 4, "sequence_number", &number)) return bad_number(L, "sequence_number");
  if (!position_number(L, 5, "sequence_page", &page)) return bad_number(L, "sequence_page");
  size_t path_length;
  const char *path = lua_tolstring(L, 6, &path_length);
  if (path_length > UINT32_MAX) {
    lua_pushnil(L);
    lua_pushliteral(L, "the names are too long");
    return 2;
  }
  struct subscription *subscription =
      compat_newuserdata(L, sizeof *subscription + path_length, SLOTS, FIELDS);
  *subscription = (struct subscription){.open = false, .path_length = (uint32_t)path_length};
  memcpy(subscription->path, path, path_length);
  if (lua_isnil(L, 4) && lua_isnil(L, 5))
    cursor_start(&subscription->cursor);
  else
    cursor_resume(&subscription->cursor, number, page);
  core_finish(L, CORE_SUBSCRIPTION);
  subscription->open = true;
  return 1;
}

/* Adds feed and next to the table of methods on the top of the stack, below which the metatable is.
 */
static void add_quick_methods(lua_State *L) {
  lua_pushlightuserdata(L, (void *)lua_topointer(L, -2));
  lua_pushcclosure(L, subscription_feed, 1);
  lua_setfield(L, -2, "feed");

  /* LuaJIT makes a table faster in Lua it has compiled than through the C API, by a third of the
     whole; PUC's Lua does not. */
  lua_getglobal(L, "jit");
  bool jit = lua_istable(L, -1);
  lua_pop(L, 1);
  lua_pushlightuserdata(L, (void *)lua_topointer(L, -2));
  core_message_upvalues(L);
  lua_pushcclosure(L, jit ? next_fields : next_message, 1 + CORE_MESSAGE_UPVALUES);
  if (jit) core_wrap_fields(L);
  lua_setfield(L, -2, "next");
}

void core_subscription_class(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"close", subscription_close},
      {"poll_target", subscription_poll_target},
      {"position", subscription_position},
      {"readable", subscription_readable},
      {"take_counts", subscription_take_counts},
      {NULL, NULL},
  };
  if (!core_class(L, CORE_SUBSCRIPTION, methods, subscription_tostring, subscription_collect))
    return;
  lua_getfield(L, -1, "__index");
  add_quick_methods(L);
  lua_pop(L, 1);
  core_register(L, CORE_SUBSCRIPTION);
}
