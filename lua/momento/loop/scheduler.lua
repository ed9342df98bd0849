--- The scheduler behind momento.run, spawn and sleep, and the loop of clients that were given none:
--- inside run, what waits suspends its task; outside, it blocks. Tasks are coroutines; a task runs
--- until it waits. Must not know requests or Topics.

local curl = require "momento.curl"
local Driver = require "momento.driver"
local errors = require "momento.errors"
local Timers = require "momento.loop.timers"
local yieldable = require "momento.loop.yieldable"

local now = curl.now
local running, resume, yield = coroutine.running, coroutine.resume, coroutine.yield
local can_yield = yieldable.possible
local unpack = table.unpack or unpack -- luacheck: ignore 143

local SUSPENDED, ENDED = {}, {} -- what a task's coroutine hands to its scheduler
local NO_DESCRIPTOR_TICK = 0.005 -- seconds, where several muxes cannot be waited for at once

local Scheduler = {}
Scheduler.__index = Scheduler

--- What spawn returns.
local Task = {}
Task.__index = Task

--- A scheduler of its own. `turn` makes it run; it is a loop (see driver.lua) for its tasks.
function Scheduler.new()
  return setmetatable({
    name = "scheduler",
    running_ = nil, -- the task that runs now
    tasks_ = {}, -- all that have not ended, as keys
    alive_ = 0, -- how many they are
    ready_ = {}, -- tasks to run, from first_ to last_
    first_ = 1,
    last_ = 0, -- when there is none
    timers_ = Timers.new(),
    drivers_ = {}, -- those that somebody waits for
  }, Scheduler)
end

-- The first function of every task; it is Lua, so that PUC 5.1 can yield through it.
local function body(f, ...)
  f(...)
  return ENDED
end

--- Makes a task that runs f(...) at the next turn.
---@param f function
---@return table task with cancel() and ended()
function Scheduler:spawn(f, ...)
  if type(f) ~= "function" then
    error("spawn: a function expected, got " .. type(f), 2)
  end
  local task = setmetatable({
    false, nil, nil, nil, -- the driver's: in the array from the start
    thread = coroutine.create(body),
    scheduler_ = self,
    suspended_ = true, -- waits to be made ready
    start_ = { n = select("#", ...), f, ... }, -- until it has been started
  }, Task)
  self.tasks_[task] = true
  self.alive_ = self.alive_ + 1
  self:wake(task)
  return task
end

--- Ends the task: what it waits for, now or later, raises an error there instead, which run lets
--- pass. The transfer it waits for is cancelled, too.
function Task:cancel()
  if self.cancelled or self:ended() then return end
  self.cancelled = true
  self.scheduler_:wake(self)
end

--- Whether its function has returned, failed or been cancelled.
function Task:ended()
  return not self.scheduler_.tasks_[self]
end

function Scheduler:current()
  local task = self.running_
  if not task then return nil end
  if running() ~= task.thread or not can_yield() then yieldable.refuse() end
  if task.cancelled then error(Driver.TASK_CANCELLED, 0) end
  return task
end

function Scheduler:suspend(task, _, deadline)
  task.suspended_ = true
  if deadline then
    self.timers_:add(task, deadline)
    yield(SUSPENDED)
    self.timers_:remove(task)
  else
    yield(SUSPENDED)
  end
end

function Scheduler:wake(task)
  if not task.suspended_ then return end
  task.suspended_ = false
  local last = self.last_ + 1
  self.last_ = last
  self.ready_[last] = task
end

function Scheduler:watch(driver)
  local drivers = self.drivers_
  drivers[#drivers + 1] = driver
end

function Scheduler:unwatch(driver)
  local drivers = self.drivers_
  for i = 1, #drivers do
    if drivers[i] == driver then return table.remove(drivers, i) end
  end
end

local function ended(self, task)
  if not self.tasks_[task] then return end
  self.tasks_[task] = nil
  self.alive_ = self.alive_ - 1
  self.timers_:remove(task)
end

-- A task's coroutine did not suspend itself: it ended, failed, or yielded to nobody we know.
local function settle(self, task, fine, what)
  if fine and what ~= ENDED then
    task.suspended_ = true
    return self:wake(task)
  end
  ended(self, task)
  if fine or what == Driver.TASK_CANCELLED then return end
  if type(what) == "string" and debug then what = debug.traceback(task.thread, what) end
  error(what, 0)
end

local function continue(self, task)
  local start = task.start_
  task.start_ = nil
  if start and task.cancelled then return ended(self, task) end
  local fine, what
  self.running_ = task
  if start then
    fine, what = resume(task.thread, unpack(start, 1, start.n + 1))
  else
    fine, what = resume(task.thread)
  end
  self.running_ = nil
  if what ~= SUSPENDED then settle(self, task, fine, what) end
end

-- Waits for several muxes, and gives each a turn.
local function step_all(drivers, seconds)
  local descriptors = {}
  for i = 1, #drivers do
    descriptors[i] = drivers[i]:pollfd()
  end
  if #descriptors == #drivers then
    curl.wait(seconds, descriptors)
    seconds = 0
  elseif not seconds or seconds > NO_DESCRIPTOR_TICK then
    seconds = NO_DESCRIPTOR_TICK
  end
  for i = #drivers, 1, -1 do
    if drivers[i] then drivers[i]:step(seconds) end
  end
end

-- Makes those ready whose time has come.
local function wake_due(self, timers)
  local time = now()
  local task = timers:first()
  while task and task.at <= time do
    timers:remove(task)
    self:wake(task)
    task = timers:first()
  end
end

--- Waits until a task can run, for at most that long (nil: for as long as it takes), then runs
--- every one that can. An error in a task comes out of here; the others go on with the next turn.
---@param seconds number|nil
function Scheduler:turn(seconds)
  local timers, drivers = self.timers_, self.drivers_
  if self.last_ >= self.first_ then
    seconds = 0
  elseif seconds ~= 0 and timers.count > 0 then
    local left = math.max(0, timers:first().at - now())
    if not seconds or left < seconds then seconds = left end
  end
  if #drivers == 1 then
    drivers[1]:step(seconds)
  elseif #drivers > 1 then
    step_all(drivers, seconds)
  elseif seconds ~= 0 then
    curl.wait(seconds)
  end
  if timers.count > 0 then wake_due(self, timers) end
  return self:run_ready()
end

--- Runs every task that can run now, without waiting for anything. Errors as for turn.
function Scheduler:run_ready()
  local ready = self.ready_
  local last = self.last_
  while self.first_ <= last do
    local task = ready[self.first_]
    ready[self.first_] = nil
    self.first_ = self.first_ + 1
    continue(self, task)
  end
  -- Empty: from the beginning again, so that it stays an array.
  if self.first_ > self.last_ then self.first_, self.last_ = 1, 0 end
end

-- Cancels every task and lets each end; one that yields all the same is given up.
local function end_all(self)
  for task in pairs(self.tasks_) do task:cancel() end
  while self.first_ <= self.last_ do
    local task = self.ready_[self.first_]
    self.ready_[self.first_] = nil
    self.first_ = self.first_ + 1
    if self.tasks_[task] then
      pcall(continue, self, task)
      if not task.suspended_ then ended(self, task) end
    end
  end
  self.running_ = nil
end

local function turn_until_all_ended(self)
  while self.alive_ > 0 do self:turn() end
end

--- Runs f(...) as a task, and with it every task spawned; returns when all have ended. An error in
--- a task ends the others, and comes out with the traceback of where it happened.
function Scheduler:run(f, ...)
  if type(f) ~= "function" then error("run: a function expected, got " .. type(f), 2) end
  if self.active_ then error("momento.run is running already: use momento.spawn in it", 2) end
  self:spawn(f, ...)
  self.active_ = true
  local fine, message = pcall(turn_until_all_ended, self)
  if not fine then end_all(self) end
  self.active_ = false
  if not fine then error(message, 0) end
end

-- Raises at the method's caller unless it is a time: NaN would never be over.
local function check_seconds(method, seconds)
  if type(seconds) == "number" and seconds == seconds then return end
  error(("%s: a number of seconds expected, got %s"):format(method,
    type(seconds) == "number" and "NaN" or type(seconds)), 3)
end

--- Lets the others run for that long; outside of tasks, blocks.
---@param seconds number
function Scheduler:sleep(seconds)
  check_seconds("sleep", seconds)
  local deadline = now() + seconds
  local task = self:current()
  if not task then
    repeat
      curl.wait(math.max(0, deadline - now()))
    until now() >= deadline
    return
  end
  repeat
    self:suspend(task, nil, deadline)
    if task.cancelled then error(Driver.TASK_CANCELLED, 0) end
  until now() >= deadline
end

-- A descriptor that somebody waits for: to the scheduler, as a driver is.
local Descriptor = {}
Descriptor.__index = Descriptor

function Descriptor:pollfd()
  return self.fd
end

function Descriptor:step(seconds)
  local fine, ready = curl.wait(seconds, { self.fd })
  if fine and ready then
    self.readable = true
  elseif not fine and ready ~= "interrupted" then
    self.problem = ready
  else
    return
  end
  if self.task then self.scheduler:wake(self.task) end
end

--- Waits until a descriptor can be read, or has ended; lets the other tasks run meanwhile.
---@param fd integer
---@param seconds number|nil
---@return boolean|nil whether it can be read: false when the time is over; nil, message, code,
--- detail when it is not open
function Scheduler:readable(fd, seconds)
  if type(fd) ~= "number" or fd < 0 or fd ~= math.floor(fd) then
    error("readable: a descriptor expected, got " .. tostring(fd), 2)
  end
  if seconds ~= nil then check_seconds("readable", seconds) end
  local deadline = seconds and now() + seconds
  local task = self:current()
  local watched = setmetatable({ fd = fd, task = task, scheduler = self }, Descriptor)
  if task then self:watch(watched) end
  repeat
    if task then
      self:suspend(task, nil, deadline)
    else
      watched:step(deadline and math.max(0, deadline - now()))
    end
  until watched.readable or watched.problem or task and task.cancelled
    or deadline and now() >= deadline
  if task then
    self:unwatch(watched)
    if task.cancelled then error(Driver.TASK_CANCELLED, 0) end
  end
  if watched.problem then return errors.invalid("readable: " .. watched.problem) end
  return watched.readable or false
end

--- The one behind momento.run.
Scheduler.default = Scheduler.new()

return Scheduler
