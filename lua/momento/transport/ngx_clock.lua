--- Time inside an nginx worker: a clock that never jumps, and dates of HTTP as seconds from now.

local ffi = require "ffi"

local ngx = ngx

local clock = {}

-- nginx's own clock, which Lua is not shown; ngx.now() jumps when the machine's time is set.
local declared = pcall(ffi.cdef, "extern volatile uintptr_t ngx_current_msec;")
local exported = declared and pcall(function() return ffi.C.ngx_current_msec end)

---@return number seconds, as of this turn of the event loop
if exported then
  function clock.now() return tonumber(ffi.C.ngx_current_msec) / 1000 end
else
  clock.now = ngx.now
end

--- What a Retry-After header asks for.
---@param value string|nil seconds or a date of HTTP
---@return number|nil seconds from now, nil when there is none or it says nothing
function clock.seconds_until(value)
  if not value then return nil end
  if value:match("^[0-9]+$") then return tonumber(value) end
  local date = ngx.parse_http_time(value)
  return date and math.max(0, date - ngx.time())
end

return clock
