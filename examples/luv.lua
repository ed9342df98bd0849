-- Subscribing and publishing in a coroutine while libuv's loop runs.
-- MOMENTO_API_KEY and MOMENTO_ENDPOINT say where; topicsd prints both.

local momento = require "momento"
local uv = require "luv"

local client = assert(momento.client { loop = require "momento.loop.luv" (uv) })

coroutine.wrap(function()
  local chat = assert(client:subscribe("my-cache", "chat"))
  assert(client:publish("my-cache", "chat", "hello"))
  local message = assert(chat:receive())
  print(message.sequence_number, message.value)
  client:close()
end)()
uv.run()
