-- A chat room over one topic: what was said, who is there, and whether the connection holds. Knows
-- nothing of windows; room:update() once a frame does the rest.
--
-- Over the topic goes JSON: { from = name, text = said }, or { from = name, here = true } when
-- somebody comes and every few seconds after, and { from = name, here = false } when they leave.

local momento = require "momento"

local Room = {}
Room.__index = Room

local ANNOUNCE = 4 -- seconds between two announcements
local AWAY = 10 -- seconds without one, after which somebody is gone
local KEPT = 200 -- lines

local function add(self, line)
  table.insert(self.lines, line)
  if #self.lines > KEPT then table.remove(self.lines, 1) end
  if self.on_line then self.on_line(line) end
end

local function note(self, text) add(self, { note = true, text = text }) end

local function publish(self, content)
  content.from = self.name
  self.client:publish_json(self.cache, self.topic, content, {
    on_result = function(published, message)
      if not published and content.text then note(self, "not sent: " .. message) end
    end,
  })
end

local function heard(self, message)
  local content = message:json()
  if type(content) ~= "table" or type(content.from) ~= "string" then return end
  if content.here == false then
    if self.present[content.from] then note(self, content.from .. " left") end
    self.present[content.from] = nil
    return
  end
  if not self.present[content.from] then note(self, content.from .. " is here") end
  self.present[content.from] = self.time
  if type(content.text) == "string" then
    add(self, { from = content.from, text = content.text, own = content.from == self.name })
  end
end

--- Enters the room. The endpoint and the key come from the environment.
---@param options table name, cache, topic, on_line (called with each line)
---@return table|nil room, or nil and what is wrong
function Room.enter(options)
  local client, message = momento.client { loop = "update" }
  if not client then return nil, message end
  local self = setmetatable({
    client = client,
    name = options.name,
    cache = options.cache or "my-cache",
    topic = options.topic or "love-chat",
    on_line = options.on_line,
    lines = {},
    present = {}, -- name -> when last heard of
    time = 0,
    announced = -ANNOUNCE,
    connected = false,
    state = "connecting",
  }, Room)
  local subscription
  subscription, message = client:subscribe(self.cache, self.topic, {
    on_message = function(got)
      self.connected, self.state = true, "connected"
      heard(self, got)
    end,
    on_discontinuity = function() note(self, "some messages were missed") end,
    on_connection_lost = function()
      self.connected, self.state = false, "connection lost, trying again"
    end,
    on_connection_restored = function() self.connected, self.state = true, "connected" end,
    on_error = function(text) self.connected, self.state = false, text end,
  })
  if not subscription then return nil, message end
  return self
end

--- Says something to everybody in the room.
function Room:say(text) publish(self, { text = text }) end

--- Who is there: names in order.
function Room:names()
  local names = {}
  for name in pairs(self.present) do names[#names + 1] = name end
  table.sort(names)
  return names
end

--- To be called once a frame.
---@param dt number seconds since the last call
function Room:update(dt)
  self.time = self.time + dt
  if self.time - self.announced >= ANNOUNCE then
    self.announced = self.time
    publish(self, { here = true })
  end
  for name, heard_at in pairs(self.present) do
    if self.time - heard_at > AWAY then
      self.present[name] = nil
      note(self, name .. " is gone")
    end
  end
  self.client:update(dt)
end

--- Leaves the room; waits a little, so that the others are told.
function Room:leave()
  publish(self, { here = false })
  for _ = 1, 100 do
    self.client:update()
    if self.client:stats().pending <= 1 then break end
    love.timer.sleep(0.005)
  end
  self.client:close()
end

return Room
