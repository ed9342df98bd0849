--- Vends disposable tokens: POST /tokens, which topicsd has (protocol section 6; the hosted
--- service vends tokens over its SDKs). Knows what a request for one looks like; whether it is
--- granted is for the server to say. Adds its method to the client userdata.

local core = require "momento.core"
local errors = require "momento.errors"
local message = require "momento.message"
local options = require "momento.options"

local state_of = core.state
local methods = core.client_methods

local ROLES = { publishsubscribe = true, publishonly = true, subscribeonly = true }

local function role(value)
  if not ROLES[value] then return '"publishsubscribe", "publishonly" or "subscribeonly"' end
end

local function topic(value)
  if type(value) == "string" then return nil end
  if type(value) == "table" and type(value.prefix) == "string" and next(value) == "prefix"
    and next(value, "prefix") == nil then return nil end
  return 'a name, "*" or { prefix = "..." }'
end

local PERMISSION = { role = role, cache = "string", topic = topic }
local REQUEST = { permissions = "table", expires_in = options.count, token_id = "string" }

-- The permissions as the request has them; raises at the caller of vend_token.
local function checked(given)
  local permissions = {}
  for i, permission in ipairs(given) do
    local where = ("vend_token: permission %d"):format(i)
    permissions[i] = options.copy(where, permission, PERMISSION, 3)
    for name in pairs(PERMISSION) do
      if permissions[i][name] == nil then error(where .. " lacks " .. name, 3) end
    end
  end
  return permissions
end

--- Vends a token that may do what `permissions` say until it expires. The client's own key must be
--- a full one. Waits for the answer.
---@param given table permissions: a list of { role = "publishsubscribe" | "publishonly" |
--- "subscribeonly", cache = name or "*", topic = name, "*" or { prefix = p } }; expires_in:
--- seconds, at most 25 hours; token_id: the publisher_id of what is published with it, or nil
---@return table|nil token { api_key =, endpoint =, valid_until = seconds since the epoch }, or nil,
--- message, code, detail
function methods.vend_token(self, given)
  local state = state_of(self)
  local request = options.copy("vend_token", given, REQUEST)
  if not request.permissions then error("vend_token: permissions are missing", 2) end
  if not request.expires_in then error("vend_token: expires_in (seconds) is missing", 2) end
  request.permissions = checked(request.permissions)
  if #request.permissions == 0 then error("vend_token: at least one permission is needed", 2) end
  local json = message.cjson("vend_token", 2)
  if not state.transport then return errors.closed "client" end
  if state.background then error('vend_token waits: not for clients with loop = "update"', 2) end
  local status, body, what, detail = state.transport:publish("/tokens", json.encode(request),
    "application/json", state.timeout)
  if detail and detail.unwind then error(detail, 0) end -- the task was cancelled
  if not status then return nil, body, what, detail end
  if status ~= 200 then return nil, errors.from_status(status, body, what, state.secret) end
  local token = json.decode(body)
  if type(token) ~= "table" or type(token.api_key) ~= "string" then
    return nil, "the server's answer holds no token", "UNKNOWN_SERVICE_ERROR",
      { retryable = false, status = status }
  end
  -- lua-cjson gives floats.
  if type(token.valid_until) == "number" then token.valid_until = math.floor(token.valid_until) end
  return token
end
