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
    return assert(subscribe(client, ...))
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
---@param settings table url, key, dead_url, answers (status -> URL), directory, hub
function harness.run(index, settings)
  local h = make(settings)
  cases[index][2](h)
  h.finish()
end

return harness
