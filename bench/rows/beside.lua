-- One publisher in a process that holds 1000 idle subscriptions, beside the same without them; and
-- what a C program keeps that has all in one multi of libcurl's.

return function(bench)
  local server = bench:topicsd()
  local url, key = server.topic "beside", server.api_key
  local count, idle, bytes = bench:size(20000, 20), bench:size(1000, 10), 100
  local subjects = {
    { name = "C, one multi, 1000 idle",
      bench:c("loop", "beside", url, key, bench:size(4000, 20), bytes, idle) },
    { name = "C, one multi, 1 idle", bench:c("loop", "beside", url, key, count, bytes, 1) },
  }
  local goals = { { "C, one multi, 1000 idle", against = "C, one multi, 1 idle" } }
  for _, pair in ipairs(bench.luas) do
    local lua, name = pair[1], pair[2]
    for _, number in ipairs { idle, 0 } do
      table.insert(subjects, {
        name = ("%s, %d idle"):format(name, number == 0 and 0 or 1000),
        bench:lua(lua, "client.lua", "beside", url, key, count, bytes, number),
      })
    end
    table.insert(goals, { name .. ", 1000 idle", against = name .. ", 0 idle", at_least = 0.95 })
  end
  bench:compare {
    title = "publish beside 1000 idle subscriptions",
    unit = "publishes/s",
    figure = "rate",
    subjects = subjects,
    goals = goals,
  }
end
