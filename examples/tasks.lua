-- Two subscriptions and a publisher as tasks of momento.run.
-- MOMENTO_API_KEY and MOMENTO_ENDPOINT say where; topicsd prints both.

local momento = require "momento"
local client = assert(momento.client())

local function listen(topic)
  local message = assert(assert(client:subscribe("my-cache", topic)):receive())
  print(topic, message.value)
end

momento.run(function()
  momento.spawn(listen, "red")
  momento.spawn(listen, "green")
  momento.sleep(0.1)
  assert(client:publish("my-cache", "red", "1"))
  assert(client:publish("my-cache", "green", "1"))
end)
