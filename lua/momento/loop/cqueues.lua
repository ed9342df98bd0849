--- Waiting in cqueues: for clients made with { loop = require "momento.loop.cqueues" (cq) }. Of the
--- tasks that wait for one mux, one leads: it polls the descriptor and steps; the others wait on
--- conditions of their own, and one of them leads next. Must not know what is waited for.

local cqueues = require "cqueues"
local condition = require "cqueues.condition"
local yieldable = require "momento.loop.yieldable"

local poll, running = cqueues.poll, cqueues.running

local Loop = { name = "cqueues" }
Loop.__index = Loop

--- The task of the running coroutine; nil, so that waits block, outside of any controller.
function Loop:current()
  local controller, directly = running()
  if not controller then return nil end
  if not directly then yieldable.refuse() end
  if not yieldable.possible() then yieldable.refuse() end
  local thread = coroutine.running()
  local task = self.tasks_[thread]
  if not task then
    task = { thread = thread, condition = condition.new() }
    self.tasks_[thread] = task
  end
  return task
end

function Loop:suspend(task, driver, deadline)
  local seconds = deadline and math.max(0, deadline - driver.now())
  local waiting = self.waiting_[driver]
  waiting[task] = true
  if self.leaders_[driver] then
    poll(task.condition, seconds)
    waiting[task] = nil
  else
    self.leaders_[driver] = task
    poll(driver, task.condition, seconds)
    waiting[task], self.leaders_[driver] = nil, nil
    driver:step(0)
  end
  -- One that was to lead next may have had its own result by then, so each who leaves looks.
  if self.leaders_[driver] then return end
  local follower = next(waiting)
  if follower then follower.condition:signal() end
end

function Loop:wake(task)
  task.condition:signal()
end

function Loop:watch(driver)
  self.waiting_[driver] = self.waiting_[driver] or {}
  self.descriptors_[driver] = driver:pollfd()
end

--- cqueues is to forget the descriptor before its number is used again.
function Loop:unwatch(driver)
  local descriptor = self.descriptors_[driver]
  self.descriptors_[driver] = nil
  if descriptor then cqueues.cancel(descriptor) end
end

--- A loop for clients whose calls are made from coroutines of a cqueues controller.
---@param controller userdata cqueues.new()
---@return momento.Loop
return function(controller)
  if cqueues.type(controller) ~= "controller" then
    error("momento.loop.cqueues: a controller made by cqueues.new() expected, got "
      .. type(controller), 2)
  end
  local weak = { __mode = "k" }
  return setmetatable({
    -- Coroutine -> task. Weak in both, since a task holds its coroutine; who waits holds the task.
    tasks_ = setmetatable({}, { __mode = "kv" }),
    waiting_ = setmetatable({}, weak), -- driver -> its suspended tasks, as keys
    leaders_ = setmetatable({}, weak), -- driver -> the task that polls and steps
    descriptors_ = setmetatable({}, weak), -- driver -> what cqueues may know of it
  }, Loop)
end
