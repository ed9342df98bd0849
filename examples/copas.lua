-- Subscribing and publishing in a thread of Copas 1.
-- MOMENTO_API_KEY and MOMENTO_ENDPOINT say where; topicsd prints both.

package.path = package.path .. ";/usr/share/lua/5.1/?.lua"  -- Debian's Copas is pure Lua
local copas = require "copas"
local momento = require "momento"

local client = assert(momento.client { loop = require "momento.loop.copas" (copas) })
local done = false

copas.addthread(function()
  copas.setErrorHandler(function(problem) print(problem) os.exit(1) end)
  local chat = assert(client:subscribe("my-cache", "chat"))
  assert(client:publish("my-cache", "chat", "hello"))
  local message = assert(chat:receive())
  print(message.sequence_number, message.value)
  done = true
end)
while not done do copas.step(1) end
