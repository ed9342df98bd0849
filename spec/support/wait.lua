-- Waiting for a condition with a deadline: the only kind of sleep that a spec may use.

local socket = require "socket"

local wait = {}

--- Calls condition() until it returns something true, which is returned; raises after `seconds`
--- (20 by default) with `what`, a text or a function that makes one.
function wait.wait_until(condition, seconds, what)
  local deadline = socket.gettime() + (seconds or 20)
  local pause = 0.001
  while true do
    local result = condition()
    if result then return result end
    if socket.gettime() > deadline then
      if type(what) == "function" then what = what() end
      error(("waited %g s for %s"):format(seconds or 20, what or "a condition"), 2)
    end
    socket.sleep(pause)
    pause = math.min(pause * 1.5, 0.05)
  end
end

return wait
