--- How long to wait before asking again: exponential backoff with full jitter, and what the server
--- asked for (protocol section 5). Knows numbers only: no clock, no requests. Random numbers are
--- its own, since math.random is the program's, and starts with the same ones in every process of
--- Lua 5.1 to 5.3: a thousand clients would come back in step.

local retry = {}

local FIRST = 0.1 -- seconds: the longest first wait
local LONGEST = 10 -- seconds
local RETRY_AFTER_LONGEST = 60 -- seconds: more than that is taken for a server's mistake

--- An answer that took less than this came from a server that does not hold polls, or cannot now.
retry.QUICK = 1 -- seconds

--- How often a publish is sent again while none of it has reached a server.
retry.PUBLISH_ATTEMPTS = 3

local MODULUS = 2147483647 -- Park and Miller's generator: exact in a double
local seed

-- The address of a new table differs between processes that start in the same second.
local function first_seed()
  local address = tonumber((tostring({}):match("%x+$")), 16) or 0
  return (os.time() * 16807 + os.clock() * 1e6 + address) % (MODULUS - 1)
end

local function random()
  seed = math.floor(seed or first_seed())
  seed = ((seed % (MODULUS - 1) + 1) * 16807) % MODULUS
  return seed / MODULUS
end

--- Seconds to wait after `failures` failed attempts in a row.
---@param failures integer 1 or more
---@param retry_after number|nil seconds, as the server asked
---@param draw (fun(): number)|nil gives a number in [0, 1); for specs
---@return number seconds
function retry.delay(failures, retry_after, draw)
  if retry_after and retry_after > 0 then return math.min(retry_after, RETRY_AFTER_LONGEST) end
  local ceiling = math.min(LONGEST, FIRST * 2 ^ math.min(failures - 1, 16))
  return ceiling * (draw or random)()
end

return retry
