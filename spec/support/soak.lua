-- One process of the soak: soak.lua publish TOPIC COUNT, or soak.lua subscribe TOPICS COUNT.
-- The n-th message of a topic is made from the topic's number and n alone, so a subscriber knows
-- every byte that it must get. Messages have 1 to 4096 bytes: text of every kind, and any bytes.

local momento = require "momento"

local CACHE = "soak"
local LONGEST = 4096 -- bytes
local PATIENCE = 120 -- seconds without a message

-- Park and Miller's generator: the same numbers in every Lua.
local function generator(seed)
  local state = seed
  return function(limit)
    state = (state * 16807) % 2147483647
    return state % limit + 1
  end
end

local PIECES = {
  "a", "Z", "7", " ", '"', "\\", "/", "\0", "\n", "\r", "\t", "\127", "\1", "{}", "[,]", "\\u0041",
  "é", "ß", "漢", "\226\128\168", "\239\191\189", "\240\159\152\128", "\240\159\145\141",
}

-- What messages are cut from: text and where it may be cut, and bytes of every kind.
local function material()
  local random = generator(20240229)
  local pieces, cuts, at = {}, {}, 1
  for i = 1, 8192 do
    pieces[i] = PIECES[random(#PIECES)]
    cuts[i] = at
    at = at + #pieces[i]
  end
  local bytes = {}
  for i = 1, 16384 do bytes[i] = string.char(random(256) - 1) end
  return table.concat(pieces), cuts, table.concat(bytes)
end

local text, cuts, bytes = material()

-- A function that gives the messages of a topic in order: value, and whether it is binary.
local function messages(topic)
  local random = generator(topic * 7919 + 1)
  return function()
    if random(2) == 1 then
      local length = random(LONGEST)
      local first = random(#bytes - length + 1)
      return bytes:sub(first, first + length - 1), true
    end
    local first = random(#cuts - 1)
    local last = math.min(first + random(LONGEST), #cuts)
    while last > first + 1 and cuts[last] - cuts[first] > LONGEST do last = last - 1 end
    return text:sub(cuts[first], cuts[last] - 1), false
  end
end

local client = assert(momento.client { timeout = PATIENCE })

local function publish(topic, count)
  local next_message = messages(topic)
  for _ = 1, count do
    local value, binary = next_message()
    assert(client:publish(CACHE, "topic " .. topic, value, { binary = binary }))
  end
end

-- Reads every topic whole in a task of its own.
local function subscribe(topics, count)
  momento.run(function()
    for topic = 1, topics do
      local subscription = assert(client:subscribe(CACHE, "topic " .. topic))
      local next_message = messages(topic)
      momento.spawn(function()
        for number = 1, count do
          local message = assert(subscription:receive(PATIENCE))
          local value, binary = next_message()
          local where = ("message %d of topic %d: "):format(number, topic)
          assert(message.sequence_number == number, where .. "out of order")
          assert(message.type == (binary and "binary" or "text"), where .. "of the wrong type")
          assert(message.value == value, where .. "other bytes")
          assert(not message.discontinuity, where .. "after a gap")
        end
        subscription:close()
      end)
    end
    print "ready"
  end)
end

io.stdout:setvbuf "no"
local role, topic, count = arg[1], tonumber(arg[2]), tonumber(arg[3])
if role == "publish" then publish(topic, count) else subscribe(topic, count) end
print "done"
