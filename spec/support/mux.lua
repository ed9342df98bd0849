-- What specs of momento.curl do again and again.

local curl = require "momento.curl"
local lfs = require "lfs"
local socket = require "socket"
local wait = require "spec.support.wait"

local mux = {}

--- Opens a mux to a peer; options as of curl.mux.
function mux.open(url, options)
  local all = { origin = url, headers = { "Authorization: token" } }
  for name, value in pairs(options or {}) do all[name] = value end
  return curl.mux(all)
end

--- Steps until something can be collected: { ticket, status, body, ... }.
function mux.collect(opened, seconds)
  return wait.wait_until(function()
    opened:step(0.5)
    local result = { opened:collect() }
    return result[1] and result
  end, seconds or 30, "a result")
end

--- One request from its submission to its result, without the ticket.
function mux.exchange(opened, kind, body, content_type, seconds)
  local ticket = assert(opened:submit(kind, "/topics/c/t", body, content_type, seconds or 20))
  local result = mux.collect(opened)
  assert(result[1] == ticket, "another ticket")
  return result[2], result[3], result[4], result[5]
end

--- Steps until condition() holds.
function mux.step_until(opened, condition, what)
  return wait.wait_until(function()
    opened:step(0.05)
    return condition()
  end, 30, what)
end

--- A listener of this machine that answers no connection, since its queue is full: its origin, and
--- what closes it.
function mux.deaf()
  local sockets = { assert(socket.bind("127.0.0.1", 0, 1)) }
  local _, port = sockets[1]:getsockname()
  for i = 2, 4 do
    sockets[i] = socket.tcp()
    sockets[i]:settimeout(0)
    sockets[i]:connect("127.0.0.1", port)
  end
  return "http://127.0.0.1:" .. port, function()
    for _, each in ipairs(sockets) do each:close() end
  end
end

--- The local ports of the established connections to a port of this machine.
function mux.connections(port)
  local ports, wanted = {}, ("0100007F:%04X 01"):format(port)
  for line in assert(io.open "/proc/net/tcp"):lines() do
    local here, there = line:match "^%s*%d+: %x+:(%x+) (%x+:%x+ %x+) "
    if there == wanted then ports[#ports + 1] = tonumber(here, 16) end
  end
  return ports
end

--- How many descriptors this process has open, but for what is garbage.
function mux.descriptors()
  collectgarbage()
  collectgarbage()
  local count = 0
  for _ in lfs.dir "/proc/self/fd" do count = count + 1 end
  return count
end

return mux
