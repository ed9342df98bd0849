--- Drives one mux: steps it, and hands each result to the one who waits for it. This is the
--- transport that clients see: publish, poll, flush, wait, cancel, sleep, now, pending, close.
--- Knows tickets and who waits; must not know Topics, nor which loop runs. Exactly one party steps
--- a mux at a time: the loop, or the caller where there is none.
---
--- A loop is a table with these methods, 15 to 60 lines (momento.loop.scheduler is what clients
--- have unless told). A task is a table of the loop's own, one for each coroutine that waits. Its
--- fields `thread` (the coroutine) and `cancelled` are the loop's, `done` and [1] to [4] the
--- driver's.
---
---   loop:current()             the task of the coroutine that runs now; nil: the caller cannot be
---                              suspended, and is blocked. Raises when it should be suspended but
---                              cannot (see momento.loop.yieldable). Called before anything is
---                              sent.
---   loop:suspend(task, driver, deadline)
---                              suspends the running coroutine, with coroutine.yield in Lua, until
---                              wake(task) or until deadline (driver.now(), nil for none) is past.
---                              May return for no reason. A deadline already past still lets the
---                              loop, and the mux, have a turn.
---   loop:wake(task)            makes suspend return soon, not inside this call. May be called for
---                              a task that is not suspended: then it does nothing.
---   loop:watch(driver)         somebody waits: from now on call driver:step(0) whenever
---                              driver:pollfd() can be read. Called for the first of them only.
---   loop:unwatch(driver)       nobody waits any more, or the mux is closed right after this.
---
--- A task whose field `cancelled` is set before it is woken gets an error from its wait.
---
--- A loop for programs that may never be made to wait (loop = "update") has `never_blocks`, and
---   loop:spawn(f, ...)         runs f as a task;
---   loop:callbacks(options)    returns the options of subscribe with callbacks that update calls;
---   loop:subscribed(subscription, options, state)
---                              reads a new subscription in a task, with the callbacks in options;
---   loop:attach(driver)        called once: this is the driver to step;
---   loop:update()              what client:update does.

local blocking = require "momento.loop.blocking"

local status_of = coroutine.status

local Driver = {}
Driver.__index = Driver

local PENDING = true -- of a poll that has not been answered
local NO_LIMIT = 7 * 86400 -- seconds: who waits for a poll decides how long
local FAIR = 32 -- answers in a row that are taken without letting others run

local CANCELLED = "CANCELLED_ERROR"

--- The detail of a wait that ended because its task was cancelled: `unwind` asks for
--- error(detail, 0), which ends the task, once the transfer has been seen to.
Driver.TASK_CANCELLED = setmetatable({ retryable = false, unwind = true }, {
  __tostring = function() return "the task was cancelled" end,
})

---@param mux table see momento.curl; belongs to the driver from now on
---@param loop table
---@param now fun(): number seconds, never going back
function Driver.new(mux, loop, now)
  local self = setmetatable({
    mux = mux, -- nil once closed
    loop = loop,
    now = now,
    kept_ = {}, -- ticket of a poll -> PENDING or its result, until somebody takes it
    waiters_ = {}, -- ticket, -ticket for its sending, or key of a sleep -> task
    sending_ = {}, -- tickets of requests somebody waits for to be sent, as keys
    sending_count_ = 0,
    waiting_ = 0, -- how many waiters
    taken_ = 0, -- answers taken without waiting, in a row
  }, Driver)
  if loop.attach then loop:attach(self) end
  return self
end

-- Takes the waiter away from key.
local function leave(self, key)
  self.waiters_[key] = nil
  local waiting = self.waiting_ - 1
  self.waiting_ = waiting
  if waiting == 0 then self.loop:unwatch(self) end
end

-- Suspends the task until something is handed over for key. As wait.
local function await(self, task, key, deadline)
  local waiters, loop = self.waiters_, self.loop
  local other = waiters[key]
  if other then
    if other ~= task and status_of(other.thread) ~= "dead" then
      error("another coroutine waits for this already: a subscription has one reader", 0)
    end
    leave(self, key) -- its wait was ended by an error
  end
  task.done = false
  waiters[key] = task
  local waiting = self.waiting_ + 1
  self.waiting_ = waiting
  if waiting == 1 then loop:watch(self) end
  repeat
    loop:suspend(task, self, deadline)
  until task.done or task.cancelled or (deadline and self.now() >= deadline)
  self.taken_ = 0
  if task.done then
    local body = task[2]
    task[2] = nil -- is not to be kept alive by a task
    return task[1], body, task[3], task[4]
  end
  leave(self, key)
  if task.cancelled then
    return nil, "the task was cancelled", CANCELLED, Driver.TASK_CANCELLED
  end
  return false
end

--- Publishes, and waits for the answer. The transfer of a task that is cancelled ends with it.
---@param timeout number seconds
---@return integer|nil status, or nil, message, code, detail
---@return string|nil body
---@return number|nil retry_after in seconds
function Driver:publish(target, body, content_type, timeout)
  local mux = self.mux
  if not mux then return self:refuse() end
  local task = self.loop:current()
  local ticket, message, code, detail = mux:submit("publish", target, body, content_type, timeout)
  if not ticket then return nil, message, code, detail end
  if not task then return blocking.wait(self, ticket) end
  local status, text, what, why = await(self, task, ticket)
  if why == Driver.TASK_CANCELLED then mux:cancel(ticket) end
  return status, text, what, why
end

--- Hands a poll to the network. Its result is kept for whoever waits first, until it is cancelled.
---@return integer|nil ticket, or nil, message, code, detail
function Driver:poll(target)
  local mux = self.mux
  if not mux then return self:refuse() end
  local ticket, message, code, detail = mux:submit("poll", target, nil, nil, NO_LIMIT)
  if not ticket then return nil, message, code, detail end
  self.kept_[ticket] = PENDING
  return ticket
end

--- Gives a result to the waiter of a ticket, keeps it when it is a poll's, else drops it. For who
--- collects.
function Driver:hand_over(ticket, a, b, c, d)
  local waiters = self.waiters_
  local task = waiters[ticket]
  if task and status_of(task.thread) == "dead" then -- closed while it waited
    leave(self, ticket)
    task = nil
  end
  if task then
    self.kept_[ticket] = nil
    waiters[ticket] = nil
    self.waiting_ = self.waiting_ - 1
    if self.waiting_ == 0 then self.loop:unwatch(self) end
    task.done, task[1], task[2], task[3], task[4] = true, a, b, c, d
    self.loop:wake(task)
  elseif self.kept_[ticket] then
    self.kept_[ticket] = { a, b, c, d }
  end
end

--- Whether the result of a poll is still wanted.
function Driver:keeps(ticket)
  return self.kept_[ticket] ~= nil
end

--- Whether the result of a poll is there for whoever waits next.
function Driver:ended(ticket)
  local held = self.kept_[ticket]
  return held ~= nil and held ~= PENDING
end

--- What a wait gets once the client, or what it waits for, has been closed.
function Driver:refuse()
  return nil, self.mux and "cancelled" or "the client is closed", CANCELLED, { retryable = false }
end

-- Lets others run for once when the running task has not had to wait for long.
local function take_turns(self)
  self.taken_ = self.taken_ + 1
  if self.taken_ < FAIR then return end
  self.taken_ = 0
  local task = self.loop:current()
  if task then await(self, task, {}, self.now()) end
end

--- Waits for the result of a poll.
---@param deadline number|nil by now()
---@return integer|false|nil status false when the deadline passed: the ticket is still good
---@return string|nil body, or message
---@return number|string|nil retry_after in seconds, or code
---@return table|nil detail
function Driver:wait(ticket, deadline)
  local held = self.kept_[ticket]
  if held and held ~= PENDING then
    take_turns(self)
    self.kept_[ticket] = nil
    return held[1], held[2], held[3], held[4]
  end
  if not held or not self.mux then return self:refuse() end
  local task = self.loop:current()
  if task then return await(self, task, ticket, deadline) end
  local status, b, c, d = blocking.wait(self, ticket, deadline, true)
  if status ~= false then self.kept_[ticket] = nil end
  return status, b, c, d
end

--- Whether the request of a ticket has been written to the network, or has ended.
function Driver:sent(ticket)
  return not self.mux or self.mux:sent(ticket)
end

--- Waits until the request of a ticket has been written to the network, or has ended.
function Driver:flush(ticket)
  if not self.mux then return self:refuse() end
  if self.mux:sent(ticket) then return true end
  local task = self.loop:current()
  if not task then return blocking.flush(self, ticket) end
  self.sending_[ticket] = true
  self.sending_count_ = self.sending_count_ + 1
  return await(self, task, -ticket)
end

--- Whether a wait would suspend a coroutine, rather than block.
function Driver:would_yield()
  return self.loop:current() ~= nil
end

--- Waits for a time; `key` is what cancel() ends it by.
---@param key any not an integer
---@return false|nil as for wait: false when the time is over
function Driver:sleep(seconds, key)
  if not self.mux then return self:refuse() end
  local deadline = self.now() + seconds
  local task = self.loop:current()
  if not task then return blocking.sleep(self, deadline) end
  return await(self, task, key, deadline)
end

--- Forgets a ticket, or ends a sleep: a waiter gets CANCELLED_ERROR, nobody gets a result.
function Driver:cancel(key)
  self.kept_[key] = nil
  if self.waiters_[key] then self:hand_over(key, self:refuse()) end
  if self.mux and type(key) == "number" then self.mux:cancel(key) end
end

-- Wakes those whose requests have been sent.
local function tell_sent(self)
  for ticket in pairs(self.sending_) do
    if self.mux:sent(ticket) then
      self.sending_[ticket] = nil
      self.sending_count_ = self.sending_count_ - 1
      self:hand_over(-ticket, true)
    end
  end
end

--- What a loop that looks very often calls: peek(object, 0) lets the mux work for a moment and says
--- whether step(0) has something to do, or the alarm has gone off. Not when it has been closed.
---@return function peek, userdata object
function Driver:peeking()
  return self.mux.step, self.mux
end

--- Has pollfd() turn readable at that time, and peeking tell so from then on, until the alarm is
--- set anew; nil: never.
---@param at number|nil by now()
function Driver:alarm(at)
  if self.mux then self.mux:alarm(at and math.max(0, at - self.now())) end
end

--- Lets the mux work, waits at most that long (nil: until something ends), and hands over what has
--- ended. For the loop, and for programs with a loop of their own.
---@param seconds number|nil
---@return true|nil, string|nil "interrupted" when a signal ended the wait early
function Driver:step(seconds)
  local mux = self.mux
  if not mux then return self:refuse() end
  local ended, message = mux:step(seconds)
  if ended ~= false then -- also after a signal
    local ticket, a, b, c, d = mux:collect()
    while ticket do
      self:hand_over(ticket, a, b, c, d)
      if not self.mux then return self:refuse() end -- a finalizer has closed it
      ticket, a, b, c, d = mux:collect()
    end
  end
  if self.sending_count_ > 0 then tell_sent(self) end
  if ended == nil then return nil, message end
  return true
end

--- Descriptor that can be read whenever step(0) has something to do; nil where there is none.
function Driver:pollfd()
  return self.mux and self.mux:pollfd()
end

--- What to poll it for.
function Driver:events()
  return self.mux and self.mux:events()
end

--- Seconds until step(0) has something to do in any case; nil: not before the descriptor says so.
function Driver:timeout()
  return self.mux and self.mux:timeout()
end

--- Transfers under way.
function Driver:pending()
  return self.mux and self.mux:pending() or 0
end

--- Ends every transfer and every wait.
function Driver:close()
  local mux = self.mux
  if not mux then return end
  self.mux = nil
  local keys = {}
  for key in pairs(self.waiters_) do keys[#keys + 1] = key end
  for _, key in ipairs(keys) do self:hand_over(key, self:refuse()) end
  self.loop:unwatch(self)
  self.kept_, self.sending_, self.sending_count_ = {}, {}, 0
  mux:close()
end

return Driver
