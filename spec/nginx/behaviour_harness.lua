-- The harness of the behaviour suite inside an nginx worker (see spec/loop/behaviour.lua): light
-- threads as tasks. Restarts of topicsd are asked for, and told to be done, by files.

local cases = require "spec.loop.behaviour"
local hub = require "momento.ngx.hub"
local momento = require "momento"

local ngx = ngx

local harness = {}

local topics = 0

local function exists(path)
  local file = io.open(path)
  if file then file:close() end
  return file ~= nil
end

-- How many polls the topicsd with that admin port has let in.
local function polls_of(port)
  local socket = ngx.socket.tcp()
  assert(socket:connect("127.0.0.1", port))
  assert(socket:send "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
  local answer = assert(socket:receive "*a")
  socket:close()
  return tonumber((assert(answer:match "\ntopicsd_polls_total (%d+)", answer)))
end

-- A proxy may let a publish overtake the poll that was sent before it: what a case publishes after
-- it has subscribed is to come after. A poll that topicsd refuses is not waited for to the end.
local function until_polled(port, before)
  local deadline = ngx.now() + 3
  repeat
    ngx.sleep(0.005)
    ngx.update_time()
  until polls_of(port) > before or ngx.now() > deadline
end

local function make(settings)
  local h = { url = settings.url, key = settings.key, dead_url = settings.dead_url }
  local threads = {}

  function h.client(options)
    local all = { api_key = h.key, endpoint = h.url }
    for name, value in pairs(options or {}) do all[name] = value end
    return assert(momento.client(all))
  end

  function h.answers(status) return settings.answers[tostring(status)] end

  function h.topic(name)
    topics = topics + 1
    return ("%s %d of %d"):format(name, topics, ngx.worker.pid())
  end

  function h.publish(client, ...) return client:publish(...) end

  function h.subscribe(client, ...)
    local subscribe = settings.hub and hub.subscribe or client.subscribe
    if not settings.admin or client:origin() ~= h.url then return assert(subscribe(client, ...)) end
    local before = polls_of(settings.admin)
    local reader = assert(subscribe(client, ...))
    until_polled(settings.admin, before)
    return reader
  end

  function h.spawn(f) threads[#threads + 1] = ngx.thread.spawn(f) end

  h.sleep = ngx.sleep

  function h.restart(signal)
    local file = assert(io.open(settings.directory .. "/restart", "w"))
    file:write(signal)
    file:close()
    while not exists(settings.directory .. "/restarted") do ngx.sleep(0.01) end
    os.remove(settings.directory .. "/restarted")
  end

  function h.finish()
    for _, thread in ipairs(threads) do assert(ngx.thread.wait(thread)) end
  end

  return h
end

--- Runs one case to its end; raises when it fails.
---@param index integer
---@param settings table url, key, dead_url, answers (status -> URL), directory, hub, admin (the
--- admin port of topicsd, when there is a proxy between)
function harness.run(index, settings)
  local h = make(settings)
  cases[index][2](h)
  h.finish()
end

return harness
