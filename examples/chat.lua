-- A chat in two or more terminals: lua examples/chat.lua [NAME] [CACHE] [TOPIC]
-- What you type is published, what others type is printed, both at once in one process; Ctrl-D ends
-- it. MOMENTO_API_KEY and MOMENTO_ENDPOINT say where; topicsd prints both when it starts.

local momento = require "momento"

local name = arg[1] or os.getenv "USER" or "somebody"
local cache, topic = arg[2] or "my-cache", arg[3] or "chat"

-- A line is to be read as soon as it is there, and no more than a line.
io.stdin:setvbuf "no"
io.stdout:setvbuf "line"

local client = assert(momento.client())

local function say(text)
  local published, message = client:publish_json(cache, topic, { from = name, text = text })
  if not published then print("! not sent: " .. message) end
end

local function listen(subscription)
  while true do
    local message = assert(subscription:receive())
    if message.discontinuity then print "! some messages were missed" end
    local said = message:json()
    if type(said) == "table" and said.from ~= name then
      print(("%s: %s"):format(said.from, said.text))
    end
  end
end

momento.run(function()
  local listener = momento.spawn(listen, assert(client:subscribe(cache, topic)))
  print(("you are %s in %s/%s"):format(name, cache, topic))
  say "(is here)"
  while momento.readable(0) do
    local line = io.read()
    if not line then break end
    if line ~= "" then say(line) end
  end
  say "(left)"
  listener:cancel()
end)
client:close()
