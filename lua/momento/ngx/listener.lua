--- One reader of a topic through the hub; has the methods of a subscription. Reads from the pump's
--- backlog; where that does not reach back to the reader's position, from a poll of its own until
--- both have the same position. Every item moves the position once, whichever of the two it came
--- from, so nothing is left out and nothing comes twice at the seam.
--- Belongs to the nginx request that made it. Must not know where pumps come from.

local Backlog = require "momento.ngx.backlog"
local clock = require "momento.transport.ngx_clock"
local core = require "momento.core"
local errors = require "momento.errors"
local semaphore = require "ngx.semaphore"

local error, huge, max, min, setmetatable = error, math.huge, math.max, math.min, setmetatable
local message_meta = core.message_meta

local TICK = 1 -- seconds between two looks at whether a poll of its own has caught up
local LONGEST = 3600 -- seconds of one wait
local ABSENT = 10 -- seconds without a call after which a reader may be gone

---@class momento.ngx.Listener : momento.Subscription
local Listener = {}
Listener.__index = Listener

--- settings: client, cache, topic, position (of the last message had, or nil), backlog (items),
--- attach (a function that finds the listener a pump to join: true, or nil and an error),
--- on_discontinuity, on_connection_lost, on_connection_restored
---@param settings table kept
function Listener.new(settings)
  return setmetatable({
    settings = settings,
    position_ = settings.position, -- after the last item handed out
    pump_ = nil,
    index_ = nil, -- in the pump's backlog, of the next item; nil while it catches up
    fell_ = false, -- items were dropped before it had them
    own_ = nil, -- the subscription of its own while it catches up
    caught_ = {}, -- what that brought and was not handed out yet
    gap_ = nil, -- the discontinuity just handed out, for the message that follows
    failure_ = nil, -- what ended it
    closed_ = false,
    semaphore_ = semaphore.new(0),
    waiting_ = false, -- a thread is in the semaphore
    signalled_ = false, -- and has been told to come out
    seen_ = nil, -- when a sweep first saw it away from here since it was last here
  }, Listener)
end

local function end_own(self)
  if self.own_ then self.own_:close() end
  self.own_ = nil
end

local function leave(self)
  if self.pump_ then self.pump_:leave(self) end
  end_own(self)
end

-- Finds the place in the backlog from which it lacks nothing.
local function find_place(self)
  local pump = self.pump_
  if self.position_ then
    self.index_ = pump.backlog:find(self.position_)
  elseif pump.current and not self.own_ then
    self.index_, self.position_ = pump.backlog.next, pump.backlog.position
  end
  if self.index_ then end_own(self) end
end

--- Reads from this pump from now on.
function Listener:join(pump)
  if self.pump_ then self.pump_:leave(self) end
  self.pump_, self.index_, self.fell_ = pump, nil, false
  pump:enter(self)
  pump.backlog:grow(self.settings.backlog)
  find_place(self)
end

--- Tells a waiting thread that there is something to look at.
function Listener:wake()
  if not self.waiting_ or self.signalled_ then return end
  self.signalled_ = true
  self.semaphore_:post(1)
end

--- Waits until woken, at most that long.
---@param seconds number
function Listener:wait(seconds)
  self.waiting_, self.signalled_ = true, false
  self.semaphore_:wait(max(0.001, min(seconds, LONGEST)))
  self.waiting_, self.seen_ = false, nil
end

-- Is counted in, also when it had been taken for gone; from now on it is not away.
local function enter(self)
  self.pump_:enter(self)
  self.seen_ = nil
end

--- Whether nobody reads any more. nginx ends a request without a word to its Lua code, but takes
--- its threads out of the semaphore.
---@return boolean
function Listener:gone()
  if self.waiting_ then return self.semaphore_:count() == (self.signalled_ and 1 or 0) end
  local now = clock.now()
  self.seen_ = self.seen_ or now
  return now - self.seen_ > ABSENT
end

local function discontinuity(last, number, page)
  return {
    kind = "discontinuity",
    last_sequence_number = last,
    new_sequence_number = number,
    new_sequence_page = page,
  }
end

-- What a reader is told that fell, before it goes on with that number.
local function missed(position, number, page)
  return discontinuity(position and position.sequence_number or 0, number, page)
end

-- The next item of the backlog, and the position after it if it moves it; nil when there is none.
local function from_backlog(self)
  local backlog, position = self.pump_.backlog, self.position_
  if self.index_ < backlog.first then
    self.index_ = backlog.first
    self.fell_ = not position or not backlog:find(position)
  end
  local item, after = backlog:at(self.index_)
  if not item then return nil end
  local fell, kind = self.fell_, item.kind
  if fell and kind == "message" then
    -- Not yet the message: first what was missed before it.
    self.fell_ = false
    return missed(position, item.sequence_number, item.sequence_page)
  end
  self.index_ = self.index_ + 1
  if fell and kind == "discontinuity" then
    -- One gap out of the two, from what this reader had last.
    self.fell_ = false
    return missed(position, item.new_sequence_number, item.new_sequence_page), after
  end
  return item, after
end

local function subscribe(self)
  local settings, caught = self.settings, self.caught_
  return settings.client:subscribe(settings.cache, settings.topic, {
    resume = self.position_,
    on_discontinuity = function(gap) caught[#caught + 1] = gap end,
    on_connection_lost = settings.on_connection_lost,
    on_connection_restored = settings.on_connection_restored,
  })
end

--- Starts a poll of its own where the backlog does not do. After this nothing is missed.
---@return true|nil
---@return string? message, string? code, table? detail
function Listener:catch_up()
  if self.index_ or self.own_ then return true end
  local message, code, detail
  self.own_, message, code, detail = subscribe(self)
  if not self.own_ then return nil, message, code, detail end
  return true
end

-- The next item of the poll of its own; nil when there is none yet, or nil and an error.
local function from_own(self, seconds)
  local caught = self.caught_
  if #caught > 0 then return table.remove(caught, 1) end
  local message, text, code, detail = self.own_:receive(max(0, min(TICK, seconds)))
  self.seen_ = nil
  if message then
    caught[#caught + 1] = message
  elseif code ~= "TIMEOUT_ERROR" then
    return nil, text, code, detail
  end
  return table.remove(caught, 1)
end

-- What ended it stays what every later call returns.
local function fail(self, message, code, detail)
  leave(self)
  self.failure_ = { message, code, detail }
  return nil, message, code, detail
end

-- Nothing more comes from the pump: because of an error, or because nobody was there for a while.
local function replace(self)
  local failure = self.pump_.failure
  if failure then return fail(self, failure[1], failure[2], failure[3]) end
  local joined, message, code, detail = self.settings.attach(self)
  if not joined then return fail(self, message, code, detail) end
  return true
end

-- The next item, and the position after it where the backlog has that; false when the deadline
-- has passed; nil and an error.
local function next_item(self, deadline)
  while true do
    if self.closed_ then return errors.closed "subscription" end
    local failure = self.failure_
    if failure then return nil, failure[1], failure[2], failure[3] end
    enter(self)
    if not self.index_ and #self.caught_ == 0 then find_place(self) end
    local item, after, message, code, detail
    if self.index_ then
      item, after = from_backlog(self)
    else
      item, message, code, detail = from_own(self, deadline - clock.now())
    end
    if message then return fail(self, message, code, detail) end
    if item then return item, after end
    local left = deadline == huge and huge or deadline - clock.now()
    if self.pump_.over then
      local replaced
      replaced, message, code, detail = replace(self)
      if not replaced then return nil, message, code, detail end
    elseif left <= 0 then
      return false
    elseif self.index_ then
      self:wait(left)
    end
  end
end

-- Readers may write into what they get; the backlog's tables are everybody's.
local function own_message(item, gap)
  return setmetatable({
    sequence_number = item.sequence_number,
    sequence_page = item.sequence_page,
    value = item.value,
    type = item.type,
    publisher_id = item.publisher_id,
    discontinuity = gap,
  }, message_meta)
end

-- Goes on to a message or a discontinuity, as next_item.
local function advance(self, deadline)
  local settings = self.settings
  while true do
    local item, what, code, detail = next_item(self, deadline)
    if not item then return item, what, code, detail end
    local kind = item.kind
    self.position_ = what or Backlog.position_after(item) or self.position_
    if kind == "message" then
      local gap = self.gap_
      self.gap_ = nil
      if gap and gap.new_sequence_number ~= item.sequence_number then gap = nil end
      return own_message(item, gap)
    elseif kind == "discontinuity" then
      item = discontinuity(item.last_sequence_number, item.new_sequence_number,
        item.new_sequence_page)
      self.gap_ = item
      if settings.on_discontinuity then settings.on_discontinuity(item) end
      return item
    end
    local tell = kind == "lost" and settings.on_connection_lost
      or kind == "restored" and settings.on_connection_restored
    if tell then tell(item[1], item[2], item[3]) end
  end
end

-- The next message when it is at hand and there is nothing else to tell of.
local function at_hand(self)
  local index, pump = self.index_, self.pump_
  if not index or self.fell_ or self.gap_ or self.closed_ or self.failure_ then return nil end
  if index < pump.backlog.first then return nil end
  local item, after = pump.backlog:at(index)
  if not item or item.kind ~= "message" then return nil end
  enter(self)
  self.index_, self.position_ = index + 1, after
  return own_message(item)
end

-- Waits where nothing but the next item can come, until then or for as long as a call may wait.
local function wait_for_next(self, deadline)
  local pump = self.pump_
  if self.closed_ or self.failure_ or pump.over or self.index_ ~= pump.backlog.next then return end
  local left = deadline == huge and huge or deadline - clock.now()
  if left <= 0 then return end
  enter(self)
  self:wait(left)
end

-- What most calls find comes first and without a loop, so that LuaJIT compiles it as one piece.
local function receive(self, deadline)
  local soon = at_hand(self)
  if soon then return soon end
  wait_for_next(self, deadline)
  soon = at_hand(self)
  if soon then return soon end
  while true do
    local item, message, code, detail = advance(self, deadline)
    if item == false then return nil, "timeout", "TIMEOUT_ERROR", { retryable = true } end
    if not item then return nil, message, code, detail end
    if item.kind == "message" then return item end
  end
end

-- What an iterator does with an error: the end when something was closed, else it raises.
local function stop_iterating(message, code)
  if code == "CANCELLED_ERROR" then return nil end
  error(("%s (%s)"):format(message, code), 0)
end

--- The next message, as subscription:receive().
---@param timeout number|nil seconds; none: for as long as it takes
---@return table|nil message
---@return string? message, string? code, table? detail
function Listener:receive(timeout)
  if timeout ~= nil and (type(timeout) ~= "number" or timeout ~= timeout) then
    error("receive: timeout must be a number of seconds, got " .. type(timeout), 2)
  end
  return receive(self, clock.now() + (timeout or huge))
end

--- What a generic `for` over the listener calls.
function Listener:receive_next()
  local message, text, code = receive(self, huge)
  if message then return message end
  return stop_iterating(text, code)
end

Listener.__call = Listener.receive_next

--- Iterates over messages and discontinuities, as subscription:events().
function Listener:events()
  return function()
    local item, message, code = advance(self, huge)
    if item then return item end
    return stop_iterating(message, code)
  end
end

--- Position of the last message received; to resume from later.
---@return table|nil
function Listener:position()
  local position = self.position_
  return position and {
    sequence_number = position.sequence_number,
    sequence_page = position.sequence_page,
  }
end

--- Stops listening. The last one to leave ends the poll. Again: does nothing.
function Listener:close()
  if self.closed_ then return end
  self.closed_ = true
  leave(self)
  self:wake()
end

return Listener
