-- topicsd beside Nchan: from publish to receive with idle polls of another topic beside it, and the
-- server's memory for each of them. Servers are fresh for every figure.

local WAITERS = { 0, 5000, 15000 }

-- A server, and the URLs to publish to and to poll a topic at.
local function open(bench, kind)
  local server = kind == "Nchan" and bench:nchan() or bench:topicsd()
  return server, server.publish or server.topic, server.poll or server.topic,
    server.api_key or server.key
end

local function latency(bench, kind, idle)
  return function()
    local server, publish, poll, key = open(bench, kind)
    local count = bench:size(3000, 10)
    local figures = bench:run(bench:c("load", "latency", publish "t", key, count, 100, poll "t",
      poll "idle", idle))
    server:stop()
    return figures
  end
end

local function memory(bench, kind, waiters)
  return function()
    local server, publish, poll, key = open(bench, kind)
    -- What the first requests cost is not the waiters'.
    bench:run(bench:c("load", "latency", publish "t", key, 10, 100, poll "t", poll "idle", 0))
    local before = bench:resident(server)
    local words = bench:c("load", "wait", poll "idle", key, waiters)
    words.stdin = "fifo"
    local load = bench:start(words)
    load:wait_for_output("waiting", 60)
    local bytes = (bench:resident(server) - before) / waiters
    load:stop()
    server:stop()
    return { bytes = bytes }
  end
end

return function(bench)
  local kinds = bench:has "nchan" and { "topicsd", "Nchan" } or { "topicsd" }
  local subjects, goals = {}, {}
  for _, real in ipairs(WAITERS) do
    local idle = bench:size(real, real / 1000)
    for _, kind in ipairs(kinds) do
      local name = ("%s, %d idle"):format(kind, real)
      table.insert(subjects, { name = name, run = latency(bench, kind, idle) })
    end
    local ours, theirs = ("topicsd, %d idle"):format(real), ("Nchan, %d idle"):format(real)
    table.insert(goals, { ours, against = theirs, at_most = 1 })
    if real > 0 then
      table.insert(goals, { ours, against = "topicsd, 0 idle", at_most = 1.15 })
    end
  end
  bench:compare {
    title = "server: from publish to receive beside idle polls, median",
    unit = "microseconds",
    figure = "p50_us",
    also = { "p99_us" },
    subjects = subjects,
    goals = goals,
  }
  local waiters = bench:size(15000, 100)
  subjects = {}
  for _, kind in ipairs(kinds) do
    table.insert(subjects, { name = kind, run = memory(bench, kind, waiters) })
  end
  bench:compare {
    title = "server: memory of a waiting poll, 15000 of them",
    unit = "bytes",
    figure = "bytes",
    rounds = 3,
    subjects = subjects,
    goals = { { "topicsd", at_most = 512 }, { "topicsd", against = "Nchan" } },
  }
end
