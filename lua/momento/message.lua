--- What messages can do: the methods of the tables that subscriptions hand out. JSON is
--- lua-cjson's, which is loaded when it is first asked for.

local core = require "momento.core"

local MISSING = "%s needs lua-cjson: luarocks install lua-cjson"

local message = {}

--- lua-cjson, or raises at `level` of the caller.
---@param what string who needs it
function message.cjson(what, level)
  local found, cjson = pcall(require, "cjson.safe")
  if not found then error(MISSING:format(what), (level or 1) + 1) end
  return cjson
end

local methods = core.message_meta.__index

methods.kind = "message"

--- The value as the JSON it holds.
---@return any|nil value, or nil, message, code, detail when it is no JSON
function methods.json(self)
  local value, problem = message.cjson("message:json()", 2).decode(self.value)
  if value == nil then
    return nil, "the message is not JSON: " .. tostring(problem), "INVALID_ARGUMENT_ERROR",
      { retryable = false }
  end
  return value
end

return message
