-- Subscribing and publishing in coroutines of a cqueues controller.
-- MOMENTO_API_KEY and MOMENTO_ENDPOINT say where; topicsd prints both.

local cqueues = require "cqueues"
local momento = require "momento"

local cq = cqueues.new()
local client = assert(momento.client { loop = require "momento.loop.cqueues" (cq) })

cq:wrap(function()
  local chat = assert(client:subscribe("my-cache", "chat"))
  cq:wrap(function() assert(client:publish("my-cache", "chat", "hello")) end)
  local message = assert(chat:receive())
  print(message.sequence_number, message.value)
end)
assert(cq:loop())
