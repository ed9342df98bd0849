--- The subscribe loop: asks for what comes next, hands it out one by one, and asks again whatever
--- happens, until an error is final (protocol sections 4 and 5). Written once, over a transport;
--- must not know which one, nor which loop runs. The cursor and the body at hand are in the
--- subscription userdata of momento.core; this file adds its methods and keeps its state.

local core = require "momento.core"
local errors = require "momento.errors"
local retry = require "momento.retry"
local yieldable = require "momento.loop.yieldable"
require "momento.message"

local state_of = core.state
local methods = core.subscription_methods
local next_item, feed, poll_target = methods.next, methods.feed, methods.poll_target
local readable = methods.readable
local core_position, core_close, take_counts =
  methods.position, methods.close, methods.take_counts

local Subscription = {}

-- Statuses that end a poll without telling anything new.
local POLL_OVER = { [204] = true, [408] = true, [502] = true, [503] = true, [504] = true }

local READING = 1 -- seconds that a late reader is granted

-- Adds what was counted since the last time to the client's statistics.
local function count(self, state)
  local stats = state.shared.stats
  local delivered, duplicates, discontinuities, malformed = take_counts(self)
  stats.delivered = stats.delivered + delivered
  stats.duplicates = stats.duplicates + duplicates
  stats.discontinuities = stats.discontinuities + discontinuities
  stats.malformed = stats.malformed + malformed
end

local function back_off(state, retry_after)
  state.failures = state.failures + 1
  state.resume_at = state.transport:now() + retry.delay(state.failures, retry_after)
end

-- A poll failed; the next one is to come later. Callbacks come last: they may raise, or close.
local function lost(state, message, code, detail)
  local shared = state.shared
  shared.stats.retries = shared.stats.retries + 1
  back_off(state, detail.retry_after)
  local first = not state.lost
  state.lost = true
  shared.log("warn", ("%s: %s (%s); trying again"):format(state.name, message, code))
  if first and state.on_connection_lost then state.on_connection_lost(message, code, detail) end
end

local function restored(state)
  if not state.lost then return end
  state.lost = false
  state.shared.log("info", state.name .. ": connection restored")
  if state.on_connection_restored then state.on_connection_restored() end
end

local function quick(state)
  return state.transport:now() - state.asked_at < retry.QUICK
end

-- Sends the next poll. What goes wrong with that is kept for the next wait.
local function ask(self, state)
  local transport, shared = state.transport, state.shared
  shared.stats.polls = shared.stats.polls + 1
  local now = transport:now()
  state.asked_at, state.late_at, state.granted = now, now + shared.poll_timeout, false
  local ticket, message, code, detail = transport:poll(poll_target(self))
  state.ticket = ticket
  state.unsent = not ticket and { message, code, detail } or nil
end

-- A reader who comes back after the poll's time gets some more, once, to read what has come.
local function grant_reading(state)
  local now = state.transport:now()
  if now < state.late_at or state.granted then return end
  state.granted = true
  state.late_at = now + READING
end

-- Takes the answer to the poll, by a deadline. As transport:wait. A poll that is late is given up
-- here rather than by the transport, which would do so before it reads what has come.
local function answer(state, deadline)
  local unsent, transport = state.unsent, state.transport
  if unsent then
    state.unsent = nil
    return nil, unsent[1], unsent[2], unsent[3]
  end
  local late_at = state.late_at
  if deadline and deadline < late_at then return transport:wait(state.ticket, deadline) end
  local status, text, what, detail = transport:wait(state.ticket, late_at)
  if status == false then
    transport:cancel(state.ticket)
    return nil, "no answer to the poll in time", "TIMEOUT_ERROR", { retryable = true }
  end
  return status, text, what, detail
end

-- Waits until the next poll may be sent: true, or false when the deadline comes first. Somebody is
-- to have a turn even if that is now, else a task that asks with a timeout of 0 would hold up all.
local function wait_out(self, state, deadline)
  local transport = state.transport
  local till = state.resume_at
  if till <= transport:now() then
    state.resume_at = nil
    return true
  end
  if deadline and deadline < till then till = deadline end
  repeat
    local _, message, code, detail =
      transport:sleep(math.max(0, till - transport:now()), self)
    if code then return nil, message, code, detail end
  until state.closed or transport:now() >= till
  return till == state.resume_at or false
end

-- The wait was ended: the subscription or the client is closed, or the task cancelled.
local function unwind(self, state, message, code, detail)
  if state.closed then return errors.closed "subscription" end
  if not (detail and detail.unwind) then
    state.ticket = nil
    return nil, message, code, detail
  end
  -- With a position, who reads next asks for the same again. Without one nobody would know what is
  -- published from now on, so the poll stays for whoever reads next.
  if state.ticket and core_position(self) then
    state.transport:cancel(state.ticket)
    state.ticket = nil
  end
  error(detail, 0)
end

-- A poll brought no body: true to poll again, now or at state.resume_at, or the final error.
local function settle(state, message, code, detail)
  local slow = not quick(state)
  local status = detail.status
  if status == 204 then
    if slow then state.failures = 0 else back_off(state) end
    restored(state)
    return true
  end
  if not detail.retryable then
    back_off(state) -- for a caller that asks again at once, and again
    return nil, message, code, detail
  end
  local over = POLL_OVER[status] or code == "TIMEOUT_ERROR" or code == "CONNECTION_ERROR"
  if over and slow and not detail.unsent and not detail.retry_after then
    state.shared.log("debug", ("%s: poll over: %s (%s)"):format(state.name, message, code))
  else
    lost(state, message, code, detail)
  end
  return true
end

-- Gets the next body. True; false when the deadline passed; nil and an error.
local function fetch(self, state, deadline)
  while true do
    if state.closed then return errors.closed "subscription" end
    if not state.ticket and not state.unsent and state.resume_at then
      local over, message, code, detail = wait_out(self, state, deadline)
      if over == nil then return unwind(self, state, message, code, detail) end
      if not over and not state.closed then return false end
    else
      if state.ticket then
        grant_reading(state)
      elseif not state.unsent then
        ask(self, state)
      end
      local status, text, what, detail = answer(state, deadline)
      if status == false then return false end
      if what == "CANCELLED_ERROR" then return unwind(self, state, text, what, detail) end
      state.ticket = nil
      if status == 200 then
        feed(self, text)
        state.body, state.fresh = true, true
        -- Before anything is read of it: the callback may raise, or close.
        if state.lost and readable(self) then restored(state) end
        return true
      end
      if status then
        text, what, detail = errors.from_status(status, text, what, state.shared.secret)
      end
      local again, message, code, why = settle(state, text, what, detail)
      if not again then return nil, message, code, why end
    end
  end
end

-- The body is read to its end, or to where it is malformed.
local function used_up(state, fault)
  state.body = false
  local empty = state.fresh
  state.fresh = false
  if fault and empty then
    lost(state, fault, "UNKNOWN_SERVICE_ERROR", { retryable = true })
  elseif fault then
    state.shared.log("warn", ("%s: %s; resuming after the last message"):format(state.name,
      fault))
  elseif empty then
    if quick(state) then back_off(state) else state.failures = 0 end
  end
end

-- Goes on from what next_item gave until there is something for the reader: "message" or
-- "discontinuity" and its table; false when the deadline passed; nil and an error.
local function advance(self, state, kind, value, deadline)
  while not kind do
    if state.body then used_up(state, kind == false and value) end
    local fetched, message, code, detail = fetch(self, state, deadline)
    if not fetched then return fetched, message, code, detail end
    kind, value = next_item(self)
  end
  if state.fresh then
    state.fresh, state.failures = false, 0
  end
  if kind == "message" then
    local gap = state.gap
    if gap and gap.new_sequence_number == value.sequence_number then value.discontinuity = gap end
    state.gap = nil
    return kind, value
  end
  value.kind = kind
  state.gap = value
  state.shared.log("info", ("%s: discontinuity: after %s comes %s of page %s"):format(
    state.name, tostring(value.last_sequence_number), tostring(value.new_sequence_number),
    tostring(value.new_sequence_page)))
  if state.on_discontinuity then state.on_discontinuity(value) end
  return kind, value
end

-- The next message, when next_item gave something else.
local function receive_from(self, state, kind, value, timeout)
  local deadline = timeout and timeout < math.huge and state.transport:now() + timeout or nil
  while true do
    local got, what, code, detail = advance(self, state, kind, value, deadline)
    if got == "message" then return what end
    if got == false then return nil, "timeout", "TIMEOUT_ERROR", { retryable = true } end
    if not got then return nil, what, code, detail end
    kind, value = next_item(self)
  end
end

-- Raises, `level` calls up, where a wait would hold up a game.
local function check_may_wait(state, what, level)
  if not state.shared.background or state.closed or state.transport:would_yield() then return end
  error(what .. ' waits: with loop = "update", on_message gets the messages', level + 1)
end

-- PUC 5.1 cannot yield inside an iterator: says so before anything is lost.
local function check_iterator(state)
  check_may_wait(state, "the iterator", 3)
  if yieldable.only_through_lua and not state.closed then
    local transport = state.transport
    if transport.would_yield and transport:would_yield() then yieldable.refuse() end
  end
end

-- What an iterator does with an error: the end when the caller closed something, else it raises.
local function stop_iterating(message, code)
  if code == "CANCELLED_ERROR" then return nil end
  error(("%s (%s)"):format(message, code), 0)
end

--- The next message. Blocks, or suspends the running task, until there is one; asks again after
--- whatever may pass. A body at hand is read without waiting, in any case. Raises with
--- loop = "update", where on_message gets what comes.
---@param timeout number|nil seconds; none: for as long as it takes
---@return table|nil message, or nil, message, code, detail: "timeout", "TIMEOUT_ERROR" when the
--- time is over, else an error that is final
function methods.receive(self, timeout)
  if timeout ~= nil and (type(timeout) ~= "number" or timeout ~= timeout) then
    error("receive: timeout must be a number of seconds, got " .. type(timeout), 2)
  end
  local kind, value = next_item(self)
  if kind == "message" then return value end
  local state = state_of(self)
  check_may_wait(state, "receive", 2)
  return receive_from(self, state, kind, value, timeout)
end

--- What a generic `for` over the subscription calls: as receive(), but raises errors that are
--- final, and ends when the subscription is closed.
function methods.receive_next(self)
  local kind, value = next_item(self)
  if kind == "message" then return value end
  local state = state_of(self)
  check_iterator(state)
  local message, text, code = receive_from(self, state, kind, value)
  if message then return message end
  return stop_iterating(text, code)
end

--- Iterates over messages and discontinuities in order; `kind` of each is "message" or
--- "discontinuity". Raises and ends as the iterator over messages.
---@return fun(): table|nil
function methods.events(self)
  local state = state_of(self)
  return function()
    check_iterator(state)
    local got, event, code = advance(self, state, next_item(self))
    if got then return event end
    return stop_iterating(event, code)
  end
end

--- Ends it, and its poll. A receive that waits in another task returns CANCELLED_ERROR. Again: does
--- nothing.
function methods.close(self)
  local state = state_of(self)
  if state.transport and not state.closed then
    state.closed = true
    count(self, state)
    if state.ticket then state.transport:cancel(state.ticket) end
    state.transport:cancel(self)
    state.ticket = nil
  end
  return core_close(self)
end

--- Adds to the client's statistics what this subscription has counted.
function Subscription.count(self)
  local state = state_of(self)
  if not state.closed then count(self, state) end
end

--- Whether nothing that is published from now on can be missed: the first poll has been sent, or
--- asks for what follows a position.
function Subscription.listens(self)
  local state = state_of(self)
  return state.closed or not state.ticket or core_position(self) ~= nil
    or state.transport:sent(state.ticket)
end

--- Seconds until receive(0) has something to do, whatever the network does: read what is at hand,
--- give up a poll or ask again; nil when it is closed.
function Subscription.due(self)
  local state = state_of(self)
  if state.closed then return nil end
  local transport = state.transport
  if state.body or state.unsent or state.ticket and transport:ended(state.ticket) then return 0 end
  local at = state.ticket and state.late_at or state.resume_at or 0
  return math.max(0, at - transport:now())
end

--- Makes a subscription and sends its first poll; what goes wrong with that is told by receive.
---@param client userdata
---@param shared table what all subscriptions of the client share: transport, stats, log,
--- poll_timeout, secret, background (nobody but the loop's own task may wait)
---@param options table resume, on_discontinuity, on_connection_lost, on_connection_restored
---@return userdata|nil subscription, or nil, message, code, detail
function Subscription.new(client, shared, cache, topic, options)
  local resume = options.resume or {}
  local self, message =
    core.subscription(client, cache, topic, resume.sequence_number, resume.sequence_page)
  if not self then return errors.invalid(message) end
  local state = state_of(self)
  state.client = client -- as long as a subscription is used, its client is not collected
  state.shared = shared
  state.transport = shared.transport
  state.name = ("%s/%s"):format(cache, topic)
  state.on_discontinuity = options.on_discontinuity
  state.on_connection_lost = options.on_connection_lost
  state.on_connection_restored = options.on_connection_restored
  state.failures = 0 -- polls that failed, or were answered too soon, in a row
  state.body = false -- whether a body was fed and not yet read to its end
  state.fresh = false -- whether nothing has been read of it
  state.lost = false
  state.closed = false
  -- "Subscribe, then publish" in one program is to work, so the poll has to be on its way. With a
  -- position nothing can be missed, and where nobody may be made to wait, nobody is.
  local waits = not options.resume and not shared.background
  if waits and shared.transport.would_yield then
    shared.transport:would_yield() -- raises where that cannot be, before anything is sent
  end
  ask(self, state)
  if waits and state.ticket then
    local _, _, _, detail = state.transport:flush(state.ticket)
    if detail and detail.unwind then
      methods.close(self)
      error(detail, 0)
    end
  end
  return self
end

return Subscription
