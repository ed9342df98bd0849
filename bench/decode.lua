-- How fast messages come out of answers: decode.lua SUBJECT PAYLOAD ITEMS SECONDS
--   SUBJECT  momento (what is behind receive), cjson (lua-cjson and a loop), floor (no parsing)
--   PAYLOAD  plain, json (escaped quotes), unicode (nothing but \uXXXX)
-- Answers of ITEMS items each, no two messages the same; each message is kept until the next, so
-- that no compiler can leave its table out. Prints rate=messages/s, by the processor's time:
-- nothing here waits, and what else the machine does is not to count.

local now = os.clock

local subject, payload, items, seconds = arg[1], arg[2], tonumber(arg[3]), tonumber(arg[4])

local PAGE = 1748358253
local MESSAGES = seconds == 0 and items or math.max(items, 10000) -- in all answers together

-- The values as they are in an answer; about 100 bytes each.
local VALUES = {
  plain = function(i) return ("%08d "):format(i) .. ("plain text "):rep(8) end,
  json = function(i)
    return ([[{\"id\":%d,\"from\":\"ann\",\"room\":\"lobby\",\"text\":\"how are you?\"}]]):format(i)
  end,
  unicode = function(i)
    return (("%08d"):format(i):gsub("%d", [[\u044%0]])) .. ([[\u0436]]):rep(8)
  end,
}

local function answers()
  local value, bodies = VALUES[payload], {}
  for first = 1, MESSAGES, items do
    local list = {}
    for i = first, first + items - 1 do
      list[#list + 1] = ('{"item":{"topic_sequence_number":%d,"sequence_page":%d,'
        .. '"value":{"text":"%s"}}}'):format(i, PAGE, value(i))
    end
    bodies[#bodies + 1] = '{"items":[' .. table.concat(list, ",") .. "]}"
  end
  return bodies
end

local kept -- luacheck: ignore 231

local function momento()
  local core = require "momento.core"
  require "momento.message"
  local client = core.client("http://127.0.0.1:1", "token")
  local next_item, feed = core.subscription_methods.next, core.subscription_methods.feed
  return function(bodies)
    local subscription = core.subscription(client, "cache", "topic", 0, PAGE)
    local count = 0
    for i = 1, #bodies do
      feed(subscription, bodies[i])
      local kind, message = next_item(subscription)
      while kind == "message" do
        kept = message
        count = count + 1
        kind, message = next_item(subscription)
      end
    end
    return count
  end
end

local function cjson()
  local decode = require "cjson".decode
  return function(bodies)
    local count = 0
    for i = 1, #bodies do
      for _, element in ipairs(decode(bodies[i]).items) do
        local item = element.item
        kept = {
          sequence_number = item.topic_sequence_number,
          sequence_page = item.sequence_page,
          value = item.value.text,
          type = "text",
        }
        count = count + 1
      end
    end
    return count
  end
end

local function floor()
  local next_item = require "floor".next
  local text, value = {}, VALUES[payload]
  for i = 1, MESSAGES do text[i] = value(i) end
  -- What the decoders make of it: shorter than it is in the answer.
  local length = payload == "plain" and #text[1] or payload == "unicode" and 2 * 16
    or #text[1]:gsub("\\", "")
  for i = 1, MESSAGES do
    text[i] = (text[i]:gsub("\\u?", "") .. ("x"):rep(length)):sub(1, length)
  end
  text = table.concat(text)
  return function()
    for i = 0, MESSAGES - 1 do
      local _, message = next_item(text, i * length, length, i, PAGE)
      kept = message
    end
    return MESSAGES
  end
end

local pass = ({ momento = momento, cjson = cjson, floor = floor })[subject]()
local bodies = answers()
assert(pass(bodies) == MESSAGES)
local count, start = 0, now()
repeat
  count = count + pass(bodies)
until now() - start >= seconds
print(("%s rate=%.0f"):format(subject, count / (now() - start)))
