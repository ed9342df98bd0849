-- A name server for nginx, which does not read /etc/hosts: every name has the address 127.0.0.1,
-- and names that begin with "nowhere." do not exist. As a program it serves; as a module it starts
-- one.

local process, socket

local function answer(query)
  local id, questions = query:sub(1, 2), query:sub(5, 6)
  -- The question is its name (lengths and labels up to a zero byte), a type and a class.
  local question = query:match("^.-%z....", 13)
  if query:find("^\7nowhere", 13) then
    return id .. "\129\131" .. questions .. ("\0"):rep(6) .. question
  end
  local address = "\192\12\0\1\0\1\0\0\0\1\0\4\127\0\0\1"
  return id .. "\129\128" .. questions .. "\0\1\0\0\0\0" .. question .. address
end

local function serve()
  local udp = assert(socket.udp())
  assert(udp:setsockname("127.0.0.1", 0))
  local _, port = udp:getsockname()
  print("port " .. port)
  io.stdout:flush()
  while true do
    local query, host, from = udp:receivefrom()
    if query then udp:sendto(answer(query), host, from) end
  end
end

socket = require "socket"
if arg and arg[0] and arg[0]:find "dns%.lua$" then serve() end

process = require "spec.support.process"

local Dns = {}

--- Starts one; its port is the field `port`.
function Dns.start()
  local server = process.start { process.lua, "spec/support/dns.lua" }
  return { port = server:wait_for_output "^port (%d+)\n", process = server }
end

return Dns
