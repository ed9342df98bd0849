-- The process behind spec/support/peer.lua: peer_server.lua STEPS REQUESTS. One coroutine for each
-- connection, which yields what it waits for: "read", or the time until which it sleeps.

local socket = require "socket"

local steps = dofile(arg[1])
local log = assert(io.open(arg[2], "wb"))
local taken = 0

local listener = assert(socket.bind("127.0.0.1", 0, 512))
listener:settimeout(0)
local _, port = listener:getsockname()
print("port " .. port)
io.stdout:flush()

local function next_step()
  return steps[math.min(taken + 1, #steps)]
end

local function sleep(seconds)
  coroutine.yield(socket.gettime() + seconds)
end

-- The next complete request out of the connection, and what follows it; nil when the client left.
local function read_request(connection, buffer)
  while true do
    local head, rest = buffer:match "^(.-\r\n\r\n)(.*)$"
    local length = head and tonumber(head:lower():match "\r\ncontent%-length:%s*(%d+)" or 0)
    if head and #rest >= length then return head .. rest:sub(1, length), rest:sub(length + 1) end
    coroutine.yield "read"
    local data, problem, partial = connection:receive(65536)
    buffer = buffer .. (data or partial or "")
    if problem == "closed" then return nil end
  end
end

local function send(connection, bytes)
  local first = 1
  while first <= #bytes do
    local last, problem, partial = connection:send(bytes, first)
    if problem == "closed" then return nil end
    first = (last or partial) + 1
    if first <= #bytes then sleep(0.001) end
  end
  return true
end

-- Plays one step; true when the connection takes another request.
local function play(step, connection)
  if step.wait then sleep(step.wait) end
  local bytes = step.send or ""
  local size = step.drip or math.max(#bytes, 1)
  for first = 1, #bytes, size do
    if first > 1 then sleep(step.pause or 0.005) end
    if not send(connection, bytes:sub(first, first + size - 1)) then return false end
  end
  if step.hold then
    repeat
      coroutine.yield "read"
      local _, problem = connection:receive(65536)
    until problem == "closed"
  end
  if step.reset then connection:setoption("linger", { on = true, timeout = 0 }) end
  return not (step.hold or step.close or step.reset)
end

local function serve(connection)
  connection:settimeout(0)
  connection:setoption("tcp-nodelay", true)
  local buffer = ""
  repeat
    if not next_step().at_connect then
      local request
      request, buffer = read_request(connection, buffer)
      if not request then break end
      log:write(#request, "\n", request)
      log:flush()
    end
    local step = next_step()
    taken = taken + 1
  until not play(step, connection)
  connection:close()
end

local tasks = {} -- connection -> { coroutine, "read" or a time }

local function resume(connection)
  local task = tasks[connection]
  local ok, wanted = coroutine.resume(task[1], connection)
  if not ok then error(debug.traceback(task[1], wanted)) end
  task[2] = wanted
  if coroutine.status(task[1]) == "dead" then tasks[connection] = nil end
end

while true do
  local readers, timeout = { listener }, nil
  for connection, task in pairs(tasks) do
    if task[2] == "read" then
      readers[#readers + 1] = connection
    else
      timeout = math.min(timeout or math.huge, math.max(task[2] - socket.gettime(), 0))
    end
  end
  local ready = socket.select(readers, nil, timeout)
  local due = {}
  for connection, task in pairs(tasks) do
    if task[2] == "read" and ready[connection] or
      task[2] ~= "read" and task[2] <= socket.gettime() then
      due[#due + 1] = connection
    end
  end
  for _, connection in ipairs(due) do resume(connection) end
  if ready[listener] then
    local connection = listener:accept()
    if connection then
      tasks[connection] = { coroutine.create(serve) }
      resume(connection)
    end
  end
end
