--- Waiting in Copas: for clients made with { loop = require "momento.loop.copas" (copas) }. Copas 1
--- can wait for nothing but sockets, so every waiting task is one, for all that LuaSocket's select
--- knows: it has a descriptor (getfd) and can say that it is readable at once (dirty). One task of
--- each mux leads: it has the mux's descriptor, and steps; the mux's alarm wakes it when the time
--- of any task has come. Must not know what is waited for.

local Timers = require "momento.loop.timers"
local socket = require "socket"
local yieldable = require "momento.loop.yieldable"

local Task = {}
Task.__index = Task

function Task:getfd()
  local leads = self.leads and not self.woken -- the driver may be closed then
  return leads and self.driver:pollfd() or self.loop.idle_:getfd()
end

function Task:dirty()
  return self.woken
end

-- What copas.receive calls: first to see that there is nothing yet, then when select said so.
function Task:receive()
  self.asked = not self.asked
  if self.asked and not self.woken then return nil, "timeout" end
  self.asked = false
  return true
end

-- Copas closes the socket that an ended thread waited for last.
function Task.close() end

local Loop = { name = "copas" }
Loop.__index = Loop

--- The task of the running coroutine; nil, so that waits block, in the main program.
function Loop:current()
  local thread, main = coroutine.running()
  if not thread or main then return nil end
  if not yieldable.possible() then yieldable.refuse() end
  local task = self.tasks_[thread]
  if not task then
    task = setmetatable({ thread = thread, loop = self }, Task)
    self.tasks_[thread] = task
  end
  return task
end

-- Steps for all that wait for the driver, wakes those whose time has come, and gives the lead away.
local function lead(self, waiting, driver)
  local timers = waiting.timers
  driver:step(0)
  while timers.count > 0 and timers:first().at <= driver.now() do
    local due = timers:first()
    timers:remove(due)
    self:wake(due)
  end
  local follower = next(waiting.tasks)
  if follower then follower.leads = true end
  waiting.leader = follower
end

-- The mux's descriptor is to be readable when the time of the first has come.
local function set_alarm(timers, driver)
  if timers.count > 0 then driver:alarm(timers:first().at) end
end

function Loop:suspend(task, driver, deadline)
  local waiting = self.waiting_[driver]
  if not waiting.leader then waiting.leader = task end
  task.driver, task.leads, task.woken, task.asked = driver, waiting.leader == task, false, false
  waiting.tasks[task] = true
  if deadline then waiting.timers:add(task, deadline) end
  set_alarm(waiting.timers, driver)
  self.copas_.receive(task, 1)
  waiting.tasks[task] = nil
  waiting.timers:remove(task)
  if task.leads then
    task.leads = false
    lead(self, waiting, driver)
    set_alarm(waiting.timers, driver)
  end
end

function Loop.wake(_, task)
  task.woken = true
end

function Loop:watch(driver)
  self.waiting_[driver] = self.waiting_[driver] or { tasks = {}, timers = Timers.new() }
end

function Loop.unwatch() end

--- A loop for clients whose calls are made from Copas threads.
---@param copas table require "copas"
---@return momento.Loop
return function(copas)
  if type(copas) ~= "table" or not copas.receive then
    error('momento.loop.copas: require "copas" expected, got ' .. type(copas), 2)
  end
  return setmetatable({
    copas_ = copas,
    -- Coroutine -> task. Weak in both, since a task holds its coroutine; who waits holds the task.
    tasks_ = setmetatable({}, { __mode = "kv" }),
    waiting_ = setmetatable({}, { __mode = "k" }), -- driver -> who waits for it
    idle_ = assert(socket.udp4()), -- bound to nothing, so never readable
  }, Loop)
end
