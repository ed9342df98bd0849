--- Waiting without a loop: the caller steps the mux until what it waits for is there, and nothing
--- else runs meanwhile. Nothing is noted down, so an error in the middle (Ctrl-C) leaves nothing
--- behind. Must not know what is waited for.
---
--- As a loop (see driver.lua), this blocks always, even inside momento.run.

local blocking = { name = "blocking" }

--- Nobody to suspend: the driver is to call wait, flush or sleep below.
function blocking.current() return nil end

-- Seconds to wait at most, nil for any time.
local function left(driver, deadline)
  if not deadline then return nil end
  local seconds = deadline - driver.now()
  return seconds > 0 and seconds or 0
end

local main, is_main = coroutine.running()
local gethook = is_main and debug and debug.gethook

-- A signal ended a step. The interpreter has set a hook on the main thread, which turns Ctrl-C into
-- an error there; a coroutine has to give way to it.
local function interrupted()
  if gethook and coroutine.running() ~= main and gethook(main) then error("interrupted!", 0) end
end

--- Called when a driver closes; there is nothing to undo.
function blocking.unwatch() end

--- Waits for the result of a ticket. As driver:wait; `poll`: the result of a poll, which somebody
--- may cancel meanwhile (a finalizer).
function blocking.wait(driver, ticket, deadline, poll)
  local mux = driver.mux
  repeat
    local seconds = left(driver, deadline)
    if mux:step(seconds) == nil then interrupted() end
    if not driver.mux then return driver:refuse() end
    local ended, a, b, c, d = mux:collect()
    while ended do
      if ended == ticket then return a, b, c, d end
      driver:hand_over(ended, a, b, c, d)
      if not driver.mux then return driver:refuse() end -- a finalizer has closed it
      ended, a, b, c, d = mux:collect()
    end
    if poll and not driver:keeps(ticket) then return driver:refuse() end
  until seconds == 0
  return false
end

--- Waits until a request is sent.
function blocking.flush(driver, ticket)
  while driver.mux and not driver.mux:sent(ticket) do
    if not driver:step() then interrupted() end
  end
  return true
end

--- Waits for a time.
function blocking.sleep(driver, deadline)
  repeat
    local seconds = left(driver, deadline)
    if not driver:step(seconds) then interrupted() end
    if not driver.mux then return driver:refuse() end
  until seconds == 0
  return false
end

-- LuaJIT's compiled code does not look for signals; the interpreter does, after each step.
local jit = rawget(_G, "jit")
if jit then
  for _, wait in pairs { blocking.wait, blocking.flush, blocking.sleep } do jit.off(wait) end
end

return blocking
