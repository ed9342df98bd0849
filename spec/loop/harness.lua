-- A harness for each loop (see behaviour.lua): how to run a function to its end in it, and what to
-- do there to publish, subscribe, spawn and sleep.

local core = require "momento.core"
local momento = require "momento"
local socket = require "socket"

local PATIENCE = 60 -- seconds for a whole case

local harness = {}

local function publish(client, ...) return client:publish(...) end
local function subscribe(client, ...) return assert(client:subscribe(...)) end

-- Tasks beside a loop that has none: they get their turns whenever somebody sleeps or waits.
local function cooperative(loop, pump)
  local h = { loop = loop, publish = publish, subscribe = subscribe }
  local threads = {}
  local function turn()
    for i = #threads, 1, -1 do
      local thread = threads[i]
      assert(coroutine.resume(thread))
      if coroutine.status(thread) == "dead" then table.remove(threads, i) end
    end
  end
  function h.spawn(f) threads[#threads + 1] = coroutine.create(f) end
  function h.sleep(seconds)
    local deadline = socket.gettime() + seconds
    repeat h.pause() until socket.gettime() >= deadline
  end
  function h.pause()
    if pump then pump() end
    local _, main = coroutine.running()
    if coroutine.running() and not main then coroutine.yield() else turn() end
    socket.sleep(0.0005)
  end
  function h.run(f)
    f()
    while #threads > 0 do h.sleep(0) end
  end
  return h
end

--- Plain calls that block. Other tasks are coroutines that look in turns, without waiting.
function harness.blocking()
  local h = cooperative((require "momento.loop.blocking"))
  function h.subscribe(client, ...)
    local subscription = assert(client:subscribe(...))
    return setmetatable({
      receive = function(_, seconds)
        local deadline = socket.gettime() + seconds
        while true do
          local message, text, code, detail = subscription:receive(math.min(seconds, 0.005))
          if message or code ~= "TIMEOUT_ERROR" or socket.gettime() >= deadline then
            return message, text, code, detail
          end
          h.pause()
        end
      end,
    }, { __index = function(_, name)
      return function(_, ...) return subscription[name](subscription, ...) end
    end })
  end
  return h
end

--- momento.run.
function harness.scheduler()
  return {
    run = momento.run, spawn = momento.spawn, sleep = momento.sleep,
    publish = publish, subscribe = subscribe,
  }
end

--- loop = "update", with a frame whenever somebody waits.
function harness.update()
  local clients = {}
  local h = cooperative("update", function()
    for client in pairs(clients) do client:update() end
  end)
  function h.made(client)
    clients[client] = true
    return client
  end
  function h.publish(client, cache, topic, value)
    local result
    local started, message, code, detail = client:publish(cache, topic, value, {
      on_result = function(...) result = { n = select("#", ...), ... } end,
    })
    if not started then return nil, message, code, detail end
    while not result do h.pause() end
    return result[1], result[2], result[3], result[4]
  end
  function h.subscribe(client, cache, topic, options)
    local reader, messages, failure = {}, {}, nil
    local given = {
      on_message = function(message) messages[#messages + 1] = message end,
      on_error = function(...) failure = { ... } end,
    }
    for name, value in pairs(options or {}) do given[name] = value end
    local subscription = assert(client:subscribe(cache, topic, given))
    -- subscribe never waits here, so until its poll is sent another client may publish before it.
    local state, closed = core.state(subscription), nil
    while state.ticket and not state.transport.mux:sent(state.ticket) do h.pause() end
    function reader.receive(_, seconds)
      local deadline = socket.gettime() + seconds
      repeat
        if messages[1] then
          reader.last = table.remove(messages, 1)
          return reader.last
        end
        if failure then return nil, failure[1], failure[2], failure[3] end
        if closed or not client:pollfd() then return nil, "closed", "CANCELLED_ERROR" end
        h.pause()
      until socket.gettime() >= deadline
      return nil, "timeout", "TIMEOUT_ERROR"
    end
    -- What was delivered is what on_message had; this reader's own reading is behind it.
    function reader.position()
      local last = reader.last
      return last and {
        sequence_number = last.sequence_number, sequence_page = last.sequence_page,
      }
    end
    function reader.close()
      closed = true
      subscription:close()
    end
    return reader
  end
  return h
end

--- cqueues.
function harness.cqueues()
  local cqueues = require "cqueues"
  local controller = cqueues.new()
  return {
    loop = require "momento.loop.cqueues" (controller),
    publish = publish, subscribe = subscribe,
    spawn = function(f) controller:wrap(f) end,
    sleep = cqueues.sleep,
    run = function(f)
      controller:wrap(f)
      assert(controller:loop(PATIENCE))
      assert(controller:empty(), "tasks are left")
    end,
  }
end

--- luv.
function harness.luv()
  local uv = require "luv"
  local running = 0
  local failure
  local function spawn(f)
    running = running + 1
    local fine, message = coroutine.resume(coroutine.create(function()
      f()
      running = running - 1
      if running == 0 then uv.stop() end
    end))
    if not fine then failure = failure or message end
  end
  return {
    loop = require "momento.loop.luv" (uv),
    publish = publish, subscribe = subscribe, spawn = spawn,
    sleep = function(seconds)
      local thread, timer = coroutine.running(), uv.new_timer()
      timer:start(math.ceil(seconds * 1000), 0, function()
        timer:close()
        assert(coroutine.resume(thread))
      end)
      coroutine.yield()
    end,
    run = function(f)
      failure, running = nil, 0
      local watchdog = uv.new_timer()
      uv.update_time() -- libuv's clock stands still while its loop does not run
      watchdog:start(PATIENCE * 1000, 0, uv.stop)
      spawn(f)
      if running > 0 and not failure then uv.run() end
      watchdog:close()
      assert(not failure, failure)
      assert(running == 0, "tasks are left")
      for _ = 1, 3 do uv.run "nowait" end
    end,
  }
end

--- Copas 1.1.7, whose file for Lua 5.1 is pure Lua and good for all.
function harness.copas()
  package.path = package.path .. ";/usr/share/lua/5.1/?.lua"
  local copas = require "copas"
  local running, failure = 0, nil
  local function spawn(f)
    running = running + 1
    copas.addthread(function()
      copas.setErrorHandler(function(message) failure = failure or message end)
      f()
      running = running - 1
    end)
  end
  -- Copas 1 has no sleep: what waits for time here yields, and is given turns by other sockets.
  local momento_loop = require "momento.loop.copas" (copas)
  local clock = assert(momento.client {
    api_key = "none", endpoint = "http://127.0.0.1:1", loop = momento_loop,
  })
  local transport = require "momento.core".state(clock).transport
  return {
    clock = clock, -- else it would be collected, and closed
    loop = momento_loop,
    publish = publish, subscribe = subscribe, spawn = spawn,
    sleep = function(seconds) transport:sleep(seconds, {}) end,
    run = function(f)
      failure, running = nil, 0
      spawn(f)
      local deadline = socket.gettime() + PATIENCE
      while running > 0 and not failure do
        copas.step(1)
        assert(socket.gettime() < deadline, "the case takes too long")
      end
      assert(not failure, failure)
    end,
  }
end
return harness
