--- The loop of a program without one: whoever waits steps the mux, and nothing else runs
--- meanwhile. See driver.lua for what a loop is. Must not know what is waited for.

local Blocking = {}
Blocking.__index = Blocking

--- The one who waits: the whole program. A wait that an error ended (Ctrl-C) never gave its task
--- back, and one begun by a finalizer is inside another; both need a task of their own.
function Blocking:current()
  local task = self.task_
  if task.waiting then
    task = {}
    self.task_ = task
  end
  return task
end

function Blocking.suspend(_, task, driver, deadline)
  task.waiting = true
  local seconds = deadline and deadline - driver.now()
  if seconds and seconds < 0 then seconds = 0 end
  driver:step(seconds)
  task.waiting = false
end

function Blocking.wake() end

function Blocking.watch() end

function Blocking.unwatch() end

return setmetatable({ name = "blocking", task_ = {} }, Blocking)
