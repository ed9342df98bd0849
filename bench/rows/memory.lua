-- Memory of one of 1000 idle subscriptions: over HTTP/1.1, and over HTTP/2 with TLS on one
-- connection (nginx in front of topicsd). Resident memory of the process, before and after.

local TlsProxy = require "spec.support.tls_proxy"

local GOAL = 12 * 1024

local function ours(bench, url, key, count, ca_file)
  local subjects = {}
  for _, pair in ipairs(bench.luas) do
    local lua, name = pair[1], pair[2]
    local words = bench:lua(lua, "client.lua", "idle", url, key, count)
    words.env.CA_FILE = ca_file
    table.insert(subjects, { name = name, words })
  end
  local c = bench:c("loop", "idle", url, key, count)
  c.env = { CA_FILE = ca_file }
  table.insert(subjects, { name = "libcurl in C", c })
  return subjects
end

local function compare(bench, over, subjects)
  bench:compare {
    title = "memory of an idle subscription, 1000 of them, over " .. over,
    unit = "bytes",
    figure = "bytes",
    subjects = subjects,
    goals = {
      { "momento, Lua 5.4", at_most = GOAL },
      { "momento, LuaJIT", at_most = GOAL },
      { "momento, LuaJIT", against = "libcurl in C" },
      { "momento, LuaJIT", against = "lua-http" },
      { "momento, LuaJIT", against = "Node, undici" },
    },
  }
end

return function(bench)
  local server = bench:topicsd()
  local url, key, count = server.topic "memory", server.api_key, bench:size(1000, 10)
  local subjects = ours(bench, url, key, count, nil)
  if bench:has "lua-http" then
    local words = { "luajit", "bench/peers/lua_http.lua", "idle", url, key, count }
    table.insert(subjects, { name = "lua-http", words })
  end
  if bench:has "undici" then
    local words =
      { "node", "--expose-gc", "bench/peers/node.mjs", "undici", "idle", url, key, count }
    table.insert(subjects, { name = "Node, undici", words })
  end
  compare(bench, "HTTP/1.1", subjects)

  local proxy = TlsProxy.start { upstream = server.url, streams = 2000 }
  url = url:gsub("^http://[^/]+", proxy.url)
  compare(bench, "HTTP/2", ours(bench, url, key, count, proxy.ca_file))
  proxy:stop()
end
