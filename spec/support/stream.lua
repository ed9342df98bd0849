-- A streaming answer read line by line, such as Server-Sent Events.

local http = require "spec.support.http"
local socket = require "socket"

local Stream = {}
Stream.__index = Stream

--- Asks for a path; returns once the head of the answer is there.
---@param server table with a port
---@param path string
---@param headers table|nil
function Stream.open(server, path, headers)
  local connection = http.connect("127.0.0.1", server.port)
  local request = { ("GET %s HTTP/1.1"):format(path), "Host: 127.0.0.1:" .. server.port }
  for name, value in pairs(headers or {}) do request[#request + 1] = name .. ": " .. value end
  assert(connection:send(table.concat(request, "\r\n") .. "\r\n\r\n"))
  local self = setmetatable({ connection_ = connection, buffer_ = "" }, Stream)
  self.status = tonumber(assert(connection:receive "*l"):match "^HTTP/1%.1 (%d+)")
  self.headers = {}
  for line in function() return connection:receive "*l" end do
    if line == "" then break end
    local name, value = line:match "^([^:]+):%s*(.*)$"
    self.headers[name:lower()] = value
  end
  return self
end

-- The next chunk; nil at the end.
local function chunk(self)
  local size, problem = self.connection_:receive "*l"
  if problem == "timeout" then error("nothing came within the time", 0) end
  size = size and tonumber(size, 16)
  if not size or size == 0 then return nil end
  return assert(self.connection_:receive(size + 2)):sub(1, size)
end

--- The next line; nil at the end. Raises when none comes within `seconds` (30).
function Stream:line(seconds)
  self.connection_:settimeout(seconds or 30)
  while true do
    local line, rest = self.buffer_:match "^([^\n]*)\n(.*)$"
    if line then
      self.buffer_ = rest
      return line
    end
    local bytes = chunk(self)
    if not bytes then return nil end
    self.buffer_ = self.buffer_ .. bytes
  end
end

--- The next lines, so many of them, as one text.
function Stream:lines(count)
  local lines = {}
  for index = 1, count do lines[index] = self:line() or "(end)" end
  return table.concat(lines, "\n")
end

--- Whether nothing more comes within a time.
function Stream:silent(seconds)
  return self.buffer_ == "" and #socket.select({ self.connection_ }, nil, seconds) == 0
end

--- Goes away, as a browser does.
function Stream:close() self.connection_:close() end

return Stream
