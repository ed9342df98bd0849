-- Prints what is published to a topic, until Ctrl-C: lua examples/subscribe.lua [CACHE] [TOPIC]
-- MOMENTO_API_KEY and MOMENTO_ENDPOINT say where; topicsd prints both when it starts.

local momento = require "momento"

local cache, topic = arg[1] or "my-cache", arg[2] or "chat"

io.stdout:setvbuf "line"
local client = assert(momento.client())
local subscription = assert(client:subscribe(cache, topic, {
  on_connection_lost = function(message) io.stderr:write("connection lost: ", message, "\n") end,
  on_connection_restored = function() io.stderr:write "connection restored\n" end,
}))
io.stderr:write(("listening to %s/%s\n"):format(cache, topic))

local _, problem = pcall(function()
  for message in subscription do
    if message.discontinuity then io.stderr:write "some messages were missed\n" end
    print(message.sequence_number, message.value)
  end
end)
if tostring(problem):find "interrupted!$" then os.exit(130) end -- Ctrl-C
error(problem, 0)
