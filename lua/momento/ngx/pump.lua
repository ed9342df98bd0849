--- The one poll of a topic in this nginx worker: a timer that subscribes and puts what comes into a
--- backlog, from which its listeners read. Runs as long as it has a listener; says why it ended.
--- Knows listeners only as things to wake and to ask whether they are still there. A listener that
--- is taken for gone and comes back joins again, so being wrong about one costs nothing.

local Backlog = require "momento.ngx.backlog"
local clock = require "momento.transport.ngx_clock"
local faults = require "momento.transport.ngx_faults"

local ngx = ngx
local min, next, pairs, pcall = math.min, next, pairs, pcall

local TICK = 0.5 -- seconds between two looks at who still listens
local BURST = 64 -- items at most before listeners get a turn

local Pump = {}
Pump.__index = Pump

-- Tells all that wait that there is something new.
local function wake(self)
  for listener in pairs(self.listeners) do listener:wake() end
end

local function push(self, item)
  self.backlog:push(item)
  wake(self)
end

-- Ends the pump. Without a failure listeners that are left join another one.
local function finish(self, message, code, detail)
  self.over = true
  if message then self.failure = { message, code, detail } end
  self.forget_()
  wake(self)
end

local function sweep(self)
  for listener in pairs(self.listeners) do
    if listener:gone() then self.listeners[listener] = nil end
  end
end

local function subscribe(self)
  return self.client_:subscribe(self.cache_, self.topic_, {
    resume = self.start_,
    on_discontinuity = function(gap)
      push(self, {
        kind = "discontinuity",
        last_sequence_number = gap.last_sequence_number,
        new_sequence_number = gap.new_sequence_number,
        new_sequence_page = gap.new_sequence_page,
      })
    end,
    on_connection_lost = function(message, code, detail)
      self.lost_, self.current = true, false
      push(self, { kind = "lost", message, code, detail })
    end,
    on_connection_restored = function()
      self.lost_ = false
      push(self, { kind = "restored" })
    end,
  })
end

-- Takes what comes until nobody listens; returns nothing then, else what ended it.
local function drain(self, subscription)
  local swept, taken = clock.now(), 0
  while true do
    local message, text, code, detail = subscription:receive(TICK)
    if message then
      message.discontinuity = nil -- has come before it, as an item
      push(self, message)
      taken = taken + 1
      -- A full answer must not overrun listeners that had no chance to read.
      if taken >= min(BURST, self.backlog.limit / 2) then
        taken = 0
        ngx.sleep(0.001)
      end
    elseif code == "TIMEOUT_ERROR" then
      -- A poll that waits has been told all there is.
      self.current = not self.lost_
      swept = 0
    elseif code == "CANCELLED_ERROR" and not ngx.worker.exiting() then
      return -- the client was closed; listeners with another one go on
    else
      return text, code, detail
    end
    if clock.now() - swept >= TICK then
      sweep(self)
      swept = clock.now()
    end
    if not next(self.listeners) then return end
  end
end

local function run(premature, self)
  if self.over then return end
  if premature then return finish(self, faults.exiting()) end
  self.running = true
  local subscription, message, code, detail = subscribe(self)
  if not subscription then return finish(self, message, code, detail) end
  self.asked = true
  wake(self)
  local sound
  sound, message, code, detail = pcall(drain, self, subscription)
  subscription:close()
  if not sound then
    ngx.log(ngx.ERR, "momento.ngx.hub: ", message)
    code, detail = "UNKNOWN_SERVICE_ERROR", { retryable = false }
  end
  finish(self, message, code, detail)
end

--- Starts the poll in a timer of its own.
---@param options table client, cache, topic, start (position or nil), backlog (items), forget
--- (called once, when it ends)
---@return table|nil pump
---@return string? message
function Pump.start(options)
  local self = setmetatable({
    running = false, -- its timer has been called
    asked = false, -- its first poll has been sent
    over = false,
    failure = nil, -- { message, code, detail } once it has ended for a reason
    current = options.start == nil, -- whatever comes next was published after now
    listeners = {}, -- set
    backlog = Backlog.new(options.backlog, options.start),
    client_ = options.client,
    cache_ = options.cache,
    topic_ = options.topic,
    start_ = options.start,
    forget_ = options.forget,
    lost_ = false,
  }, Pump)
  local fine, message = ngx.timer.at(0, run, self)
  if not fine then return nil, message end
  return self
end

--- Ends it for a reason before it has started.
function Pump:abandon(...) finish(self, ...) end

--- Counts a listener in. The pump does not end while it is there.
function Pump:enter(listener) self.listeners[listener] = true end

--- Counts it out; the pump ends within a tick of the last one.
function Pump:leave(listener) self.listeners[listener] = nil end

return Pump
