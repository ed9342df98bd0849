-- What one process can do that holds many subscriptions: messages in order to 1000 of them, no
-- wake-up while nothing comes, and frames of a game that stay short. Publishing beside idle ones
-- and from 32 tasks, and memory, are rows of their own.

-- Messages come in while the client runs, from a program of its own on the server's core.
local function beside(bench, load, client)
  local publisher = bench:start(load)
  local figures = bench:run(client)
  bench:finish(publisher)
  return figures
end

local function order(bench, server)
  local topics, messages = bench:size(1000, 10), bench:size(1000, 10)
  local subjects, goals, number = {}, {}, 0
  for _, pair in ipairs(bench.luas) do
    table.insert(goals, { pair[2] })
    table.insert(subjects, {
      name = pair[2],
      run = function()
        number = number + 1
        local url = server.topic(("order-%d-"):format(number))
        local load = bench:c("load", "publish", url, server.api_key, topics * messages, 100, 32,
          topics)
        load.server = true
        return beside(bench, load,
          bench:lua(pair[1], "client.lua", "order", url, server.api_key, topics, messages))
      end,
    })
  end
  bench:compare {
    title = "1000 messages to each of 1000 subscriptions of one process, in order",
    unit = "messages/s",
    figure = "rate",
    rounds = 1,
    subjects = subjects,
    goals = goals,
  }
end

local function wakes(bench, server)
  local subjects, goals = {}, {}
  for _, pair in ipairs(bench.luas) do
    table.insert(subjects, {
      name = pair[2],
      bench:lua(pair[1], "client.lua", "wakes", server.topic "wakes", server.api_key,
        bench:size(1000, 10), bench:size(2, 0.1)),
    })
    table.insert(goals, { pair[2], at_most = 0 })
  end
  bench:compare {
    title = "wake-ups of a process with 1000 idle subscriptions",
    unit = "in 2 s",
    figure = "wakes",
    rounds = 1,
    subjects = subjects,
    goals = goals,
  }
end

local function update(bench, server)
  local url, key, count = server.topic "update", server.api_key, bench:size(200000, 100)
  local subjects = { { name = "epoll_wait in C", bench:c("loop", "nothing", url, key, count) } }
  local goals = {}
  for _, pair in ipairs(bench.luas) do
    table.insert(subjects, {
      name = pair[2],
      bench:lua(pair[1], "client.lua", "update", url, key, count, 50),
    })
    table.insert(goals, { "epoll_wait in C", against = pair[2], at_most = 3 })
  end
  bench:compare {
    title = "update() with 50 idle subscriptions (an epoll_wait may do 3 times as many)",
    unit = "calls/s",
    figure = "rate",
    subjects = subjects,
    goals = goals,
  }
end

local function frames(bench, server)
  local subjects, goals, number = {}, {}, 0
  local count = bench:size(600, 6)
  for _, pair in ipairs(bench.luas) do
    table.insert(subjects, {
      name = pair[2],
      run = function()
        number = number + 1
        local url, key = server.topic("frames-" .. number), server.api_key
        local load = bench:c("load", "pace", url, key, count * 17 + 1000, 100, 1000)
        load.server = true
        return beside(bench, load, bench:lua(pair[1], "client.lua", "frames", url, key, count))
      end,
    })
    table.insert(goals, { pair[2], at_most = 1000 })
  end
  bench:compare {
    title = "longest frame while 1000 messages/s come in",
    unit = "microseconds",
    figure = "longest_us",
    also = { "p50_us", "p99_us", "messages_s" },
    rounds = 3,
    subjects = subjects,
    goals = goals,
  }
end

return function(bench)
  local server = bench:topicsd()
  order(bench, server)
  wakes(bench, server)
  update(bench, server)
  frames(bench, server)
end
