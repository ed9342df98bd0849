-- Publishes one message: lua examples/publish.lua [CACHE] [TOPIC] [TEXT]
-- MOMENTO_API_KEY and MOMENTO_ENDPOINT say where; topicsd prints both when it starts.

local momento = require "momento"

local cache, topic, text = arg[1] or "my-cache", arg[2] or "chat", arg[3] or "hello"

local client = assert(momento.client())
assert(client:publish(cache, topic, text))
print(("published to %s/%s: %s"):format(cache, topic, text))
client:close()
