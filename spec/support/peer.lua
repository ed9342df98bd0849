-- A scripted HTTP peer that misbehaves as told: a process of its own (peer_server.lua), so that a
-- client under test may block. Each request takes the next step of the list; the last one repeats.
--
-- A step, all fields optional, in the order in which they act:
--   at_connect = true   act on a new connection, before any request is read
--   wait = seconds      before anything is sent
--   send = bytes        the answer, as it is
--   drip = n            send n bytes at a time,
--   pause = seconds     with this pause between them (0.005)
--   hold = true         keep the connection open and silent until the client closes it
--   close = true        close the connection; reset = true: close it with a reset
-- Without hold, close and reset the connection takes its next request.

local process = require "spec.support.process"

local Peer = {}
Peer.__index = Peer

local function literal(value)
  if type(value) == "string" then return ("%q"):format(value) end
  return tostring(value)
end

local function serialise(steps)
  local lines = { "return {" }
  for _, step in ipairs(steps) do
    local fields = {}
    for name, value in pairs(step) do fields[#fields + 1] = name .. " = " .. literal(value) end
    lines[#lines + 1] = "{ " .. table.concat(fields, ", ") .. " },"
  end
  lines[#lines + 1] = "}\n"
  return table.concat(lines, "\n")
end

--- Starts a peer; url and port are fields of the result.
function Peer.start(steps)
  local directory = process.directory()
  local script = assert(io.open(directory .. "/steps.lua", "wb"))
  script:write(serialise(steps))
  script:close()
  local self = setmetatable({ directory_ = directory }, Peer)
  self.process = process.start {
    process.lua, "spec/support/peer_server.lua",
    directory .. "/steps.lua", directory .. "/requests",
  }
  self.port = tonumber(self.process:wait_for_output "^port (%d+)\n")
  self.url = "http://127.0.0.1:" .. self.port
  return self
end

--- The requests received so far, complete ones, in the order in which they were answered.
function Peer:requests()
  local text = process.read_file(self.directory_ .. "/requests") or ""
  local list, at = {}, 1
  while true do
    local size, first = text:match("^(%d+)\n()", at)
    if not size or first + size - 1 > #text then return list end
    list[#list + 1] = text:sub(first, first + size - 1)
    at = first + size
  end
end

--- Waits until at least `count` requests have come; all of them.
function Peer:wait_for_requests(count, seconds)
  return process.wait_until(function()
    local list = self:requests()
    return #list >= count and list
  end, seconds, function() return ("%d requests; %d came"):format(count, #self:requests()) end)
end

--- An answer with a right Content-Length, for `send`.
function Peer.answer(status, body, headers)
  local lines = { ("HTTP/1.1 %d Answer"):format(status) }
  for _, line in ipairs(headers or {}) do lines[#lines + 1] = line end
  lines[#lines + 1] = "Content-Length: " .. #(body or "")
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. (body or "")
end

function Peer:stop()
  self.process:stop()
end

return Peer
