--- What `require "momento"` gives. Parts are loaded when they are first used: in nginx nothing may
--- load libcurl.

local momento = { _VERSION = require "momento.version" }

local function scheduler()
  return require "momento.loop.scheduler".default
end

--- A client for one endpoint and API key. See momento.client for the options.
---@param options momento.ClientOptions|nil
---@return momento.Client|nil
---@return string|nil message
---@return momento.Code|nil code
---@return momento.Detail|nil detail
function momento.client(options)
  -- No tail call: errors about options count levels up to the caller.
  local client, message, code, detail = require "momento.client".new(options, 3)
  return client, message, code, detail
end

--- Runs f(...) and every function spawned in it, as tasks; returns when all have ended. Inside,
--- what waits lets the others run. An error in one of them ends all and comes out of here.
---@param f function
function momento.run(f, ...)
  return scheduler():run(f, ...)
end

--- Starts f(...) beside what runs. The task has cancel() and ended().
---@param f function
---@return momento.Task
function momento.spawn(f, ...)
  return scheduler():spawn(f, ...)
end

--- Waits; lets other tasks run meanwhile.
---@param seconds number
function momento.sleep(seconds)
  return scheduler():sleep(seconds)
end

--- Waits until a descriptor can be read (0: stdin); lets other tasks run meanwhile.
---@param descriptor integer
---@param seconds number|nil
---@return boolean|nil whether it can be read: false when the time is over; nil: it is not open
---@return string|nil message
---@return momento.Code|nil code
---@return momento.Detail|nil detail
function momento.readable(descriptor, seconds)
  return scheduler():readable(descriptor, seconds)
end

return momento
