-- The Lua client, to be measured: the modes of bench/loop.c and some of its own, with the same
-- arguments, client.lua MODE URL TOKEN COUNT ...; prints one line of figures.
--
--   publish BYTES               one after the other
--   publish-many BYTES FLIGHT   from so many tasks
--   beside BYTES IDLE           one after the other, beside idle subscriptions
--   consume                     until it has received so many
--   latency                     publishes, and receives it
--   idle                        memory of one of so many idle subscriptions
--   wakes SECONDS               how often so many idle subscriptions wake the process
--   order MESSAGES              so many subscriptions get so many messages each, in order
--   update IDLE                 so many frames of a game that listens to idle topics
--   frames                      so many frames while messages come in

local momento = require "momento"
local now = require "momento.curl".now

local mode, url, token, count = arg[1], arg[2], arg[3], tonumber(arg[4])
local first, second = tonumber(arg[5]), tonumber(arg[6])
local origin, cache, topic = url:match "^(.-)/topics/([^/]+)/(.+)$"

local EVERYTHING = { sequence_number = 0 } -- that the server still has

local function open(options)
  options = options or {}
  options.api_key, options.endpoint, options.ca_file = token, origin, os.getenv "CA_FILE"
  return assert(momento.client(options))
end

local function report(done, seconds, more)
  print(("%s count=%d seconds=%.3f rate=%.0f cpu_us=%.2f %s"):format(mode, done, seconds,
    done / seconds, os.clock() * 1e6 / done, more or ""))
end

-- A field of the kernel's about this process, in the file of that name.
local function of_process(file, pattern)
  local handle = assert(io.open("/proc/self/" .. file))
  local text = handle:read "*a"
  handle:close()
  return tonumber(text:match(pattern))
end

local function resident()
  collectgarbage()
  collectgarbage()
  return of_process("status", "VmRSS:%s*(%d+)") * 1024
end

local function quantile(times, part)
  return times[math.min(#times, math.floor(#times * part) + 1)] * 1e6
end

local function publish_all(client, value)
  local start = now()
  for _ = 1, count do assert(client:publish(cache, topic, value)) end
  report(count, now() - start)
end

local function subscribe_idle(client, number, options)
  local idle = {}
  for i = 1, number do
    idle[i] = assert(client:subscribe(cache, topic .. "-idle", options))
  end
  return idle
end

local modes = {}

function modes.publish(client)
  publish_all(client, ("x"):rep(first))
end

modes["publish-many"] = function(client)
  local value, left = ("x"):rep(first), count
  local start
  momento.run(function()
    start = now()
    for _ = 1, second do
      momento.spawn(function()
        while left > 0 do
          left = left - 1
          assert(client:publish(cache, topic, value))
        end
      end)
    end
  end)
  report(count, now() - start)
end

function modes.beside(client)
  local idle = subscribe_idle(client, second)
  publish_all(client, ("x"):rep(first))
  assert(#idle == second)
end

function modes.consume(client)
  local subscription = assert(client:subscribe(cache, topic, { resume = EVERYTHING }))
  local start = now()
  for _ = 1, count do assert(subscription:receive()) end
  report(count, now() - start)
end

function modes.latency(client)
  local subscription = assert(client:subscribe(cache, topic, { resume = EVERYTHING }))
  local times = {}
  local begun = now()
  for i = 1, count + 1 do
    -- With something to wait for, the next poll is sent before the publish, as loop.c does it.
    subscription:receive(0)
    local start = now()
    assert(client:publish(cache, topic, "x"))
    assert(subscription:receive())
    times[i] = now() - start
  end
  table.remove(times, 1)
  table.sort(times)
  report(count, now() - begun, ("p50_us=%.0f p99_us=%.0f"):format(quantile(times, 0.5),
    quantile(times, 0.99)))
end

function modes.idle(client)
  local before = resident()
  momento.run(function()
    local idle = subscribe_idle(client, count)
    momento.sleep(0.3)
    print(("idle count=%d bytes=%.0f"):format(#idle, (resident() - before) / count))
  end)
end

function modes.wakes(client)
  momento.run(function()
    local tasks = {}
    for i, subscription in ipairs(subscribe_idle(client, count)) do
      tasks[i] = momento.spawn(function() subscription:receive() end)
    end
    momento.sleep(0.3)
    local function switches()
      return of_process("status", "\nvoluntary_ctxt_switches:%s*(%d+)")
    end
    local before = switches()
    momento.sleep(first)
    -- The last of them is the sleep's own.
    print(("wakes count=%d wakes=%d"):format(count, switches() - before - 1))
    for _, task in ipairs(tasks) do task:cancel() end
  end)
end

function modes.order(client)
  local start = now()
  momento.run(function()
    for i = 0, count - 1 do
      local name = topic .. i
      momento.spawn(function()
        local subscription = assert(client:subscribe(cache, name, { resume = EVERYTHING }))
        for number = 1, first do
          local message = assert(subscription:receive())
          assert(message.sequence_number == number, "out of order")
        end
        subscription:close()
      end)
    end
  end)
  report(count * first, now() - start)
end

local function subscribe_game(name)
  local client = open { loop = "update" }
  local got = 0
  local options = {
    on_message = function() got = got + 1 end,
    on_error = function(message) error(message) end,
  }
  for i = 1, mode == "update" and first or 1 do
    assert(client:subscribe(cache, name .. (mode == "update" and i or ""), options))
  end
  return client, function() return got end
end

function modes.update()
  local client = subscribe_game(topic .. "-idle")
  local settled = now() + 0.3
  while now() < settled do client:update() end
  local start = now()
  for _ = 1, count do client:update() end
  report(count, now() - start)
end

-- A frame is 1/60 s, of which the game sleeps what update leaves.
function modes.frames()
  local client, got = subscribe_game(topic)
  local wait = require "momento.curl".wait
  while got() == 0 do client:update() end
  local times, before = {}, got()
  local start = now()
  for i = 1, count do
    wait(math.max(0, start + i / 60 - now()))
    local frame = now()
    client:update()
    times[i] = now() - frame
  end
  local rate = (got() - before) / (now() - start)
  table.sort(times)
  report(count, now() - start, ("messages_s=%.0f p50_us=%.0f p99_us=%.0f longest_us=%.0f"):format(
    rate, quantile(times, 0.5), quantile(times, 0.99), quantile(times, 1)))
end

modes[mode](mode ~= "update" and mode ~= "frames" and open() or nil)
