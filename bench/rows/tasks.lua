-- 32 publishers in one process: tasks of ours, transfers of libcurl's in C, and each peer with as
-- much at once as it does best.

local FLIGHT = 32

return function(bench)
  local server = bench:topicsd()
  local url, key = server.topic "tasks", server.api_key
  local count, slow, bytes = bench:size(30000, 64), bench:size(2000, 64), 100
  local function ours(lua, mode, ...)
    return bench:lua(lua, "client.lua", mode, url, key, count, bytes, ...)
  end
  local subjects = {
    { name = "libcurl in C, 32", bench:c("loop", "publish-many", url, key, count, bytes, FLIGHT) },
  }
  local goals = {}
  for _, pair in ipairs(bench.luas) do
    local lua, name = pair[1], pair[2]
    table.insert(subjects, { name = name .. ", 32", ours(lua, "publish-many", FLIGHT) })
    table.insert(subjects, { name = name .. ", 1", ours(lua, "publish") })
    table.insert(goals, { name .. ", 32", against = "libcurl in C, 32", at_least = 0.95 })
    table.insert(goals, { name .. ", 32", against = "libcurl in C, 32", figure = "cpu_us" })
    table.insert(goals, { name .. ", 32", against = name .. ", 1", at_least = 2 })
    for _, peer in ipairs {
      "lua-http, 32", "Lua-cURL, 1", "Node, undici, 32", "Node, fetch, 32",
    } do
      table.insert(goals, { name .. ", 32", against = peer })
    end
  end
  local function peer(needs, name, ...)
    if bench:has(needs) then table.insert(subjects, { name = name, { ... } }) end
  end
  peer("lua-http", "lua-http, 32", "luajit", "bench/peers/lua_http.lua", "publish-many", url, key,
    count, bytes, FLIGHT)
  peer("lua-curl", "Lua-cURL, 1", "luajit", "bench/peers/lua_curl.lua", "publish", url, key, count,
    bytes)
  peer("undici", "Node, undici, 32", "node", "bench/peers/node.mjs", "undici", "publish-many", url,
    key, slow, bytes, FLIGHT)
  peer("node", "Node, fetch, 32", "node", "bench/peers/node.mjs", "fetch", "publish-many", url, key,
    slow, bytes, FLIGHT)
  bench:compare {
    title = "publish, 32 at once in one process",
    unit = "publishes/s",
    figure = "rate",
    also = { "cpu_us" },
    subjects = subjects,
    goals = goals,
  }
end
