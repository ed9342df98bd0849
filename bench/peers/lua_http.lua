-- lua-http, as Debian has it (for Lua 5.1): a connection that is kept, a stream on it for each
-- request (its http.request makes a connection each time). Modes and arguments as in bench/loop.c:
-- publish BYTES, publish-many BYTES FLIGHT, idle.

local cqueues = require "cqueues"
local http_client = require "http.client"
local http_headers = require "http.headers"

local mode, url, token, count = arg[1], arg[2], arg[3], tonumber(arg[4])
local bytes, flight = tonumber(arg[5]), tonumber(arg[6])
local host, port, path = url:match "^http://([^:/]+):(%d+)(/.*)$"

local function connect()
  return assert(http_client.connect { host = host, port = tonumber(port), tls = false })
end

local function headers(method, target, length)
  local list = http_headers.new()
  list:append(":method", method)
  list:append(":scheme", "http")
  list:append(":authority", host .. ":" .. port)
  list:append(":path", target)
  list:append("authorization", token)
  if length then
    list:append("content-type", "text/plain")
    list:append("content-length", tostring(length))
  end
  return list
end

local function publish(connection, value)
  local stream = connection:new_stream()
  assert(stream:write_headers(headers("POST", path, #value), false))
  assert(stream:write_chunk(value, true))
  local answer = assert(stream:get_headers())
  assert(answer:get ":status" == "204", answer:get ":status")
  stream:shutdown()
end

local function publish_all(tasks)
  local value, left = ("x"):rep(bytes), count
  local loop = cqueues.new()
  for _ = 1, tasks do
    loop:wrap(function()
      local connection = connect()
      while left > 0 do
        left = left - 1
        publish(connection, value)
      end
    end)
  end
  local start = cqueues.monotime()
  assert(loop:loop())
  local seconds = cqueues.monotime() - start
  print(("%s count=%d rate=%.0f cpu_us=%.2f"):format(mode, count, count / seconds,
    os.clock() * 1e6 / count))
end

local function resident()
  collectgarbage()
  collectgarbage()
  local file = assert(io.open "/proc/self/status")
  local text = file:read "*a"
  file:close()
  return tonumber(text:match "VmRSS:%s*(%d+)") * 1024
end

local function idle()
  local before = resident()
  local loop = cqueues.new()
  local waiting = 0
  for _ = 1, count do
    loop:wrap(function()
      local stream = connect():new_stream()
      assert(stream:write_headers(headers("GET", path .. "-idle"), true))
      waiting = waiting + 1
      stream:get_headers()
    end)
  end
  while waiting < count do assert(loop:step()) end
  print(("idle count=%d bytes=%.0f"):format(count, (resident() - before) / count))
  os.exit(0) -- with polls under way
end

if mode == "idle" then idle() else publish_all(flight or 1) end
