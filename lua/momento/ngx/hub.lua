--- One poll per nginx worker, cache and topic, however many listen: keeps the pumps of this worker
--- and gives each listener the one of its topic.
---
---     local hub = require "momento.ngx.hub"
---     local subscription = assert(hub.subscribe(client, "my-cache", "chat"))
---     for message in subscription do ngx.say(message.value) ngx.flush(true) end
---
--- Knows what makes two listeners share a pump; nothing of what comes through it.

local Listener = require "momento.ngx.listener"
local Pump = require "momento.ngx.pump"
local clock = require "momento.transport.ngx_clock"
local core = require "momento.core"
local errors = require "momento.errors"
local faults = require "momento.transport.ngx_faults"
local options = require "momento.options"

local ngx = ngx
local concat = table.concat

local hub = {}

local START_TIMEOUT = 5 -- seconds
local BACKLOG = 512 -- items

local SUBSCRIBE_OPTIONS = {
  resume = "table",
  on_discontinuity = "function",
  on_connection_lost = "function",
  on_connection_restored = "function",
  backlog = options.count,
}

local pumps = {} -- what they poll -> the pump

local function start(key, settings, position)
  local pump, message
  pump, message = Pump.start {
    client = settings.client,
    cache = settings.cache,
    topic = settings.topic,
    backlog = settings.backlog,
    start = position,
    forget = function()
      if pumps[key] == pump then pumps[key] = nil end
    end,
  }
  if not pump then return nil, faults.timer(message) end
  pumps[key] = pump
  return pump
end

-- Gives a listener the pump of what it listens to, and waits for its first poll to be on its way:
-- what the caller publishes after this reaches the listener.
local function attach(listener)
  local settings = listener.settings
  local origin = settings.client:origin()
  if not origin then return errors.closed "client" end
  if ngx.worker.exiting() then return nil, faults.exiting() end
  -- Clients that ask the same server with the same token get the same answers.
  local key =
    concat({ origin, settings.client:authorization(), settings.cache, settings.topic }, "\0")
  local pump = pumps[key]
  if not pump then
    local message, code, detail
    pump, message, code, detail = start(key, settings, listener:position())
    if not pump then return nil, message, code, detail end
  end
  listener:join(pump)
  local deadline = clock.now() + START_TIMEOUT
  while not pump.asked and not pump.over do
    listener:wait(START_TIMEOUT)
    if not pump.running and clock.now() >= deadline then pump:abandon(faults.timer_not_run()) end
  end
  local failure = pump.failure
  if failure then return nil, failure[1], failure[2], failure[3] end
  return listener:catch_up()
end

--- Listens to a topic together with all others in this worker. What it gives has the methods of
--- a subscription (receive, events, position, close) and is iterated like one. Only in phases that
--- have cosockets; ends with the nginx request, at the latest.
---@param client momento.Client listeners with equal credentials share a poll
---@param cache string
---@param topic string
---@param given momento.HubOptions|nil
---@return momento.ngx.Listener|nil
---@return string|nil message
---@return momento.Code|nil code
---@return momento.Detail|nil detail
function hub.subscribe(client, cache, topic, given)
  local settings = options.copy("hub.subscribe", given, SUBSCRIBE_OPTIONS)
  local message, code, detail = faults.phase(ngx.get_phase())
  if message then return nil, message, code, detail end
  if not client:origin() then return errors.closed "client" end
  -- Judges names and position as every subscription does, before they concern others.
  local resume = settings.resume or {}
  local cursor, problem =
    core.subscription(client, cache, topic, resume.sequence_number, resume.sequence_page)
  if not cursor then return errors.invalid(problem) end
  settings.client, settings.cache, settings.topic = client, cache, topic
  settings.position = cursor:position()
  settings.backlog = settings.backlog or BACKLOG
  settings.attach = attach
  local listener = Listener.new(settings)
  local attached
  attached, message, code, detail = attach(listener)
  if attached then return listener end
  listener:close()
  return nil, message, code, detail
end

return hub
