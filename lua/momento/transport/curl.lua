--- The transport over libcurl: makes the mux of a client and the driver that waits on it. One
--- request at a time is all it knows; must not know sequences or retries.
---
--- A transport has these methods (see driver.lua for their contracts): publish, poll, flush, wait,
--- cancel, sleep, now, pending, close.

local curl = require "momento.curl"
local Driver = require "momento.driver"

local Transport = {}

--- The loops that can be named.
local function loop_of(given, max_messages)
  if given == nil then return require "momento.loop.scheduler".default end
  if given == "update" then return require "momento.loop.update".new(max_messages) end
  return given
end

--- A Driver that waits on a new mux.
---@param options table origin, authorization, user_agent, connect_timeout, ca_file, max_body,
--- loop, max_messages
function Transport.new(options)
  local mux = curl.mux {
    origin = options.origin,
    headers = {
      "Authorization: " .. options.authorization,
      "User-Agent: " .. options.user_agent,
      "Accept: application/json",
    },
    connect_timeout = options.connect_timeout,
    ca_file = options.ca_file,
    max_body = options.max_body,
  }
  return Driver.new(mux, loop_of(options.loop, options.max_messages), curl.now)
end

return Transport
