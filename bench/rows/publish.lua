-- One publisher, one request after the other, and what each costs the processor.

return function(bench)
  local server = bench:topicsd()
  local url, key = server.topic "publish", server.api_key
  local count, bytes = bench:size(20000, 20), 100
  local slow = bench:size(2000, 20)
  local subjects = {
    { name = "libcurl in C", bench:c("loop", "publish", url, key, count, bytes) },
  }
  for _, pair in ipairs(bench.luas) do
    local words = bench:lua(pair[1], "client.lua", "publish", url, key, count, bytes)
    table.insert(subjects, { name = pair[2], words })
  end
  local function peer(needs, name, ...)
    if bench:has(needs) then table.insert(subjects, { name = name, { ... } }) end
  end
  peer("luasocket", "luasocket", "luajit", "bench/peers/luasocket.lua", "publish", url, key, slow,
    bytes)
  peer("lua-curl", "Lua-cURL", "luajit", "bench/peers/lua_curl.lua", "publish", url, key, count,
    bytes)
  peer("lua-http", "lua-http", "luajit", "bench/peers/lua_http.lua", "publish", url, key, count,
    bytes)
  peer("undici", "Node, undici", "node", "bench/peers/node.mjs", "undici", "publish", url, key,
    slow, bytes)
  peer("node", "Node, fetch", "node", "bench/peers/node.mjs", "fetch", "publish", url, key, slow,
    bytes)
  local goals = {}
  for _, ours in ipairs { "momento, LuaJIT", "momento, Lua 5.4" } do
    table.insert(goals, { ours, against = "libcurl in C", at_least = 0.97 })
    table.insert(goals, { ours, against = "libcurl in C", figure = "cpu_us" })
    table.insert(goals, { ours, against = "Lua-cURL" })
    table.insert(goals, { ours, against = "lua-http", at_least = 1.4 })
    table.insert(goals, { ours, against = "luasocket" })
    table.insert(goals, { ours, against = "Node, undici" })
    table.insert(goals, { ours, against = "Node, fetch", at_least = 6 })
  end
  bench:compare {
    title = "publish, one after the other",
    unit = "publishes/s",
    figure = "rate",
    also = { "cpu_us" },
    subjects = subjects,
    goals = goals,
  }
end
