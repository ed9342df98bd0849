/* The client userdata: where requests go and what authorizes them. Origin and token live inside the
   userdata itself; closing it wipes the token. Knows no transport, and never shows the token but to
   the one that asks for authorization(). */
#include "core.h"

#include "../wire/url.h"

#include <string.h>

enum { FIELDS = 16 }; /* for the Lua layer: about as many as it has */

struct client {
  bool open;
  size_t origin_length;
  size_t token_length;
  char bytes[]; /* origin, then token */
};

/* Not memset alone: a compiler may drop that for memory about to be freed. */
static void wipe(char *bytes, size_t length) {
  volatile char *at = bytes;
  while (length-- > 0)
    *at++ = 0;
}

static int client_close(lua_State *L) {
  struct client *client = core_check(L, 1, CORE_CLIENT);
  client->open = false;
  wipe(client->bytes + client->origin_length, client->token_length);
  client->token_length = 0;
  return 0;
}

static int client_collect(lua_State *L) {
  core_call_close(L);
  return client_close(L);
}

static int fail(lua_State *L, const char *message) {
  lua_pushnil(L);
  lua_pushstring(L, message);
  return 2;
}

const struct client *core_check_client(lua_State *L) {
  const struct client *client = core_check(L, 1, CORE_CLIENT);
  if (client->open) return client;
  fail(L, "the client is closed");
  return NULL;
}

static int client_origin(lua_State *L) {
  const struct client *client = core_check_client(L);
  if (client == NULL) return 2;
  lua_pushlstring(L, client->bytes, client->origin_length);
  return 1;
}

static int client_authorization(lua_State *L) {
  const struct client *client = core_check_client(L);
  if (client == NULL) return 2;
  lua_pushlstring(L, client->bytes + client->origin_length, client->token_length);
  return 1;
}

static int client_publish_target(lua_State *L) {
  if (core_check_client(L) == NULL) return 2;
  return core_push_path(L, 2) ? 1 : 2;
}

static int client_tostring(lua_State *L) {
  const struct client *client = core_check(L, 1, CORE_CLIENT);
  lua_pushliteral(L, CORE_CLIENT " (");
  if (client->open)
    lua_pushlstring(L, client->bytes, client->origin_length);
  else
    lua_pushliteral(L, "closed");
  lua_pushliteral(L, ")");
  lua_concat(L, 3);
  return 1;
}

/* What may stand in a header's value: a line end in it would start another header. */
static bool token_valid(const char *token, size_t length) {
  for (size_t i = 0; i < length; i++) {
    unsigned char byte = (unsigned char)token[i];
    if (byte < ' ' || byte >= 127) return false;
  }
  return true;
}

int core_client_new(lua_State *L) {
  size_t origin_length, token_length;
  const char *origin = core_check_string(L, 1, "origin", &origin_length);
  const char *token = core_check_string(L, 2, "token", &token_length);
  if (!url_origin_valid(origin, origin_length))
    return fail(L, "the origin must be http://host[:port] or https://host[:port], nothing more");
  if (!token_valid(token, token_length))
    return fail(L, "the token must be printable ASCII without line ends");
  struct client *client =
      compat_newuserdata(L, sizeof *client + origin_length + token_length, 0, FIELDS);
  *client = (struct client){.open = false, .origin_length = origin_length};
  core_finish(L, CORE_CLIENT);
  memcpy(client->bytes, origin, origin_length);
  memcpy(client->bytes + origin_length, token, token_length);
  client->token_length = token_length;
  client->open = true;
  return 1;
}

void core_client_class(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"authorization", client_authorization},
      {"close", client_close},
      {"origin", client_origin},
      {"publish_target", client_publish_target},
      {NULL, NULL},
  };
  if (core_class(L, CORE_CLIENT, methods, client_tostring, client_collect))
    core_register(L, CORE_CLIENT);
}
