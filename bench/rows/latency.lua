-- From before a publish until the message is received, in one process that does both, beside the
-- same in C with libcurl. The server is fresh for every figure.

return function(bench)
  local count = bench:size(3000, 10)
  local function fresh(words_of)
    return function()
      local server = bench:topicsd()
      local figures = bench:run(words_of(server.topic "latency", server.api_key))
      server:stop()
      return figures
    end
  end
  local subjects = {
    {
      name = "libcurl in C",
      run = fresh(function(url, key) return bench:c("loop", "latency", url, key, count) end),
    },
  }
  local goals = {}
  for _, pair in ipairs(bench.luas) do
    table.insert(subjects, {
      name = pair[2],
      run = fresh(function(url, key)
        return bench:lua(pair[1], "client.lua", "latency", url, key, count)
      end),
    })
    table.insert(goals, { pair[2], against = "libcurl in C", at_most = 1.1 })
    table.insert(goals, { pair[2], against = "libcurl in C", figure = "p99_us", at_most = 1.1 })
  end
  bench:compare {
    title = "from publish to receive, median",
    unit = "microseconds",
    figure = "p50_us",
    also = { "p99_us" },
    subjects = subjects,
    goals = goals,
  }
end
