-- The same figures for 1, 10, 100 ... of something: what is measured for one thing of it should
-- stay as it is. Each is compared with the smallest size that says something.

-- A row of one subject at many sizes: words(size) is the program, and server, when it is given,
-- the one whose time is shown beside.
local function grow(bench, row)
  local subjects, goals = {}, {}
  for _, size in ipairs(row.sizes) do
    local name = ("%d %s"):format(size, row.of)
    local words = row.words(bench:size(size, math.min(size, 10)))
    local run = row.server and bench:serving(row.server, words)
    table.insert(subjects, { name = name, run = run, not run and words or nil })
    if size > row.sizes[1] then
      table.insert(goals, { name, against = ("%d %s"):format(row.sizes[1], row.of) })
    end
  end
  bench:compare {
    title = "growth: " .. row.title,
    unit = row.unit,
    figure = row.figure,
    also = { "server_us" },
    rounds = 3,
    subjects = subjects,
    goals = goals,
  }
end

return function(bench)
  local server = bench:topicsd()
  local key, number = server.api_key, 0
  local function fresh()
    number = number + 1
    return server.topic(("growth-%d-"):format(number))
  end
  grow(bench, {
    title = "client, memory of a subscription",
    of = "idle subscriptions",
    unit = "bytes",
    figure = "bytes",
    sizes = { 100, 1000, 5000 },
    words = function(size)
      return bench:lua("5.4", "client.lua", "idle", fresh(), key, size)
    end,
  })
  grow(bench, {
    title = "client, publishing beside idle subscriptions",
    of = "idle subscriptions",
    unit = "publishes/s",
    figure = "rate",
    sizes = { 1, 10, 100, 1000 },
    words = function(size)
      local count = bench:size(20000, 20)
      return bench:lua("5.4", "client.lua", "beside", fresh(), key, count, 100, size)
    end,
  })
  grow(bench, {
    title = "server, publishes over 32 connections to many topics",
    server = server,
    of = "topics",
    unit = "publishes/s",
    figure = "rate",
    sizes = { 1, 10, 100, 1000, 10000 },
    words = function(size)
      return bench:c("load", "publish", fresh(), key, bench:size(100000, 200), 100, 32, size)
    end,
  })
  grow(bench, {
    title = "server, fan-out to many polls",
    server = server,
    of = "polls",
    unit = "deliveries/s",
    figure = "rate",
    sizes = { 10, 100, 1000, 10000 },
    words = function(size)
      local topic = fresh()
      return bench:c("load", "fanout", topic, key, bench:size(200000 // size, 2), 100, topic, size)
    end,
  })
end
