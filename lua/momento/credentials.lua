--- From an API key and an endpoint, as people have them, to the origin that requests go to and the
--- token that authorizes them (protocol section 6). Never judges whether a key is still valid, and
--- never puts one into a message.

local core = require "momento.core"
local errors = require "momento.errors"

local credentials = {}

local SUFFIX = ".prod.a.momentohq.com"

local REGIONS = {
  ["us-east-1"] = "cell-us-east-1-1",
  ["us-east-2"] = "cell-1-us-east-2-1",
  ["us-west-2"] = "cell-4-us-west-2-1",
  ["eu-west-1"] = "cell-1-eu-west-1-1",
  ["eu-west-2"] = "cell-1-eu-west-2-1",
  ["eu-central-1"] = "cell-1-eu-central-1-1",
  ["eu-north-1"] = "cell-1-eu-north-1-1",
  ["ap-south-1"] = "cell-1-ap-south-1-1",
  ["ap-northeast-1"] = "cell-ap-northeast-1-1",
  ["ap-southeast-1"] = "cell-1-ap-southeast-1-1",
  ["ap-southeast-2"] = "cell-1-ap-southeast-2-1",
}

local NO_KEY = "no API key: pass api_key or set MOMENTO_API_KEY"
  .. " (topicsd prints one when it starts; the Momento console makes them)"
local NO_ENDPOINT = "this API key does not say where its service is:"
  .. " pass endpoint or set MOMENTO_ENDPOINT (a region such as us-east-1, a host, or a URL)"
local BROKEN_KEY = "the API key cannot be read: it looks like one that was cut short or changed"
  .. " when it was copied; copy it again, in whole"
local BAD_BYTES = "the API key has white space or control characters inside:"
  .. " copy it again, in one line"

local function trimmed(text)
  if text == nil then return nil end
  text = text:match("^%s*(.-)%s*$")
  return text ~= "" and text or nil
end

-- The string members of the JSON object that text is the base64 of.
local function object_in(text)
  local json = core.base64_decode(text)
  return json and core.json_object(json)
end

-- What a key is: the token to send, and the endpoint it names, if it does. Nil when unreadable.
local function read_key(key)
  local payload = key:match("^[%w_-]+%.([%w_-]+)%.[%w_-]*$")
  if payload then
    local claims = object_in(payload)
    if not claims then return nil end
    return key, claims.cp and claims.c
  end
  local members = object_in(key)
  if members and members.api_key then
    return trimmed(members.api_key), trimmed(members.endpoint)
  end
  -- Base64 of an object begins so; anything else is a key as topicsd --api-key takes it.
  if members or key:find("^eyJ") then return nil end
  return key, nil
end

local function known_regions()
  local names = {}
  for name in pairs(REGIONS) do names[#names + 1] = name end
  table.sort(names)
  return table.concat(names, ", ")
end

-- An endpoint for a message; somebody may have passed the key in its place.
local function shown(endpoint)
  if #endpoint > 100 or endpoint:find("eyJ", 1, true) then return "(not shown, may be a key)" end
  return ("%q"):format(endpoint)
end

-- "host" or "host:port" with nothing in it that a host cannot have.
local function is_authority(text)
  local host, port = text:match("^(.-):(%d+)$")
  if not host then host, port = text, "443" end
  if tonumber(port) < 1 or tonumber(port) > 65535 then return false end
  return host:find("^%[[%x:.]+%]$") ~= nil
    or (host:find("^[%w_.-]+$") ~= nil and host:find("^[%w_]") ~= nil)
end

--- The origin that an endpoint stands for.
---@param endpoint string a URL, a region, or a host
---@return string|nil origin "https://host[:port]"
---@return string|nil message what is wrong with the endpoint
function credentials.origin(endpoint)
  local scheme, rest = endpoint:match("^(%a[%w+.-]*)://(.*)$")
  if scheme then
    scheme = scheme:lower()
    if scheme ~= "http" and scheme ~= "https" then
      return nil, ("endpoint %s: a URL must begin with http:// or https://"):format(shown(endpoint))
    end
    local authority = rest:gsub("/+$", "")
    if authority:find("@", 1, true) then
      return nil, "endpoint: a URL must have no user name or password in it"
    end
    if authority:find("[/?#]") then
      return nil, ("endpoint %s: a URL must end after the host and port"):format(shown(endpoint))
    end
    if not is_authority(authority) then
      return nil, ("endpoint %s: the URL has no valid host and port"):format(shown(endpoint))
    end
    return scheme .. "://" .. authority
  end
  local cell = REGIONS[endpoint:lower()]
  if cell then return "https://api.cache." .. cell .. SUFFIX end
  local host = endpoint:gsub("/+$", "")
  if not is_authority(host) then
    return nil, ("endpoint %s is no region, host or URL"):format(shown(endpoint))
  end
  if not host:find(".", 1, true) then
    if host:find("^localhost") then
      return nil, ("endpoint %s: say http://%s or https://%s"):format(shown(endpoint), host, host)
    end
    return nil, ("endpoint %s is no region known here (%s), and no host name or URL either")
      :format(shown(endpoint), known_regions())
  end
  if host:find("^%d+%.%d+%.%d+%.%d+") then
    return nil, ("endpoint %s: say http://%s or https://%s"):format(shown(endpoint), host, host)
  end
  if host:find("^api%.cache%.") then return "https://" .. host end
  if host:find("^cache%.") then return "https://api." .. host end
  return "https://api.cache." .. host
end

--- Finds key and endpoint in what was given, then in the environment. An endpoint that is given
--- wins over the one inside the key, and that one over MOMENTO_ENDPOINT.
---@param given { api_key: string|nil, endpoint: string|nil, logger: function|nil }
---@param getenv (fun(name: string): string|nil)|nil os.getenv unless given
---@return string|nil origin
---@return string token, or the message, code, detail of an error
function credentials.resolve(given, getenv)
  getenv = getenv or os.getenv
  local key = trimmed(given.api_key)
    or (given.api_key == nil
      and (trimmed(getenv "MOMENTO_API_KEY") or trimmed(getenv "MOMENTO_AUTH_TOKEN")))
  if not key then return errors.invalid(NO_KEY) end
  if key:find("[%s%c\127-\255]") then return errors.invalid(BAD_BYTES) end
  local token, inner = read_key(key)
  if not token then return errors.invalid(BROKEN_KEY) end
  if token:find("[%s%c\127-\255]") then return errors.invalid(BAD_BYTES) end
  local endpoint = trimmed(given.endpoint) or inner or trimmed(getenv "MOMENTO_ENDPOINT")
  if not endpoint then return errors.invalid(NO_ENDPOINT) end
  local origin, message = credentials.origin(endpoint)
  if not origin then return errors.invalid(message) end
  if given.logger and inner and not trimmed(given.endpoint) then
    local ignored = trimmed(getenv "MOMENTO_ENDPOINT")
    if ignored and credentials.origin(ignored) ~= origin then
      given.logger("warn", ("MOMENTO_ENDPOINT is not used: the API key names an endpoint of its"
        .. " own, %s; pass endpoint to go elsewhere"):format(shown(inner)))
    end
  end
  return origin, token
end

return credentials
