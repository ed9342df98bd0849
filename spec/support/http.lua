-- The smallest HTTP client that an API spec needs: a connection a request, answers as received.

local socket = require "socket"

local http = {}

local function connect(host, port, seconds)
  local connection = assert(socket.tcp())
  connection:settimeout(seconds or 30)
  assert(connection:connect(host, tonumber(port)))
  connection:setoption("tcp-nodelay", true)
  return connection
end
http.connect = connect

--- Whether somebody listens on that port of this machine.
function http.connectable(port)
  local connection = assert(socket.tcp())
  connection:settimeout(30)
  local connected = connection:connect("127.0.0.1", port)
  connection:close()
  return connected ~= nil
end

--- Sends bytes as they are; everything that came back until the server closed, or `seconds` (30)
--- passed without a byte: then nil, "timeout", what came so far.
function http.raw(host, port, bytes, seconds)
  local connection = connect(host, port, seconds)
  local sent, message = connection:send(bytes)
  local answer, problem, partial = connection:receive "*a"
  connection:close()
  if answer then return answer end
  if problem == "closed" and (#partial > 0 or sent) then return partial end
  return nil, sent and problem or message, partial
end

local function dechunk(body)
  local parts, at = {}, 1
  while true do
    local size, first = body:match("^(%x+)[^\r\n]*\r\n()", at)
    size = assert(tonumber(size or "", 16), "malformed chunk")
    if size == 0 then return table.concat(parts) end
    parts[#parts + 1] = body:sub(first, first + size - 1)
    at = first + size + 2
  end
end

--- Splits an answer: status, headers (lower-case names), body.
function http.parse(answer)
  local status, rest = answer:match "^HTTP/1%.[01] (%d%d%d)[^\r\n]*\r\n(.*)$"
  if not status then error(("not an HTTP answer: %q"):format(answer), 2) end
  if status:sub(1, 1) == "1" then
    return http.parse(rest:match "^.-\r\n\r\n(.*)$" or rest:sub(3))
  end
  local head, body = rest:match "^(.-\r\n)\r\n(.*)$"
  if not head then head, body = "", rest:sub(3) end
  local headers = {}
  for name, value in head:gmatch "([^:\r\n]+):[ \t]*([^\r\n]*)\r\n" do
    headers[name:lower()] = value
  end
  if (headers["transfer-encoding"] or ""):lower() == "chunked" then body = dechunk(body) end
  return tonumber(status), headers, body
end

--- Reads one answer off a connection that stays open: status, headers (lower-case names), body; nil
--- and the problem when it broke off. head_only: the answer to a HEAD.
function http.read_answer(connection, head_only)
  local lines = {}
  repeat
    local line, problem = connection:receive "*l"
    if not line then return nil, problem end
    lines[#lines + 1] = line
  until line == ""
  local status, headers = http.parse(table.concat(lines, "\r\n") .. "\r\n")
  local length = tonumber(headers["content-length"] or 0)
  if head_only or length == 0 then return status, headers, "" end
  local body, problem = connection:receive(length)
  if not body then return nil, problem end
  return status, headers, body
end

--- One request on its own connection: status, headers (lower-case names), body. Options: method
--- (GET, or POST with a body), headers, body, timeout (seconds without a byte, 30).
function http.request(url, options)
  options = options or {}
  local host, port, target = url:match "^http://([^:/]+):?(%d*)(.*)$"
  assert(host, "not an http URL: " .. url)
  local lines = {
    ("%s %s HTTP/1.1"):format(options.method or (options.body and "POST" or "GET"),
      target == "" and "/" or target),
    ("Host: %s:%s"):format(host, port),
    "Connection: close",
  }
  for name, value in pairs(options.headers or {}) do lines[#lines + 1] = name .. ": " .. value end
  if options.body then lines[#lines + 1] = "Content-Length: " .. #options.body end
  local request = table.concat(lines, "\r\n") .. "\r\n\r\n" .. (options.body or "")
  port = port ~= "" and port or 80
  local answer, problem, partial = http.raw(host, port, request, options.timeout)
  if not answer then error(("%s: %s after %q"):format(url, problem, partial or ""), 2) end
  return http.parse(answer)
end

return http
