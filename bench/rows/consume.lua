-- A client that reads what is there: so many messages a poll, beside libcurl in C that only looks
-- for the next position, and beside Lua-cURL with lua-cjson.

-- What is to be reached: messages a poll -> of C's rate, and of Lua-cURL's.
local GOALS = { [1] = { 0.97 }, [10] = { 0.90 }, [100] = { 0.72, 2.4 }, [1000] = { 0.42, 4.6 } }

local BYTES = 100
-- An item of the answer is as long as this; numbers have six digits.
local ITEM = BYTES
  + #'{"item":{"topic_sequence_number":100000,"sequence_page":1748358253,"value":{"text":""}}},'

local function fill(bench, server, url, count)
  bench:run(bench:c("load", "publish", url, server.api_key, count, BYTES, 1))
end

return function(bench)
  for _, batch in ipairs { 1, 10, 100, 1000 } do
    local count = bench:size(({ [1] = 10000, [10] = 100000 })[batch] or 400000, batch * 2)
    local server = bench:topicsd {
      "--max-messages", tostring(count), "--max-bytes", "1000000000", "--max-age", "3600",
      "--max-batch-bytes", tostring(batch == 1 and 1 or batch * ITEM + ITEM // 2),
    }
    local url, key = server.topic "consume", server.api_key
    fill(bench, server, url, count)
    local subjects = { { name = "libcurl in C", bench:c("loop", "consume", url, key, count) } }
    local goals = {}
    for _, pair in ipairs(bench.luas) do
      local words = bench:lua(pair[1], "client.lua", "consume", url, key, count)
      table.insert(subjects, { name = pair[2], words })
      table.insert(goals, { pair[2], against = "libcurl in C", at_least = GOALS[batch][1] })
      table.insert(goals, { pair[2], against = "libcurl in C", figure = "cpu_us" })
      table.insert(goals, { pair[2], against = "Lua-cURL and cjson", at_least = GOALS[batch][2] })
    end
    if bench:has "lua-curl" then
      local words = { "luajit", "bench/peers/lua_curl.lua", "consume", url, key, count }
      table.insert(subjects, { name = "Lua-cURL and cjson", words })
    end
    bench:compare {
      title = ("consume, %d a poll"):format(batch),
      unit = "messages/s",
      figure = "rate",
      also = { "cpu_us" },
      subjects = subjects,
      goals = goals,
    }
    server:stop()
  end
end
