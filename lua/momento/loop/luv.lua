--- Waiting in libuv: for clients made with { loop = require "momento.loop.luv" (uv) }. A handle
--- that polls the mux's descriptor steps it while somebody waits; one timer wakes tasks, at once or
--- in time. Any coroutine is a task. Must not know what is waited for.

local Timers = require "momento.loop.timers"
local yieldable = require "momento.loop.yieldable"

local Loop = { name = "luv" }
Loop.__index = Loop

--- The task of the running coroutine; nil, so that waits block, in the main program and callbacks.
function Loop:current()
  local thread, main = coroutine.running()
  if not thread or main then return nil end
  if not yieldable.possible() then yieldable.refuse() end
  local task = self.tasks_[thread]
  if not task then
    task = { thread = thread }
    self.tasks_[thread] = task
  end
  return task
end

-- Sets the timer to what is to be done next: run the tasks that are ready, or wake the first.
local function rearm(self)
  local timers = self.timers_
  if #self.ready_ == 0 and timers.count == 0 then return self.timer_:stop() end
  self.uv_.update_time()
  -- libuv runs a timer of 0 that a timer has set before it looks at descriptors: a task that asks
  -- again and again with a deadline that is past would never get an answer.
  local milliseconds = 0
  if #self.ready_ == 0 then
    milliseconds = math.max(1, math.ceil((timers:first().at - self.now_()) * 1000))
  end
  self.timer_:start(milliseconds, 0, self.run_)
end

-- Resumes every task that is ready. An error in one comes out of here, the others keep their turn.
local function run(self)
  local timers = self.timers_
  while timers.count > 0 and timers:first().at <= self.now_() do
    local task = timers:first()
    timers:remove(task)
    self:wake(task)
  end
  for _ = 1, #self.ready_ do
    local task = table.remove(self.ready_, 1)
    local alive = coroutine.status(task.thread) ~= "dead" -- it may have been closed
    local fine, message = true, nil
    if alive then fine, message = coroutine.resume(task.thread) end
    if not fine then
      rearm(self)
      error(type(message) == "string" and debug.traceback(task.thread, message) or message, 0)
    end
  end
  rearm(self)
end

function Loop:suspend(task, driver, deadline)
  task.suspended = true
  if deadline then
    self.now_ = driver.now
    self.timers_:add(task, deadline)
    if self.timers_:first() == task then rearm(self) end
  end
  coroutine.yield()
  self.timers_:remove(task)
end

function Loop:wake(task)
  if not task.suspended then return end
  task.suspended = false
  self.ready_[#self.ready_ + 1] = task
  if #self.ready_ == 1 then rearm(self) end
end

-- When the Lua state closes, or the collector comes, a client may be finalized after its handle.
-- This is finalized before the handle, since it is made after it, and tells.
local function tell_finalized(poll)
  local function finalize() poll.finalized = true end
  local newproxy = rawget(_G, "newproxy") -- Lua 5.1 has no finalizers of tables
  if not newproxy then return setmetatable({}, { __gc = finalize }) end
  local proxy = newproxy(true)
  getmetatable(proxy).__gc = finalize
  return proxy
end

function Loop:watch(driver)
  local poll = self.polls_[driver]
  if not poll then
    poll = { handle = self.uv_.new_poll(driver:pollfd()) }
    poll.sentinel = tell_finalized(poll)
    self.polls_[driver] = poll
  end
  poll.active = true
  poll.handle:start("r", function(problem)
    if problem then error("momento.loop.luv: " .. problem) end
    driver:step(0)
    run(self)
  end)
end

function Loop:unwatch(driver)
  local poll = self.polls_[driver]
  if not poll or poll.finalized then return end
  if poll.active then poll.handle:stop() end
  poll.active = false
  if driver.mux then return end
  self.polls_[driver] = nil -- the mux is closed after this: its descriptor is not to be polled
  -- A handle that was closed while the loop does not run makes luv crash when the Lua state closes.
  if self.uv_.loop_mode() then
    poll.handle:close()
  else
    table.insert(self.stopped_, poll.handle)
  end
end

--- A loop for clients whose calls are made from coroutines while uv.run() runs.
---@param uv table require "luv"
---@return momento.Loop
return function(uv)
  if type(uv) ~= "table" or not uv.new_poll then
    error('momento.loop.luv: require "luv" expected, got ' .. type(uv), 2)
  end
  local self = setmetatable({
    uv_ = uv,
    timer_ = uv.new_timer(),
    timers_ = Timers.new(),
    ready_ = {}, -- tasks to resume
    -- Coroutine -> task. Weak in both, since a task holds its coroutine; who waits holds the task.
    tasks_ = setmetatable({}, { __mode = "kv" }),
    stopped_ = {}, -- poll handles that are not used any more, but cannot be closed
    polls_ = setmetatable({}, { __mode = "k" }), -- driver -> its poll handle
    now_ = nil, -- the clock of deadlines
  }, Loop)
  self.run_ = function() run(self) end
  return self
end
