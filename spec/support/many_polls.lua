-- A program with many subscriptions, one process of a spec: many_polls.lua COUNT CA_FILE, key and
-- endpoint from the environment. Subscribes to topic-0, and to topic-1 ... topic-COUNT once it is
-- told so by a line of stdin; after a second line it wants a message of each, and prints "done".

local momento = require "momento"

local count, ca_file = tonumber(arg[1]), arg[2]
local client = assert(momento.client { ca_file = ca_file })
local subscriptions = {}

local function listen(number)
  subscriptions[#subscriptions + 1] = assert(client:subscribe("my-cache", "topic-" .. number))
end

listen(0)
momento.readable(0)
io.read()
for number = 1, count do listen(number) end
momento.readable(0)
io.read()
for _, subscription in ipairs(subscriptions) do assert(subscription:receive(60)) end
print "done"
client:close()
