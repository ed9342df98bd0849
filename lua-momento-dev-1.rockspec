-- Made by `make rockspec`; change tools/rockspec.lua instead.
rockspec_format = "3.0"
package = "lua-momento"
version = "dev-1"
source = {
  url = "git+https://github.com/lua-momento/lua-momento.git",
  branch = "main",
}
description = {
  summary = "Momento Topics for Lua: publish, and subscribe as an iterator",
  detailed = "A client for Momento Topics for plain Lua 5.1 to 5.4 and LuaJIT, event loops "
    .. "(cqueues, luv, Copas), games and OpenResty, with its own C core over libcurl.",
  homepage = "https://github.com/lua-momento/lua-momento",
  license = "Apache-2.0",
  labels = { "pubsub", "http", "messaging", "openresty", "async" },
}
dependencies = {
  "lua >= 5.1, < 5.5",
  "lua-cjson >= 2.1.0",
}
external_dependencies = {
  CURL = { library = "curl" },
}
build = {
  type = "builtin",
  modules = {
    ["momento.core"] = {
      sources = {
        "src/lua/core.c",
        "src/lua/core_client.c",
        "src/lua/core_message.c",
        "src/lua/core_subscription.c",
        "src/wire/base64.c",
        "src/wire/cursor.c",
        "src/wire/envelope.c",
        "src/wire/hex.c",
        "src/wire/json.c",
        "src/wire/json_string.c",
        "src/wire/number.c",
        "src/wire/url.c",
        "src/wire/utf8.c",
      },
      incdirs = { "src" },
    },
    ["momento.curl"] = {
      sources = {
        "src/curl/buffer.c",
        "src/curl/clock.c",
        "src/curl/failure.c",
        "src/curl/lane.c",
        "src/curl/mux.c",
        "src/curl/poller_epoll.c",
        "src/curl/poller_kqueue.c",
        "src/curl/poller_poll.c",
        "src/curl/pool.c",
        "src/curl/profile.c",
        "src/curl/queue.c",
        "src/curl/sharing.c",
        "src/curl/sockets.c",
        "src/curl/transfer.c",
        "src/lua/curl.c",
        "src/lua/curl_stay.c",
        "src/lua/curl_wait.c",
      },
      incdirs = { "src", "$(CURL_INCDIR)" },
      libraries = { "curl" },
      libdirs = { "$(CURL_LIBDIR)" },
    },
    ["momento.cli"] = "lua/momento/cli.lua",
    ["momento.client"] = "lua/momento/client.lua",
    ["momento.credentials"] = "lua/momento/credentials.lua",
    ["momento.driver"] = "lua/momento/driver.lua",
    ["momento.errors"] = "lua/momento/errors.lua",
    ["momento"] = "lua/momento/init.lua",
    ["momento.loop.blocking"] = "lua/momento/loop/blocking.lua",
    ["momento.loop.copas"] = "lua/momento/loop/copas.lua",
    ["momento.loop.cqueues"] = "lua/momento/loop/cqueues.lua",
    ["momento.loop.luv"] = "lua/momento/loop/luv.lua",
    ["momento.loop.scheduler"] = "lua/momento/loop/scheduler.lua",
    ["momento.loop.timers"] = "lua/momento/loop/timers.lua",
    ["momento.loop.update"] = "lua/momento/loop/update.lua",
    ["momento.loop.yieldable"] = "lua/momento/loop/yieldable.lua",
    ["momento.message"] = "lua/momento/message.lua",
    ["momento.ngx.backlog"] = "lua/momento/ngx/backlog.lua",
    ["momento.ngx.hub"] = "lua/momento/ngx/hub.lua",
    ["momento.ngx.listener"] = "lua/momento/ngx/listener.lua",
    ["momento.ngx.pump"] = "lua/momento/ngx/pump.lua",
    ["momento.options"] = "lua/momento/options.lua",
    ["momento.retry"] = "lua/momento/retry.lua",
    ["momento.subscription"] = "lua/momento/subscription.lua",
    ["momento.tokens"] = "lua/momento/tokens.lua",
    ["momento.transport.curl"] = "lua/momento/transport/curl.lua",
    ["momento.transport.ngx"] = "lua/momento/transport/ngx.lua",
    ["momento.transport.ngx_clock"] = "lua/momento/transport/ngx_clock.lua",
    ["momento.transport.ngx_faults"] = "lua/momento/transport/ngx_faults.lua",
    ["momento.transport.ngx_response"] = "lua/momento/transport/ngx_response.lua",
    ["momento.transport.ngx_tls"] = "lua/momento/transport/ngx_tls.lua",
    ["momento.types"] = "lua/momento/types.lua",
    ["momento.version"] = "lua/momento/version.lua",
  },
  install = {
    bin = { momento = "bin/momento" },
  },
}
