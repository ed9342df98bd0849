-- A loop of the program's own: one descriptor to poll, then step and take what there is.
-- MOMENTO_API_KEY and MOMENTO_ENDPOINT say where; topicsd prints both.

local momento = require "momento"
local socket = require "socket"               -- for its select; poll, epoll and kqueue do as well

io.stdout:setvbuf "line"
local client = assert(momento.client())
local subscription = assert(client:subscribe("my-cache", "chat", {
  on_connection_lost = function(message) print("lost", message) end,
}))
local network = {
  getfd = function() return client:pollfd() end,
  dirty = function() return false end,
}

while true do
  socket.select({ network }, nil, client:timeout())
  client:step(0)
  repeat
    local message, problem, code = subscription:receive(0)
    if message then print(message.sequence_number, message.value) end
    assert(message or code == "TIMEOUT_ERROR", problem)
  until not message
end
