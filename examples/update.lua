-- A game loop that has no window: see love/ for one that has.
-- MOMENTO_API_KEY and MOMENTO_ENDPOINT say where; topicsd prints both.

local momento = require "momento"

local client = assert(momento.client { loop = "update" })
local playing = true

assert(client:subscribe("my-cache", "chat", {
  on_message = function(message)
    print(message.sequence_number, message.value)
    playing = false
  end,
  on_discontinuity = function(gap) print("missed what came before", gap.new_sequence_number) end,
  on_error = function(message, code) print(message, code) end,
}))
assert(client:publish("my-cache", "chat", "hello", {
  on_result = function(published, message) if not published then print(message) end end,
}))

while playing do client:update() end   -- in LÖVE: function love.update(dt) client:update(dt) end
